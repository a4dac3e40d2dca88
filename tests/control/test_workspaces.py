"""Workspaces are isolated from each other, on every store."""

import gc
import time
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.workspaces import registry
from refund_sandbox.settings import Settings
from tests.support import raw_http

pytestmark = pytest.mark.every_store


@pytest.fixture(autouse=True)
def none_left(client: TestClient) -> Iterator[None]:
    """Only the default workspace, before and after."""
    delete_all(client)
    yield
    delete_all(client)


def delete_all(client: TestClient) -> None:
    for name in names(client):
        if name != "default":
            assert client.delete(f"/_sandbox/workspaces/{name}").status_code == 204


def names(client: TestClient) -> list[str]:
    found: list[str] = client.get("/_sandbox/workspaces").json()["workspaces"]
    return found


def refund(client: TestClient, workspace: str) -> int:
    """Refunds 100 of demo order 1001."""
    body = {"refund_info": {"transaction_id": 129237, "amount": 100}}
    return client.post(f"{workspace}{raw_http.FLUENTCART}", json=body, headers=raw_http.CREDENTIALS).status_code


def refunded(client: TestClient, workspace: str) -> int:
    total: int = client.get(f"{workspace}/_sandbox/fluentcart/orders/1001").json()["total_refund"]
    return total


def test_a_workspace_begins_with_the_fixture(client: TestClient) -> None:
    here, there = client.get("/_sandbox/state").json(), client.get("/w/ann/_sandbox/state").json()

    orders = [[order["id"] for order in state["fluentcart"]["orders"]] for state in (here, there)]
    assert orders[0] == orders[1]
    assert client.get("/w/ann/_sandbox/health").json()["workspace"] == "ann"
    assert names(client) == ["ann", "default"]


def test_changes_in_a_workspace_do_not_show_in_another(client: TestClient) -> None:
    assert refund(client, "/w/ann") == 200

    assert [refunded(client, place) for place in ("/w/ann", "/w/bob", "")] == [100, 0, 0]
    assert len(client.get("/w/ann/_sandbox/requests").json()["requests"]) == 1
    assert client.get("/_sandbox/requests").json()["requests"] == []


def test_faults_settings_and_clock_are_the_workspaces_own(client: TestClient) -> None:
    client.post("/w/ann/_sandbox/faults", json={"scenario": "server_error"})
    client.put("/w/ann/_sandbox/settings", json={"validation": "live"})
    client.put("/w/ann/_sandbox/clock", json={"now": "2030-01-01T00:00:00Z", "frozen": True})

    assert refund(client, "") == 200
    assert refund(client, "/w/ann") == 500
    assert client.get("/_sandbox/settings").json()["validation"] == "strict"
    assert client.get("/w/ann/_sandbox/settings").json()["validation"] == "live"
    assert not client.get("/_sandbox/clock").json()["frozen"]


def test_both_apis_answer_under_every_base_path_of_a_workspace(client: TestClient) -> None:
    assert client.post(f"/w/ann{raw_http.FUNNELFOX}", json={}, headers=raw_http.CREDENTIALS).status_code == 400
    assert client.get("/w/ann/index.php/wp-json/fluent-cart/v2/orders", headers=raw_http.CREDENTIALS).status_code == 200
    assert client.get("/w/ann/?rest_route=/fluent-cart/v2/orders", headers=raw_http.CREDENTIALS).status_code == 200


def test_links_of_a_workspace_stay_inside(client: TestClient) -> None:
    orders = client.get("/w/ann/wp-json/fluent-cart/v2/orders?per_page=2", headers=raw_http.CREDENTIALS).json()["orders"]

    assert orders["next_page_url"].startswith("http://testserver/w/ann/wp-json/fluent-cart/v2/orders")


@pytest.mark.parametrize("name", ["-x", "a b", "ä", "a%2Fb", "x" * 65, ""])
def test_an_invalid_name_is_refused(name: str, client: TestClient) -> None:
    reply = client.get(f"/w/{name}/_sandbox/health")

    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    assert name == "a%2Fb" or reply.json()["detail"].endswith("(letters, digits, '.', '_', '-'; at most 64).")
    assert names(client) == ["default"]


def test_a_deleted_workspace_is_created_again(client: TestClient) -> None:
    refund(client, "/w/ann")
    client.post("/w/ann/_sandbox/snapshots", json={"name": "one"})

    assert client.delete("/_sandbox/workspaces/ann").status_code == 204

    assert names(client) == ["default"]
    assert refunded(client, "/w/ann") == 0
    assert client.get("/w/ann/_sandbox/snapshots").json() == {"snapshots": []}


def test_the_deletion_of_a_workspace_keeps_those_whose_names_begin_like_its_name(client: TestClient) -> None:
    for name in ("ann", "ann2", "ann.b", "ANN"):
        assert refund(client, f"/w/{name}") == 200

    client.delete("/_sandbox/workspaces/ann")

    assert names(client) == ["ANN", "ann.b", "ann2", "default"]
    assert refunded(client, "/w/ann2") == 100


def test_a_deleted_workspace_frees_its_memory_immediately() -> None:
    """The garbage collector runs rarely in a server, and is not needed for this."""
    sandbox = build()
    gc.disable()
    try:
        held = weakref.ref(sandbox.workspaces.open("short-lived"))
        assert sandbox.workspaces.delete("short-lived")
        assert held() is None
    finally:
        gc.enable()
        sandbox.close()


