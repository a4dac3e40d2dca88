"""Forms of the live service that clients and receivers rely on: times, spellings of events, sessions and tax."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, call_public, data, error_codes, subscription
from tests.support.funnelfox_checkout import NOON, POINT, POOR, RUNNING, SESSION, buy, load_shop, open_session
from tests.support.funnelfox_state import KEY, ORDER, SUBSCRIPTION, Document, load_state, order, refund
from tests.support.funnelfox_targets import HOOK_URL, SUBSCRIBED_ORGS, event_documents, topics
from tests.support.refunding_clients import go_time

WARNING = "x-sandbox-warning"
END = "current_period_ends_at"


def load_running(sandbox: SandboxApp, **more: Any) -> None:
    paid = order(subs_id=SUBSCRIPTION, created_at="2026-01-01T00:00:00.000000")
    load_state(sandbox, paid, orgs=SUBSCRIBED_ORGS, subscriptions=[RUNNING], price_points=[POINT], clock=NOON, **more)


# Times


@pytest.mark.parametrize("mode", ["strict", "live"])
@pytest.mark.parametrize(
    ("path", "fields", "field", "shown"),
    [
        (
            "/subscription/defer",
            {"defer_till": "2026-02-10T01:02:03.000004"},
            END,
            "2026-02-10T01:02:03.000004",
        ),
        ("/subscription/defer", {"defer_till": "2026-02-10T01:02:03"}, END, "2026-02-10T01:02:03.000000"),
        ("/subscription/pause", {"pause_till": "2026-01-05T00:00:00"}, "next_check_at", "2026-01-05T00:00:00.000000"),
    ],
)
def test_a_time_without_a_zone_is_utc(
    path: str, fields: Document, field: str, shown: str, mode: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load_running(sandbox, settings={"validation": mode})

    response = call(client, path, subs_id=SUBSCRIPTION, **fields)

    assert (response.status_code, WARNING in response.headers) == (200, False)
    assert subscription(client)[field] == shown


@pytest.mark.parametrize("mode", ["strict", "live"])
def test_the_report_goes_on_from_the_time_of_its_last_row(mode: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_running(sandbox, settings={"validation": mode})
    refund(client, amount="1")
    rows = data(call(client, "/transaction_report", last_transaction_date="2025-01-01T00:00:00"))["transactions"]

    rest = call(client, "/transaction_report", last_transaction_date=rows[0]["trx_created_at"])

    assert WARNING not in rest.headers
    assert [row["trx_id"] for row in data(rest)["transactions"]] == [row["trx_id"] for row in rows[1:]]


@pytest.mark.parametrize("wrong", ["2026-02-10T25:00:00", "2026-02-30T00:00:00", "soon", "", "T", 5, None])
def test_strict_validation_refuses_what_is_no_time(wrong: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load_running(sandbox)

    assert call(client, "/subscription/defer", subs_id=SUBSCRIPTION, defer_till=wrong).status_code == 400


def test_an_event_is_never_before_what_it_tells_of(sandbox: SandboxApp, client: TestClient) -> None:
    load_running(sandbox)
    client.put("/_sandbox/clock", json={"now": "2026-01-02T12:00:00.924448Z", "frozen": True})

    for _ in range(3):
        refund(client, amount="1")

    events = [event for event in event_documents(sandbox) if event["event_type"] == "refund"]
    stamps = [go_time(event["event_timestamp"]) for event in event_documents(sandbox)]
    assert len(set(stamps)) == len(stamps)
    for event in events:
        delay = go_time(event["event_timestamp"]) - go_time(event["refund_at"])  # type: ignore[operator]
        assert timedelta(0) <= delay < timedelta(milliseconds=1)


# Spellings of events


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["settled", "unsubscription", "defering"]),
        ({"webhook_subtype_case": "upper"}, ["SETTLED", "UNSUBSCRIPTION", "DEFERING"]),
        ({"webhook_deferring": "deferring"}, ["settled", "unsubscription", "deferring"]),
        ({"webhook_subtype_case": "upper", "webhook_deferring": "deferring"}, ["SETTLED", "UNSUBSCRIPTION", "DEFERRING"]),
    ],
)
def test_subtypes_are_spelled_as_the_settings_say(
    settings: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_running(sandbox, settings={"funnelfox": settings})

    refund(client, amount="1")
    call(client, "/subscription/enable_autorenew", subs_id=SUBSCRIPTION)
    call(client, "/subscription/defer", subs_id=SUBSCRIPTION, defer_till="2026-02-10T00:00:00")

    spelled = [event["subtype"] for event in event_documents(sandbox)]
    assert [one for one in spelled if one.lower() != "recovering_autorenew"] == expected
    assert "refund/settled" in client.get("/_sandbox/webhooks/deliveries").text


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, []),
        ({"declined_order_events": True}, ["order/declined"]),
        ({"declined_order_events": True, "order_events": False}, []),
    ],
)
def test_declined_orders_are_sent_to_endpoints_that_ask_for_them(
    switches: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_shop(sandbox)
    client.put("/_sandbox/webhooks/targets", json={"funnelfox": [{"url": HOOK_URL, **switches}]})

    buy(client, token=POOR)

    assert topics(sandbox) == expected


# Sessions and tax


def test_a_session_has_the_fields_that_the_browser_sdk_reads(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    opened = open_session(client, "paid", country_code="DE")

    assert (opened["is_livemode"], opened["show_email_field"], opened["detected_country_code"]) == (False, False, "DE")
    assert (opened["tax_enabled"], opened["tax_amount"], opened["amount_total"]) == (False, 0, 100)
    assert "stripe_intent" not in opened


def test_a_session_for_stripe_has_an_intent(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    opened = open_session(client, integration_type="stripe")

    assert (opened["amount"], opened["currency"]) == (999, "USD")
    assert opened["stripe_intent"].keys() == {"intent_client_secret", "customer_session_client_secret"}
    assert opened["stripe_public_key"]


def test_the_form_shows_the_email_field_if_no_address_was_sent(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)
    fields = {name: value for name, value in SESSION.items() if name != "email_address"}

    opened = data(call_public(client, "/checkout/create_client_session", **fields, pp_ident="monthly"))

    assert opened["show_email_field"]


def test_an_order_has_no_tax_calculations(sandbox: SandboxApp, client: TestClient) -> None:
    load_running(sandbox)

    listed = call(client, "/checkout/get_tax_calculation", order_id=ORDER.upper())
    unknown = call(client, "/checkout/get_tax_calculation", order_id="00000000-0000-4000-8000-000000000000")
    public = call_public(client, "/checkout/get_tax_calculation", order_id=ORDER)
    rival = client.post("/rival/v1/checkout/get_tax_calculation", json={"order_id": ORDER}, headers={"ff-secret-key": KEY})

    assert data(listed) == {"order_id": ORDER, "tax_calculations": []}
    assert (unknown.status_code, error_codes(unknown)) == (400, ["order_not_found"])
    assert (public.status_code, rival.status_code) == (401, 401)


def test_a_session_is_an_order_for_the_tax_calculations(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)
    order_id = open_session(client)["order_id"]

    assert data(call(client, "/checkout/get_tax_calculation", order_id=order_id))["order_id"] == order_id
