"""Workspaces in a shared database: those that no process uses are deleted after a time, and those in use never."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.workspaces import registry, workspace
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES
from refund_sandbox.settings import Settings
from tests.support import raw_http

REFUND = {"external_id": "user_456", "order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "amount": "0.01"}
Replica = tuple[SandboxApp, TestClient]


@pytest.fixture
def start(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Replica]]:
    """Function that starts a process on one database, which looks for unused workspaces whenever it opens one."""
    monkeypatch.setattr(registry, "_PURGE_INTERVAL_S", -1.0)
    started: list[SandboxApp] = []

    def with_settings(**settings: Any) -> Replica:
        started.append(build(Settings(store=empty_url, workspace_idle="1h", **settings)))
        return started[-1], TestClient(started[-1].app)

    yield with_settings
    for sandbox in started:
        sandbox.close()


def use(client: TestClient, name: str) -> int:
    path = f"/w/{name}{raw_http.FUNNELFOX}"
    return client.post(path, json=REFUND, headers=raw_http.CREDENTIALS).status_code


def names(client: TestClient) -> list[str]:
    found: list[str] = client.get("/_sandbox/workspaces").json()["workspaces"]
    return found


def last_use(sandbox: SandboxApp, name: str) -> datetime:
    with sandbox.workspaces.open(name).store.read_only() as transaction:
        (state,) = transaction.all(WORKSPACE_STATES)
    return datetime.fromisoformat(state.used)


def age(sandbox: SandboxApp, name: str, hours: float) -> None:
    """Make the last use of a workspace longer ago, as if its process had ended then."""
    with sandbox.workspaces.open(name).store.transaction() as transaction:
        (state,) = transaction.all(WORKSPACE_STATES)
        transaction.put(WORKSPACE_STATES, replace(state, used=(datetime.now(UTC) - timedelta(hours=hours)).isoformat()))


def test_only_workspaces_that_no_process_uses_are_deleted(start: Callable[..., Replica]) -> None:
    one, client = start()
    for name in ("idle", "used", "default"):
        assert use(client, name) == 200
    age(one, "idle", 2)
    age(one, "default", 2)
    _, other = start()

    assert use(other, "new") == 200

    assert names(other) == ["default", "new", "used"]


def test_a_snapshot_that_nobody_has_used_for_long_stays(start: Callable[..., Replica], monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = start()
    client.post("/_sandbox/snapshots", json={"name": "one"})
    monkeypatch.setattr(registry, "_USE_MARGIN", timedelta(hours=-2))  # all that no process has open is too old now

    assert use(client, "new") == 200

    assert [one["name"] for one in client.get("/_sandbox/snapshots").json()["snapshots"]] == ["one"]


def test_a_workspace_that_its_process_uses_is_not_deleted_though_its_use_is_not_stored(start: Callable[..., Replica]) -> None:
    one, client = start()
    assert use(client, "used") == 200
    age(one, "used", 2)

    assert use(client, "new") == 200

    assert names(client) == ["default", "new", "used"]


@pytest.mark.parametrize(("method", "path"), [("POST", raw_http.FUNNELFOX), ("GET", "/_sandbox/state")])
def test_a_request_stores_that_the_workspace_is_used(
    method: str, path: str, start: Callable[..., Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "_USE_INTERVAL_S", 0.0)
    one, client = start()
    assert use(client, "used") == 200
    age(one, "used", 2)

    client.request(method, f"/w/used{path}", json={}, headers=raw_http.CREDENTIALS)

    assert last_use(one, "used") > datetime.now(UTC) - timedelta(minutes=1)


def test_the_limit_counts_the_workspaces_of_all_processes(start: Callable[..., Replica]) -> None:
    one, client = start(workspaces=2)
    _, other = start(workspaces=2)
    assert [use(client, "ann"), use(other, "bob")] == [200, 200]

    assert [use(client, "eve"), use(other, "eve")] == [503, 503]
    age(one, "ann", 2)
    assert use(other, "eve") == 200
    assert names(other) == ["bob", "default", "eve"]
