"""Route index, site index, admin screen settings and permissions."""

import json
import re

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, call, load, paid
from tests.support.paths import RECORDINGS
from tests.support.recorded_shop import read

ROUTES = json.loads((RECORDINGS / "routes.json").read_text())
V1325 = {"fluentcart": {"version": "1.3.25"}}


def test_the_route_index_needs_no_authentication(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, settings=V1325, site={"url": "https://shop.example"})

    reply = client.get(BASE)

    assert reply.status_code == 200
    assert reply.headers["Allow"] == "GET"
    index = reply.json()
    assert (index["namespace"], index["_links"]) == ("fluent-cart/v2", {"up": [{"href": "https://shop.example/wp-json/"}]})
    assert index["routes"]["/fluent-cart/v2/orders/(?P<order_id>[0-9]+)/refund"] == {
        "namespace": "fluent-cart/v2",
        "methods": ["POST"],
        "endpoints": [{"methods": ["POST"], "args": {"order_id": {"required": True}}}],
    }
    assert index["routes"]["/fluent-cart/v2/orders"]["methods"] == ["GET", "POST"]
    links = index["routes"]["/fluent-cart/v2/orders"]["_links"]
    assert links == {"self": [{"href": f"https://shop.example{BASE}/orders"}]}


def test_every_route_of_1_3_25_was_recorded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, settings=V1325)

    for route, listed in client.get(BASE).json()["routes"].items():
        assert set(listed["methods"]) <= set(ROUTES[route]), route


def test_a_newer_route_does_not_exist_in_1_3_25(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    path, route = "/orders/1/transactions/10/sync", "/fluent-cart/v2/orders/(?P<order>[^\\s(?!/)]+)/transactions/"

    newer = (call(client, "POST", path).status_code, any(re.search("/sync$", one) for one in client.get(BASE).json()["routes"]))
    load(sandbox, paid(), settings=V1325)
    older = (call(client, "POST", path).status_code, any(re.search("/sync$", one) for one in client.get(BASE).json()["routes"]))

    assert (newer, older) == ((422, True), (404, False))
    assert any(one.startswith(route) for one in client.get(BASE).json()["routes"])


@pytest.mark.parametrize("path", ["/wp-json/", "/wp-json", "/index.php/wp-json/", "/?rest_route=/"])
def test_the_site_index_has_the_name_and_the_routes(path: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, site={"name": "Corner Shop"})

    site = client.get(path).json()

    assert (site["name"], site["namespaces"]) == ("Corner Shop", ["fluent-cart/v2"])
    assert "/fluent-cart/v2/orders" in site["routes"]
    assert client.post(path).status_code == 404


@pytest.mark.parametrize("version", ["1.6.5", "1.3.25"])
def test_an_administrator_finds_the_version_in_the_list_of_plugins(version: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, settings={"fluentcart": {"version": version}})

    (plugin,) = client.get("/wp-json/wp/v2/plugins", auth=AUTH).json()

    assert (plugin["plugin"], plugin["version"], plugin["status"]) == ("fluent-cart/fluent-cart", version, "active")


@pytest.mark.parametrize(("auth", "status"), [(None, 401), (("viewer", "view VIEW 1234 view VIEW 5678"), 403)])
def test_only_an_administrator_may_list_plugins(auth: tuple[str, str] | None, status: int, client: TestClient) -> None:
    reply = client.get("/wp-json/wp/v2/plugins", auth=auth)

    assert (reply.status_code, reply.json()["code"]) == (status, "rest_cannot_view_plugins")


def test_the_app_settings_have_the_url_but_not_the_version(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, site={"url": "https://shop.example", "name": "Corner Shop"})

    app = read(client, "/app/init")

    assert list(app) == ["rest", "asset_url", "trans", "shop"]
    assert (app["rest"]["url"], app["rest"]["version"]) == (f"https://shop.example{BASE}", "v2")
    assert app["shop"]["store_name"] == "Corner Shop"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/app/init"),
        ("GET", "/activity"),
        ("PUT", "/activity/1/mark-read"),
        ("DELETE", "/activity/1"),
        ("POST", "/notes/attach"),
        ("POST", "/orders"),
        ("GET", "/orders/shipping_methods"),
        ("POST", "/customers/11/recalculate-ltv"),
        ("GET", "/customers/11/orders"),
    ],
)
def test_a_user_with_orders_view_gets_403_elsewhere(method: str, path: str, client: TestClient) -> None:
    viewer = client.request(method, f"{BASE}{path}", auth=("viewer", "view VIEW 1234 view VIEW 5678"))
    stranger = client.request(method, f"{BASE}{path}")

    assert (viewer.status_code, stranger.status_code) == (403, 401)
