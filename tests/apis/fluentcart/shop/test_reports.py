"""Reports that need a query string, and those that always crash."""

import time

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, load_apis
from tests.support.fluentcart_calls import call, load, paid

NOW = {"now": "2026-11-29T12:00:00Z"}
DAY = "2026-11-28 10:00:00"


@pytest.mark.parametrize("key", ["payment_method", "payment_status", "billing_country", "shipping_country"])
@pytest.mark.parametrize("name", ["revenue-by-group", "fetch-order-by-group"])
def test_orders_are_grouped(name: str, key: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=DAY), paid(2, created_at=DAY))
    client.put("/_sandbox/clock", json=NOW)

    rows = call(client, "GET", f"/reports/{name}?params[groupKey]={key}").json()["data"]

    assert [(row["orders"], row["gross_sale"]) for row in rows] == [("2", "200.0000")]
    assert key in rows[0]


@pytest.mark.parametrize("path", ["revenue-by-group", "sales-growth", "top-products-sold", "license-summary"])
def test_a_report_that_the_plugin_cannot_make_crashes(path: str, client: TestClient) -> None:
    reply = call(client, "GET", f"/reports/{path}")

    assert (reply.status_code, reply.json()["code"]) == (500, "plugin_exception")


@pytest.mark.parametrize(
    ("kind", "date", "first"),
    [
        ("previous_period", "x", "2026-09-27"),
        ("previous_month", "x", "2026-09-29"),
        ("previous_quarter", "x", "2026-07-01"),
        ("previous_year", "x", "2025-10-29"),
        ("custom", "2026-05-05", "2026-05-05"),
    ],
)
def test_a_period_is_compared_with_an_earlier_one(kind: str, date: str, first: str, client: TestClient) -> None:
    client.put("/_sandbox/clock", json=NOW)

    reply = call(client, "GET", f"/reports/revenue?params[compareType]={kind}&params[compareDate]={date}").json()

    assert reply["previousMetrics"][0]["group"] == first


def test_the_dates_of_a_request_have_no_effect(client: TestClient) -> None:
    client.put("/_sandbox/clock", json=NOW)

    asked = call(client, "GET", "/reports/revenue?params[startDate]=2020-01-01&params[endDate]=nonsense").json()

    assert (asked["revenueReport"][0]["group"], asked["revenueReport"][-1]["group"]) == ("2026-10-29", "2026-11-29")


def test_new_subscriptions_are_counted_by_their_age(sandbox: SandboxApp, client: TestClient) -> None:
    starts = [("2026-11-28 10:00:00", None), ("2026-11-10 10:00:00", None), ("2026-11-01 10:00:00", "2026-11-03 09:00:00")]
    subscriptions = [
        {"id": number, "created_at": start, "canceled_at": end} for number, (start, end) in enumerate(starts, start=301)
    ]
    load(sandbox, paid(1, created_at=DAY, subscriptions=subscriptions))
    client.put("/_sandbox/clock", json=NOW)

    ages, young = (
        call(client, "GET", f"/reports/retention-chart{query}").json()["chartData"] for query in ("", "?params[customDays]=1")
    )

    assert {name: count for name, count in ages.items() if count != "0"} == {"day_7": "2", "day_30": "1"}
    assert young == {"day_1": "1"}


def test_growth_is_rounded_as_by_number_format(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, 8000, created_at="2025-11-10 10:00:00"), paid(2, 8046, created_at="2026-11-10 10:00:00"))
    client.put("/_sandbox/clock", json=NOW)

    overview = call(client, "GET", "/reports/overview").json()["data"]

    assert overview["gross_revenue"]["2026-11"]["yoy_growth"] == "0.58"


def test_an_average_price_is_rounded_half_up(sandbox: SandboxApp, client: TestClient) -> None:
    order = paid(1, 25, created_at=DAY)
    order["items"][0]["quantity"] = 2
    load(sandbox, order)
    client.put("/_sandbox/clock", json=NOW)

    report = call(client, "GET", "/reports/product-report").json()

    assert next(row["average_selling_price"] for row in report["currentMetrics"] if row["units_sold"]) == 0.13


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026/11/28", "2026-11-28T23:00:00.000Z"),
        ("11/28/2026", "28.11.2026"),
        ("20261128", "28-11-2026 10:00"),
        ("2026-11-29T01:00:00%2B02:00", "2026-11-28 20:00:00 -0300"),
        ("yesterday", "@1795860000"),
        ("-1 day", "2026-11-27 23:59:60"),
    ],
)
def test_dates_are_read_as_by_php(start: str, end: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, *(paid(day, created_at=f"2026-11-{day} 10:00:00") for day in (27, 28, 29)))
    client.put("/_sandbox/clock", json=NOW)

    reply = call(client, "GET", f"/reports/dashboard-stats?params[startDate]={start}&params[endDate]={end}")

    assert reply.json()["dashBoardStats"]["total_orders"]["current_count"] == 1


