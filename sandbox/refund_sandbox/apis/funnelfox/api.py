"""FunnelFox Billing, as the rest of the sandbox sees it."""

from refund_sandbox.apis.funnelfox import (
    fake,
    lifecycle,
    listing,
    recording,
    refund_form,
    served_spec,
    state,
    verification,
    webhooks,
)
from refund_sandbox.apis.funnelfox.bookkeeping import API_NAME, CHECK_SUBSCRIPTION, FINISH_REFUND
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.operations import OPERATIONS, refunds, renewals
from refund_sandbox.apis.funnelfox.records import RECORD_TYPES
from refund_sandbox.apis.funnelfox.settings import OPTIONS, FunnelFoxSettings
from refund_sandbox.core.api import ApiDescriptor

API = ApiDescriptor(
    name=API_NAME,
    title="FunnelFox",
    mounts=("/{org_id}/v1", "/{org_id}/billing/{again}/v1"),
    settings=FunnelFoxSettings,
    options=OPTIONS,
    record_types=RECORD_TYPES,
    context=FunnelFoxContext,
    lifecycle=lifecycle,
    operations=OPERATIONS,
    state=state,
    listing=listing,
    fake=fake,
    prefetch=lifecycle.prefetch,
    refused_refund="HTTP 200. The transaction of the refund is FAILED, and the amount stays refundable.",
    describe=served_spec.describe,
    scenarios={
        "settlement_failed": {
            "title": "The refund is accepted and fails at its settlement",
            "faults": [{"at": "gateway", "error": "The refund could not be settled."}],
        }
    },
    webhooks=webhooks,
    find_order_id=state.find_order_id,
    open_dispute=webhooks.open_dispute,
    refund_form=refund_form,
    verification=verification,
    recording=recording,
    tasks={FINISH_REFUND: refunds.finish_scheduled, CHECK_SUBSCRIPTION: renewals.run_check},
)
