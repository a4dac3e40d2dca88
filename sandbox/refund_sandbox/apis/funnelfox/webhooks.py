"""What webhooks say: records in, documents out (facts §4)."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Literal

from refund_sandbox.apis.funnelfox import parsing, rendering
from refund_sandbox.apis.funnelfox.records import Oneoff, Order, PricePoint, Subscription, Transaction, User, Webhook
from refund_sandbox.core.money import to_text
from refund_sandbox.core.webhooks.outbox import Event, Target, body_of
from refund_sandbox.frozen import frozen

Subject = Literal["order", "refund", "subscription", "oneoff", "user"]
_A_SECOND = 1_000_000
_SIGNATURE = "ff-webhook-signature"


@frozen
class News:
    """Something that happened, with the records that it is about. `refund` is the row of a refund."""

    subject: Subject
    subtype: str
    org_id: str
    external_id: str
    order: Order | None = None
    subscription: Subscription | None = None
    oneoff: Oneoff | None = None
    refund: Transaction | None = None

    @property
    def topic(self) -> str:
        """Such as `refund/settled`."""
        return f"{self.subject}/{self.subtype}"


@frozen
class Background:
    """What else an event tells: the user, the order's sales, and the price points by name."""

    user: User
    sales: Sequence[Transaction] = ()
    points: Mapping[str, PricePoint] = field(default_factory=dict)


def timestamp(now: datetime, number: int) -> str:
    """The `event_timestamp` of the event with that number: no two have the same, also while the clock stands still.

    Receivers are told to tell duplicates by it (facts §4.1). Assumed: naive UTC (§7, question 19). The second is that of
    the event, what follows it comes from the number.
    """
    return parsing.write_time(now.replace(microsecond=0) + timedelta(microseconds=number % _A_SECOND))


def build(news: News, background: Background, event_id: str, at: str) -> Event:
    """The event as its targets are told of it. Assumed: types and subtypes in small letters (facts §4.3)."""
    document = {
        "event_type": news.subject,
        "subtype": news.subtype,
        "event_id": event_id,
        "event_timestamp": at,
        "is_livemode": False,
        "user": rendering.user(background.user),
        "external_id": news.external_id,
        **_refund(news),
        **_related(news, background),
    }
    return Event(event_id, news.topic, news.org_id, document)


def _refund(news: News) -> dict[str, Any]:
    """The money of a refund event: of that refund alone (Assumed: not of all so far)."""
    if news.refund is None or news.order is None:
        return {}
    return {
        "trx_id": news.refund.trx_id,
        "order_id": news.order.order_id,
        "amount_refunded": to_text(news.refund.amount, news.order.decimals),
        "currency_code": news.order.currency_code,
        "refund_at": rendering.time(news.refund.psp_date or news.refund.trx_created_at),
        "created_at": rendering.time(news.refund.trx_created_at),
        "subs_id": news.order.subs_id,
    }


def _related(news: News, background: Background) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if news.order:
        found["order"] = rendering.order(news.order, background.sales)
    if news.subscription:
        point = background.points.get(news.subscription.pp_ident)
        found["subscription"] = rendering.subscription(news.subscription, point)
    if news.oneoff:
        found["oneoff"] = rendering.oneoff(news.oneoff, background.points.get(news.oneoff.pp_ident))
    return found


def wants(target: Webhook, topic: str) -> bool:
    """Whether a target is sent events of a topic: only orders and disputes can be switched off (documented)."""
    switches = {"order": target.order_events, "dispute": target.dispute_events}
    return target.enabled and switches.get(topic.partition("/")[0], True)


def address(target: Webhook, event: Event) -> Target:
    """The target with the signature of the bytes that it is sent: HMAC-SHA256 in hex, where a secret is set (facts §4.2)."""
    headers = {"Content-Type": "application/json"}
    if not target.signing_secret:
        return Target(target.url, headers)
    signature = hmac.new(target.signing_secret.encode(), body_of(event), hashlib.sha256).hexdigest()
    return Target(target.url, {**headers, _SIGNATURE: signature}, signature=_SIGNATURE)
