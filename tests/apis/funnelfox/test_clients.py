"""Flows of the official browser SDK and of a Go client, unmodified."""

import re

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.funnelfox import lifecycle
from refund_sandbox.app import SandboxApp
from refund_sandbox.core.context import Request
from tests.support.funnelfox_checkout import CHALLENGED, GOOD, PHASES, POOR
from tests.support.funnelfox_state import ORG, USER, load_state, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS, event_documents
from tests.support.refunding_clients import BrowserSdk, Failed, GoClient, go_time

NOON = "2026-01-02T12:00:00Z"
EMAIL = "u@example.test"


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_state(sandbox, orgs=SUBSCRIBED_ORGS, clock=NOON, price_points=PHASES)


@pytest.fixture
def sdk(client: TestClient) -> BrowserSdk:
    return BrowserSdk(client)


@pytest.fixture
def go(client: TestClient) -> GoClient:
    return GoClient(client)


def statuses(client: TestClient) -> list[str]:
    return [order["status"] for order in state(client)["orders"]]


def test_a_browser_buys_with_3d_secure(sdk: BrowserSdk, client: TestClient) -> None:
    order_id, client_token = sdk.create_client_session("monthly", USER, EMAIL)

    kind, waiting, action = sdk.create_payment(order_id, CHALLENGED)
    done = sdk.resume_payment(waiting, f"{action}:1234")

    assert (kind, waiting, bool(client_token)) == ("action_required", order_id, True)
    assert done == ("succeeded", order_id, "")
    assert (statuses(client), sdk.sent) == (["settled"], 3)


def test_a_browser_continues_with_the_order_of_a_second_attempt(sdk: BrowserSdk, client: TestClient) -> None:
    order_id, _ = sdk.create_client_session("monthly", USER, EMAIL)
    with pytest.raises(Failed, match=r"^Your card has insufficient funds\.$"):
        sdk.create_payment(order_id, POOR)

    _, waiting, action = sdk.create_payment(order_id, CHALLENGED)
    done, paid, _ = sdk.resume_payment(waiting, action)

    assert (done, paid == waiting, waiting != order_id) == ("succeeded", True, True)
    assert statuses(client) == ["declined", "settled"]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_browser_that_loses_replies_pays_once(lost: int, sdk: BrowserSdk, client: TestClient) -> None:
    order_id, _ = sdk.create_client_session("monthly", USER, EMAIL)
    before = sdk.sent
    sdk.lose = lambda: sdk.sent - before <= lost

    done, _, _ = sdk.create_payment(order_id, GOOD)

    assert (done, sdk.sent - before) == ("succeeded", lost + 1)
    assert statuses(client) == ["settled"]


def test_a_browser_reports_a_refusal_after_three_tries(sdk: BrowserSdk, client: TestClient) -> None:
    with pytest.raises(Failed, match="There is no price point unknown that can be bought"):
        sdk.create_client_session("unknown", USER, EMAIL)

    assert (sdk.sent, state(client)["checkouts"]) == (3, [])


def test_a_browser_buys_more_with_one_click_and_never_twice(sdk: BrowserSdk, client: TestClient) -> None:
    order_id, _ = sdk.create_client_session("monthly", USER, EMAIL)
    sdk.create_payment(order_id, GOOD)

    bought = sdk.silent_purchase("guide", USER)
    before = sdk.sent
    with pytest.raises(Failed, match="This product was already purchased"):
        sdk.silent_purchase("guide", USER)

    assert (bought, sdk.sent - before) == (True, 1)
    assert statuses(client) == ["settled", "settled"]


def test_the_session_shows_a_browser_a_double_purchase(sdk: BrowserSdk) -> None:
    order_id, _ = sdk.create_client_session("monthly", USER, EMAIL)
    sdk.create_payment(order_id, GOOD)

    with pytest.raises(Failed) as failed:
        sdk.create_client_session("monthly", USER, EMAIL)

    assert (str(failed.value), failed.value.code) == ("user has not finished subscription", "double_purchase")


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        (f"/{ORG}/billing/{ORG}/v1/checkout/one_click", "oneClick"),
        (f"/{ORG}/v1/checkout/one_click", "oneClick"),
        (f"/{ORG}/billing/rival/v1/checkout/one_click", None),
        (f"/{ORG}/billing/{ORG}/v1/payment/refund", None),
    ],
)
def test_the_sdks_doubled_path_of_one_click_is_understood(path: str, operation: str | None, sandbox: SandboxApp) -> None:
    match = lifecycle.route(sandbox.workspace.apis["funnelfox"].spec, Request("POST", path, "", {}, b""))

    assert (match.operation.operation_id if match else None) == operation
    assert match is None or match.params["org_id"] == ORG


