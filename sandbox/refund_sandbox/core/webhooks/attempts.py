"""Attempts of deliveries in the store: which are due, and how a process claims, completes and releases one.

A claim keeps other processes from sending the same attempt. Claims of a process that died expire.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from refund_sandbox.core.clock import later, read_duration, write_instant, write_sortable
from refund_sandbox.core.webhooks.outbox import ATTEMPTS, DELIVERIES, Delivery, DeliveryState, ScheduledAttempt, retry_delay
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WorkspaceState
from refund_sandbox.workspace_settings import MAX_WEBHOOK_TIMEOUT_S

_CLAIM_MARGIN_S = 5.0
"""Time beyond its time-out after which a claimed attempt is free again: its process is gone."""
_MAX_LOGGED_DELIVERIES = 1000
"""Number of deliveries in the delivery log of a workspace."""


class DueAttempts(NamedTuple):
    """Attempts that are due at `now`, by URL, in the order of their times. `upcoming` is the earliest time of the others."""

    by_url: Mapping[str, list[ScheduledAttempt]]
    upcoming: str | None
    now: datetime

    def keys(self) -> dict[tuple[int, str], str]:
        """Return the URLs of the attempts, by number and time. A retry has another time."""
        return {(one.id, one.due): url for url, attempts in self.by_url.items() for one in attempts}


class Claim(NamedTuple):
    """A delivery that this process sends, its claimed attempt, its time-out in seconds, and the time of the workspace."""

    attempt: ScheduledAttempt
    delivery: Delivery
    timeout_s: float
    at: str


def find_due(workspace: Workspace) -> DueAttempts:
    """Return the due attempts that nobody has claimed."""
    with workspace.store.read_only() as transaction:
        state = workspace.state_in(transaction)
        attempts = transaction.all(ATTEMPTS)
    now = state.now()
    due_until, claimed_until = write_sortable(now), time.time() - _claim_lifetime_s(workspace, state)
    by_url: dict[str, list[ScheduledAttempt]] = {}
    for attempt in sorted(attempts, key=lambda one: (one.due, one.id)):
        if attempt.due <= due_until and attempt.claimed_at < claimed_until:
            by_url.setdefault(attempt.url, []).append(attempt)
    others = (attempt.due for attempt in attempts if attempt.due > due_until or attempt.claimed_at >= claimed_until)
    return DueAttempts(by_url, min(others, default=None), now)


def claim(workspace: Workspace, attempt: ScheduledAttempt) -> Claim | None:
    """Claim an attempt. Return None if it has changed meanwhile, or if its delivery is gone."""
    claimed = replace(attempt, claimed_at=time.time())
    with workspace.store.transaction() as transaction:
        if transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:
            return None
        delivery = transaction.get(DELIVERIES, attempt.id)
        if delivery is None:  # the delivery log has dropped it
            transaction.delete(ATTEMPTS, attempt.id)
            return None
        transaction.put(ATTEMPTS, claimed)
        state = workspace.state_in(transaction)
    return Claim(claimed, delivery, _timeout_s(workspace, state), write_instant(state.now()))


def complete(workspace: Workspace, claimed: Claim, outcome: Mapping[str, Any]) -> None:
    """Store the result of an attempt and schedule the next one. Do nothing if the claim is no longer valid."""
    attempt = claimed.attempt
    with workspace.store.transaction() as transaction:
        delivery = transaction.get(DELIVERIES, attempt.id, for_update=True)
        if delivery is None or transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:
            return
        transaction.delete(ATTEMPTS, attempt.id)
        attempts = [*delivery.attempts, {"at": claimed.at, **outcome}]
        delivered = outcome["status"] is not None and 200 <= outcome["status"] < 300
        workspace_state = workspace.state_in(transaction)
        settings = workspace.settings_of(workspace_state).webhooks
        wait = None if delivered else retry_delay(delivery, len(attempts), settings)
        if wait is not None:
            due = write_sortable(later(workspace_state.now(), wait))
            transaction.put(ATTEMPTS, ScheduledAttempt(attempt.id, due, attempt.url))
        state: DeliveryState = "delivered" if delivered else "failed" if wait is None else "pending"
        transaction.put(DELIVERIES, replace(delivery, state=state, attempts=attempts))
        transaction.delete(DELIVERIES, attempt.id - _MAX_LOGGED_DELIVERIES)


def release(workspace: Workspace, attempt: ScheduledAttempt) -> None:
    """Release an interrupted attempt. It is due again immediately."""
    with workspace.store.transaction() as transaction:
        if transaction.get(ATTEMPTS, attempt.id, for_update=True) == attempt:
            transaction.put(ATTEMPTS, replace(attempt, claimed_at=0))


def _claim_lifetime_s(workspace: Workspace, state: WorkspaceState) -> float:
    return _CLAIM_MARGIN_S + _timeout_s(workspace, state)


def _timeout_s(workspace: Workspace, state: WorkspaceState) -> float:
    """Return the time-out of an attempt. A state that an earlier version saved may have a longer one."""
    timeout = read_duration(workspace.settings_of(state).webhooks.timeout).total_seconds()
    return min(timeout, MAX_WEBHOOK_TIMEOUT_S)
