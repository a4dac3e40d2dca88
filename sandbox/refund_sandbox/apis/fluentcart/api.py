"""The FluentCart API, as far as `specs/fluentcart.yaml` describes it."""

from refund_sandbox.apis.fluentcart import (
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
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.operations import OPERATIONS, transactions
from refund_sandbox.apis.fluentcart.records import RECORD_TYPES
from refund_sandbox.apis.fluentcart.settings import OPTIONS, FluentCartSettings
from refund_sandbox.apis.fluentcart.shop import related
from refund_sandbox.apis.fluentcart.shop.records import SHOP_RECORD_TYPES
from refund_sandbox.apis.fluentcart.shop.reports import comparison
from refund_sandbox.apis.fluentcart.site_records import SITE_RECORD_TYPES
from refund_sandbox.core.api import ApiDescriptor

API = ApiDescriptor(
    name="fluentcart",
    title="FluentCart",
    mounts=("/wp-json/fluent-cart/v2", "/wp-json", "/index.php/wp-json"),
    root_query="rest_route",
    root_links={"https://api.w.org/": "/wp-json/"},
    settings=FluentCartSettings,
    options=OPTIONS,
    record_types=(*SITE_RECORD_TYPES, *RECORD_TYPES, *SHOP_RECORD_TYPES),
    context=FluentCartContext,
    lifecycle=lifecycle,
    operations=OPERATIONS,
    state=state,
    listing=listing,
    fake=fake,
    related=related.related,
    reports=comparison.compare,
    has_credentials=lifecycle.has_credentials,
    prefetch=lifecycle.prefetch,
    refused_refund="HTTP 200 with gateway_refund.status failed. The order counts the amount as refunded.",
    describe=served_spec.describe,
    scenarios={
        "cancel_refused": {
            "title": "The payment gateway refuses to cancel the subscription",
            "faults": [{"at": "cancel", "error": "An unknown error occurred at Stripe."}],
        },
        "no_lock": {
            "title": "Two concurrent refunds of the same order are both booked, because FluentCart takes no lock "
            "(in 4 of 20 recorded trials). Release them as no_lock",
            "faults": [{"operation": "refundOrder", "at": "gateway", "hold": "no_lock", "unlocked": True, "times": 2}],
        },
    },
    webhooks=webhooks,
    open_dispute=transactions.open_dispute,
    refund_form=refund_form,
    verification=verification,
    recording=recording,
)