def test_a_server_refunds_and_reads_the_payments_back(sdk: BrowserSdk, go: GoClient, sandbox: SandboxApp) -> None:
    order_id, _ = sdk.create_client_session("monthly", USER, EMAIL)
    sdk.create_payment(order_id, GOOD)
    (payment,) = go.call("/payments_history", {"external_id": USER})["payments"]

    nothing = go.call("/payment/refund", {"external_id": USER, "order_id": order_id, "amount": "4.99"})
    (after,) = go.call("/payments_history", {"external_id": USER})["payments"]
    (subscription,) = go.call("/my_assets", {"external_id": USER}, secret=False)["subscriptions"]
    rest = go.call("/payment/refund", {"external_id": USER, "order_id": order_id})
    with pytest.raises(Failed) as failed:
        go.call("/payment/refund", {"external_id": USER, "order_id": order_id, "amount": "0.01"})

    assert (payment["order_id"], payment["amount"], payment["refunded"]) == (order_id, "9.99", "0.00")
    assert go_time(payment["created_at"]) == go_time("2026-01-02T12:00:00.000000")
    assert (nothing, rest, after["refunded"]) == (None, None, "4.99")
    assert (subscription["status"], subscription["is_active"], subscription["iteration"]) == (["AUTORENEW_OFF"], True, 1)
    assert all(go_time(subscription[name]) for name in ("started_at", "current_period_ends_at", "next_check_at"))
    message = r"FunnelFox API error: api_exception_The order is already refunded in full\. \(req_id: [0-9A-Za-z]{8}\)"
    assert re.fullmatch(message, str(failed.value))
    refunded = [event["amount_refunded"] for event in event_documents(sandbox) if event["event_type"] == "refund"]
    assert refunded == ["4.99", "5.00"]


def test_a_server_sends_null_for_unset_fields(sdk: BrowserSdk, go: GoClient) -> None:
    order_id, _ = sdk.create_client_session("monthly", USER, EMAIL)
    sdk.create_payment(order_id, GOOD)
    (subscription,) = go.call("/my_assets", {"external_id": USER}, secret=False)["subscriptions"]
    who = {"external_id": USER, "subs_id": subscription["subs_id"]}

    discount = go.call("/discount", {**who, "percent": 10, "count_of_iterations": None})
    moved = go.call(
        "/subscription/migration",
        {**who, "pp_ident": "guide", "strategy": "price_prorate", "dry_run": None, "strict_mode": None},
    )

    assert discount is None
    assert (moved["payment_result"]["checkout_status"], moved["subs_id"], bool(moved["oneoff_id"])) == ("succeeded", None, True)


def test_a_server_reads_the_price_points_without_a_key(go: GoClient) -> None:
    made = go.call("/feature/create", {"ident": "premium", "feature_type": "timebased"})
    point = {"ident": "yearly", "intro_type": "no_intro", "currency_code": "USD", "next_price": 59.5}
    go.call("/pp/create", {**point, "next_period": 1, "next_period_duration": "years", "features": ["premium"]})

    (listed,) = go.call("/price_points", {"ident": "yearly"}, secret=False)["price_points"]

    assert made is None
    assert (listed["next_price"], listed["features"], listed["lifetime_price"]) == ("59.5", [{"ident": "premium"}], None)


def test_a_server_gets_the_reason_by_status_and_message(go: GoClient) -> None:
    with pytest.raises(Failed, match=r"missing_Field required"):
        go.call("/payment/refund", {"external_id": USER})
    with pytest.raises(Failed, match=r"api_exception_Send a valid secret key"):
        go.call("/payments_history", {"external_id": USER}, secret=False)


def test_the_sdks_doubled_path_of_one_click_is_answered(client: TestClient) -> None:
    path = f"/{ORG}/billing/{ORG}/v1/checkout/one_click"

    assert client.post(path, json={}).status_code == 400
    assert client.post(path.replace("one_click", "other"), json={}).status_code == 404
