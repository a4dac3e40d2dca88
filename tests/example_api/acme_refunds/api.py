"""The descriptor: everything that the sandbox needs to know of Acme Pay."""

from pathlib import Path

from acme_refunds import lifecycle, listing, state, webhooks
from acme_refunds.operations import OPERATIONS
from acme_refunds.records import RECORD_TYPES, AcmeSettings
from refund_sandbox.core.api import ApiDescriptor

API = ApiDescriptor(
    name="acme",
    title="Acme Pay",
    spec=Path(__file__).with_name("acme.yaml"),
    mounts=(lifecycle.MOUNT,),
    settings=AcmeSettings,
    options={},
    record_types=RECORD_TYPES,
    context=lifecycle.AcmeContext,
    lifecycle=lifecycle,
    operations=OPERATIONS,
    state=state,
    listing=listing,
    fake=state,
    webhooks=webhooks,
    refund_form=listing,
)
