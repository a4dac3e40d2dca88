"""kill -9 of a worker, of all workers and of the database, in the middle of 16 clients refunding.

Two rounds each with `--all`; `--longer 5` for ten.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import budget
from tests.support.crashes import Clients, assert_whole, during
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.socket_calls import call
from tests.support.store_servers import ORG, Server, kill, load_order, refund, serving
from tests.support.waiting import wait_until

ROUNDS = range(budget.examples(2))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that survives its servers."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sandbox.db'}"
    found: str = request.getfixturevalue("postgresql_url")
    return found


def kill_one(server: Server) -> None:
    kill(server.find_workers()[0])


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_killed_worker_loses_no_refund_and_is_replaced(round_: int, url: str) -> None:
    with serving(url, workers=2) as server:
        clients = Clients(server, load_order(server.address, "100.00"))

        during(clients, lambda: kill_one(server))

        assert clients.acknowledged
        wait_until(lambda: len(server.find_workers()) == 2)
        assert_whole(server.address, clients)


@pytest.mark.slow
@pytest.mark.parametrize("round_", ROUNDS)
def test_a_restart_after_all_are_killed_finds_every_refund(round_: int, url: str) -> None:
    with serving(url, workers=2) as server:
        clients = Clients(server, load_order(server.address, "100.00"))
        during(clients, server.kill_all)

    assert clients.acknowledged
    with serving(url) as again:
        assert_whole(again.address, clients)


@pytest.fixture
def postgresql() -> Iterator[PostgresqlServer]:
    with postgresql_server() as server:
        yield server


def kill_and_start(postgresql: PostgresqlServer) -> Callable[[], None]:
    def disturb() -> None:
        postgresql.kill()
        postgresql.start_again()

    return disturb


@pytest.mark.slow
@pytest.mark.parametrize("round_", ROUNDS)
def test_a_killed_database_loses_no_acknowledged_refund(round_: int, postgresql: PostgresqlServer) -> None:
    with serving(postgresql.url, workers=2) as server:
        clients = Clients(server, load_order(server.address, "100.00"))

        during(clients, kill_and_start(postgresql))

        assert clients.acknowledged
        wait_until(lambda: call(server.address, "GET", "/_sandbox/state")[0] == 200)
        assert_whole(server.address, clients)


@pytest.mark.slow
def test_a_call_without_a_database_gets_503(postgresql: PostgresqlServer) -> None:
    with serving(postgresql.url) as server:
        order_id = load_order(server.address, "10.00")
        postgresql.kill()

        status, body = call(
            server.address,
            "POST",
            "/your-org-id/v1/payment/refund",
            {"external_id": "user", "order_id": order_id, "amount": "1.00"},
        )

        assert (status, body["error"][0]["code"]) == (503, "unavailable")
        status, body = call(server.address, "POST", f"/w/new{ORG}", {})
        assert (status, body["error"][0]["code"]) == (503, "unavailable"), "also for a workspace that is not open"
        postgresql.start_again()
        wait_until(lambda: refund(server.address, order_id, "10.00") == 200)
        assert refund(server.address, order_id, "0.01") == 400
