"""Background delivery of webhooks: due attempts are claimed, sent, and retried on the workspace's clock if they fail."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from refund_sandbox.core.clock import later, read_duration, read_instant, write_instant, write_sortable
from refund_sandbox.core.webhooks.outbox import ATTEMPTS, DELIVERIES, Delivery, DeliveryState, ScheduledAttempt, retry_delay
from refund_sandbox.core.workspaces.workspace import Workspace, WorkspaceGone
from refund_sandbox.core.workspaces.workspace_state import WorkspaceState
from refund_sandbox.stores.protocol import StoreError

_log = logging.getLogger(__name__)
_POLL_INTERVAL_S = 0.2
"""Time between two checks whether an attempt is due."""
_MAX_WORKERS = 32
"""Number of targets that are called at the same time, and of workspaces that are processed."""
_CLAIM_MARGIN_S = 5.0
"""Time beyond its time-out after which a claimed attempt is free again: its process is gone."""
_MAX_LOGGED_DELIVERIES = 1000
"""Number of deliveries in the delivery log of a workspace."""
_MAX_ERROR_CHARS = 500
_SHUTDOWN_GRACE_S = 3.0
"""Time that deliveries in progress have to end when the server stops."""


class DeliveryWorker:
    """Delivers the webhooks of all workspaces of this process."""

    def __init__(self) -> None:
        self._busy: dict[str, Workspace] = {}
        """Workspaces in which an attempt may be due."""
        self._in_progress: dict[str, Future[None]] = {}
        """Workspaces that are being processed. Each has its own thread, so that a hanging target delays no other workspace."""
        self._wake = threading.Event()
        self._closed = False
        self._rounds = ThreadPoolExecutor(_MAX_WORKERS, "webhooks")
        self._targets = ThreadPoolExecutor(_MAX_WORKERS, "webhook")
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._client: Any = None

    def schedule(self, workspace: Workspace) -> None:
        """Check soon whether an attempt is due in this workspace."""
        with self._lock:
            self._busy[workspace.name] = workspace
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Stop. Unsent deliveries stay in the store, and the next process repeats interrupted ones."""
        with self._lock:
            self._closed = True
        self._wake.set()
        if self._client:
            self._client.close()
        for pool in (self._rounds, self._targets):
            pool.shutdown(wait=False, cancel_futures=True)
        wait_for(list(self._in_progress.values()), _SHUTDOWN_GRACE_S)
        if self._thread:
            self._thread.join(_SHUTDOWN_GRACE_S)

    def deliver_due(self, workspace: Workspace) -> datetime | None:
        """Send the due deliveries of a workspace and wait for the replies. Return when the next attempt is due.

        The deliveries of one target are sent one after the other, and those of different targets at the same time.
        """
        with workspace.sending:
            while due := list(self._claim_due(workspace)):
                queues: dict[str, list[_Claim]] = {}
                for claim in due:
                    queues.setdefault(claim.delivery.url, []).append(claim)
                list(self._targets.map(lambda queue: self._send_all(workspace, queue), queues.values()))
        with workspace.store.read_only() as transaction:
            upcoming = transaction.first(ATTEMPTS, "due")
        return read_instant(upcoming.due) if upcoming else None

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(_POLL_INTERVAL_S if self._busy or self._in_progress else None)
            self._wake.clear()
            with self._lock:
                for name in () if self._closed else self._busy.keys() - self._in_progress.keys():
                    try:
                        self._in_progress[name] = self._rounds.submit(self._round, self._busy.pop(name))
                    except RuntimeError:  # the interpreter ends, and nobody has closed the sandbox
                        return

    def _round(self, workspace: Workspace) -> None:
        """Send the due deliveries of a workspace."""
        has_more = self._has_more(workspace)
        with self._lock:
            del self._in_progress[workspace.name]
            if workspace.name in self._busy:
                self._wake.set()  # scheduled again meanwhile
            elif has_more:
                self._busy[workspace.name] = workspace

    def _has_more(self, workspace: Workspace) -> bool:
        """Send the due deliveries of a workspace. Return whether it needs another check."""
        try:
            return self.deliver_due(workspace) is not None
        except WorkspaceGone:
            return False
        except StoreError as error:
            _log.warning("webhooks of workspace %s are delayed: %s", workspace.name, error)
            return True
        except Exception:
            if not self._closed:  # a closed pool raises
                _log.exception("webhooks of workspace %s failed. This is a bug of the sandbox.", workspace.name)
            return not self._closed

    def _claim_due(self, workspace: Workspace) -> "Iterator[_Claim]":
        """Claim the due attempts, so that no other process sends them too. Claims that a process did not complete expire."""
        with workspace.store.read_only() as transaction:
            state = workspace.state_in(transaction)
            now, claim_lifetime_s = write_sortable(state.now()), _CLAIM_MARGIN_S + _timeout(workspace, state)
            waiting = [attempt for attempt in transaction.all(ATTEMPTS) if attempt.due <= now]
        for attempt in sorted(waiting, key=lambda one: (one.due, one.id)):
            claimed = _claim(workspace, attempt) if attempt.claimed_at < time.time() - claim_lifetime_s else None
            if claimed:
                with workspace.store.transaction() as transaction:
                    delivery = transaction.get(DELIVERIES, attempt.id)
                    if delivery is None:  # the delivery log has dropped it
                        transaction.delete(ATTEMPTS, attempt.id)
                if delivery:
                    yield _Claim(claimed, delivery)

    def _send_all(self, workspace: Workspace, queue: "list[_Claim]") -> None:
        for attempt, delivery in queue:
            state = _state_if_claimed(workspace, attempt)
            if state is None:
                continue
            at, started = state.now(), time.perf_counter()
            outcome = self._send(delivery, _timeout(workspace, state))
            if self._closed and outcome["error"]:
                _release(workspace, attempt)
                continue
            duration = round((time.perf_counter() - started) * 1000, 1)
            _complete(workspace, attempt, {"at": write_instant(at), **outcome, "duration_ms": duration})

    def _send(self, delivery: Delivery, timeout: float) -> dict[str, Any]:
        """Send one POST. Return the status of the reply, or the error."""
        import httpx2  # takes 0.13 s to import, and is not needed without targets

        if self._client is None:
            self._client = httpx2.Client(follow_redirects=False, trust_env=False)
        try:
            answer = self._client.post(delivery.url, content=delivery.body.encode(), headers=delivery.headers, timeout=timeout)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return {"status": None, "error": f"{type(error).__name__}: {error}"[:_MAX_ERROR_CHARS]}
        return {"status": answer.status_code, "error": None}


