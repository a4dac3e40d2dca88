"""What FunnelFox's handlers share: fields, records that belong to the caller, plans, and events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from refund_sandbox.apis.funnelfox import errors, parsing, pydantic_compat, webhook_targets, webhooks
from refund_sandbox.apis.funnelfox.records import (
    ONEOFFS,
    ORDERS,
    ORGS,
    PRICE_POINTS,
    STAMPS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Order,
    PricePoint,
    Subscription,
    Transaction,
    User,
)
from refund_sandbox.apis.funnelfox.webhooks import Background, News
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Context
from refund_sandbox.core.schedule import plan
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

CHECK = "check"
"""The action of a planned look at a subscription."""


class Handlers(Api):
    """The ground that every group of operations stands on."""

    def _read(self, context: Context) -> Mapping[str, Any]:
        """The document, refused when it breaks the spec; with live validation only when pydantic would refuse it."""
        assert context.operation is not None
        document, violations = context.document, list(context.violations)
        if violations and self._services.settings.validation == "live":
            document = pydantic_compat.forgive(document)
            violations = context.operation.violations(document)
        pydantic_compat.check(document, violations)
        return document  # type: ignore[no-any-return]  # fits the schema of an object

    def _find_order(self, transaction: StoreTransaction, context: Context, order_id: str, external_id: str) -> Order:
        """The user's order. Assumed: the user's id is compared exactly (§7, question 25)."""
        order = transaction.get(ORDERS, order_id, for_update=True)
        if order is None or order.org_id != context.params["org_id"] or order.external_id != external_id:
            raise errors.order_not_found()
        return order

    def _find_subscription(self, transaction: StoreTransaction, context: Context, document: Mapping[str, Any]) -> Subscription:
        """The subscription. Assumed: `external_id` may be left out, and must be its owner's where it is sent."""
        found = transaction.get(SUBSCRIPTIONS, document["subs_id"].lower(), for_update=True)
        owner = document.get("external_id")
        if found is None or found.org_id != context.params["org_id"] or owner not in (None, found.external_id):
            raise errors.subscription_not_found()
        return found

    def _find_point(self, transaction: StoreTransaction, ident: str) -> PricePoint:
        """The price point of a name. Raises the refusal of one that is not there."""
        point = transaction.get(PRICE_POINTS, ident)
        if point is None:
            raise errors.invalid_price(ident)
        return point

    def _keep(self, transaction: StoreTransaction, subscription: Subscription) -> None:
        """Keeps a subscription and plans its next check; a check that was planned before finds it changed."""
        transaction.put(SUBSCRIPTIONS, subscription)
        if subscription.next_check_at:
            plan(transaction, parsing.read_time(subscription.next_check_at), self.name, CHECK, subscription.subs_id)

    def _tell(self, transaction: StoreTransaction, news: News, now: datetime | None = None) -> None:
        """Publishes what happened, where anybody listens; `now` is the clock's unless work is done late."""
        if not self._is_heard(transaction, news.org_id, news.topic):
            return
        now = now or self._services.clock.now()
        stamp = webhooks.timestamp(now, transaction.next_id(STAMPS))
        event = webhooks.build(news, self._background(transaction, news), self._services.ids.uuid(), stamp)
        self.enqueue_event(transaction, event, now)

    def _is_heard(self, transaction: StoreTransaction, org_id: str, topic: str) -> bool:
        """Whether the organisation has a webhook that wants to know."""
        org = transaction.get(ORGS, org_id)
        return org is not None and any(webhooks.wants(target, topic) for target in org.webhooks)

    def _tell_of(
        self, transaction: StoreTransaction, subscription: Subscription, *subtypes: str, now: datetime | None = None
    ) -> None:
        """Publishes what happened to a subscription, in this order."""
        for subtype in subtypes:
            news = News("subscription", subtype, subscription.org_id, subscription.external_id, subscription=subscription)
            self._tell(transaction, news, now)

    def _background(self, transaction: StoreTransaction, news: News) -> Background:
        user = transaction.get(USERS, news.external_id) or User(news.external_id)
        named = {record.pp_ident for record in (news.subscription, news.oneoff) if record}
        points = {point.ident: point for point in (transaction.get(PRICE_POINTS, ident) for ident in named) if point}
        return Background(user, self._sales(transaction, news.order) if news.order else (), points)

    def _sales(self, transaction: StoreTransaction, order: Order) -> list[Transaction]:
        return transaction.where(TRANSACTIONS, "sale_of", order.order_id)

    def _news_of(self, transaction: StoreTransaction, order: Order, subtype: str) -> News:
        """What is told of an order, with what it paid for."""
        return News(
            "order",
            subtype,
            order.org_id,
            order.external_id,
            order=order,
            subscription=transaction.get(SUBSCRIPTIONS, order.subs_id) if order.subs_id else None,
            oneoff=transaction.get(ONEOFFS, order.oneoff_id) if order.oneoff_id else None,
        )

    def webhook_targets(self, transaction: StoreTransaction, event: Event) -> list[Target]:
        """The webhooks of the event's organisation that are enabled, each with its signature."""
        org = transaction.get(ORGS, event.audience)
        wanting = [target for target in org.webhooks if webhooks.wants(target, event.topic)] if org else []
        return [webhooks.address(target, event) for target in wanting]

    def get_webhook_targets(self, transaction: StoreTransaction) -> list[dict[str, Any]]:
        """The webhooks of every organisation."""
        return webhook_targets.listed(transaction.all(ORGS))

    def replace_webhook_targets(self, transaction: StoreTransaction, documents: Any) -> None:
        """Other webhooks instead; one that names no `org_id` is the first organisation's."""
        for org in webhook_targets.replaced(transaction.all(ORGS), documents):
            transaction.put(ORGS, org)

    def _now(self) -> str:
        return parsing.write_time(self._services.clock.now())
