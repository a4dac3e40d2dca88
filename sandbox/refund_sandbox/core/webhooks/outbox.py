"""Webhooks: what happened is written down for each target in the same transaction as the change that it tells of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

from refund_sandbox.core.clock import later, read_duration, read_instant, write_sortable
from refund_sandbox.core.context import dump
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.frozen import frozen, replace
from refund_sandbox.settings import WebhookSettings
from refund_sandbox.stores.protocol import RecordType, Transaction

DeliveryState = Literal["pending", "delivered", "failed", "dropped"]


@frozen
class Event:
    """Something that happened and that targets want to hear of.

    `topic` names it, such as `refund/settled`; `audience` says whose targets are meant, such as an organisation; `document`
    is what they are sent.
    """

    id: str
    topic: str
    audience: str
    document: Mapping[str, Any]


@frozen
class Target:
    """One address that an event goes to, with the headers that belong to its bytes; `signature` names the one that signs."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    signature: str | None = None
    retries: bool = True
    """Whether a delivery that fails is tried again."""


@frozen
class Delivery:
    """One event on its way to one target. `body` is sent byte for byte; `attempts` are what became of it so far."""

    id: int
    event_id: str
    api: str
    topic: str
    url: str
    headers: dict[str, str]
    body: str
    created_at: str
    state: DeliveryState = "pending"
    fault: str | None = None
    retries: bool = True
    attempts: list[dict[str, Any]] = field(default_factory=list)


@frozen
class ScheduledAttempt:
    """The next time that a delivery is tried: when, on the sandbox's clock. `taken` is when a process took it, in real time."""

    id: int
    due: str
    taken: float = 0


DELIVERIES = RecordType("sandbox.delivery", Delivery, "id")
ATTEMPTS = RecordType("sandbox.attempt", ScheduledAttempt, "id", ("due",))
RECORD_TYPES = (DELIVERIES, ATTEMPTS)
MAX_DELIVERIES = 10_000
"""How many deliveries a workspace holds at most; the oldest is given up, even where its target was never reached."""
_REORDERED = timedelta(seconds=2)
"""How much later a reordered delivery is sent: what comes after it overtakes it."""


def body_of(event: Event) -> bytes:
    """What is sent, and signed."""
    return dump(event.document)


FindDeliveryFault = Callable[[str, str], Fault | None]
"""The fault that hits a delivery, by its topic and its URL."""


def enqueue(
    transaction: Transaction, api: str, event: Event, targets: Iterable[Target], now: str, find_fault: FindDeliveryFault
) -> None:
    """Puts an event on its way to its targets, kept or undone with the transaction. `now` is sortable."""
    for target in targets:
        fault = find_fault(event.topic, target.url)
        effect = fault.webhook if fault else None
        headers = dict(target.headers)
        if effect == "wrong_signature" and target.signature:
            headers[target.signature] = sha256(headers[target.signature].encode()).hexdigest()
        state: DeliveryState = "dropped" if effect == "drop" else "pending"
        due = write_sortable(later(read_instant(now), _REORDERED)) if effect == "reorder" else now
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
                transaction.put(ATTEMPTS, ScheduledAttempt(number, due))


def requeue(transaction: Transaction, delivery_id: int, now: str) -> Delivery | None:
    """Puts a delivery on its way once more, the same bytes; None when there is none of that id."""
    delivery = transaction.get(DELIVERIES, delivery_id, for_update=True)
    if delivery is None:
        return None
    delivery = replace(delivery, state="pending")
    transaction.put(DELIVERIES, delivery)
    transaction.put(ATTEMPTS, ScheduledAttempt(delivery.id, now))
    return delivery


def backoff(settings: WebhookSettings, failed: int) -> timedelta | None:
    """How long to wait after so many failures; None when it is not tried again.

    Assumed: that the wait doubles up to a limit; the live service only says that it grows exponentially (facts §4.1).
    """
    if failed > settings.retries:
        return None
    first, longest = read_duration(settings.first_retry), read_duration(settings.longest_retry)
    return min(first * (1 << min(failed - 1, 30)), longest)
