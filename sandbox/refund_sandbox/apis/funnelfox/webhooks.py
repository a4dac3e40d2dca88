"""Webhook events, signatures and targets (facts §4)."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.field_schemas import MAX_WEBHOOKS
from refund_sandbox.apis.funnelfox.records import (
    Oneoff,
    Order,
    Org,
    PricePoint,
    Subscription,
    Transaction,
    User,
    Webhook,
)
from refund_sandbox.apis.funnelfox.timestamps import write_time
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.money import to_text
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks.outbox import Event, Target, body_of

EventType = Literal["order", "refund", "subscription", "oneoff", "user"]
_MICROSECONDS_PER_SECOND = 1_000_000
_SIGNATURE_HEADER = "ff-webhook-signature"


class EventDraft(Struct, frozen=True):
    """Event to emit, with the records that it is about. `refund` is the refund's transaction."""

    event_type: EventType
    subtype: str
    org_id: str
    external_id: str
    order: Order | None = None
    subscription: Subscription | None = None
    oneoff: Oneoff | None = None
    refund: Transaction | None = None

    @property
    def topic(self) -> str:
        """Topic such as `refund/settled`."""
        return f"{self.event_type}/{self.subtype}"


class EventContext(Struct, frozen=True):
    """Related records that an event shows: the user, the order's sales, and price points by ident."""

    user: User
    sales: Sequence[Transaction] = ()
    price_points: Mapping[str, PricePoint] = field(default_factory=dict)


def event_timestamp(now: datetime, number: int) -> str:
    """Return the unique `event_timestamp` of an event. It is unique even while the clock is frozen.

    Receivers recognise duplicates by it (facts §4.1). The second is that of `now`, the microseconds are the event's number.
    Assumed: naive UTC (§7, question 19).
    """
    return write_time(now.replace(microsecond=0) + timedelta(microseconds=number % _MICROSECONDS_PER_SECOND))


def build_event(draft: EventDraft, context: EventContext, event_id: str, timestamp: str) -> Event:
    """Return the event that is delivered. Assumed: types and subtypes are lower-case (facts §4.3)."""
    document = {
        "event_type": draft.event_type,
        "subtype": draft.subtype,
        "event_id": event_id,
        "event_timestamp": timestamp,
        "is_livemode": False,
        "user": rendering.user(context.user),
        "external_id": draft.external_id,
        **_refund_fields(draft),
        **_related_records(draft, context),
    }
    return Event(event_id, draft.topic, draft.org_id, document)


def _refund_fields(draft: EventDraft) -> dict[str, Any]:
    """Return the fields of one refund. Assumed: the amount is that of this refund, not the sum of all refunds."""
    if draft.refund is None or draft.order is None:
        return {}
    return {
        "trx_id": draft.refund.trx_id,
        "order_id": draft.order.order_id,
        "amount_refunded": to_text(draft.refund.amount, draft.order.decimals),
        "currency_code": draft.order.currency_code,
        "refund_at": rendering.time(draft.refund.psp_date or draft.refund.trx_created_at),
        "created_at": rendering.time(draft.refund.trx_created_at),
        "subs_id": draft.order.subs_id,
    }


def _related_records(draft: EventDraft, context: EventContext) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    if draft.order:
        documents["order"] = rendering.order(draft.order, context.sales)
    if draft.subscription:
        point = context.price_points.get(draft.subscription.pp_ident)
        documents["subscription"] = rendering.subscription(draft.subscription, point)
    if draft.oneoff:
        documents["oneoff"] = rendering.oneoff(draft.oneoff, context.price_points.get(draft.oneoff.pp_ident))
    return documents


def is_subscribed(webhook: Webhook, topic: str) -> bool:
    """Whether a webhook receives a topic. Only order and dispute events can be switched off (documented)."""
    switches = {"order": webhook.order_events, "dispute": webhook.dispute_events}
    return webhook.enabled and switches.get(topic.partition("/")[0], True)


def delivery_target(webhook: Webhook, event: Event) -> Target:
    """Return the target of a delivery. With a secret, the body is signed with HMAC-SHA256 in hex (facts §4.2)."""
    headers = {"Content-Type": "application/json"}
    if not webhook.signing_secret:
        return Target(webhook.url, headers)
    signature = hmac.new(webhook.signing_secret.encode(), body_of(event), hashlib.sha256).hexdigest()
    return Target(webhook.url, {**headers, _SIGNATURE_HEADER: signature}, signature=_SIGNATURE_HEADER)


def list_webhooks(orgs: Sequence[Org]) -> list[dict[str, Any]]:
    """Return a document of each webhook, with its `org_id`."""
    return [{"org_id": org.id, **record_schema.write(webhook)} for org in orgs for webhook in org.webhooks]


def replace_webhooks(orgs: Sequence[Org], documents: Any) -> list[Org]:
    """Return the organisations with the webhooks of the documents. The default of `org_id` is the first organisation.

    Raise BadDocument that lists every problem, and for an organisation with more than seven webhooks.
    """
    schema = record_schema.schema_of(Webhook)
    entry = {**schema, "properties": {"org_id": {"enum": [org.id for org in orgs]}, **schema["properties"]}}
    violations = Validator({"type": "array", "items": entry}).violations(documents)
    if violations:
        raise BadDocument([Problem(f"/funnelfox{violation.pointer}", violation.message) for violation in violations])
    return [_replace_webhooks_of(org, documents, orgs[0].id) for org in orgs]


def _replace_webhooks_of(org: Org, documents: Sequence[Mapping[str, Any]], default_org_id: str) -> Org:
    own = [document for document in documents if document.get("org_id", default_org_id) == org.id]
    if len(own) > MAX_WEBHOOKS:
        reason = f"{org.id} has {len(own)} webhooks. At most {MAX_WEBHOOKS} are allowed."
        raise BadDocument([Problem("/funnelfox", reason)])
    return replace(org, webhooks=[record_schema.read(Webhook, document) for document in own])
