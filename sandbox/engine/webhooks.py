"""Webhooks: what happened is written down for each target in the same transaction, and delivered in the background."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.engine.messages import dump
from sandbox.stores import Kind, Transaction

DeliveryState = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True)
class Event:
    """Something that happened and that targets want to hear of.

    `topic` names it, such as `refund/settled`; `audience` says whose targets are meant, such as an organisation; `document`
    is what they are sent.
    """

    id: str
    topic: str
    audience: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """One address that an event goes to, with the headers that belong to its bytes, such as a signature."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one target. `body` is sent byte for byte; `due` is when it is tried next, None: never."""

    id: int
    event_id: str
    api: str
    topic: str
    url: str
    headers: dict[str, str]
    body: str
    created_at: str
    due: str | None
    state: DeliveryState = "pending"
    attempts: list[dict[str, Any]] = field(default_factory=list)


DELIVERIES = Kind("sandbox.delivery", Delivery, "id", ("due",))


def body_of(event: Event) -> bytes:
    """What is sent, and signed."""
    return dump(event.document)


def post(transaction: Transaction, api: str, event: Event, targets: Iterable[Target], now: str) -> None:
    """Puts an event on its way to its targets, kept or undone with the transaction. `now` is sortable."""
    for target in targets:
        number = transaction.next_id(DELIVERIES)
        headers, body = dict(target.headers), body_of(event).decode()
        transaction.put(DELIVERIES, Delivery(number, event.id, api, event.topic, target.url, headers, body, now, now))
