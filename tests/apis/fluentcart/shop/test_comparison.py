"""Reports compared with the ledger by the control API."""

from typing import Any

from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, paid, refund

NOW = {"now": "2026-11-29T12:00:00Z"}
YESTERDAY, LAST_MONTH = "2026-11-28 10:00:00", "2026-10-01 10:00:00"


def compare(client: TestClient) -> dict[str, Any]:
    reply = client.get("/_sandbox/fluentcart/reports")
    assert reply.status_code == 200, reply.text
    return {figure["title"]: figure for figure in reply.json()["figures"]}


def differences(figure: Any) -> list[tuple[int, list[str]]]:
    return [(one["amount"], one["orders"]) for one in figure["differences"]]


def test_reports_and_ledger_agree_on_paid_orders(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY))
    client.put("/_sandbox/clock", json=NOW)

    figures = compare(client)

    assert {title: (one["report"], one["ledger"]) for title, one in figures.items()} == {
        "Refunded amount": (0, 0),
        "Net revenue": (10000, 10000),
        "Paid orders": (1, 1),
    }
    assert all(one["differences"] == [] for one in figures.values())


def test_a_refund_of_an_older_order_is_in_no_report_of_the_month(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=LAST_MONTH))
    client.put("/_sandbox/clock", json=NOW)
    refund(client, 1, {"transaction_id": 10, "amount": 2500})

    figures = compare(client)

    assert (figures["Refunded amount"]["report"], figures["Refunded amount"]["ledger"]) == (0, 2500)
    assert differences(figures["Refunded amount"]) == [(-2500, ["1"])]
    assert "on the day its order was created" in figures["Refunded amount"]["differences"][0]["reason"]
    assert differences(figures["Net revenue"]) == [(2500, ["1"])]


def test_a_partial_refund_is_the_reason_for_fewer_paid_orders(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY))
    client.put("/_sandbox/clock", json=NOW)
    refund(client, 1, {"transaction_id": 10, "amount": 2500})

    figure = compare(client)["Paid orders"]

    assert (figure["report"], figure["ledger"], figure["decimals"]) == (0, 1, 0)
    assert differences(figure) == [(-1, ["1"])]


def test_the_bulk_action_refunded_makes_the_revenue_negative(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY))
    client.put("/_sandbox/clock", json=NOW)
    body = {"action": "change_payment_status", "order_ids": [1], "new_status": "refunded"}
    assert call(client, "POST", "/orders/do-bulk-action", body).status_code == 200

    figures = compare(client)

    assert (figures["Net revenue"]["report"], figures["Net revenue"]["ledger"]) == (-10000, 10000)
    assert differences(figures["Net revenue"]) == [(-20000, ["1"])]
    assert differences(figures["Refunded amount"]) == [(10000, ["1"])]


def test_each_figure_is_that_of_the_report_that_it_names(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY), paid(2, created_at=YESTERDAY))
    client.put("/_sandbox/clock", json=NOW)
    refund(client, 1, {"transaction_id": 10, "amount": 2500})

    figures = compare(client)

    chart = call(client, "GET", "/reports/refund-chart").json()["summary"]
    assert float(chart["refunded_amount"]) * 100 == figures["Refunded amount"]["report"]
    revenue = call(client, "GET", "/dashboard/stats").json()["stats"][2]
    assert float(revenue["current_count"]) * 100 == figures["Net revenue"]["report"]
    stats = call(client, "GET", "/reports/dashboard-stats").json()["dashBoardStats"]
    assert stats["paid_orders"]["current_count"] == figures["Paid orders"]["report"]


def test_an_api_without_reports_says_so(client: TestClient) -> None:
    reply = client.get("/_sandbox/funnelfox/reports")

    assert reply.status_code == 404
    assert reply.json()["detail"] == "FunnelFox has no reports."


def test_an_order_names_its_customer_its_products_and_its_labels(client: TestClient) -> None:
    call(client, "POST", "/labels", {"value": "big spender", "bind_to_type": "Order", "bind_to_id": 1001})

    related = client.get("/_sandbox/fluentcart/orders/1001/related").json()["related"]

    assert [(one["kind"], one["operation"], one["id"]) for one in related] == [
        ("customer", "getCustomer", "11"),
        ("product", "getProduct", "101"),
        ("label", "listLabels", ""),
    ]
    assert related[0]["title"] == "Jane Doe"
    assert related[2]["title"] == "big spender"


def test_an_order_of_an_api_without_such_records_names_none(client: TestClient) -> None:
    order = client.get("/_sandbox/funnelfox/orders").json()["orders"][0]["id"]

    assert client.get(f"/_sandbox/funnelfox/orders/{order}/related").json() == {"related": []}
