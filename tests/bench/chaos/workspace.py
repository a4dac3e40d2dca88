"""A workspace under attack: its clients refund, and its keeper replaces the state and checks every answer against it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tests.bench.chaos import CHANCE, state
from tests.bench.chaos.fleet import Fleet
from tests.bench.chaos.receiver import EventCounter
from tests.bench.chaos.state import Booked
from tests.support.socket_calls import call

_TIMEOUT_S = 60.0
_PAUSE_S = 0.05
"""Wait after a broken connection."""
_SETTLE_S = 90.0
"""Time in which the webhooks of a workspace must arrive."""
_REFUSED = (400, 422, 429, 503)
_DELAYS = ("before", "gateway", "after")
_REPLACEMENTS = ("reset", "load", "restore", "delete")


@dataclass
class Attempt:
    """One refund that was sent. `status` is 0 if the connection broke, None while there is no answer."""

    name: str
    started: float
    ended: float = float("inf")
    status: int | None = None


@dataclass
class Tally:
    """Figures of a run."""

    statuses: Counter[str] = field(default_factory=Counter)
    booked: int = 0
    webhooks: int = 0
    sent_twice: int = 0
    disturbances: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Workspace:
    """One workspace. With `counts_webhooks` its clients pause for each check, so that its events can be counted exactly."""

    name: str
    fleet: Fleet
    received: EventCounter
    tally: Tally
    counts_webhooks: bool
    attempts: list[Attempt] = field(default_factory=list)
    replaced: tuple[float, float] = (0.0, 0.0)
    """Begin and end of the last replacement."""
    _pause: threading.Event = field(default_factory=threading.Event)
    _busy: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _states: int = 0

    # Clients

    def refund_until(self, is_over: Callable[[], bool], client: int) -> None:
        """Send refunds, one after the other."""
        number = 0
        while not is_over():
            if self._pause.is_set():
                time.sleep(0.02)
                continue
            number += 1
            refund = state.refund(CHANCE.choice(state.APIS), f"{self.name} {client} {number}")
            attempt = Attempt(refund.name, time.monotonic())
            self._busy[client] = 1
            with self._lock:
                self.attempts.append(attempt)
            status, _ = self._call("POST", refund.path, refund.body)
            attempt.status, attempt.ended = status, time.monotonic()
            self._busy[client] = 0
            self.tally.statuses[str(status or "lost")] += 1
            if status == 0:
                time.sleep(_PAUSE_S)
            if status not in (0, 200, *_REFUSED):
                self.tally.wrong.append(f"{refund.name}: {status}")

    # Keeper

    def keep_until(self, is_over: Callable[[], bool]) -> None:
        """Check and replace the state, again and again. The last act is a check."""
        self.replace("load")
        while not is_over():
            deadline = time.monotonic() + CHANCE.uniform(2, 12)
            while time.monotonic() < deadline and not is_over():
                self._move()
            self.check()
            if not is_over():
                self.replace(CHANCE.choice(_REPLACEMENTS))
        self.check()

    def check(self) -> None:
        """Compare the answers since the last replacement with the ledger."""
        with self._paused() if self.counts_webhooks else nullcontext():
            begun = time.monotonic()
            found = state.booked(self._control("GET", "/state"))
            self._compare(found, begun)
            if self.counts_webhooks:
                self._compare_webhooks(found)
        self.tally.booked += len(found.names)

    def replace(self, way: str) -> None:
        """Replace the state by the initial one."""
        begun = time.monotonic()
        hook = self.received.url + self._path(self._states + 1) if self.counts_webhooks else None
        if way == "delete":
            self._control("DELETE", f"/workspaces/{self.name}", within="", allowed=(404,))
        elif way == "reset":
            self._control("POST", "/reset", {})
        if way == "restore" and not self.counts_webhooks:
            self._control("POST", "/snapshots/start/restore", {})
        elif way == "delete" or not self._states:
            with self._paused():  # a snapshot without refunds
                self._control("PUT", "/state", state.document(hook))
                self._control("POST", "/snapshots", {"name": "start"})
        else:
            self._control("PUT", "/state", state.document(hook))
        self.replaced = begun, time.monotonic()
        self._states += 1
        with self._lock:
            self.attempts = [attempt for attempt in self.attempts if attempt.ended > begun]
        self.tally.disturbances[f"states replaced by {way}"] += 1
        if not self.counts_webhooks:
            delay = {"at": CHANCE.choice(_DELAYS), "delay_ms": {"min": 0, "max": 2000}, "times": None, "probability": 0.05}
            self._control("DELETE", "/faults")
            self._control("POST", "/faults", delay)

    def _move(self) -> None:
        """Do something that changes no refund."""
        match CHANCE.choice(("wait", "wait", "snapshot", "advance")):
            case "snapshot":
                self._control("POST", "/snapshots", {"name": "other"})
                self.tally.disturbances["snapshots saved"] += 1
            case "advance":
                self._control("POST", "/clock/advance", {"by": "1h"})
                self.tally.disturbances["clocks moved"] += 1
            case _:
                time.sleep(CHANCE.uniform(0.1, 1))

    def _compare(self, found: Booked, begun: float) -> None:
        """Note every answer that the ledger contradicts."""
        wrong = list(found.mistakes)
        known = {attempt.name: attempt for attempt in list(self.attempts)}
        wrong += [f"{name}: booked {count} times" for name, count in found.names.items() if count > 1]
        wrong += [f"{name}: from an earlier state" for name in found.names if name not in known]
        for attempt in known.values():
            is_booked = attempt.name in found.names
            is_of_this_state = self.replaced[1] < attempt.started and attempt.ended < begun
            if attempt.status in _REFUSED and is_booked:
                wrong.append(f"{attempt.name}: answered {attempt.status}, but booked")
            if attempt.status == 200 and is_of_this_state and not is_booked:
                wrong.append(f"{attempt.name}: answered 200, but not booked")
        self.tally.wrong += [f"{self.name}: {text}" for text in wrong]

    def _compare_webhooks(self, found: Booked) -> None:
        """Wait for the events of the state, and note those that are missing or that belong to no refund."""
        path = self._path(self._states)
        self._wait(lambda: found.ids <= self.received.at(path).keys(), "webhooks are missing")
        events = self.received.at(path)
        self.tally.webhooks += len(events)
        self.tally.sent_twice += sum(sum(ids.values()) - len(ids) for ids in events.values())
        wrong = [f"{trx_id}: an event without a refund" for trx_id in events.keys() - found.ids]
        wrong += [f"{trx_id}: no event" for trx_id in found.ids - events.keys()]
        wrong += [f"{trx_id}: {len(ids)} events" for trx_id, ids in events.items() if len(ids) > 1]
        self.tally.wrong += [f"{self.name}: {text}" for text in wrong]

    def _path(self, number: int) -> str:
        """Return the path of the webhook endpoint of a state."""
        return f"/{self.name}/{number}"

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Keep the clients from sending."""
        self._pause.set()
        self._wait(lambda: not any(self._busy.values()), "clients do not stop")
        yield
        self._pause.clear()

    # Calls

    def _call(self, method: str, path: str, document: Any) -> tuple[int, Any]:
        return call(self.fleet.address(), method, f"/w/{self.name}{path}", document, timeout_s=_TIMEOUT_S)

    def _control(
        self, method: str, path: str, document: Any = None, *, within: str | None = None, allowed: tuple[int, ...] = ()
    ) -> Any:
        """Send a request to the control API until it succeeds: processes and the database come back."""
        prefix = f"/w/{self.name}" if within is None else within
        deadline = time.monotonic() + 2 * _SETTLE_S
        while True:
            status, body = call(self.fleet.address(), method, f"{prefix}/_sandbox{path}", document, timeout_s=_TIMEOUT_S)
            if 200 <= status < 300 or status in allowed:
                return body
            if status not in (0, 409, 503) or time.monotonic() > deadline:
                raise AssertionError(f"{method} {path}: {status} {body}")
            time.sleep(0.1)

    def _wait(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + _SETTLE_S
        while not condition():
            if time.monotonic() > deadline:
                self.tally.wrong.append(f"{self.name}: {complaint}")
                return
            time.sleep(0.1)
