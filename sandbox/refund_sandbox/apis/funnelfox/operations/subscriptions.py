"""Answers what is done to subscriptions, and searches them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.operations.charging import Billing
from refund_sandbox.apis.funnelfox.records import SUBSCRIPTIONS, Subscription
from refund_sandbox.apis.funnelfox.rules import subscriptions
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

Rule = Callable[[Subscription, Mapping[str, Any]], Subscription]

# Assumed: the numbers of statuses, of which only that there are some is known (facts §6.3).
_STATUSES = ("INTRO", "UPCOMING", "RECURRING", "AUTORENEW_OFF", "PAUSED", "GRACE", "RETRY", "EXPIRED")
_NUMBERS = {1 << place: status for place, status in enumerate(_STATUSES)}


class SubscriptionHandlers(Billing):
    """Subscription management, but for migrations."""

    def enable_autorenew(self, context: Context) -> Reply:
        """POST /subscription/enable_autorenew."""

        def enable(found: Subscription, _document: Mapping[str, Any]) -> Subscription:
            return subscriptions.enable_autorenew(found, self._services.clock.now())

        return self._change(context, "enable_autorenew", "recovering_autorenew", enable)

    def disable_autorenew(self, context: Context) -> Reply:
        """POST /subscription/disable_autorenew."""
        return self._change(
            context, "disable_autorenew", "unsubscription", lambda found, _: subscriptions.disable_autorenew(found)
        )

    def pause_subscription(self, context: Context) -> Reply:
        """POST /subscription/pause."""

        def pause(found: Subscription, document: Mapping[str, Any]) -> Subscription:
            till = document.get("pause_till")
            return subscriptions.pause(found, read_instant(till) if till else None, self._services.clock.now())

        return self._change(context, "pause", "pausing", pause)

    def resume_subscription(self, context: Context) -> Reply:
        """POST /subscription/resume."""
        return self._change(
            context, "resume", "resuming", lambda found, _: subscriptions.resume(found, self._services.clock.now())
        )

    def defer_subscription(self, context: Context) -> Reply:
        """POST /subscription/defer. Assumed: the event is spelt as in the documentation, `defering`."""

        def defer(found: Subscription, document: Mapping[str, Any]) -> Subscription:
            return subscriptions.defer(found, read_instant(document["defer_till"]), self._services.clock.now())

        return self._change(context, "defer", "defering", defer)

    def apply_discount(self, context: Context) -> Reply:
        """POST /discount. No event is known to tell of it."""

        def discount(found: Subscription, document: Mapping[str, Any]) -> Subscription:
            count = document.get("count_of_iterations")
            return subscriptions.discount(found, int(document["percent"]), None if count is None else int(count))

        return self._change(context, "discount", None, discount)

    def _change(self, context: Context, action: str, subtype: str | None, rule: Rule) -> Reply:
        """Does what the rule says to the subscription, if it is available now, and tells of it."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            found = self._find_subscription(transaction, context, document)
            subscriptions.check_action(found, action)
            changed = rule(found, document)
            self._keep(transaction, changed)
            self._tell_of(transaction, changed, *([subtype] if subtype else []))
        return Reply({})

    def search_subscriptions(self, context: Context) -> Reply:
        """POST /subscription/search: those that fit every filter, a page of them."""
        wanted = self._read(context)
        offset, limit = int(wanted.get("offset", 0)), int(wanted.get("limit", 100))
        with self._services.store.read_only() as transaction:
            found = list(self._search(transaction, context.params["org_id"], wanted))
            page = [self._show(transaction, subscription) for subscription in found[offset : offset + limit]]
        return Reply({"subscriptions": page, "pagination": {"limit": limit, "offset": offset, "total": len(found)}})

    def _search(self, transaction: StoreTransaction, org_id: str, wanted: Mapping[str, Any]) -> Iterator[Subscription]:
        statuses = None if wanted.get("status_eq") is None else {_NUMBERS.get(one, one) for one in wanted["status_eq"]}
        for subscription in self._candidates(transaction, wanted):
            fits = [
                subscription.org_id == org_id,
                wanted.get("external_id") in (None, subscription.external_id),
                statuses is None or bool(statuses & set(subscription.status)),
                wanted.get("intro_type") in (None, self._intro_of(transaction, subscription)),
            ]
            if all(fits):
                yield subscription

    def _candidates(self, transaction: StoreTransaction, wanted: Mapping[str, Any]) -> list[Subscription]:
        if wanted.get("subs_id"):
            found = transaction.get(SUBSCRIPTIONS, wanted["subs_id"].lower())
            return [found] if found else []
        if wanted.get("external_id") is not None:
            return transaction.where(SUBSCRIPTIONS, "external_id", wanted["external_id"])
        return transaction.all(SUBSCRIPTIONS)

    def _intro_of(self, transaction: StoreTransaction, subscription: Subscription) -> str:
        point = self._point_of(transaction, subscription)
        return point.intro_type if point else "no_intro"

    def _show(self, transaction: StoreTransaction, subscription: Subscription) -> dict[str, Any]:
        return rendering.subscription(subscription, self._point_of(transaction, subscription))
