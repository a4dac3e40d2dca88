"""Delivers webhooks in the background: what is due is sent, what fails is tried again on the sandbox's clock."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from datetime import datetime
from typing import Any, NamedTuple

from refund_sandbox.core.clock import later, read_duration, read_instant, write_instant, write_sortable
from refund_sandbox.core.webhooks.outbox import ATTEMPTS, DELIVERIES, Delivery, DeliveryState, ScheduledAttempt, backoff
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import StoreError

_log = logging.getLogger(__name__)
_POLL_INTERVAL_S = 0.2
"""Seconds between two looks at whether something has fallen due."""
_MAX_WORKERS = 32
"""How many targets are called at a time, and how many workspaces are looked at."""
_CLAIM_MARGIN_S = 5.0
"""Seconds beyond its time-out after which a taken attempt belongs to nobody: its process is gone."""
_MAX_LOGGED_DELIVERIES = 1000
"""How many deliveries the log of a workspace remembers."""
_MAX_ERROR_CHARS = 500
_SHUTDOWN_GRACE_S = 3.0
"""Seconds that deliveries under way have to end when the server stops."""


class DeliveryWorker:
    """The deliveries of all workspaces of this process."""

    def __init__(self) -> None:
        self._busy: dict[str, Workspace] = {}
        """The workspaces in which something may be due."""
        self._under_way: dict[str, Future[None]] = {}
        """Those in which it is being sent now: a target that hangs delays no other workspace."""
        self._wake = threading.Event()
        self._closed = False
        self._rounds = ThreadPoolExecutor(_MAX_WORKERS, "webhooks")
        self._targets = ThreadPoolExecutor(_MAX_WORKERS, "webhook")
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._client: Any = None

    def schedule(self, workspace: Workspace) -> None:
        """Something may be due in this workspace."""
        with self._lock:
            self._busy[workspace.name] = workspace
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Stops; what is not sent yet stays in the store, and what was interrupted is sent again by whoever comes next."""
        with self._lock:
            self._closed = True
        self._wake.set()
        if self._client:
            self._client.close()
        for pool in (self._rounds, self._targets):
            pool.shutdown(wait=False, cancel_futures=True)
        wait_for(list(self._under_way.values()), _SHUTDOWN_GRACE_S)
        if self._thread:
            self._thread.join(_SHUTDOWN_GRACE_S)

    def deliver_due(self, workspace: Workspace) -> datetime | None:
        """Sends what is due in a workspace, and waits for the answers. Gives back when the next attempt is due.

        The deliveries of one target are sent one after the other, those of different targets at the same time.
        """
        with workspace.sending:
            while due := list(self._claim_due(workspace)):
                queues: dict[str, list[_Claim]] = {}
                for taken in due:
                    queues.setdefault(taken.delivery.url, []).append(taken)
                list(self._targets.map(lambda queue: self._send_all(workspace, queue), queues.values()))
        with workspace.services.store.read_only() as transaction:
            upcoming = transaction.first(ATTEMPTS, "due")
        return read_instant(upcoming.due) if upcoming else None

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(_POLL_INTERVAL_S if self._busy or self._under_way else None)
            self._wake.clear()
            with self._lock:
                for name in () if self._closed else self._busy.keys() - self._under_way.keys():
                    self._under_way[name] = self._rounds.submit(self._round, self._busy.pop(name))

    def _round(self, workspace: Workspace) -> None:
        """Sends what is due in a workspace."""
        has_more = self._has_more(workspace)
        with self._lock:
            del self._under_way[workspace.name]
            if workspace.name in self._busy:
                self._wake.set()  # something has come since
            elif has_more:
                self._busy[workspace.name] = workspace

    def _has_more(self, workspace: Workspace) -> bool:
        """Sends what is due in a workspace; whether it is worth looking again."""
        try:
            return self.deliver_due(workspace) is not None
        except StoreError as error:
            _log.warning("webhooks of %s wait: %s", workspace.name, error)
            return True
        except Exception:
            if not self._closed:  # a pool that is closed refuses work
                _log.exception("webhooks of %s: this is a bug of the sandbox", workspace.name)
            return not self._closed

    def _claim_due(self, workspace: Workspace) -> "Iterator[_Claim]":
        """Takes what is due, so that no other process sends it too. What a process took and did not finish is due again."""
        services = workspace.services
        now, patience = write_sortable(services.clock.now()), _CLAIM_MARGIN_S + _timeout(workspace)
        with services.store.read_only() as transaction:
            waiting = [attempt for attempt in transaction.all(ATTEMPTS) if attempt.due <= now]
        for attempt in sorted(waiting, key=lambda one: (one.due, one.id)):
            taken = _claim(workspace, attempt) if attempt.taken < time.time() - patience else None
            if taken:
                with services.store.transaction() as transaction:
                    delivery = transaction.get(DELIVERIES, attempt.id)
                    if delivery is None:  # it was so long ago that the log has forgotten it
                        transaction.delete(ATTEMPTS, attempt.id)
                if delivery:
                    yield _Claim(taken, delivery)

    def _send_all(self, workspace: Workspace, queue: "list[_Claim]") -> None:
        for attempt, delivery in queue:
            if not _is_still_claimed(workspace, attempt):
                continue
            at, started = workspace.services.clock.now(), time.perf_counter()
            outcome = self._send(delivery, _timeout(workspace))
            if self._closed and outcome["error"]:
                _release(workspace, attempt)
                continue
            duration = round((time.perf_counter() - started) * 1000, 1)
            _complete(workspace, attempt, {"at": write_instant(at), **outcome, "duration_ms": duration})

    def _send(self, delivery: Delivery, timeout: float) -> dict[str, Any]:
        """One POST: the status that came back, or what went wrong."""
        import httpx2  # 130 ms that a sandbox without targets need not pay

        if self._client is None:
            self._client = httpx2.Client(follow_redirects=False, trust_env=False)
        try:
            answer = self._client.post(delivery.url, content=delivery.body.encode(), headers=delivery.headers, timeout=timeout)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return {"status": None, "error": f"{type(error).__name__}: {error}"[:_MAX_ERROR_CHARS]}
        return {"status": answer.status_code, "error": None}


