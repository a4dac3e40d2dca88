"""Subscription actions and search."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.bookkeeping import price_point_of, save_subscription
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.records import SUBSCRIPTIONS, Subscription
from refund_sandbox.apis.funnelfox.rules import subscriptions
from refund_sandbox.apis.funnelfox.webhooks import DEFERRING
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.protocol import ReadTransaction

# Assumed: the numbers of statuses. Only their existence is known (facts §6.3).
_STATUSES = ("INTRO", "UPCOMING", "RECURRING", "AUTORENEW_OFF", "PAUSED", "GRACE", "RETRY", "EXPIRED")
_STATUSES_BY_NUMBER: Mapping[str | int, str] = {1 << index: status for index, status in enumerate(_STATUSES)}


def enable_autorenew(context: FunnelFoxContext) -> Reply:
    """POST /subscription/enable_autorenew."""
    subscription = _find(context, "enable_autorenew")
    return _save(context, subscriptions.enable_autorenew(subscription, context.now), "recovering_autorenew")


def disable_autorenew(context: FunnelFoxContext) -> Reply:
    """POST /subscription/disable_autorenew."""
    return _save(context, subscriptions.disable_autorenew(_find(context, "disable_autorenew")), "unsubscription")


def pause_subscription(context: FunnelFoxContext) -> Reply:
    """POST /subscription/pause."""
    subscription, till = _find(context, "pause"), context.document.get("pause_till")
    return _save(context, subscriptions.pause(subscription, read_instant(till) if till else None, context.now), "pausing")


def resume_subscription(context: FunnelFoxContext) -> Reply:
    """POST /subscription/resume."""
    return _save(context, subscriptions.resume(_find(context, "resume"), context.now), "resuming")


def defer_subscription(context: FunnelFoxContext) -> Reply:
    """POST /subscription/defer."""
    subscription, till = _find(context, "defer"), read_instant(context.document["defer_till"])
    return _save(context, subscriptions.defer(subscription, till, context.now), DEFERRING)


def apply_discount(context: FunnelFoxContext) -> Reply:
    """POST /discount. No event of it is known."""
    subscription, count = _find(context, "create_discount"), context.document.get("count_of_iterations")
    percent = int(context.document["percent"])
    return _save(context, subscriptions.discount(subscription, percent, None if count is None else int(count)))


def _find(context: FunnelFoxContext, action: str) -> Subscription:
    """Return the document's subscription. Raise a refusal if the action is not available."""
    subscription = context.find_subscription()
    subscriptions.check_available(subscription, action)
    return subscription


def _save(context: FunnelFoxContext, subscription: Subscription, *subtypes: str) -> Reply:
    save_subscription(context, subscription, *subtypes)
    return Reply({})


def search_subscriptions(context: FunnelFoxContext) -> Reply:
    """POST /subscription/search: one page of the subscriptions that match every filter."""
    filters, transaction = context.document, context.transaction
    offset, limit = int(filters.get("offset", 0)), int(filters.get("limit", 100))
    matches = list(_search(transaction, context.org_id, filters))
    page = [
        rendering.subscription(subscription, price_point_of(transaction, subscription))
        for subscription in matches[offset : offset + limit]
    ]
    return Reply({"subscriptions": page, "pagination": {"limit": limit, "offset": offset, "total": len(matches)}})


def _search(transaction: ReadTransaction, org_id: str, filters: Mapping[str, Any]) -> Iterator[Subscription]:
    statuses = _read_statuses(filters.get("status_eq"))
    for subscription in _candidates(transaction, filters):
        conditions = [
            subscription.org_id == org_id,
            filters.get("external_id") in (None, subscription.external_id),
            statuses is None or bool(statuses & set(subscription.status)),
            filters.get("intro_type") in (None, _intro_type_of(transaction, subscription)),
        ]
        if all(conditions):
            yield subscription


def _candidates(transaction: ReadTransaction, filters: Mapping[str, Any]) -> list[Subscription]:
    if filters.get("subs_id"):
        subscription = transaction.get(SUBSCRIPTIONS, filters["subs_id"].lower())
        return [subscription] if subscription else []
    if filters.get("external_id") is not None:
        return transaction.where(SUBSCRIPTIONS, "external_id", filters["external_id"])
    return transaction.all(SUBSCRIPTIONS)


def _intro_type_of(transaction: ReadTransaction, subscription: Subscription) -> str:
    point = price_point_of(transaction, subscription)
    return point.intro_type if point else "no_intro"


def _read_statuses(values: Sequence[str | int] | None) -> set[str | int] | None:
    """Return the names of statuses that are given by name or number. Unknown values stay and match nothing."""
    return None if values is None else {_STATUSES_BY_NUMBER.get(value, value) for value in values}