def test_the_default_workspace_is_not_deleted(client: TestClient) -> None:
    reply = client.delete("/_sandbox/workspaces/default")

    assert reply.status_code == 422
    assert client.delete("/_sandbox/workspaces/nobody").status_code == 404


def test_ids_of_a_workspace_continue_from_the_fixture(client: TestClient) -> None:
    assert [refund(client, place) for place in ("", "/w/ann")] == [200, 200]

    rows = [client.get(f"{place}/_sandbox/fluentcart/orders/1001").json()["transactions"][-1]["id"] for place in ("", "/w/ann")]
    assert rows[0] == rows[1]


def many(settings: Settings) -> tuple[SandboxApp, TestClient]:
    sandbox = build(settings)
    return sandbox, TestClient(sandbox.app)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_beyond_the_limit_a_new_workspace_is_refused_and_none_is_deleted(method: str, store_url: str) -> None:
    sandbox, client = many(Settings(store=store_url, workspaces=3))
    for name in ("ann", "bob", "eve"):
        assert refund(client, f"/w/{name}") == 200

    path = raw_http.FLUENTCART if method == "POST" else "/_sandbox/state"
    reply = client.request(method, f"/w/zoe{path}", json={}, headers=raw_http.CREDENTIALS)

    assert (reply.status_code, reply.headers["content-type"]) == (503, "application/problem+json")
    assert reply.json()["detail"] == (
        "There are 3 workspaces (--workspaces), and each was used within 3600 s (--workspace-idle). Delete one first."
    )
    assert names(client) == ["ann", "bob", "default", "eve"]
    client.delete("/_sandbox/workspaces/bob")
    assert refund(client, "/w/zoe") == 200
    sandbox.close()


@pytest.mark.memory_only
def test_a_workspace_that_is_idle_too_long_is_deleted(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = many(Settings(store=store_url, workspace_idle="1h"))
    refund(client, "/w/ann")
    later = time.monotonic() + 3601
    monkeypatch.setattr(registry, "time", SimpleNamespace(monotonic=lambda: later))

    refund(client, "/w/bob")

    assert names(client) == ["bob", "default"]


def test_workspaces_survive_a_restart_on_a_persistent_store(store_name: str, store_url: str, client: TestClient) -> None:
    refund(client, "/w/ann")
    again = build(Settings(store=store_url))
    try:
        assert refunded(TestClient(again.app), "/w/ann") == (0 if store_name == "memory" else 100)
    finally:
        again.close()


def snapshot(client: TestClient, method: str, path: str, document: Any = None) -> Any:
    return client.request(method, f"/_sandbox/snapshots{path}", json=document or {})


@pytest.mark.memory_only
def test_a_workspace_has_at_most_100_snapshots(client: TestClient) -> None:
    for number in range(100):
        assert snapshot(client, "POST", "", {"name": f"s{number}"}).status_code == 201

    refused = snapshot(client, "POST", "", {"name": "one-more"})

    assert (refused.status_code, refused.json()["detail"]) == (409, "The workspace has 100 snapshots. Delete one first.")
    assert snapshot(client, "POST", "", {"name": "s7"}).status_code == 201, "it is replaced"
    for number in range(100):
        snapshot(client, "DELETE", f"/s{number}")
    assert snapshot(client, "POST", "", {"name": "one-more"}).status_code == 201
    snapshot(client, "DELETE", "/one-more")


def test_a_snapshot_restores_the_state(client: TestClient) -> None:
    refund(client, "")
    client.put("/_sandbox/settings", json={"validation": "live"})
    client.put("/_sandbox/clock", json={"now": "2030-01-01T00:00:00Z", "frozen": True})
    before = client.get("/_sandbox/state").json()
    assert snapshot(client, "POST", "", {"name": "one"}).status_code == 201

    refund(client, "")
    client.put("/_sandbox/settings", json={})
    client.put("/_sandbox/clock", json={"now": None, "frozen": False})
    assert snapshot(client, "POST", "/one/restore").status_code == 200

    assert client.get("/_sandbox/state").json() == before
    assert [one["name"] for one in snapshot(client, "GET", "").json()["snapshots"]] == ["one"]


def test_a_snapshot_can_be_restored_again_and_again(client: TestClient) -> None:
    snapshot(client, "POST", "", {"name": "one"})
    for _ in range(3):
        refund(client, "")
        snapshot(client, "POST", "/one/restore")

    assert refunded(client, "") == 0
    assert refund(client, "") == 200


def test_snapshots_are_listed_by_name(client: TestClient) -> None:
    path = "/w/of-three-snapshots/_sandbox/snapshots"
    for name in ("b", "c", "a"):
        client.post(path, json={"name": name})

    assert [one["name"] for one in client.get(path).json()["snapshots"]] == ["a", "b", "c"]


def test_snapshots_are_the_workspaces_own(client: TestClient) -> None:
    snapshot(client, "POST", "", {"name": "one"})

    assert client.get("/w/ann/_sandbox/snapshots").json() == {"snapshots": []}
    assert client.post("/w/ann/_sandbox/snapshots/one/restore", json={}).status_code == 404
    assert snapshot(client, "DELETE", "/one").status_code == 204
    assert snapshot(client, "DELETE", "/one").status_code == 404


@pytest.mark.parametrize("name", ["", "a/b", "../x", "é", 7, None])
def test_a_snapshot_has_a_plain_name(name: Any, client: TestClient) -> None:
    assert snapshot(client, "POST", "", {"name": name}).status_code == 422
