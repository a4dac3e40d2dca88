"""The shop's outgoing webhooks: what sets one off, and what it says (source facts §1.9).

They are an opt-in: the free plugin has none, and neither has a world that lists none. No signature, no event name, no retry,
and nothing is said about partial refunds.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from refund_sandbox.apis.fluentcart.records import ORDERS, SUBSCRIPTIONS, WEBHOOKS, Order, Trigger, Webhook
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import Change, Transaction

_CONTENT_TYPE = {"Content-Type": "application/json; charset=utf-8"}


def triggers(changes: Iterable[Change]) -> Iterator[tuple[Trigger, int]]:
    """What the changes of one call set off, each with the order that it is about."""
    for change in changes:
        before, after = change.before, change.after
        if after is None or before is None:
            continue
        if change.kind == ORDERS.name and _became(before.payment_status, after.payment_status, "refunded"):
            yield "order_fully_refunded", after.id
        if change.kind == ORDERS.name and _became(before.status, after.status, "canceled"):
            yield "order_status_changed_to_canceled", after.id
        if change.kind == SUBSCRIPTIONS.name and _became(before.status, after.status, "canceled"):
            yield "subscription_canceled", after.parent_order_id


def _became(before: str, after: str, wanted: str) -> bool:
    return before != wanted and after == wanted


def event(reader: Reader, event_id: str, trigger: Trigger, order: Order) -> Event:
    """All that the plugin sends of an order; which trigger it was, the receiver is not told."""
    customer = reader.customer_of(order)
    document: dict[str, Any] = {
        "order": reader.order(order),
        "customer": customer,
        "transactions": reader.transactions(order),
        "order_items": reader.items(order),
        "subscriptions": reader.subscriptions(order),
        "tax_rates": [],
        "shipping_address": None,
        "billing_address": reader.billing_address(order),
    }
    return Event(event_id, trigger, "", document)


def targets(transaction: Transaction, trigger: str) -> list[Target]:
    """The feeds that listen to a trigger."""
    feeds = [feed for feed in transaction.all(WEBHOOKS) if feed.enabled and trigger in feed.event_trigger]
    return [Target(feed.request_url, {**_CONTENT_TYPE, **feed.request_headers}, retries=False) for feed in feeds]


def replace_all(transaction: Transaction, documents: Any) -> None:
    """Other feeds instead. Raises BadDocument, listing every mistake."""
    schema = {"type": "array", "items": record_schema.schema_of(Webhook)}
    problems = [Problem(f"/fluentcart{found.pointer}", found.message) for found in Validator(schema).violations(documents)]
    if problems:
        raise BadDocument(problems)
    transaction.clear(WEBHOOKS)
    for document in documents:
        transaction.put(WEBHOOKS, record_schema.read(Webhook, document))
