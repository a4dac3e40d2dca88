"""Shared parts of FunnelFox's operations: validation, look-ups, scheduled checks and events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from refund_sandbox.apis.funnelfox import errors, pydantic_compat, webhooks
from refund_sandbox.apis.funnelfox.records import (
    EVENT_NUMBERS,
    ONEOFFS,
    ORDERS,
    ORGS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Order,
    PricePoint,
    Subscription,
    Transaction,
    User,
)
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time
from refund_sandbox.apis.funnelfox.webhooks import EventContext, EventDraft
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Context
from refund_sandbox.core.schedule import plan
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

CHECK_SUBSCRIPTION = "check"
"""Action of a scheduled check of a subscription."""


class BaseOperations(Api):
    """Base class of every group of operations."""

    def _read(self, context: Context) -> Mapping[str, Any]:
        """Return the valid document of a request. Raise a refusal for an invalid one.

        Live validation coerces the document first, as pydantic does.
        """
        assert context.operation is not None
        document, violations = context.document, list(context.violations)
        if violations and self._services.settings.validation == "live":
            document = pydantic_compat.coerce(document)
            violations = context.operation.violations(document)
        pydantic_compat.check(document, violations)
        return document  # type: ignore[no-any-return]  # fits the schema of an object

    def _find_order(self, transaction: StoreTransaction, context: Context, order_id: str, external_id: str) -> Order:
        """Return the user's order. Assumed: the user's id is compared exactly (§7, question 25)."""
        order = transaction.get(ORDERS, order_id, for_update=True)
        if order is None or order.org_id != context.params["org_id"] or order.external_id != external_id:
            raise errors.order_not_found()
        return order

    def _find_subscription(self, transaction: StoreTransaction, context: Context, document: Mapping[str, Any]) -> Subscription:
        """Return the subscription. Assumed: `external_id` is optional, and must be the owner's if it is sent."""
        subscription = transaction.get(SUBSCRIPTIONS, document["subs_id"].lower(), for_update=True)
        owner = document.get("external_id")
        if (
            subscription is None
            or subscription.org_id != context.params["org_id"]
            or owner not in (None, subscription.external_id)
        ):
            raise errors.subscription_not_found()
        return subscription

    def _find_price_point(self, transaction: StoreTransaction, ident: str) -> PricePoint:
        point = transaction.get(PRICE_POINTS, ident)
        if point is None:
            raise errors.invalid_price(ident)
        return point

    def _sales_of(self, transaction: ReadTransaction, order: Order) -> list[Transaction]:
        return transaction.where(TRANSACTIONS, "sale_of", order.order_id)

    def _save_subscription(self, transaction: StoreTransaction, subscription: Subscription) -> None:
        """Save a subscription and schedule its next check. Checks scheduled before do nothing, as their time has changed."""
        transaction.put(SUBSCRIPTIONS, subscription)
        if subscription.next_check_at:
            plan(transaction, read_time(subscription.next_check_at), self.name, CHECK_SUBSCRIPTION, subscription.subs_id)

    def _emit(self, transaction: StoreTransaction, draft: EventDraft, now: datetime | None = None) -> None:
        """Enqueue an event if the organisation subscribes to it. `now` is the due time of a scheduled task.

        The default of `now` is the time of the clock.
        """
        if not self._has_subscribers(transaction, draft.org_id, draft.topic):
            return
        now = now or self._services.clock.now()
        timestamp = webhooks.event_timestamp(now, transaction.next_id(EVENT_NUMBERS))
        context = self._event_context(transaction, draft)
        event = webhooks.build_event(draft, context, self._services.ids.uuid(), timestamp)
        self.enqueue_event(transaction, event, now)

    def _emit_all(self, transaction: StoreTransaction, drafts: Sequence[EventDraft]) -> None:
        for draft in drafts:
            self._emit(transaction, draft)

    def _emit_subscription(
        self, transaction: StoreTransaction, subscription: Subscription, *subtypes: str, now: datetime | None = None
    ) -> None:
        """Emit events of a subscription, in the order of `subtypes`."""
        for subtype in subtypes:
            draft = EventDraft("subscription", subtype, subscription.org_id, subscription.external_id, subscription=subscription)
            self._emit(transaction, draft, now)

    def _has_subscribers(self, transaction: StoreTransaction, org_id: str, topic: str) -> bool:
        org = transaction.get(ORGS, org_id)
        return org is not None and any(webhooks.is_subscribed(webhook, topic) for webhook in org.webhooks)

    def _event_context(self, transaction: StoreTransaction, draft: EventDraft) -> EventContext:
        user = transaction.get(USERS, draft.external_id) or User(draft.external_id)
        idents = {record.pp_ident for record in (draft.subscription, draft.oneoff) if record}
        points = {point.ident: point for point in (transaction.get(PRICE_POINTS, ident) for ident in idents) if point}
        return EventContext(user, self._sales_of(transaction, draft.order) if draft.order else (), points)

    def _order_event(self, transaction: StoreTransaction, order: Order, subtype: str) -> EventDraft:
        """Return the draft of an order's event, with the subscription or one-off that it paid for."""
        return EventDraft(
            "order",
            subtype,
            order.org_id,
            order.external_id,
            order=order,
            subscription=transaction.get(SUBSCRIPTIONS, order.subs_id) if order.subs_id else None,
            oneoff=transaction.get(ONEOFFS, order.oneoff_id) if order.oneoff_id else None,
        )

    def webhook_targets(self, transaction: StoreTransaction, event: Event) -> list[Target]:
        """Return the subscribed webhooks of the event's organisation, each with its signature."""
        org = transaction.get(ORGS, event.audience)
        subscribers = [webhook for webhook in org.webhooks if webhooks.is_subscribed(webhook, event.topic)] if org else []
        return [webhooks.delivery_target(webhook, event) for webhook in subscribers]

    def get_webhook_targets(self, transaction: ReadTransaction) -> list[dict[str, Any]]:
        """Return the webhooks of every organisation."""
        return webhooks.list_webhooks(transaction.all(ORGS))

    def replace_webhook_targets(self, transaction: StoreTransaction, documents: Any) -> None:
        """Replace the webhooks of every organisation. A document without `org_id` is for the first one."""
        for org in webhooks.replace_webhooks(transaction.all(ORGS), documents):
            transaction.put(ORGS, org)

    def _now(self) -> str:
        return write_time(self._services.clock.now())
