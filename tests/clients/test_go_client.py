"""The Go client of the live service against the default start: the requests of all its methods, and how it reads the replies.

Requests and readers follow byte-power/funnelfox: client.go and model.go. Fields without a value are null where the client has
no `omitempty`.
"""

from typing import Any

import httpx2
import pytest

from tests.clients.conftest import Target
from tests.support.funnelfox_state import Document
from tests.support.refunding_clients import Failed, GoClient, go_time

pytestmark = pytest.mark.memory_only
USER = {"external_id": "user_456"}
ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
TEXTS = ("amount", "refunded", "order_id", "last4", "network", "payment_method")
TIME_FIELDS = ("started_at", "current_period_starts_at", "current_period_ends_at", "next_check_at")


@pytest.fixture
def go(http: httpx2.Client) -> GoClient:
    return GoClient(http, "your-org-id", "sandbox-secret-key")


@pytest.fixture
def subscription(go: GoClient) -> Document:
    """Fields that every request about the demo subscription has."""
    first, *_ = go.call("/my_assets", USER, secret=False)["subscriptions"]
    return {**USER, "subs_id": first["subs_id"]}


def payment_of(go: GoClient) -> Document:
    """Return the payment of the demo order."""
    (found,) = [payment for payment in go.call("/payments_history", USER)["payments"] if payment["order_id"] == ORDER]
    payment: Document = found
    return payment


def test_assets_payments_and_prices_are_read(go: GoClient) -> None:
    asset, *_ = go.call("/my_assets", USER, secret=False)["subscriptions"]
    payment = payment_of(go)
    (price,) = go.call("/price_points", {"ident": "premium_monthly_999"}, secret=False)["price_points"]

    assert all(go_time(asset[name]) for name in TIME_FIELDS)
    assert isinstance(asset["status"], list)
    assert all(isinstance(payment[name], str) for name in TEXTS)
    assert go_time(payment["created_at"])
    assert (price["currency"]["minor_units"], price["features"]) == (2, [{"ident": "premium"}])


def test_a_refund_is_booked_and_a_second_one_is_refused_with_a_reason(go: GoClient) -> None:
    nothing = go.call("/payment/refund", {**USER, "order_id": ORDER, "amount": "4.99"})
    with pytest.raises(Failed, match=r"^FunnelFox API error: api_exception_The amount must be greater than 0"):
        go.call("/payment/refund", {**USER, "order_id": ORDER, "amount": "0"})

    assert (nothing, payment_of(go)["refunded"]) == (None, "4.99")


@pytest.mark.parametrize("since", ["2020-01-01T00:00:00.000000", "2020-01-01T00:00:00Z"])
def test_the_report_is_read_from_a_time_with_or_without_a_zone(since: str, go: GoClient) -> None:
    go.call("/payment/refund", {**USER, "order_id": ORDER, "amount": "4.99"})

    rows = go.call("/transaction_report", {"last_transaction_date": since, "order_id": ORDER})["transactions"]

    assert [(row["psp_transaction_type"], row["amount"]) for row in rows] == [("SALE", "9.99"), ("REFUND", "4.99")]
    assert all(go_time(row["trx_created_at"]) for row in rows)
    assert all(isinstance(row["pp_id"], int) and isinstance(row["is_cit"], bool) for row in rows)


@pytest.mark.parametrize(
    ("endpoint", "fields", "before"),
    [
        ("/subscription/disable_autorenew", {}, None),
        ("/subscription/enable_autorenew", {}, "/subscription/disable_autorenew"),
        ("/discount", {"percent": 20, "count_of_iterations": None}, None),
        ("/subscription/defer", {"defer_till": "2099-01-01T00:00:00.123"}, None),
        ("/subscription/pause", {"pause_till": "2099-02-01T00:00:00"}, None),
        ("/subscription/resume", {}, "/subscription/pause"),
    ],
)
def test_every_action_on_a_subscription_is_accepted(
    endpoint: str, fields: Document, before: str | None, go: GoClient, subscription: Document
) -> None:
    if before:
        go.call(before, subscription)

    assert go.call(endpoint, {**subscription, **fields}) is None


def test_a_feature_a_price_point_and_a_migration_to_it(go: GoClient, subscription: Document) -> None:
    period = {"next_price": 59.5, "next_period": 1, "next_period_duration": "years"}
    point = {"ident": "yearly", "intro_type": "no_intro", "currency_code": "USD", "features": ["vip"], **period}
    move = {"pp_ident": "yearly", "strategy": "delayed_start", "dry_run": None, "strict_mode": None}

    made = [go.call("/feature/create", {"ident": "vip", "feature_type": "timebased"}), go.call("/pp/create", point)]
    moved = go.call("/subscription/migration", {**subscription, **move})

    assert made == [None, None]
    assert (moved["migration_strategy"], moved["payment_result"]["checkout_status"]) == ("delayed_start", "succeeded")
    assert moved["subs_id"]


def test_a_one_click_purchase_needs_a_saved_card(go: GoClient) -> None:
    done = go.call("/checkout/one_click", {**USER, "pp_ident": "coins_499"}, secret=False)
    with pytest.raises(Failed, match="There is no saved payment method"):
        go.call("/checkout/one_click", {"external_id": "nobody", "pp_ident": "coins_499"}, secret=False)

    assert (done["checkout_status"], done["action_required_token"]) == ("succeeded", "")
    assert done["order_id"]


def parse_event(document: Document) -> Document:
    """Read an event as ParseEvent does. Raises for a missing field, and for a time or type that the client can't read."""
    parsed: dict[str, Any] = {
        name: document[name] for name in ("event_id", "event_type", "subtype", "external_id", "is_livemode")
    }
    parsed["at"] = go_time(document["event_timestamp"])
    parsed["user"] = document["user"]["email"], document["user"]["external_id"]
    if subscription := document.get("subscription"):
        parsed["times"] = [go_time(subscription[name]) for name in TIME_FIELDS]
    if order := document.get("order"):
        parsed["order"] = order["order_id"], order["amount"], order["status"], go_time(order["created_at"])
    if "amount_refunded" in document:
        parsed["refund"] = (
            document["amount_refunded"],
            document["trx_id"],
            document["currency_code"],
            go_time(document["created_at"]),
        )
    return parsed


def test_the_events_of_a_refund_are_parsed(go: GoClient, http: httpx2.Client, target: Target) -> None:
    http.put("/_sandbox/webhooks/targets", json={"funnelfox": [{"url": "http://127.0.0.1:9/"}]}).raise_for_status()

    go.call("/payment/refund", {**USER, "order_id": ORDER, "amount": "4.99"})

    delivered = target.control("/webhooks/deliveries")["deliveries"]
    events = [parse_event(delivery["body"]) for delivery in delivered]
    assert sorted((event["event_type"], event["subtype"]) for event in events) == [
        ("refund", "settled"),
        ("subscription", "unsubscription"),
    ]
    assert [event["refund"][0] for event in events if "refund" in event] == ["4.99"]
