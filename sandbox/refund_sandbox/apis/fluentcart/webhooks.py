"""Webhooks of the shop: triggers, targets and payload (source facts §1.9).

Webhooks are optional: the free plugin has none, and the sandbox sends none unless the state lists some. They have no
signature, no event name and no retry. Partial refunds do not trigger one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from refund_sandbox.apis.fluentcart import php, versions
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ORDERS, SUBSCRIPTIONS, Order
from refund_sandbox.apis.fluentcart.site_records import MAX_WEBHOOKS, SITES, WEBHOOKS, Trigger, Webhook
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.core import record_schema
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import bad_document
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import ReadTransaction, Transaction

URL_FIELD = "request_url"
SECRET_FIELD: str | None = None
RULES = "Deliveries are not signed and not retried, as in the plugin. Only full refunds and cancellations are delivered."
_SITE_URL = "http://127.0.0.1:8000"
"""URL of the site in events without a request, if the state does not name one."""
_CONTENT_TYPE = {"Content-Type": "application/json; charset=utf-8"}

TOPICS: Mapping[str, str] = {
    "order_fully_refunded": "The payment status of an order becomes `refunded`.",
    "order_status_changed_to_canceled": "The status of an order becomes `canceled`.",
    "subscription_canceled": "The status of a subscription becomes `canceled`.",
}
"""Topics with the change that causes them (source facts §1.9)."""


class Draft(NamedTuple):
    """An event that a request triggers. Its payload is built from the records as they are at the end of the request."""

    trigger: Trigger
    order_id: int


def emit(work: UnitOfWork, trigger: Trigger, order_id: int) -> None:
    """Emit an event, once per trigger and order."""
    draft = Draft(trigger, order_id)
    if draft not in work.drafts:
        work.emit(draft)


def build_draft(work: UnitOfWork, topic: str, order_id: str) -> Draft | None:
    """Return the draft of an event about an order as it is in the ledger. A cancelled subscription needs one."""
    key = php.as_id(order_id)
    if key is None or (topic == "subscription_canceled" and not work.transaction.where(SUBSCRIPTIONS, "parent_order_id", key)):
        return None
    return Draft(cast(Trigger, topic), key)


def build_events(work: UnitOfWork) -> Iterator[Event]:
    """Return the events of a request. Those that no webhook listens to are left out."""
    for trigger, order_id in work.drafts:
        order = work.transaction.get(ORDERS, order_id)
        if order and _listeners(work.transaction, trigger):
            yield Event(work.ids.uuid(), trigger, "", _payload(_reader(work), order))


def _reader(work: UnitOfWork) -> Reader:
    """Return the reader of a request, or one for an event without a request."""
    if isinstance(work, FluentCartContext):
        return work.reader
    site, rules = work.transaction.get(SITES, 1), versions.RULES[work.settings.version]
    return Reader(work.transaction, (site.url if site else None) or _SITE_URL, rules, crashes=False)


def _payload(reader: Reader, order: Order) -> dict[str, Any]:
    """Return the whole order, which does not name the trigger."""
    addresses = reader.addresses(order)
    return {
        "order": reader.order(order),
        "customer": reader.customer_of(order),
        "transactions": reader.transactions(order),
        "order_items": reader.items(order),
        "subscriptions": reader.subscriptions(order),
        "tax_rates": [],
        "shipping_address": reader.address_of_type(addresses, "shipping"),
        "billing_address": reader.address_of_type(addresses, "billing"),
    }


def targets(transaction: ReadTransaction, event: Event) -> list[Target]:
    """Return the targets of an event."""
    return [
        Target(webhook.request_url, {**_CONTENT_TYPE, **webhook.request_headers}, retries=False)
        for webhook in _listeners(transaction, event.topic)
    ]


def _listeners(transaction: ReadTransaction, trigger: str) -> list[Webhook]:
    return [webhook for webhook in transaction.all(WEBHOOKS) if webhook.enabled and trigger in webhook.event_trigger]


def list_targets(transaction: ReadTransaction) -> list[dict[str, Any]]:
    return [record_schema.write(webhook) for webhook in transaction.all(WEBHOOKS)]


def replace_targets(transaction: Transaction, documents: Any) -> None:
    """Replace all webhooks. Raises BadDocument with every violation."""
    schema = {"type": "array", "items": record_schema.schema_of(Webhook), "maxItems": MAX_WEBHOOKS}
    if violations := Validator(schema).violations(documents):
        raise bad_document(violations, "/fluentcart")
    transaction.clear(WEBHOOKS)
    for document in documents:
        transaction.put(WEBHOOKS, record_schema.read(Webhook, document))
