"""Connections that PostgreSQL closes: idle ones are replaced; a request in progress gets 503 and books nothing."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.records import VARIATIONS, Variation
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import Unavailable
from refund_sandbox.stores.sql.session import Session
from tests.support import raw_http

Kill = Callable[[], None]
Run = Callable[..., Any]


@pytest.fixture
def kill(empty_postgresql: str) -> Kill:
    """Function that ends every connection to the sandbox's database.

    The thread of the webhooks may call it at the same time as the request. Then one call ends the other, and all the rest.
    """

    def kill() -> None:
        with suppress(psycopg.errors.AdminShutdown), psycopg.connect(empty_postgresql, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    return kill


@pytest.fixture
def replica(empty_postgresql: str) -> Iterator[SandboxApp]:
    sandbox = build(Settings(store=empty_postgresql))
    raw_http.arrange(sandbox)
    yield sandbox
    sandbox.close()


def refund(sandbox: SandboxApp) -> tuple[int, str | None]:
    """Return the status and Retry-After."""
    headers = {"content-type": "application/json", **raw_http.CREDENTIALS}
    reply = TestClient(sandbox.app).post(
        raw_http.FUNNELFOX, json={**raw_http.REFUNDS["funnelfox"], "amount": "1.00"}, headers=headers
    )
    return reply.status_code, reply.headers.get("retry-after")


def refunds_booked(sandbox: SandboxApp) -> int:
    document = sandbox.workspace.dump()
    rows = [row for order in document["funnelfox"]["orders"] for row in order["transactions"]]
    return sum(row["psp_transaction_type"] == "REFUND" for row in rows)


def test_connections_that_ended_while_they_were_idle_are_replaced(replica: SandboxApp, kill: Kill) -> None:
    assert refund(replica) == (200, None)

    for _ in range(3):
        kill()
        assert refund(replica) == (200, None)

    assert refunds_booked(replica) == 4


def killing_before(run: Run, kill: Kill) -> Run:
    def broken(*args: Any) -> Any:
        kill()
        return run(*args)

    return broken


def killing_after(run: Run, kill: Kill) -> Run:
    def broken(*args: Any) -> Any:
        result = run(*args)
        kill()
        return result

    return broken


@pytest.mark.parametrize(
    ("method", "killing"), [("commit", killing_before), ("run", killing_after)], ids=["before the writes", "after a read"]
)
def test_a_refund_whose_connection_ends_is_503_and_not_booked(
    method: str, killing: Callable[[Run, Kill], Run], replica: SandboxApp, kill: Kill, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Session, method, killing(getattr(Session, method), kill))
        status = refund(replica)

    assert status == (503, "1")
    assert refunds_booked(replica) == 0
    assert refund(replica) == (200, None)
    assert refunds_booked(replica) == 1


def test_a_transaction_whose_connection_ends_saves_nothing(replica: SandboxApp, kill: Kill) -> None:
    store = replica.workspace.store

    with pytest.raises(Unavailable, match="PostgreSQL: "), store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))
        transaction.all(VARIATIONS)  # it is sent
        kill()
        transaction.get(VARIATIONS, 2)

    with store.read_only() as transaction:
        assert transaction.get(VARIATIONS, 1) is None
