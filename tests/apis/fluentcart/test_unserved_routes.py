"""Routes of the plugin that the sandbox does not serve, and how WordPress clients find the ones that it does."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.spec import loader
from tests.support.fluentcart_calls import AUTH, BASE, load, paid

pytestmark = pytest.mark.memory_only


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/tax/configuration/rates", "GET /tax/configuration/rates"),
        ("PUT", "/Orders/1/subscriptions/3/UPDATE/", "PUT /orders/{}/subscriptions/{}/update"),
        ("HEAD", "/renewals/7", "GET /renewals/{}"),
    ],
)
def test_a_route_of_the_plugin_that_is_not_served_gets_404_and_a_warning(
    method: str, path: str, named: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid())

    reply = client.request(method, f"{BASE}{path}", auth=AUTH)

    warning = f"FluentCart 1.6.5 has {named}, but the sandbox does not emulate it."
    assert (reply.status_code, reply.headers["X-Sandbox-Warning"]) == (404, warning)
    assert method == "HEAD" or reply.json()["code"] == "rest_no_route"
    assert client.get("/_sandbox/requests?limit=1").json()["requests"][0]["warnings"] == [warning]


@pytest.mark.parametrize(
    ("path", "login", "status"),
    [
        ("/options/attr/groups", None, 401),
        ("/options/attr/groups", ("admin", "wrong"), 401),
        ("/options/attr/groups", ("reader", "password"), 403),
        ("/options/attr/groups", ("seller", "password"), 404),
        ("/customer-profile/orders", None, 401),
        ("/customer-profile/orders", ("reader", "password"), 404),
        ("/checkout/get-order-info", None, 404),
        ("/nonsense", None, 404),
    ],
)
def test_a_route_that_is_not_served_needs_a_login_and_a_permission(
    path: str, login: tuple[str, str] | None, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    reader = {"login": "reader", "email": "reader@example.test", "application_password": "password", "permissions": []}
    seller = {**reader, "login": "seller", "email": "seller@example.test", "permissions": ["products/view"]}
    load(sandbox, paid(), users=[reader, seller])

    reply = client.get(f"{BASE}{path}", auth=login)

    code = "rest_no_route" if status == 404 else "rest_forbidden"
    assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_a_route_that_is_not_served_refuses_invalid_json_first(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = client.post(f"{BASE}/settings/store", content=b"{", headers={"Content-Type": "application/json"})

    assert (reply.status_code, reply.json()["code"]) == (400, "rest_invalid_json")


@pytest.mark.parametrize(
    ("version", "method", "path"),
    [
        ("1.6.5", "GET", "/nonsense"),
        ("1.6.5", "PATCH", "/tax/configuration/rates"),
        ("1.6.5", "GET", "/renewals/abc"),
        ("1.5.2", "GET", "/renewals"),
        ("1.3.25", "GET", "/settings/mcp"),
    ],
)
def test_a_route_that_the_plugin_lacks_gets_404_without_a_warning(
    version: str, method: str, path: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    reply = client.request(method, f"{BASE}{path}", auth=AUTH)

    assert (reply.status_code, reply.json()["code"]) == (404, "rest_no_route")
    assert "X-Sandbox-Warning" not in reply.headers


def test_a_line_break_in_a_path_stays_out_of_the_warning(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = client.get("/?rest_route=/fluent-cart/v2/coupons/a%0D%0AX-Evil:%201", auth=AUTH)

    assert "X-Evil" not in reply.headers


def test_a_route_of_the_plugin_s_own_is_not_taken_for_an_id(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = client.get(f"{BASE}/email-notification/reminders", auth=AUTH)

    assert (reply.status_code, reply.json()["code"]) == (404, "rest_no_route")
    assert "GET /email-notification/reminders" in reply.headers["X-Sandbox-Warning"]


def test_options_offers_only_methods_that_are_served(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    operations = loader.load("fluentcart").operations
    of_digits = {operation.path for operation in operations if "x-digits-route" in operation.extensions}

    for operation in operations:
        path = operation.path
        value = "one" if path in of_digits and "x-digits-route" not in operation.extensions else "1"
        for parameter in operation.parameters:
            path = path.replace(f"{{{parameter}}}", value)
        offered = client.options(f"{BASE}{path}").json()["methods"]

        assert operation.method in offered
        replies = [client.request(method, f"{BASE}{path}") for method in offered]  # without a login, so that nothing changes
        assert all("rest_no_route" not in reply.text for reply in replies), path


@pytest.mark.parametrize("path", ["/", "/w/tests/"])
def test_the_root_links_to_the_wordpress_api(path: str, client: TestClient) -> None:
    reply = client.head(path)

    url = reply.headers["Link"].partition(">")[0].removeprefix("<")
    assert reply.headers["Link"] == f'<http://testserver{path}wp-json/>; rel="https://api.w.org/"'
    assert "fluent-cart/v2" in client.get(url).json()["namespaces"]
