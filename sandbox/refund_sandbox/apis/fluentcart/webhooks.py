"""Webhooks of the shop: triggers, targets and payload (source facts §1.9).

Webhooks are optional: the free plugin has none, and the sandbox sends none unless the state lists some. They have no
signature, no event name and no retry. Partial refunds do not trigger one.
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


def find_triggers(changes: Iterable[Change]) -> Iterator[tuple[Trigger, int]]:
    """Yield the triggers in the changes of one request, each with its order id."""
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


def _became(before: str, after: str, status: str) -> bool:
    return before != status and after == status


def build_event(reader: Reader, event_id: str, trigger: Trigger, order: Order) -> Event:
    """Return the event with the whole order as payload, which does not name the trigger."""
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
    """Return the targets of a trigger."""
    webhooks = [webhook for webhook in transaction.all(WEBHOOKS) if webhook.enabled and trigger in webhook.event_trigger]
    return [Target(webhook.request_url, {**_CONTENT_TYPE, **webhook.request_headers}, retries=False) for webhook in webhooks]


def replace_all(transaction: Transaction, documents: Any) -> None:
    """Replace all webhooks. Raises BadDocument with every violation."""
    schema = {"type": "array", "items": record_schema.schema_of(Webhook)}
    violations = Validator(schema).violations(documents)
    problems = [Problem(f"/fluentcart{violation.pointer}", violation.message) for violation in violations]
    if problems:
        raise BadDocument(problems)
    transaction.clear(WEBHOOKS)
    for document in documents:
        transaction.put(WEBHOOKS, record_schema.read(Webhook, document))
