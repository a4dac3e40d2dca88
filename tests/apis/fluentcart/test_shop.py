"""The shop as a whole: its routes, its settings, its log, notes; and the figures, orders and addresses of customers."""

import json
import re
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, load, order, paid, refund
from tests.support.paths import RECORDINGS
from tests.support.recorded_shop import open_shop, read

ROUTES = json.loads((RECORDINGS / "routes.json").read_text())
V1325 = {"fluentcart": {"version": "1.3.25"}}
NOT_FOUND = "No query results for model [FluentCart\\App\\Models\\Order] 99"


def call(client: TestClient, method: str, path: str, document: Any = None) -> Response:
    """A call below the plugin's namespace as the administrator."""
    return client.request(method, f"{BASE}{path}", json=document, auth=AUTH)


def said(reply: Response) -> tuple[int, Any]:
    """Status and message."""
    return reply.status_code, reply.json()["message"]


# Routes


def test_anybody_may_list_the_routes(sandbox: SandboxApp, client: TestClient) -> None:
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


def test_every_route_of_1_3_25_is_one_that_was_recorded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, settings=V1325)

    for route, listed in client.get(BASE).json()["routes"].items():
        assert set(listed["methods"]) <= set(ROUTES[route]), route


def test_a_route_that_came_later_is_not_there_in_1_3_25(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    path, route = "/orders/1/transactions/10/sync", "/fluent-cart/v2/orders/(?P<order>[^\\s(?!/)]+)/transactions/"

    newer = (call(client, "POST", path).status_code, any(re.search("/sync$", one) for one in client.get(BASE).json()["routes"]))
    load(sandbox, paid(), settings=V1325)
    older = (call(client, "POST", path).status_code, any(re.search("/sync$", one) for one in client.get(BASE).json()["routes"]))

    assert (newer, older) == ((422, True), (404, False))
    assert any(one.startswith(route) for one in client.get(BASE).json()["routes"])


@pytest.mark.parametrize("path", ["/wp-json/", "/wp-json", "/index.php/wp-json/", "/?rest_route=/"])
def test_the_site_says_what_it_is_and_which_routes_it_has(path: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, site={"name": "Corner Shop"})

    site = client.get(path).json()

    assert (site["name"], site["namespaces"]) == ("Corner Shop", ["fluent-cart/v2"])
    assert "/fluent-cart/v2/orders" in site["routes"]
    assert client.post(path).status_code == 404


def test_the_app_says_where_it_is_but_not_its_version(sandbox: SandboxApp, client: TestClient) -> None:
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
def test_who_may_only_view_orders_may_not(method: str, path: str, client: TestClient) -> None:
    viewer = client.request(method, f"{BASE}{path}", auth=("viewer", "view VIEW 1234 view VIEW 5678"))
    stranger = client.request(method, f"{BASE}{path}")

    assert (viewer.status_code, stranger.status_code) == (403, 401)


# The activity log


def logged(sandbox: SandboxApp, client: TestClient) -> list[dict[str, Any]]:
    """A log of two refunds, the second without a gateway; newest first."""
    load(sandbox, paid(), paid(2, payment_method="offline_payment"))
    refund(client, 1, {"transaction_id": 10, "amount": 2500})
    refund(client, 2, {"transaction_id": 20, "amount": 2500})
    lines: list[dict[str, Any]] = read(client, "/activity")["activities"]["data"]
    return lines


def test_the_log_lists_every_line_newest_first(sandbox: SandboxApp, client: TestClient) -> None:
    lines = logged(sandbox, client)

    assert [(line["title"], line["module_id"]) for line in lines] == [
        ("Refund failed on Offline_payment", 2),
        ("Order Refund", 2),
        ("Order Refund", 1),
    ]
    assert (lines[0]["read_status"], lines[0]["log_type"], lines[0]["created_by"]) == ("unread", "api", "admin")
    assert "user" not in lines[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("active_view=api", 1),
        ("active_view=success", 2),
        ("active_view=warning", 1),
        ("active_view=nonsense", 3),
        ("search=not implemented", 1),
        ("search=refund failed", 1),
        ("search=nothing of the kind", 0),
        ("per_page=2", 2),
        ("sort_by=title&sort_type=asc", 3),
    ],
)
def test_the_log_is_filtered_searched_and_paged(query: str, count: int, sandbox: SandboxApp, client: TestClient) -> None:
    logged(sandbox, client)

    assert len(read(client, f"/activity?{query}")["activities"]["data"]) == count


def test_the_log_says_who_it_was_when_asked(sandbox: SandboxApp, client: TestClient) -> None:
    logged(sandbox, client)

    lines = read(client, "/activity?with[]=user")["activities"]["data"]

    assert {line["user"]["display_name"] for line in lines} == {"admin"}


def test_a_line_is_read_then_unread_then_gone(sandbox: SandboxApp, client: TestClient) -> None:
    line = logged(sandbox, client)[0]["id"]

    for status, message in (("read", "Activity Marked as Read"), ("unread", "Activity Marked as Unread")):
        assert said(call(client, "PUT", f"/activity/{line}/mark-read", {"status": status})) == (200, message)
        assert read(client, "/activity")["activities"]["data"][0]["read_status"] == status
    assert said(call(client, "DELETE", f"/activity/{line}")) == (200, "Activity Deleted Successfully")
    assert read(client, "/activity")["activities"]["total"] == 2