@pytest.mark.parametrize("text", ["13/28/2026", "2026-11-32", "2026-11-28 25:00", "\u0662026-11-28", "2026-11/28"])
def test_what_is_no_date_for_php_crashes(text: str, client: TestClient) -> None:
    reply = call(client, "GET", f"/reports/dashboard-stats?params[startDate]={text}&params[endDate]=now")

    assert (reply.status_code, reply.json()["code"]) == (500, "plugin_exception")


LIMITS = ("0001-01-01", "9999-12-31 23:59:59", "-9999 years", "+9999 years")


@pytest.mark.parametrize("clock", ["0002-01-01T00:00:00Z", "2026-11-29T12:00:00Z", "5999-12-30T23:59:59Z"])
@pytest.mark.parametrize("first", LIMITS)
@pytest.mark.parametrize("path", ["dashboard-stats", "quick-order-stats", "revenue", "overview", "future-renewals"])
def test_dates_at_the_limits_of_the_calendar_break_no_report(
    path: str, first: str, clock: str, sandbox: SandboxApp, client: TestClient
) -> None:
    assert client.put("/_sandbox/state", json={**sandbox.workspace.dump(), "clock": clock}).status_code < 300

    for last in LIMITS:
        query = f"params[startDate]={first}&params[endDate]={last}&day_range={first}&params[compareType]=custom"
        reply = call(client, "GET", f"/reports/{path}?{query.replace('+', '%2B')}&params[compareDate]={last.replace('+', '%2B')}")
        assert reply.status_code == 200


def test_the_dashboard_of_a_day_at_the_limit_of_the_calendar_is_shown(client: TestClient) -> None:
    for last in LIMITS:
        query = f"params[startDate]=%2B9999 years&params[endDate]={last.replace('+', '%2B')}"
        compared = "params[compareType]=custom&params[compareDate]=9999-12-31"
        assert call(client, "GET", f"/dashboard?{query}&{compared}").status_code == 200


def test_renewals_are_counted_from_a_date_long_ago(sandbox: SandboxApp, client: TestClient) -> None:
    """One step for each day since the year 1 would stop the server for seconds."""
    client.put("/_sandbox/clock", json=NOW)
    state = sandbox.workspace.dump()
    subscriptions = [row for order in state["fluentcart"]["orders"] for row in order["subscriptions"]]
    counts = []
    for date in ("0001-01-01 00:00:00", "2026-11-29 00:00:00"):
        for row in subscriptions:
            row |= {
                "status": "active",
                "billing_interval": "daily",
                "bill_times": 0,
                "expire_at": None,
                "next_billing_date": date,
            }
        assert client.put("/_sandbox/state", json=state).status_code < 300
        started = time.process_time()
        counts.append(call(client, "GET", "/reports/future-renewals").json()["totalRenewals"])
        assert time.process_time() - started < 1

    assert counts[0] == counts[1] > 0


ODD_TIMES = ("2026-11-28", "2026-11-28T10:00:00Z", "2026-11-28 25:00:00", "2026-11-..", "..", "0000-00-00 00:00:00", "")
SPEC = load_apis()["fluentcart"].spec
READS = [operation for operation in SPEC.operations if operation.method == "GET" and "{" not in operation.path]


@pytest.mark.parametrize("time_text", ODD_TIMES)
@pytest.mark.parametrize("field", ["created_at", "completed_at", "refunded_at", "canceled_at", "next_billing_date", "expire_at"])
def test_a_text_that_is_no_time_breaks_no_read(field: str, time_text: str, sandbox: SandboxApp, client: TestClient) -> None:
    """State documents may hold any text, as exports of shops do."""
    client.put("/_sandbox/clock", json=NOW)
    state = sandbox.workspace.dump()
    for order in state["fluentcart"]["orders"]:
        for row in (order, *order["transactions"], *order["items"], *order["subscriptions"]):
            row |= {field: time_text} if field in row else {}
    assert client.put("/_sandbox/state", json=state).status_code < 300

    replies = [call(client, "GET", operation.path) for operation in READS]

    assert len(replies) > 50
    assert [reply.url for reply in replies if "sandbox_error" in reply.text] == []


@pytest.mark.parametrize(
    ("sent", "orders"), [("", 2), ("?params[orderStatus][]=all", 2), ("?params[orderStatus][]=completed", 1)]
)
def test_the_growth_chart_leaves_out_the_sent_statuses(sent: str, orders: int, sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2. Without a status, or with `all`, orders on hold and failed ones are left out."""
    load(sandbox, paid(1, created_at=DAY), paid(2, created_at=DAY, status="processing"))
    client.put("/_sandbox/clock", json=NOW)

    chart = call(client, "GET", f"/reports/sales-growth-chart{sent}").json()["salesGrowthChart"]

    assert sum(day["orders"] for day in chart) == orders


def test_the_products_sold_most_are_none_with_parameters(client: TestClient) -> None:
    """Measured in 1.5.2; without them the report crashes (34-140)."""
    report = call(client, "GET", "/reports/top-products-sold?params[a]=1").json()

    assert report["top_products_sold"] == []