class _Claim(NamedTuple):
    """A delivery that this process sends, and its claimed attempt."""

    attempt: ScheduledAttempt
    delivery: Delivery


def _claim(workspace: Workspace, attempt: ScheduledAttempt) -> ScheduledAttempt | None:
    """Mark an attempt as claimed. Return None if it has changed meanwhile."""
    claimed = replace(attempt, claimed_at=time.time())
    with workspace.store.transaction() as transaction:
        if transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:
            return None
        transaction.put(ATTEMPTS, claimed)
    return claimed


def _state_if_claimed(workspace: Workspace, attempt: ScheduledAttempt) -> WorkspaceState | None:
    """Return the state of the workspace, or None if the claim is no longer valid.

    After a reset, another attempt may have the same id.
    """
    with workspace.store.read_only() as transaction:
        return workspace.state_in(transaction) if transaction.get(ATTEMPTS, attempt.id) == attempt else None


def _complete(workspace: Workspace, attempt: ScheduledAttempt, outcome: dict[str, Any]) -> None:
    """Store the result of an attempt and schedule the next one. Do nothing if the claim is no longer valid."""
    with workspace.store.transaction() as transaction:
        delivery = transaction.get(DELIVERIES, attempt.id, for_update=True)
        if delivery is None or transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:
            return
        transaction.delete(ATTEMPTS, attempt.id)
        attempts = [*delivery.attempts, outcome]
        delivered = outcome["status"] is not None and 200 <= outcome["status"] < 300
        workspace_state = workspace.state_in(transaction)
        settings = workspace.settings_of(workspace_state).webhooks
        wait = None if delivered else retry_delay(delivery, len(attempts), settings)
        if wait is not None:
            transaction.put(ATTEMPTS, ScheduledAttempt(attempt.id, write_sortable(later(workspace_state.now(), wait))))
        state: DeliveryState = "delivered" if delivered else "failed" if wait is None else "pending"
        transaction.put(DELIVERIES, replace(delivery, state=state, attempts=attempts))
        transaction.delete(DELIVERIES, attempt.id - _MAX_LOGGED_DELIVERIES)


def _release(workspace: Workspace, attempt: ScheduledAttempt) -> None:
    """Release an interrupted attempt. It is due again immediately."""
    with workspace.store.transaction() as transaction:
        if transaction.get(ATTEMPTS, attempt.id, for_update=True) == attempt:
            transaction.put(ATTEMPTS, replace(attempt, claimed_at=0))


def _timeout(workspace: Workspace, state: WorkspaceState) -> float:
    return read_duration(workspace.settings_of(state).webhooks.timeout).total_seconds()
