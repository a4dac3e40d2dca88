"""Request log of a shared store: bounded, written in the background, newest first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.journal.stored_journal import _PAGE_SIZE, ENTRIES
from refund_sandbox.settings import Settings

SIZE = 8


@pytest.fixture
def large(tmp_path: Path) -> Iterator[SandboxApp]:
    """A request log that is read in several pages."""
    sandbox = build(Settings(store=f"sqlite:///{tmp_path / 'sandbox.db'}", journal_size=3 * _PAGE_SIZE))
    yield sandbox
    sandbox.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SandboxApp]:
    sandbox = build(Settings(store=f"sqlite:///{tmp_path / 'sandbox.db'}", journal_size=SIZE))
    yield sandbox
    sandbox.close()


def ask(client: TestClient, times: int) -> None:
    for number in range(times):
        client.post(f"/your-org-id/v1/nothing/{number}")


def test_only_the_newest_requests_are_shown(small: SandboxApp) -> None:
    client = TestClient(small.app)

    ask(client, 30)

    shown = client.get("/_sandbox/requests").json()["requests"]
    assert [entry["path"].rpartition("/")[2] for entry in shown] == [str(number) for number in range(29, 29 - SIZE, -1)]
    assert client.get(f"/_sandbox/requests/{shown[0]['id']}").json() == shown[0]
    assert client.get("/_sandbox/requests?status=404&limit=2").json()["requests"] == shown[:2]


def test_old_requests_are_deleted_from_the_store(small: SandboxApp) -> None:
    client = TestClient(small.app)
    for _ in range(10):
        ask(client, SIZE)
        client.get("/_sandbox/requests")

    with small.workspace.store.read_only() as transaction:
        assert len(transaction.all(ENTRIES)) <= 2 * SIZE


def test_cleared_requests_are_deleted_and_ids_continue(small: SandboxApp) -> None:
    client = TestClient(small.app)
    ask(client, 3)
    last = client.get("/_sandbox/requests").json()["requests"][0]["id"]

    assert client.delete("/_sandbox/requests").status_code == 204

    assert client.get("/_sandbox/requests").json()["requests"] == []
    ask(client, 1)
    assert client.get("/_sandbox/requests").json()["requests"][0]["id"] > last


def test_filters_look_through_every_page(large: SandboxApp) -> None:
    client = TestClient(large.app)
    ask(client, 2)
    client.get("/wp-json/fluent-cart/v2/nothing")
    ask(client, 2 * _PAGE_SIZE)

    def found(query: str) -> list[int]:
        return [entry["id"] for entry in client.get(f"/_sandbox/requests?{query}").json()["requests"]]

    newest = found("limit=1")[0]
    assert found("api=fluentcart") == [newest - 2 * _PAGE_SIZE]
    assert found(f"limit={2 * _PAGE_SIZE}&api=funnelfox") == list(range(newest, newest - 2 * _PAGE_SIZE, -1))
    assert found(f"since={newest - 2}") == [newest, newest - 1]
    assert found(f"since={newest - 2}&api=fluentcart") == []
    assert found(f"since={newest}") == []
    assert found(f"since={newest - 3}&before={newest}") == [newest - 1, newest - 2]
    assert found(f"before={newest}&limit=1") == [newest - 1]
