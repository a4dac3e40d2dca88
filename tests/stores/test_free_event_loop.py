"""Requests that wait for a lock: others are answered meanwhile."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.core.schedule import TASKS, Task
from refund_sandbox.stores.protocol import Store
from tests.support import raw_http
from tests.support.server_process import Process, serving
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
REFUND = {"external_id": "user_456", "order_id": ORDER, "amount": "0.01"}


def refund(process: Process, workspace: str = "") -> int:
    return call(process.address, "POST", f"{workspace}{raw_http.FUNNELFOX}", REFUND, timeout_s=60)[0]


def slowest_health(process: Process, count: int = 20) -> float:
    """Return the longest time of some replies in seconds."""
    times = []
    for _ in range(count):
        started = time.monotonic()
        assert call(process.address, "GET", "/_sandbox/health")[0] == 200
        times.append(time.monotonic() - started)
    return max(times)


@contextmanager
def waiting(count: int, work: Callable[[], int]) -> Iterator[list[Future[int]]]:
    """Calls in threads of their own, which have begun."""
    with ThreadPoolExecutor(count) as threads:
        futures = [threads.submit(work) for _ in range(count)]
        time.sleep(0.5)
        yield futures


@pytest.mark.slow
def test_a_writer_of_sqlite_stops_only_what_writes(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with serving("--store", f"sqlite:///{file}") as process, closing(sqlite3.connect(file, isolation_level=None)) as writer:
        assert refund(process) == 200
        writer.execute("BEGIN IMMEDIATE")
        with waiting(4, lambda: refund(process)) as refunds:
            assert slowest_health(process) < 4
            assert not any(one.done() for one in refunds)

            writer.execute("ROLLBACK")
            assert [one.result(30) for one in refunds] == [200] * 4

        order = call(process.address, "GET", f"/_sandbox/funnelfox/orders/{ORDER}")[1]
        assert sum(row["psp_transaction_type"] == "REFUND" for row in order["transactions"]) == 5
        assert process.is_silent(), process.logged()


@pytest.mark.slow
def test_metrics_that_wait_for_a_new_workspace_stop_nobody(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with serving("--store", f"sqlite:///{file}") as process, closing(sqlite3.connect(file, isolation_level=None)) as writer:
        assert call(process.address, "GET", "/_sandbox/clock")[0] == 200
        writer.execute("BEGIN IMMEDIATE")
        metrics = raw_http.request("GET", "/_sandbox/metrics")
        with (
            waiting(1, lambda: call(process.address, "GET", "/w/new/_sandbox/clock", timeout_s=60)[0]) as opening,
            waiting(1, lambda: raw_http.send(process.address, metrics).status) as counting,
        ):
            assert slowest_health(process) < 4

            writer.execute("ROLLBACK")
            assert [one.result(30) for one in (*opening, *counting)] == [200, 200]


@pytest.mark.slow
def test_refunds_that_wait_for_a_row_leave_room_for_others(postgresql_url: str) -> None:
    with serving("--store", postgresql_url) as process, psycopg.connect(postgresql_url) as other:
        assert refund(process, "/w/waits") == refund(process, "/w/other") == 200
        other.execute("SELECT * FROM funnelfox_order WHERE workspace = 'waits' AND key = %s FOR UPDATE", (ORDER,))
        with waiting(20, lambda: refund(process, "/w/waits")) as refunds:
            started = time.monotonic()
            assert refund(process, "/w/other") == 200
            assert call(process.address, "GET", "/_sandbox/requests")[0] == 200
            assert time.monotonic() - started < 5
            assert slowest_health(process) < 4

            other.rollback()
            assert {one.result(30) for one in refunds} == {200}


@pytest.mark.memory_only
def test_the_event_loop_does_not_wait_for_a_workspace_that_a_thread_has_locked() -> None:
    sandbox = build()
    client = TestClient(sandbox.app)
    is_locked, is_done = threading.Event(), threading.Event()

    def lock() -> None:
        with sandbox.workspace.store.exclusive():
            is_locked.set()
            is_done.wait(30)

    holder = threading.Thread(target=lock)
    holder.start()
    is_locked.wait(30)
    answers: list[Any] = []
    waiter = threading.Thread(
        target=lambda: answers.append(client.post(raw_http.FUNNELFOX, json=REFUND, headers=raw_http.CREDENTIALS).status_code)
    )
    waiter.start()

    assert client.post(f"/w/other{raw_http.FUNNELFOX}", json=REFUND, headers=raw_http.CREDENTIALS).status_code == 200
    assert answers == []

    is_done.set()
    holder.join(30)
    wait_until(lambda: answers == [200])
    waiter.join(30)
    sandbox.close()


@pytest.mark.every_store
def test_an_export_locks_nobody_out_and_sees_one_state(open_store: Callable[[], Store]) -> None:
    reader, writer = open_store(), open_store()
    with writer.transaction() as transaction:
        transaction.put(TASKS, Task(1, "2030", "api", "settle", "first"))

    with reader.snapshot() as snapshot:
        before = snapshot.all(TASKS)
        with writer.transaction() as transaction:
            transaction.put(TASKS, Task(2, "2031", "api", "settle", "second"))

        assert [task.subject for task in before] == ["first"]
        assert snapshot.all(TASKS) == before
        assert snapshot.where(TASKS, "due", "2030") == before
    with reader.read_only() as transaction:
        assert [task.subject for task in transaction.all(TASKS)] == ["first", "second"]
