"""Subscription actions and search."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.operations.charging import ChargingOperations
from refund_sandbox.apis.funnelfox.records import SUBSCRIPTIONS, Subscription
from refund_sandbox.apis.funnelfox.rules import subscriptions
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.stores.protocol import ReadTransaction

Rule = Callable[[Subscription, Mapping[str, Any]], Subscription]

# Assumed: the numbers of statuses. Only their existence is known (facts §6.3).
_STATUSES = ("INTRO", "UPCOMING", "RECURRING", "AUTORENEW_OFF", "PAUSED", "GRACE", "RETRY", "EXPIRED")
_STATUSES_BY_NUMBER: Mapping[str | int, str] = {1 << index: status for index, status in enumerate(_STATUSES)}


class SubscriptionOperations(ChargingOperations):
    """Subscription management, except migrations."""

    def enable_autorenew(self, context: Context) -> Reply:
        """POST /subscription/enable_autorenew."""

        def enable(subscription: Subscription, _document: Mapping[str, Any]) -> Subscription:
            return subscriptions.enable_autorenew(subscription, self._services.clock.now())

        return self._change(context, "enable_autorenew", "recovering_autorenew", enable)

    def disable_autorenew(self, context: Context) -> Reply:
        """POST /subscription/disable_autorenew."""

        def disable(subscription: Subscription, _document: Mapping[str, Any]) -> Subscription:
            return subscriptions.disable_autorenew(subscription)

        return self._change(context, "disable_autorenew", "unsubscription", disable)

    def pause_subscription(self, context: Context) -> Reply:
        """POST /subscription/pause."""

        def pause(subscription: Subscription, document: Mapping[str, Any]) -> Subscription:
            till = document.get("pause_till")
            return subscriptions.pause(subscription, read_instant(till) if till else None, self._services.clock.now())

        return self._change(context, "pause", "pausing", pause)

    def resume_subscription(self, context: Context) -> Reply:
        """POST /subscription/resume."""

        def resume(subscription: Subscription, _document: Mapping[str, Any]) -> Subscription:
            return subscriptions.resume(subscription, self._services.clock.now())

        return self._change(context, "resume", "resuming", resume)

    def defer_subscription(self, context: Context) -> Reply:
        """POST /subscription/defer. Assumed: the event has the documentation's spelling, `defering`."""

        def defer(subscription: Subscription, document: Mapping[str, Any]) -> Subscription:
            return subscriptions.defer(subscription, read_instant(document["defer_till"]), self._services.clock.now())

        return self._change(context, "defer", "defering", defer)

    def apply_discount(self, context: Context) -> Reply:
        """POST /discount. No event of it is known."""

        def discount(subscription: Subscription, document: Mapping[str, Any]) -> Subscription:
            count = document.get("count_of_iterations")
            return subscriptions.discount(subscription, int(document["percent"]), None if count is None else int(count))

        return self._change(context, "discount", None, discount)

    def _change(self, context: Context, action: str, subtype: str | None, rule: Rule) -> Reply:
        """Apply a rule to a subscription if the action is available, and emit the event."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            subscription = self._find_subscription(transaction, context, document)
            subscriptions.check_available(subscription, action)
            subscription = rule(subscription, document)
            self._save_subscription(transaction, subscription)
            self._emit_subscription(transaction, subscription, *([subtype] if subtype else []))
        return Reply({})

    def search_subscriptions(self, context: Context) -> Reply:
        """POST /subscription/search: one page of the subscriptions that match every filter."""
        filters = self._read(context)
        offset, limit = int(filters.get("offset", 0)), int(filters.get("limit", 100))
        with self._services.store.read_only() as transaction:
            matches = list(self._search(transaction, context.params["org_id"], filters))
            page = [self._render(transaction, subscription) for subscription in matches[offset : offset + limit]]
        return Reply({"subscriptions": page, "pagination": {"limit": limit, "offset": offset, "total": len(matches)}})

    def _search(self, transaction: ReadTransaction, org_id: str, filters: Mapping[str, Any]) -> Iterator[Subscription]:
        statuses = _read_statuses(filters.get("status_eq"))
        for subscription in self._candidates(transaction, filters):
            conditions = [
                subscription.org_id == org_id,
                filters.get("external_id") in (None, subscription.external_id),
                statuses is None or bool(statuses & set(subscription.status)),
                filters.get("intro_type") in (None, self._intro_type_of(transaction, subscription)),
            ]
            if all(conditions):
                yield subscription

    def _candidates(self, transaction: ReadTransaction, filters: Mapping[str, Any]) -> list[Subscription]:
        if filters.get("subs_id"):
            subscription = transaction.get(SUBSCRIPTIONS, filters["subs_id"].lower())
            return [subscription] if subscription else []
        if filters.get("external_id") is not None:
            return transaction.where(SUBSCRIPTIONS, "external_id", filters["external_id"])
        return transaction.all(SUBSCRIPTIONS)

    def _intro_type_of(self, transaction: ReadTransaction, subscription: Subscription) -> str:
        point = self._price_point_of(transaction, subscription)
        return point.intro_type if point else "no_intro"

    def _render(self, transaction: ReadTransaction, subscription: Subscription) -> dict[str, Any]:
        return rendering.subscription(subscription, self._price_point_of(transaction, subscription))


def _read_statuses(values: Sequence[str | int] | None) -> set[str | int] | None:
    """Return the names of statuses that are given by name or number. Unknown values stay and match nothing."""
    return None if values is None else {_STATUSES_BY_NUMBER.get(value, value) for value in values}