class _Claim(NamedTuple):
    """A delivery that this process sends now, and the attempt as it was marked."""

    attempt: ScheduledAttempt
    delivery: Delivery


def _claim(workspace: Workspace, attempt: ScheduledAttempt) -> ScheduledAttempt | None:
    """Marks an attempt as taken; None when it is no longer what it was."""
    taken = replace(attempt, taken=time.time())
    with workspace.services.store.transaction() as transaction:
        if transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:
            return None
        transaction.put(ATTEMPTS, taken)
    return taken


def _is_still_claimed(workspace: Workspace, attempt: ScheduledAttempt) -> bool:
    """Whether an attempt is still the one that was taken: a world that was reset may have another of the same number."""
    with workspace.services.store.read_only() as transaction:
        return transaction.get(ATTEMPTS, attempt.id) == attempt


def _complete(workspace: Workspace, attempt: ScheduledAttempt, outcome: dict[str, Any]) -> None:
    """Writes down what became of an attempt, and when the next one is; nothing where the attempt is no longer ours."""
    services = workspace.services
    with services.store.transaction() as transaction:
        delivery = transaction.get(DELIVERIES, attempt.id, for_update=True)
        if delivery is None or transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:
            return
        transaction.delete(ATTEMPTS, attempt.id)
        attempts = [*delivery.attempts, outcome]
        arrived = outcome["status"] is not None and 200 <= outcome["status"] < 300
        again = not arrived and delivery.retries
        wait = backoff(services.settings.webhooks, len(attempts)) if again else None
        if wait is not None:
            transaction.put(ATTEMPTS, ScheduledAttempt(attempt.id, write_sortable(later(services.clock.now(), wait))))
        state: DeliveryState = "delivered" if arrived else "failed" if wait is None else "pending"
        transaction.put(DELIVERIES, replace(delivery, state=state, attempts=attempts))
        transaction.delete(DELIVERIES, attempt.id - _MAX_LOGGED_DELIVERIES)


def _release(workspace: Workspace, attempt: ScheduledAttempt) -> None:
    """An attempt that was interrupted is due again at once."""
    with workspace.services.store.transaction() as transaction:
        if transaction.get(ATTEMPTS, attempt.id, for_update=True) == attempt:
            transaction.put(ATTEMPTS, replace(attempt, taken=0))


def _timeout(workspace: Workspace) -> float:
    return read_duration(workspace.services.settings.webhooks.timeout).total_seconds()
