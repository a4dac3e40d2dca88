"""Two processes on one database: settings, clock, and workspaces that are deleted, reset or created again hold for both."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from refund_sandbox.stores.sql import postgresql_dialect, sqlite_dialect
from tests.support import raw_http
from tests.support.server_process import serving
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow  # each test starts two servers

ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
REFUND = {"external_id": "user_456", "order_id": ORDER, "amount": "1.00"}
CHANGES = 50
"""Changes of each process that run at the same time."""


@dataclass(frozen=True)
class Replica:
    """One of the two processes, and a workspace of it."""

    address: tuple[str, int]
    prefix: str = ""

    def within(self, workspace: str) -> "Replica":
        return Replica(self.address, f"/w/{workspace}")

    def control(self, method: str, path: str, document: Any = None, *, status: int = 200) -> Any:
        found, body = call(self.address, method, f"{self.prefix}/_sandbox{path}", document)
        assert found == status, body
        return body

    def refund(self) -> tuple[int, Any]:
        return call(self.address, "POST", f"{self.prefix}{raw_http.FUNNELFOX}", REFUND)

    def refunds_booked(self) -> int:
        order = self.control("GET", f"/funnelfox/orders/{ORDER}")
        return sum(row["psp_transaction_type"] == "REFUND" for row in order["transactions"])


@pytest.fixture
def replicas(empty_url: str) -> Iterator[tuple[Replica, Replica]]:
    with serving("--store", empty_url) as first, serving("--store", empty_url) as second:
        yield Replica(first.address), Replica(second.address)
        assert first.is_silent(), first.logged()
        assert second.is_silent(), second.logged()


def test_a_workspace_that_the_other_process_deletes_is_created_again(replicas: tuple[Replica, Replica]) -> None:
    first, second = (one.within("team") for one in replicas)
    assert first.refund()[0] == second.refund()[0] == 200

    replicas[0].control("DELETE", "/workspaces/team", status=204)

    assert second.refund() == (200, {})
    order = second.control("POST", "/fluentcart/orders", {}, status=201)
    assert first.control("GET", f"/fluentcart/orders/{order['id']}")["id"] == order["id"]
    assert first.refunds_booked() == second.refunds_booked() == 1


def test_a_workspace_that_the_other_process_deletes_is_created_again_only_if_there_is_room(empty_url: str) -> None:
    flags = ("--store", empty_url, "--workspaces", "1")
    with serving(*flags) as first, serving(*flags) as second:
        deleted = Replica(second.address).within("team")
        assert deleted.refund()[0] == 200
        Replica(first.address).control("DELETE", "/workspaces/team", status=204)
        Replica(first.address).within("other").control("GET", "/clock")

        status, problem = deleted.refund()

        assert (status, problem["title"]) == (503, "Service Unavailable")
        assert "--workspaces" in problem["detail"]
        assert "--workspaces" in deleted.control("GET", "/clock", status=503)["detail"]
        Replica(first.address).control("DELETE", "/workspaces/other", status=204)
        assert deleted.refund() == (200, {})


def test_a_setting_of_one_process_does_not_undo_the_clock_of_the_other(replicas: tuple[Replica, Replica]) -> None:
    first, second = replicas
    first.control("PUT", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})
    second.control("PUT", "/settings", {"validation": "live"})
    first.control("PUT", "/settings", {"fluentcart": {"version": "1.3.25"}})

    second.control("POST", "/clock/advance", {"by": "1d"})

    for replica in replicas:
        assert replica.control("GET", "/clock")["now"] == "2030-01-02T00:00:00Z"
        settings = replica.control("GET", "/settings")
        assert (settings["validation"], settings["fluentcart"]["version"]) == ("live", "1.3.25")


def test_no_concurrent_change_of_clock_and_settings_is_lost(replicas: tuple[Replica, Replica]) -> None:
    """100 advances of the clock, 50 by each process, while each changes a setting of its own 50 times."""
    replicas[0].control("PUT", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})
    names = ("retries", "timeout")

    def advance(replica: Replica) -> None:
        for _ in range(CHANGES):
            replica.control("POST", "/clock/advance", {"by": "1s"})

    def change(replica: Replica, name: str) -> None:
        for number in range(1, CHANGES + 1):
            value = number if name == "retries" else f"{number}s"
            replica.control("PUT", "/settings", {"webhooks": {name: value}})
            assert replica.control("GET", "/settings")["webhooks"][name] == value

    failures = run_together(
        *(lambda one=one: advance(one) for one in replicas),
        *(lambda one=one, name=name: change(one, name) for one, name in zip(replicas, names, strict=True)),
    )

    assert failures == []
    for replica in replicas:
        assert replica.control("GET", "/clock")["now"] == "2030-01-01T00:01:40Z"
        webhooks = replica.control("GET", "/settings")["webhooks"]
        assert (webhooks["retries"], webhooks["timeout"]) == (CHANGES, f"{CHANGES}s")


@pytest.mark.parametrize("at", ["before", "gateway"])
@pytest.mark.parametrize("path", ["reset", "load", "restore", "delete"])
def test_a_refund_that_waits_while_its_state_is_replaced_books_nothing(
    at: str, path: str, replicas: tuple[Replica, Replica]
) -> None:
    first, second = (one.within("team") for one in replicas)
    state = first.control("GET", "/state")
    first.control("POST", "/snapshots", {"name": "start"}, status=201)
    first.control("POST", "/faults", {"api": "funnelfox", "at": at, "delay_ms": 60_000}, status=201)
    replies: list[tuple[int, Any]] = []
    waiting = threading.Thread(target=lambda: replies.append(first.refund()))
    waiting.start()
    wait_for_hit(second)

    match path:
        case "reset":
            second.control("POST", "/reset", {})
        case "load":
            second.control("PUT", "/state", state)
        case "restore":
            second.control("POST", "/snapshots/start/restore", {})
        case "delete":
            replicas[1].control("DELETE", "/workspaces/team", status=204)
    waiting.join(10)

    assert replies == [(0, None)], "the connection is closed at once, without a reply"
    assert first.refunds_booked() == second.refunds_booked() == 0


def test_a_change_that_the_database_refuses_is_in_force_nowhere(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else holds the lock that a change needs, until the sandbox gives up."""
    for module in (sqlite_dialect, postgresql_dialect):
        monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    sandbox = build(Settings(store=empty_url))
    client = TestClient(sandbox.app)
    before = read_control(client)
    with locked(empty_url):
        refused = [
            client.put("/_sandbox/clock", json={"now": "2030-01-01T00:00:00Z", "frozen": True}),
            client.put("/_sandbox/settings", json={"validation": "live"}),
            client.post("/_sandbox/clock/advance", json={"by": "1d"}),
        ]
    assert [reply.status_code for reply in refused] == [503, 503, 503]
    assert read_control(client) == before
    client.post("/_sandbox/snapshots", json={"name": "later"})
    assert read_control(client) == before
    sandbox.close()


def read_control(client: TestClient) -> tuple[bool, float, Any]:
    clock = client.get("/_sandbox/clock").json()
    return clock["frozen"], clock["ahead_seconds"], client.get("/_sandbox/settings").json()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Keep every writer of the default workspace waiting."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.rollback()
        connection.close()
        return
    with psycopg.connect(url) as server:
        server.execute("SELECT pg_advisory_xact_lock(%s)", [postgresql_dialect._lock_of("default")])
        yield


def wait_for_hit(replica: Replica) -> None:
    """Wait until the only fault has hit a request, which uses it up."""
    wait_until(lambda: replica.control("GET", "/faults")["faults"] == [])


def run_together(*works: Any) -> list[str]:
    """Run functions in threads. Return the messages of those that failed."""
    failures: list[str] = []

    def run(work: Any) -> None:
        try:
            work()
        except AssertionError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return failures
