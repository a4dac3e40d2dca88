"""Billing cycles on the sandbox's clock: renewals, trials, failed charges, expiry."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, set_clock, subscription
from tests.support.funnelfox_checkout import POINT, RUNNING
from tests.support.funnelfox_state import SUBSCRIPTION, USER, Document, load_state, refund, refund_rows, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS, event_documents, topics

NOON = "2026-01-02T12:00:00Z"
DECLINED = [{"id": "1", "external_id": USER, "token": "pm_4000000000009995"}]


def load_at_noon(sandbox: SandboxApp, *, methods: list[Document] | None = None, **fields: Any) -> None:
    load_state(
        sandbox,
        orgs=SUBSCRIBED_ORGS,
        clock=NOON,
        subscriptions=[{**RUNNING, **fields}],
        price_points=[POINT],
        payment_methods=methods or [],
    )


def orders(client: TestClient) -> list[tuple[str, str]]:
    return [(entry["status"], entry["amount"]) for entry in state(client)["orders"]]


def test_a_renewal_is_charged_two_hours_before_the_period_ends(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    set_clock(sandbox, "2026-01-31T21:59:59")
    before = orders(client)

    set_clock(sandbox, "2026-01-31T22:00:00")

    renewed, (renewal_order,) = subscription(client), state(client)["orders"]
    assert before == []
    assert (renewal_order["status"], renewal_order["amount"], renewal_order["subs_id"]) == ("settled", "9.99", SUBSCRIPTION)
    assert (renewal_order["created_at"], renewal_order["iteration"]) == ("2026-01-31T22:00:00.000000", 2)
    assert renewal_order["transactions"][0]["is_cit"] is False
    assert (renewed["current_period_starts_at"], renewed["current_period_ends_at"], renewed["next_check_at"]) == (
        "2026-02-01T00:00:00.000000",
        "2026-03-01T00:00:00.000000",
        "2026-02-28T22:00:00.000000",
    )
    assert (renewed["status"], renewed["iteration"]) == (["RECURRING"], 2)
    assert topics(sandbox) == ["order/settled", "subscription/renewing"]
    assert event_documents(sandbox)[0]["order"]["order_id"] == renewal_order["order_id"]


def test_every_past_cycle_is_charged_at_its_time(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)

    set_clock(sandbox, "2026-05-15T00:00:00")

    dates = [entry["created_at"][:10] for entry in state(client)["orders"]]
    assert dates == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    assert subscription(client)["iteration"] == 5


def test_a_renewal_can_be_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    set_clock(sandbox, "2026-02-02T00:00:00")
    (renewal_order,) = state(client)["orders"]

    response = refund(client, order_id=renewal_order["order_id"])

    assert response.status_code == 200
    assert refund_rows(client, renewal_order["order_id"])[0]["amount"] == "9.99"
    assert subscription(client)["status"] == ["EXPIRED"]


def test_a_refunded_subscription_is_not_charged_again(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    set_clock(sandbox, "2026-02-02T00:00:00")
    (renewal_order,) = state(client)["orders"]
    refund(client, order_id=renewal_order["order_id"])

    set_clock(sandbox, "2027-02-02T00:00:00")

    assert len(state(client)["orders"]) == 1


def test_a_trial_converts(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox, status=["INTRO"])

    set_clock(sandbox, "2026-02-01T00:00:00")

    assert orders(client) == [("settled", "9.99")]
    assert subscription(client)["status"] == ["RECURRING"]
    assert topics(sandbox) == ["order/settled", "subscription/convertion"]


@pytest.mark.parametrize("status", [["AUTORENEW_OFF"], ["INTRO", "AUTORENEW_OFF"]])
def test_without_renewal_access_lasts_until_the_period_ends(status: list[str], sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox, status=status)

    set_clock(sandbox, "2026-01-31T23:59:59")
    before = subscription(client)
    set_clock(sandbox, "2026-02-01T00:00:00")

    assert (before["status"], before["is_active"]) == (status, True)
    ended = subscription(client)
    assert (ended["status"], ended["is_active"], ended["next_check_at"]) == (["EXPIRED"], False, None)
    assert orders(client) == []
    assert topics(sandbox) == ["subscription/expiration"]


def test_a_pause_with_an_end_resumes_by_itself(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    call(client, "/subscription/pause", subs_id=SUBSCRIPTION, pause_till="2026-01-12T12:00:00Z")

    set_clock(sandbox, "2026-01-12T12:00:00")

    running = subscription(client)
    assert (running["status"], running["is_active"]) == (["RECURRING"], True)
    assert running["current_period_ends_at"] == "2026-02-11T00:00:00.000000"
    assert topics(sandbox) == ["subscription/pausing", "subscription/resuming"]


def test_a_pause_without_an_end_lasts(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    call(client, "/subscription/pause", subs_id=SUBSCRIPTION)

    set_clock(sandbox, "2028-01-01T00:00:00")

    assert (subscription(client)["status"], orders(client)) == (["RECURRING", "PAUSED"], [])


def test_a_deferred_charge_comes_once_and_later(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    call(client, "/subscription/defer", subs_id=SUBSCRIPTION, defer_till="2026-02-10T00:00:00Z")

    set_clock(sandbox, "2026-02-09T21:59:59")
    before = orders(client)
    set_clock(sandbox, "2026-02-09T22:00:00")

    assert (before, orders(client)) == ([], [("settled", "9.99")])


def test_a_declined_renewal_leads_to_grace_retry_and_expiry(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox, methods=DECLINED)
    seen = []

    for day in ("01-31", "02-01", "02-02", "02-03", "02-06", "02-09", "02-12", "02-15"):
        set_clock(sandbox, f"2026-{day}T22:00:00")
        found = subscription(client)
        seen.append((found["status"][0], found["is_active"], found["retry_step"]))

    assert seen == [
        *[("GRACE", True, step) for step in (1, 2, 3)],
        *[("RETRY", False, step) for step in (4, 5, 6, 7)],
        ("EXPIRED", False, 7),
    ]
    assert orders(client) == [("declined", "9.99")] * 8
    emitted = [topic for topic in topics(sandbox) if topic != "order/declined"]
    assert emitted == [f"subscription/{name}" for name in ("start_grace", "finish_grace", "start_retry", "expiration")]
    assert [event["order"]["retry_step"] for event in event_documents(sandbox) if event["event_type"] == "order"] == [
        None,
        *range(1, 8),
    ]
    reason = event_documents(sandbox)[0]["order"]["decline_reason"]
    assert (reason["code"], reason["decline_type"]) == ("INSUFFICIENT_FUNDS", "SOFT_DECLINE")


@pytest.mark.parametrize("day", ["02-01", "02-07"])
def test_a_payment_that_succeeds_after_all_recovers_the_subscription(day: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox, methods=DECLINED)
    set_clock(sandbox, f"2026-{day}T00:00:00")
    document = client.get("/_sandbox/state").json()
    document["funnelfox"]["payment_methods"][0]["token"] = "pm_4242424242424242"
    client.put("/_sandbox/state", json=document)

    set_clock(sandbox, "2026-02-10T00:00:00")

    found = subscription(client)
    assert (found["status"], found["is_active"], found["retry_step"]) == (["RECURRING"], True, 0)
    paid = state(client)["orders"][-1]
    assert (paid["status"], found["current_period_starts_at"]) == ("settled", paid["created_at"])
    assert topics(sandbox)[-2:] == ["order/settled", "subscription/recovering"]


def test_a_discount_applies_to_its_number_of_charges_rounded_half_up(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    call(client, "/discount", subs_id=SUBSCRIPTION, percent=50, count_of_iterations=2)

    set_clock(sandbox, "2026-04-15T00:00:00")

    assert orders(client) == [("settled", "5.00"), ("settled", "5.00"), ("settled", "9.99")]
    found = subscription(client)
    assert (found["discount_percent"], found["discount_iterations"]) == (0, 0)


@pytest.mark.parametrize(
    ("count", "unit", "end"),
    [
        (90, "minutes", "2026-02-01T01:30:00.000000"),
        (10, "days", "2026-02-11T00:00:00.000000"),
        (2, "weeks", "2026-02-15T00:00:00.000000"),
        (13, "months", "2027-03-01T00:00:00.000000"),
        (1, "years", "2027-02-01T00:00:00.000000"),
        (1_000_000, "years", "5999-01-01T00:00:00.000000"),
        (None, None, "2026-03-01T00:00:00.000000"),
    ],
)
def test_a_period_has_the_length_of_its_price_point(
    count: int | None, unit: str | None, end: str, sandbox: SandboxApp, client: TestClient
) -> None:
    point = {**POINT, "next_period": count, "next_period_duration": unit}
    load_state(sandbox, clock=NOON, subscriptions=[RUNNING], price_points=[point])

    set_clock(sandbox, "2026-01-31T22:00:00")

    assert subscription(client)["current_period_ends_at"] == end


def test_a_period_of_at_most_two_hours_is_charged_at_its_end(sandbox: SandboxApp, client: TestClient) -> None:
    point = {**POINT, "next_period": 90, "next_period_duration": "minutes"}
    load_state(sandbox, clock=NOON, subscriptions=[RUNNING], price_points=[point])

    set_clock(sandbox, "2026-02-01T04:30:00")

    dates = [entry["created_at"][5:16] for entry in state(client)["orders"]]
    assert dates == ["01-31T22:00", "02-01T01:30", "02-01T03:00", "02-01T04:30"]


@pytest.mark.parametrize(
    "fields",
    [
        {"next_check_at": None},
        {"next_check_at": "2026-01-01T00:00:00.000000"},
        {"pp_ident": "unknown"},
        {"status": ["EXPIRED"]},
    ],
)
def test_a_subscription_without_a_future_check_or_price_stays_unchanged(
    fields: Document, sandbox: SandboxApp, client: TestClient
) -> None:
    load_at_noon(sandbox, **fields)
    before = state(client)

    set_clock(sandbox, "2027-01-01T00:00:00")

    assert state(client) == before
    assert topics(sandbox) == []


def test_a_loaded_state_continues_its_cycles(sandbox: SandboxApp, client: TestClient) -> None:
    load_at_noon(sandbox)
    set_clock(sandbox, "2026-02-15T00:00:00")
    saved = client.get("/_sandbox/state").json()

    client.put("/_sandbox/state", json=saved)
    reloaded = client.get("/_sandbox/state").json()
    set_clock(sandbox, "2026-03-15T00:00:00")

    assert reloaded == saved
    assert orders(client) == [("settled", "9.99")] * 2
