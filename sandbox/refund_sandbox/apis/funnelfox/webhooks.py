"""Webhook events, signatures and targets (facts §4)."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.field_schemas import MAX_WEBHOOKS
from refund_sandbox.apis.funnelfox.records import (
    EVENT_NUMBERS,
    ONEOFFS,
    ORDERS,
    ORGS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Oneoff,
    Order,
    Org,
    Subscription,
    Transaction,
    User,
    Webhook,
)
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.settings import FunnelFoxSettings
from refund_sandbox.apis.funnelfox.timestamps import write_time
from refund_sandbox.core import record_schema
from refund_sandbox.core.clock import later
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.money import to_text
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import bad_document
from refund_sandbox.core.webhooks.outbox import Event, Target, body_of
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_MICROSECONDS_PER_SECOND = 1_000_000
_SIGNATURE_HEADER = "ff-webhook-signature"
_SWITCHES: Mapping[str, tuple[str, ...]] = {
    "order/settled": ("order_events",),
    "order/declined": ("order_events", "declined_order_events"),
    "dispute/opened": ("dispute_events",),
}
"""Fields of a webhook that switch a topic on."""
DEFERRING = "defering"
"""Subtype of a deferred charge, in the spelling of the documentation."""
URL_FIELD = "url"
SECRET_FIELD: str | None = "signing_secret"  # noqa: S105 - the name of the field
RULES = f"Deliveries are signed with {_SIGNATURE_HEADER} if a signing secret is set, and retried on failure."

TOPICS: Mapping[str, str] = {
    "order/settled": "An order is paid: a purchase, a renewal or a migration.",
    "order/declined": "A charge is declined, in the checkout or at a renewal.",
    "refund/settled": "A refund is settled, full or partial; with `funnelfox.settle_after`, when that time is over.",
    "oneoff/granted": "A one-off purchase is paid.",
    "oneoff/revoked": "A full refund revokes a one-off purchase.",
    "subscription/starting_trial": "A subscription begins with a trial.",
    "subscription/convertion": "The first full price is paid: after the trial, or at once where there is none.",
    "subscription/renewing": "A renewal is paid.",
    "subscription/start_grace": "A renewal is declined for the first time; access stays.",
    "subscription/finish_grace": "The attempts with access are used up.",
    "subscription/start_retry": "Access ends, and the attempts continue.",
    "subscription/recovering": "A renewal is paid after declined attempts.",
    "subscription/expiration": "It ends: by a full refund or a migration, with its period, or after declined charges.",
    "subscription/unsubscription": "Auto-renewal is turned off, also by a partial refund.",
    "subscription/recovering_autorenew": "Auto-renewal is turned on again.",
    "subscription/pausing": "A subscription is paused.",
    "subscription/resuming": "A paused subscription resumes.",
    f"subscription/{DEFERRING}": "The next charge is deferred.",
    "subscription/planning_postponed_subscription": "A migration with `delayed_start` is planned.",
    "user/update_email": "The email address of a user is changed.",
    "dispute/opened": "The bank of the customer disputes a charge.",
}
"""Topics with the change that causes them (facts §4.3)."""


class EventDraft(NamedTuple):
    """Event to emit, with the records that it is about. The topic is type and subtype, such as `refund/settled`.

    `refund` is the refund's transaction. The event of an order shows the subscription or one-off that the order paid for, too.
    """

    topic: str
    org_id: str
    external_id: str
    order: Order | None = None
    subscription: Subscription | None = None
    oneoff: Oneoff | None = None
    refund: Transaction | None = None


def build_events(work: UnitOfWork) -> Iterator[Event]:
    """Yield the events that a webhook receives, in the order of their drafts."""
    wanted = [draft for draft in work.drafts if subscribers(work.transaction, draft.org_id, draft.topic)]
    numbers = work.transaction.next_ids(EVENT_NUMBERS, len(wanted)) if wanted else ()
    for draft, number in zip(wanted, numbers, strict=True):
        yield _build_event(work, draft, number)


def _build_event(work: UnitOfWork, draft: EventDraft, number: int) -> Event:
    """Return the event that is delivered.

    Receivers recognise duplicates by `event_timestamp` (facts §4.1). It is unique even while the clock is frozen: the event's
    number is added to the time as microseconds. Assumed: naive UTC (§7, question 19).
    """
    user = work.transaction.get(USERS, draft.external_id) or User(draft.external_id)
    timestamp = later(work.now, timedelta(microseconds=number % _MICROSECONDS_PER_SECOND))
    event_type, _, subtype = draft.topic.partition("/")
    document = {
        "event_type": event_type,
        "subtype": _spelling(subtype, work.settings),
        "event_id": work.ids.uuid(),
        "event_timestamp": write_time(timestamp),
        "is_livemode": False,
        "user": rendering.user(user),
        "external_id": draft.external_id,
        **_refund_fields(draft),
        **_dispute_fields(work, draft),
        **_related_records(work.transaction, draft),
    }
    return Event(document["event_id"], draft.topic, draft.org_id, document)


def _spelling(subtype: str, settings: FunnelFoxSettings) -> str:
    """Return a subtype as the settings spell it. Receivers of the live service disagree (facts §4.3)."""
    written = settings.webhook_deferring if subtype == DEFERRING else subtype
    return written.upper() if settings.webhook_subtype_case == "upper" else written


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


def _dispute_fields(work: UnitOfWork, draft: EventDraft) -> dict[str, Any]:
    """Return the fields of a dispute (facts §4.3)."""
    if draft.topic != "dispute/opened" or draft.order is None:
        return {}
    ids = {"dispute_id": work.ids.uuid(), "order_id": draft.order.order_id, "psp_dispute_id": f"dp_{work.ids.base62(24)}"}
    return {**ids, "processor": "stripe"}


def _related_records(transaction: StoreTransaction, draft: EventDraft) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    order, subscription, oneoff = draft.order, draft.subscription, draft.oneoff
    if order:
        documents["order"] = rendering.order(order, transaction.where(TRANSACTIONS, "sale_of", order.order_id))
        subscription = transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True) if order.subs_id else None
        oneoff = transaction.get(ONEOFFS, order.oneoff_id, for_update=True) if order.oneoff_id else None
    if subscription:
        point = transaction.get(PRICE_POINTS, subscription.pp_ident)
        documents["subscription"] = rendering.subscription(subscription, point)
    if oneoff:
        documents["oneoff"] = rendering.oneoff(oneoff, transaction.get(PRICE_POINTS, oneoff.pp_ident))
    return documents


def build_draft(work: UnitOfWork, topic: str, order_id: str) -> EventDraft | None:
    """Return the draft of an event about an order as it is in the ledger."""
    order = work.transaction.get(ORDERS, order_id.lower())
    records: dict[str, Any] = {}
    if order is None:
        return None
    match topic.partition("/")[0]:
        case "user":
            pass
        case "oneoff":
            records["oneoff"] = work.transaction.get(ONEOFFS, order.oneoff_id) if order.oneoff_id else None
        case "subscription":
            records["subscription"] = work.transaction.get(SUBSCRIPTIONS, order.subs_id) if order.subs_id else None
        case "refund":
            records = {"order": order, "refund": _refund(work, order)}
        case "dispute":
            records["order"] = order if order.status == "settled" else None
        case _:
            records["order"] = order
    return EventDraft(topic, order.org_id, order.external_id, **records) if all(records.values()) else None


def open_dispute(work: UnitOfWork, order_id: str) -> None:
    """Emit `dispute/opened`. Assumed: the order and its transactions stay as they are (facts §4.3 names the event only)."""
    draft = build_draft(work, "dispute/opened", order_id)
    if draft is None:
        raise BadDocument([Problem("", f"Order {order_id} was not paid.")])
    work.emit(draft)


def _refund(work: UnitOfWork, order: Order) -> Transaction | None:
    """Return the newest settled refund of an order. Without one, a refund of all that is left, which is not booked."""
    rows = work.transaction.where(TRANSACTIONS, "order_id", order.order_id)
    settled = [row for row in rows if row.psp_transaction_type == "REFUND" and row.psp_status == "SETTLED"]
    if settled:
        return max(settled, key=lambda row: row.trx_created_at)
    if order.status != "settled" or not order.refundable:
        return None
    sale, at = refunds.settled_sale([row for row in rows if row.psp_transaction_type == "SALE"]), write_time(work.now)
    example = {"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": order.refundable}
    return replace(sale, trx_id=work.ids.uuid(), psp_date=at, trx_created_at=at, **example)


def subscribers(transaction: ReadTransaction, org_id: str, topic: str) -> list[Webhook]:
    """Return the webhooks of an organisation that receive a topic."""
    org = transaction.get(ORGS, org_id)
    if org is None or not org.webhooks:
        return []
    switches = ("enabled", *_SWITCHES.get(topic, ()))
    return [webhook for webhook in org.webhooks if all(getattr(webhook, switch) for switch in switches)]


def targets(transaction: ReadTransaction, event: Event) -> list[Target]:
    """Return a target for each subscriber. With a secret, the body is signed with HMAC-SHA256 in hex (facts §4.2)."""
    return [_target(webhook, event) for webhook in subscribers(transaction, event.audience, event.topic)]


def _target(webhook: Webhook, event: Event) -> Target:
    headers = {"Content-Type": "application/json"}
    if not webhook.signing_secret:
        return Target(webhook.url, headers)
    signature = hmac.new(webhook.signing_secret.encode(), body_of(event), hashlib.sha256).hexdigest()
    return Target(webhook.url, {**headers, _SIGNATURE_HEADER: signature}, signature=_SIGNATURE_HEADER)


def list_targets(transaction: ReadTransaction) -> list[dict[str, Any]]:
    """Return a document of each webhook, with its `org_id`."""
    return [{"org_id": org.id, **record_schema.write(webhook)} for org in transaction.all(ORGS) for webhook in org.webhooks]


def replace_targets(transaction: StoreTransaction, documents: Any) -> None:
    """Replace the webhooks of every organisation. The default of `org_id` is the first organisation.

    Raise BadDocument that lists every problem, and for an organisation with more than seven webhooks.
    """
    orgs = transaction.all(ORGS)
    schema = record_schema.schema_of(Webhook)
    entry = {**schema, "properties": {"org_id": {"enum": [org.id for org in orgs]}, **schema["properties"]}}
    violations = Validator({"type": "array", "items": entry}).violations(documents)
    if violations:
        raise bad_document(violations, "/funnelfox")
    for org in [_replace_webhooks_of(org, documents, orgs[0].id) for org in orgs]:
        transaction.put(ORGS, org)


def _replace_webhooks_of(org: Org, documents: Sequence[Mapping[str, Any]], default_org_id: str) -> Org:
    own = [document for document in documents if document.get("org_id", default_org_id) == org.id]
    if len(own) > MAX_WEBHOOKS:
        reason = f"{org.id} has {len(own)} webhooks. At most {MAX_WEBHOOKS} are allowed."
        raise BadDocument([Problem("/funnelfox", reason)])
    return replace(org, webhooks=[record_schema.read(Webhook, document) for document in own])
