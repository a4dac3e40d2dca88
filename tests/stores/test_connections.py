"""Connections to PostgreSQL: bounded for each process, and a process that finds none free waits for one."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.postgresql import postgresql_server
from tests.support.server_process import Process, serving
from tests.support.socket_calls import call

CLIENTS = 16
REFUNDS = 10
SMALL = 12
"""Connections that the small server allows, besides those for its superuser."""


@pytest.fixture(scope="module")
def small_server() -> Iterator[str]:
    """URL of a server with few connections, for a role that is no superuser."""
    with postgresql_server() as server:
        server.forgo_durability()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(b"CREATE ROLE shopkeeper LOGIN CONNECTION LIMIT %d" % SMALL)
            connection.execute("CREATE DATABASE shop OWNER shopkeeper")
        yield server.url.replace("postgres:@", "shopkeeper:@").replace("/postgres?", "/shop?")


def refund_together(client: TestClient) -> Counter[int]:
    """Send refunds from all clients at the same time. Return how often each status came."""
    statuses: Counter[int] = Counter()

    def run() -> None:
        for _ in range(REFUNDS):
            body = {**raw_http.REFUNDS["funnelfox"], "amount": "0.01"}
            statuses[client.post(raw_http.FUNNELFOX, json=body, headers=raw_http.CREDENTIALS).status_code] += 1

    threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return statuses


def open_sandbox(url: str, connections: int) -> SandboxApp:
    return build(Settings(store=url, postgresql_connections=connections))


def test_a_process_that_gets_no_connection_waits_for_one(small_server: str) -> None:
    """The sandbox may open ten connections, and the server has eight left."""
    with ExitStack() as stack:
        sandbox = open_sandbox(small_server, 10)
        stack.callback(sandbox.close)
        raw_http.arrange(sandbox)
        for _ in range(4):
            stack.enter_context(psycopg.connect(small_server))

        assert refund_together(TestClient(sandbox.app)) == {200: CLIENTS * REFUNDS}


def test_a_process_has_at_most_its_number_of_connections(small_server: str) -> None:
    sandbox = open_sandbox(small_server, 3)
    raw_http.arrange(sandbox)

    statuses = refund_together(TestClient(sandbox.app))

    with psycopg.connect(small_server) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(query).fetchone() == (3,)
    assert statuses == {200: CLIENTS * REFUNDS}
    sandbox.close()


@pytest.mark.slow
def test_eight_processes_share_a_server_with_its_default_of_100_connections(empty_postgresql: str) -> None:
    with psycopg.connect(empty_postgresql) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("100",)
    with ExitStack() as stack:
        processes = [stack.enter_context(serving("--store", empty_postgresql)) for _ in range(8)]
        assert call(processes[0].address, "PUT", "/_sandbox/state", raw_http.STATE)[0] == 200

        statuses = refund_over(processes)

        assert statuses == {200: 8 * CLIENTS * REFUNDS}
        with psycopg.connect(empty_postgresql) as connection:  # there is room for others
            row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone()
        assert row
        assert row[0] <= 8 * Settings().postgresql_connections + 1


def refund_over(processes: list[Process]) -> Counter[int]:
    """Refund over all processes at the same time, from several clients each. Return how often each status came."""
    statuses: Counter[int] = Counter()

    def run(process: Process) -> None:
        for _ in range(REFUNDS):
            body = {**raw_http.REFUNDS["funnelfox"], "amount": "0.01"}
            statuses[call(process.address, "POST", raw_http.FUNNELFOX, body)[0]] += 1

    threads = [threading.Thread(target=run, args=(process,)) for process in processes for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return statuses
