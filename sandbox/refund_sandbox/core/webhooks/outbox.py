"""Webhook outbox: deliveries are stored in the same transaction as the change that caused them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

from msgspec import field
from msgspec.structs import replace

from refund_sandbox.core.clock import later, read_duration, read_instant, write_sortable
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.json_writer import dump
from refund_sandbox.stores.protocol import Record, RecordType, Transaction
from refund_sandbox.workspace_settings import WebhookSettings

DeliveryState = Literal["pending", "delivered", "failed", "dropped"]


class Event(Record):
    """A change that webhook targets are notified of.

    `topic` is its name, such as `refund/settled`. `audience` selects the targets, such as those of an organisation.
    `document` is the payload.
    """

    id: str
    topic: str
    audience: str
    document: Mapping[str, Any]


class Target(Record):
    """One URL that an event is sent to, and the headers of the request. `signature` is the name of the header that signs it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    signature: str | None = None
    retries: bool = True
    """Whether a failed delivery is retried."""


class Delivery(Record):
    """One event for one target. `body` is sent as it is. `attempts` are the results so far."""

    id: int
    event_id: str
    api: str
    topic: str
    url: str
    headers: dict[str, Any]
    body: str
    created_at: str
    state: DeliveryState = "pending"
    fault: str | None = None
    retries: bool = True
    attempts: list[dict[str, Any]] = field(default_factory=list)


class ScheduledAttempt(Record):
    """The next attempt of a delivery.

    `due` is a time of the workspace's clock, and `url` the target. `claimed_at` is the real time at which a process claimed it.
    """

    id: int
    due: str
    url: str = ""
    claimed_at: float = 0


DELIVERIES = RecordType("sandbox.delivery", Delivery, "id")
ATTEMPTS = RecordType("sandbox.attempt", ScheduledAttempt, "id", ("due",))
RECORD_TYPES = (DELIVERIES, ATTEMPTS)
MAX_DELIVERIES = 10_000
"""Maximum number of deliveries in a workspace. The oldest is deleted, even if it was never delivered."""
_REORDER_DELAY = timedelta(seconds=2)
"""Delay of a reordered delivery, so that later ones overtake it."""


def body_of(event: Event) -> bytes:
    """Return the payload in bytes, as it is sent and signed."""
    return dump(event.document)


FindDeliveryFault = Callable[[str, str], Fault | None]
"""Function that returns the fault that hits a delivery, given its topic and URL."""


def enqueue(
    transaction: Transaction, api: str, event: Event, targets: Iterable[Target], now: str, find_fault: FindDeliveryFault
) -> None:
    """Store a delivery for each target, in the given transaction. `now` is sortable text."""
    for target in targets:
        fault = find_fault(event.topic, target.url)
        effect = fault.webhook if fault else None
        headers = dict(target.headers)
        if effect == "wrong_signature" and target.signature:
            headers[target.signature] = sha256(headers[target.signature].encode()).hexdigest()
        state: DeliveryState = "dropped" if effect == "drop" else "pending"
        due = write_sortable(later(read_instant(now), _REORDER_DELAY)) if effect == "reorder" else now
        for _ in range(2 if effect == "duplicate" else 1):
            number = transaction.next_id(DELIVERIES)
            if number > MAX_DELIVERIES:
                transaction.delete(DELIVERIES, number - MAX_DELIVERIES)
                transaction.delete(ATTEMPTS, number - MAX_DELIVERIES)
            body = body_of(event).decode()
            transaction.put(
                DELIVERIES,
                Delivery(number, event.id, api, event.topic, target.url, headers, body, now, state, effect, target.retries),
            )
            if state == "pending":
                transaction.put(ATTEMPTS, ScheduledAttempt(number, due, target.url))


def requeue(transaction: Transaction, delivery_id: int, now: str) -> Delivery | None:
    """Schedule a delivery once more, with the same bytes. Return None if there is none with that id."""
    delivery = transaction.get(DELIVERIES, delivery_id, for_update=True)
    if delivery is None:
        return None
    delivery = replace(delivery, state="pending")
    transaction.put(DELIVERIES, delivery)
    transaction.put(ATTEMPTS, ScheduledAttempt(delivery.id, now, delivery.url))
    return delivery


def retry_delay(delivery: Delivery, failed: int, settings: WebhookSettings) -> timedelta | None:
    """Return the wait before the next attempt after `failed` failures, or None if the delivery is given up.

    Assumed: the wait doubles up to a limit. The live service only says that it grows exponentially (facts §4.1).
    """
    if not delivery.retries or failed > settings.retries:
        return None
    first, longest = read_duration(settings.first_retry), read_duration(settings.longest_retry)
    return timedelta(seconds=min(first.total_seconds() * 2.0 ** (failed - 1), longest.total_seconds()))
