"""Independent clients of FluentCart run their flows against the default start, without a setting."""

from collections.abc import Iterator

import pytest
from httpx2 import Client

from refund_sandbox.app import SandboxApp
from tests.clients.fluentcart_clients import Failed, FluentMcp, Mcp, discover_wordpress, override
from tests.support.fluentcart_calls import load, paid

pytestmark = pytest.mark.memory_only

REFUND_TOOL = {"GET /orders/{param}", "GET /orders/{param}/transactions", "POST /orders/{param}/refund"}
CANCEL_TOOL = {"GET /subscriptions/{param}", "PUT /orders/{param}/subscriptions/{param}/cancel"}


@pytest.fixture
def http(sandbox: SandboxApp, address: tuple[str, int]) -> Iterator[Client]:
    """Client on a socket. The demo state and every setting are as at the default start."""
    assert sandbox.workspace.settings().validation == "strict"
    with Client(base_url=f"http://{address[0]}:{address[1]}") as client:
        yield client


ON_HOLD = {"action": "change_order_status", "new_status": "on-hold"}


def test_fluentcart_mcp_connects(http: Client) -> None:
    assert Mcp(http).connects()


def test_fluentcart_mcp_2_finds_what_its_tools_for_refunds_need(http: Client) -> None:
    assert Mcp(http).capabilities() >= REFUND_TOOL | CANCEL_TOOL


def test_fluentcart_mcp_2_refunds_and_reads_the_new_totals(http: Client, sandbox: SandboxApp) -> None:
    load(sandbox, paid())

    first = Mcp(http).guarded_refund(1, 2500, "Damaged")
    second = Mcp(http).guarded_refund(1, 7500, "The rest")

    assert first == {"total_paid": 10000, "total_refund": 2500, "status": "partially_refunded"}
    assert second == {"total_paid": 10000, "total_refund": 10000, "status": "refunded"}


def test_fluentcart_mcp_1_refunds_the_first_charge(http: Client, sandbox: SandboxApp) -> None:
    load(sandbox, paid())

    reply = Mcp(http).refund_first_charge(1, 2500, reason="requested_by_customer")

    assert reply["gateway_refund"] == {"status": "success", "message": "Refund processed on Stripe"}


def test_fluentcart_mcp_1_that_means_major_units_is_refused(http: Client, sandbox: SandboxApp) -> None:
    """It passes on what the user typed: 19.99 would be 20 minor units since 1.6.2."""
    load(sandbox, paid())

    with pytest.raises(Failed) as failed:
        Mcp(http).refund_first_charge(1, 19.99)

    assert failed.value.status == 422


def test_fluentcart_mcp_shows_the_message_of_a_refusal(http: Client, sandbox: SandboxApp) -> None:
    load(sandbox, paid())

    with pytest.raises(Failed, match="Refund amount exceeds the net paid amount for this order") as failed:
        Mcp(http).refund_first_charge(1, 10001)

    assert failed.value.status == 422


def test_fluentcart_mcp_lists_orders_with_their_customers(http: Client) -> None:
    query = {"page": 1, "per_page": 5, "sort_by": "id", "sort_type": "DESC", "active_view": "paid", "with_": "customer"}

    page = Mcp(http).send("GET", "/orders", **query)

    assert len(page["orders"]["data"]) == 5
    assert all(order["customer"]["email"] for order in page["orders"]["data"])


def test_fluentcart_mcp_reads_one_transaction(http: Client, sandbox: SandboxApp) -> None:
    load(sandbox, paid(), paid(2))

    reply = Mcp(http).send("GET", "/orders/1/transactions/10")

    assert [row["id"] for row in reply["order"]["transactions"]] == [10]
    with pytest.raises(Failed) as failed:
        Mcp(http).send("GET", "/orders/1/transactions/20")
    assert failed.value.status == 404


def test_fluentcart_mcp_works_with_the_shop_around_a_refund(http: Client) -> None:
    mcp = Mcp(http)
    detail = {"fulfillment_type": "digital", "variation_type": "simple"}
    product = mcp.send("POST", "/products", {"post_title": "Mug", "post_status": "draft", "detail": detail})["data"]["ID"]
    customer = mcp.send("POST", "/customers", {"full_name": "New Buyer", "email": "buyer@example.test"})["data"]["id"]
    label = mcp.send("POST", "/labels", {"value": "returned once"})["data"]["id"]
    selection = {"bind_to_type": "Order", "bind_to_id": 1001, "selectedLabels": [label]}
    mcp.send("POST", "/labels/update-label-selections", selection)

    mcp.refund_first_charge(1001, 2500)

    assert mcp.send("GET", f"/products/{product}")["product"]["post_title"] == "Mug"
    assert mcp.send("GET", f"/customers/{customer}")["customer"]["email"] == "buyer@example.test"
    assert label in [one["id"] for one in mcp.send("GET", "/labels")["labels"]]
    assert mcp.send("GET", "/orders/1001")["selected_labels"] == [label]
    assert mcp.send("POST", "/orders/do-bulk-action", {**ON_HOLD, "order_ids": [1002]})["message"]


@pytest.mark.parametrize(
    "path",
    [
        *("/products", "/variants", "/public/products", "/customers", "/customers/attachable-user", "/coupons", "/dashboard"),
        *("/dashboard/stats", "/settings/store", "/settings/payment-methods/all", "/integration/global-feeds", "/tax/classes"),
        *("/reports/overview", "/reports/dashboard-stats", "/reports/refund-chart", "/reports/revenue", "/reports/order-chart"),
        *("/email-notification", "/address-info/countries", "/shipping/zones"),
    ],
)
def test_fluentcart_mcp_reads_the_shop_around_a_refund(path: str, http: Client) -> None:
    dates = {"params[startDate]": "2026-11-01 00:00:00", "params[endDate]": "2026-11-30 23:59:59"}

    assert Mcp(http).send("GET", path, **(dates if path.startswith("/reports") else {}))


def test_fluentmcp_reports_that_the_setup_is_ok(http: Client) -> None:
    assert FluentMcp(http).verify_setup() == "ok"


def test_fluentmcp_repeats_a_refund_after_429_and_books_it_once(http: Client, sandbox: SandboxApp) -> None:
    load(sandbox, paid())
    sandbox.workspace.add_fault({"api": "fluentcart", "at": "before", "reply": {"status": 429}, "times": 2})

    reply = FluentMcp(http).send("POST", "/orders/1/refund", {"refund_info": {"transaction_id": 10, "amount": 100}})

    assert reply["fluent_cart_refund"]["status"] == "success"
    assert FluentMcp(http).send("GET", "/orders/1")["order"]["total_refund"] == "100"


@pytest.mark.parametrize("site", ["/", "/w/of-a-client/"])
def test_a_wordpress_client_discovers_the_api_from_the_root(site: str, http: Client) -> None:
    index = discover_wordpress(http, site)

    assert index["namespaces"] == ["fluent-cart/v2"]
    assert "application-passwords" in index["authentication"]
    assert index["url"].endswith(site.rstrip("/"))


def test_the_screen_of_the_plugin_cancels_a_subscription_by_an_overridden_method(http: Client, sandbox: SandboxApp) -> None:
    load(sandbox, {**paid(), "type": "subscription", "subscriptions": [{"id": 3, "current_payment_method": "stripe"}]})

    reply = override(http, "PUT", "/orders/1/subscriptions/3/cancel", {"cancel_reason": "Customer asked"})

    assert (reply.status_code, reply.json()["subscription"]["status"]) == (200, "canceled")
