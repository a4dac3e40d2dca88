"""Workspaces that were deleted while requests or their request log were in progress. Nothing of them is left."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.journal.stored_journal import ENTRIES
from refund_sandbox.settings import Settings
from tests.support import raw_http

FUNNELFOX = {"external_id": "user_456", "order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "amount": "0.01"}
FLUENTCART = {"refund_info": {"transaction_id": 129237, "amount": 1}}


@pytest.fixture
def start(empty_url: str) -> Iterator[Callable[[], SandboxApp]]:
    """Function that starts a process on one database."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(build(Settings(store=empty_url))))


def refund(client: TestClient, api: str) -> int:
    if api == "funnelfox":
        return client.post(f"/w/mine{raw_http.FUNNELFOX}", json=FUNNELFOX, headers=raw_http.CREDENTIALS).status_code
    path = "/w/mine/wp-json/fluent-cart/v2/orders/1001/refund"
    return client.post(path, json=FLUENTCART, headers=raw_http.CREDENTIALS).status_code


@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
def test_a_refund_in_a_workspace_that_another_process_has_deleted_is_booked_in_a_new_one(
    api: str, start: Callable[[], SandboxApp], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = start(), start()
    assert refund(TestClient(one.app), api) == 200
    assert other.workspaces.delete("mine")

    assert refund(TestClient(one.app), api) == 200

    assert caplog.messages == []


@pytest.mark.parametrize("process", ["the same", "another"])
def test_a_deleted_workspace_gets_no_entries_of_requests_that_end_late(
    process: str, start: Callable[[], SandboxApp], caplog: pytest.LogCaptureFixture
) -> None:
    one, recorded = start(), list[Any]()
    other = one if process == "the same" else start()
    one.workspaces.observe(lambda _, *request: recorded.append(request))
    assert refund(TestClient(one.app), "funnelfox") == 200
    journal = one.workspaces.open("mine").journal
    assert other.workspaces.delete("mine")

    journal.record(*recorded[0])
    journal.close()

    assert [name for name, _ in one.workspaces._database.scan_all(ENTRIES) if name == "mine"] == []
    assert caplog.messages == []


CHANGES = {
    "load": ("PUT", "state", {"fluentcart": {"orders": []}}),
    "reset": ("POST", "reset", {"seed": 7}),
    "snapshot": ("POST", "snapshots", {"name": "before"}),
}


def change(client: TestClient, kind: str) -> Response:
    method, path, document = CHANGES[kind]
    return client.request(method, f"/w/mine/_sandbox/{path}", json=document)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_workspace_that_another_process_has_deleted_is_created_again(kind: str, start: Callable[[], SandboxApp]) -> None:
    one, other = start(), start()
    assert refund(TestClient(one.app), "funnelfox") == 200
    assert other.workspaces.delete("mine")

    assert change(TestClient(one.app), kind).is_success

    assert "mine" in other.workspaces.names()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_meets_the_deletion_of_its_workspace_is_refused(
    kind: str, start: Callable[[], SandboxApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion comes between the check that the workspace exists and the transaction."""
    one, other = start(), start()
    workspace = one.workspaces.open("mine")
    monkeypatch.setattr(workspace.replacer, "check", lambda _: other.workspaces.delete("mine"))
    if kind == "snapshot":
        monkeypatch.setattr(workspace, "state", lambda: other.workspaces.delete("mine"))

    reply = change(TestClient(one.app), kind)

    assert reply.status_code == 409, reply.text
    assert "deleted" in reply.json()["detail"]
    assert [name for name in other.workspaces.names() if name.startswith("mine")] == []
    assert refund(TestClient(one.app), "funnelfox") == 200