@pytest.mark.parametrize("line", ["99999", "abc", "99999999999999999999"])
def test_a_line_that_is_not_there_is_answered_alike(line: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox)

    assert call(client, "PUT", f"/activity/{line}/mark-read", {"status": "read"}).status_code == 200
    assert call(client, "DELETE", f"/activity/{line}").status_code == 200


# Notes


def test_a_note_replaces_the_note_of_the_order(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(note="before"))

    reply = call(client, "POST", "/notes/attach", {"order_id": 1, "note": "<b>Call</b> back"})

    assert said(reply) == (200, "Order Note Updated successfully.")
    assert order(client, 1)["note"] == read(client, "/orders/1")["order"]["note"] == "Call back"


def test_a_note_for_no_order_is_not_found(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    assert said(call(client, "POST", "/notes/attach", {"order_id": 99, "note": "x"})) == (404, NOT_FOUND)


# Customers


def test_the_figures_of_a_customer_are_counted_anew(sandbox: SandboxApp, client: TestClient) -> None:
    wrong = {"id": 7, "purchase_count": 99, "ltv": 1, "aov": "1.00"}
    load(sandbox, paid(), paid(2, total=5000), customers=[wrong])

    reply = call(client, "POST", "/customers/7/recalculate-ltv")

    assert said(reply) == (200, "Lifetime value recalculated successfully")
    customer = reply.json()["customer"]
    assert (customer["purchase_count"], customer["ltv"], customer["aov"]) == ("2", "15000", "7500.00")
    assert read(client, "/customers/7")["customer"]["ltv"] == "15000"


def test_there_are_no_figures_of_nobody(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox)

    assert said(call(client, "POST", "/customers/7/recalculate-ltv")) == (422, "Customer not found.")


def test_the_orders_of_a_customer_are_asked_for_like_all_orders(sandbox: SandboxApp, client: TestClient) -> None:
    open_shop(sandbox)

    page = read(client, "/customers/12/orders?per_page=2&sort_type=asc&active_view=paid")["orders"]

    assert [row["id"] for row in page["data"]] == [1002, 1010]
    assert (page["total"], page["path"].endswith("/customers/12/orders")) == (3, True)


@pytest.mark.parametrize("customer", ["99999", "abc", "99999999999999999999"])
def test_nobody_has_orders_or_addresses(customer: str, sandbox: SandboxApp, client: TestClient) -> None:
    open_shop(sandbox)

    assert read(client, f"/customers/{customer}/orders")["orders"]["total"] == 0
    assert read(client, f"/customers/{customer}/address") == {"addresses": []}
    assert read(client, f"/customers/get-stats/{customer}") == {"widgets": []}


def test_a_customers_orders_come_at_once_and_its_address_by_type(sandbox: SandboxApp, client: TestClient) -> None:
    open_shop(sandbox)

    assert [row["id"] for row in read(client, "/customers/13/order")["data"]["data"]] == [1003, 1011, 1014]
    assert [row["type"] for row in read(client, "/customers/13/address")["addresses"]] == ["billing"]
    assert read(client, "/customers/13/address?type=shipping") == {"addresses": []}


# The gateway is asked about a payment


def pending(**more: Any) -> dict[str, Any]:
    """An order (1) whose Stripe charge (10) waits for its webhook."""
    begun = paid(total_paid=0, status="on-hold", payment_status="pending")
    begun["transactions"][0] |= {"status": "pending", **more}
    return begun


def test_a_payment_that_the_gateway_knows_is_settled(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending())

    reply = call(client, "POST", "/orders/1/transactions/10/sync")

    assert said(reply) == (200, "Transaction has been synced from the payment gateway successfully!")
    assert reply.json()["transaction"]["status"] == "succeeded"
    now = order(client, 1)
    assert (now["payment_status"], now["total_paid"], now["status"]) == ("paid", 10000, "completed")
    assert refund(client, 1, {"transaction_id": 10, "amount": 10000}).status_code == 200


@pytest.mark.parametrize(
    ("charge", "message"),
    [
        ({"transaction_type": "dispute"}, "Only charge transactions can be synced from the payment gateway."),
        ({"status": "failed"}, "Only pending transactions can be synced from the payment gateway."),
        ({"vendor_charge_id": ""}, "This transaction has no gateway charge ID to sync against."),
        ({"payment_method": "offline_payment"}, "This payment method does not support remote transaction sync"),
    ],
)
def test_a_payment_that_no_gateway_can_be_asked_about(
    charge: dict[str, Any], message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, pending(**charge))

    assert said(call(client, "POST", "/orders/1/transactions/10/sync")) == (422, message)


@pytest.mark.parametrize("order_id", ["2", "99", "abc"])
def test_a_payment_of_another_order_is_not_asked_about(order_id: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending(), paid(2))

    message = "The selected transaction does not match with the provided order"
    assert said(call(client, "POST", f"/orders/{order_id}/transactions/10/sync")) == (422, message)


def test_a_gateway_that_refuses_settles_nothing(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending())
    sandbox.workspace.services.faults.add({"api": "fluentcart", "at": "gateway", "error": "Try again."})

    assert said(call(client, "POST", "/orders/1/transactions/10/sync")) == (422, "Try again.")
    assert order(client, 1)["payment_status"] == "pending"
