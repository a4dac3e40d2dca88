"""Webhooks of the shop: triggers, targets and payload (source facts §1.9).

Webhooks are optional: the free plugin has none, and the sandbox sends none unless the state lists some. They have no
signature, no event name and no retry. Partial refunds do not trigger one.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ORDERS, WEBHOOKS, Order, Trigger, Webhook
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.core import record_schema
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import ReadTransaction, Transaction

URL_FIELD = "request_url"
SECRET_FIELD: str | None = None
RULES = "Deliveries are not signed and not retried, as in the plugin. Only full refunds and cancellations are delivered."
_CONTENT_TYPE = {"Content-Type": "application/json; charset=utf-8"}


class Draft(NamedTuple):
    """An event that a request triggers. Its payload is built from the records as they are at the end of the request."""

    trigger: Trigger
    order_id: int


def emit(work: UnitOfWork, trigger: Trigger, order_id: int) -> None:
    """Emit an event, once per trigger and order."""
    draft = Draft(trigger, order_id)
    if draft not in work.drafts:
        work.emit(draft)


def build_events(context: FluentCartContext) -> Iterator[Event]:
    """Return the events of a request. Those that no webhook listens to are left out."""
    for trigger, order_id in context.drafts:
        order = context.transaction.get(ORDERS, order_id)
        if order and _listeners(context.transaction, trigger):
            yield Event(context.ids.uuid(), trigger, "", _payload(context.reader, order))


def _payload(reader: Reader, order: Order) -> dict[str, Any]:
    """Return the whole order, which does not name the trigger."""
    return {
        "order": reader.order(order),
        "customer": reader.customer_of(order),
        "transactions": reader.transactions(order),
        "order_items": reader.items(order),
        "subscriptions": reader.subscriptions(order),
        "tax_rates": [],
        "shipping_address": None,
        "billing_address": reader.billing_address(order),
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
    schema = {"type": "array", "items": record_schema.schema_of(Webhook)}
    violations = Validator(schema).violations(documents)
    problems = [Problem(f"/fluentcart{violation.pointer}", violation.message) for violation in violations]
    if problems:
        raise BadDocument(problems)
    transaction.clear(WEBHOOKS)
    for document in documents:
        transaction.put(WEBHOOKS, record_schema.read(Webhook, document))
