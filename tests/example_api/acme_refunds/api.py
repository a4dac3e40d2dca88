"""The descriptor: everything that the sandbox needs to know of Acme Pay."""

from pathlib import Path

from acme_refunds import ledger, lifecycle, operations
from acme_refunds.records import CHARGES, ENDPOINTS, REFUNDS

from refund_sandbox.core.api import ApiDescriptor

API = ApiDescriptor(
    name="acme",
    title="Acme Pay",
    spec=Path(__file__).with_name("acme.yaml"),
    mounts=(lifecycle.BASE,),
    record_types=(CHARGES, REFUNDS, ENDPOINTS),
    context=lifecycle.AcmeContext,
    lifecycle=lifecycle,
    operations=operations.OPERATIONS,
    state=ledger,
    listing=ledger,
    refund_form=ledger,
    webhooks=operations,
)
