"""POST /subscription/migration: proration, delayed starts, dry runs, fallbacks."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, data, error_codes, set_clock
from tests.support.funnelfox_checkout import POINT, RUNNING
from tests.support.funnelfox_state import SUBSCRIPTION, USER, Document, load_state, refund, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS, topics

# 30 days, of which 20 are unused at the clock's instant: a credit of 6.66 of the 9.99.
PERIOD = {"current_period_starts_at": "2026-01-01T00:00:00.000000", "current_period_ends_at": "2026-01-31T00:00:00.000000"}
CHECKED = {**PERIOD, "next_check_at": "2026-01-30T22:00:00.000000"}
CLOCK = "2026-01-11T00:00:00Z"
YEARLY: Document = {**POINT, "ident": "yearly", "next_price": "60.00", "next_period_duration": "years"}
POINTS: list[Document] = [
    POINT,
    YEARLY,
    {**POINT, "ident": "cheap", "next_price": "1.00"},
    {**POINT, "ident": "euro", "currency": {"code": "EUR", "minor_units": 2}, "next_price": "60.00"},
    {"ident": "forever", "currency": POINT["currency"], "lifetime_price": "100"},
    {"ident": "priceless", "currency": POINT["currency"]},
]


def load_monthly(sandbox: SandboxApp, *, methods: list[Document] | None = None, **fields: Any) -> None:
    subscribed = {**RUNNING, **CHECKED, **fields}
    load_state(
        sandbox,
        orgs=SUBSCRIBED_ORGS,
        clock=CLOCK,
        subscriptions=[subscribed],
        price_points=POINTS,
        payment_methods=methods or [],
    )


def migrate(client: TestClient, ident: str, strategy: str = "price_prorate", **fields: Any) -> Response:
    return call(client, "/subscription/migration", subs_id=SUBSCRIPTION, pp_ident=ident, strategy=strategy, **fields)


def subscriptions(client: TestClient) -> dict[str, Document]:
    return {entry["pp_ident"]: entry for entry in state(client)["subscriptions"]}


def test_a_prorated_migration_charges_the_difference_and_begins_now(sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox)

    done = data(migrate(client, "yearly", external_id=USER))

    found, (migration_order,) = subscriptions(client), state(client)["orders"]
    assert (done["migration_strategy"], done["charged_amount"], done["oneoff_id"]) == ("price_prorate", "53.34", None)
    assert done["payment_result"] == {
        "action_required_token": "",
        "checkout_status": "succeeded",
        "failed_message_for_user": "",
        "order_id": migration_order["order_id"],
    }
    assert (migration_order["amount"], migration_order["status"], migration_order["subs_id"]) == (
        "53.34",
        "settled",
        done["subs_id"],
    )
    assert (found["monthly"]["status"], found["monthly"]["is_active"]) == (["EXPIRED"], False)
    assert (found["yearly"]["subs_id"], found["yearly"]["status"]) == (done["subs_id"], ["RECURRING"])
    assert found["yearly"]["current_period_ends_at"] == "2027-01-11T00:00:00.000000"
    assert topics(sandbox) == ["order/settled", "subscription/convertion", "subscription/expiration"]


def test_a_migration_to_a_lifetime_price_grants_a_one_off(sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox)

    done = data(migrate(client, "forever"))

    (oneoff,) = state(client)["oneoffs"]
    assert (done["charged_amount"], done["subs_id"], done["oneoff_id"]) == ("93.34", None, oneoff["oneoff_id"])
    assert oneoff["order_id"] == done["payment_result"]["order_id"]
    assert refund(client, order_id=oneoff["order_id"]).status_code == 200


def test_a_delayed_start_waits_for_the_period_to_end(sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox)

    done = data(migrate(client, "yearly", "delayed_start"))

    found = subscriptions(client)
    assert (done["charged_amount"], done["subs_id"]) == ("0.00", found["yearly"]["subs_id"])
    assert (found["monthly"]["status"], found["monthly"]["is_active"]) == (["AUTORENEW_OFF"], True)
    assert (found["yearly"]["status"], found["yearly"]["is_active"]) == (["UPCOMING"], False)
    assert topics(sandbox) == ["subscription/unsubscription", "subscription/planning_postponed_subscription"]

    set_clock(sandbox, "2026-01-31T00:00:00")

    found, (migration_order,) = subscriptions(client), state(client)["orders"]
    assert (found["monthly"]["status"], found["yearly"]["status"]) == (["EXPIRED"], ["RECURRING"])
    assert (migration_order["amount"], migration_order["iteration"], found["yearly"]["iteration"]) == ("60.00", 1, 1)
    assert sorted(topics(sandbox)[2:]) == ["order/settled", "subscription/convertion", "subscription/expiration"]


@pytest.mark.parametrize(
    ("strategy", "charged"),
    [("price_prorate", "53.34"), ("delayed_start", "0.00")],
)
def test_a_dry_run_returns_a_preview(strategy: str, charged: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox)
    before = state(client)

    done = data(migrate(client, "yearly", strategy, dry_run=True))

    assert (done["migration_strategy"], done["charged_amount"], done["subs_id"]) == (strategy, charged, None)
    assert state(client) == before
    assert topics(sandbox) == []


@pytest.mark.parametrize(
    ("ident", "strategy", "fields", "expected"),
    [
        ("cheap", "price_prorate", {}, ["strategy_not_available"]),
        ("euro", "price_prorate", {}, ["strategy_not_available"]),
        ("forever", "delayed_start", {}, ["strategy_not_available"]),
        ("monthly", "price_prorate", {"strict_mode": False}, ["strategy_not_available"]),
        ("priceless", "price_prorate", {}, ["invalid_price"]),
        ("unknown", "price_prorate", {}, ["invalid_price"]),
        ("not a name", "price_prorate", {}, ["string_pattern_mismatch"]),
        ("yearly", "at_once", {}, ["enum"]),
        ("yearly", "price_prorate", {"external_id": "somebody"}, ["subscription_not_found"]),
    ],
)
def test_an_unavailable_strategy_is_refused_with_400(
    ident: str, strategy: str, fields: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_monthly(sandbox)
    before = state(client)

    response = migrate(client, ident, strategy, **fields)

    assert (response.status_code, error_codes(response)) == (400, expected)
    assert state(client) == before


def test_the_status_of_an_unavailable_strategy_does_not_depend_on_error_status(sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox)
    client.put("/_sandbox/settings", json={"funnelfox": {"error_status": 422}})

    assert migrate(client, "cheap").status_code == 400


@pytest.mark.parametrize(
    ("ident", "strategy", "instead"),
    [("cheap", "price_prorate", "delayed_start"), ("forever", "delayed_start", "price_prorate")],
)
def test_without_strict_mode_the_other_strategy_is_used(
    ident: str, strategy: str, instead: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load_monthly(sandbox)

    done = data(migrate(client, ident, strategy, strict_mode=False))

    assert done["migration_strategy"] == instead


@pytest.mark.parametrize("status", [["PAUSED"], ["GRACE"], ["EXPIRED"], ["UPCOMING"]])
def test_only_an_active_subscription_can_be_migrated(status: list[str], sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox, status=status)

    assert error_codes(migrate(client, "yearly")) == ["action_not_available"]


def test_a_declined_migration_only_leaves_its_order(sandbox: SandboxApp, client: TestClient) -> None:
    load_monthly(sandbox, methods=[{"id": "1", "external_id": USER, "token": "4000000000000002"}])

    response = migrate(client, "yearly")

    done = data(response)
    assert (response.status_code, done["payment_result"]["checkout_status"]) == (200, "failed")
    assert (done["charged_amount"], done["subs_id"]) == ("0.00", None)
    assert done["payment_result"]["failed_message_for_user"] == "Your card was declined."
    assert subscriptions(client).keys() == {"monthly"}
    assert [entry["status"] for entry in state(client)["orders"]] == ["declined"]
    assert topics(sandbox) == ["order/declined"]


def test_the_credit_of_a_trial_is_its_price(sandbox: SandboxApp, client: TestClient) -> None:
    trial = {**POINT, "intro_type": "paid_trial", "intro_paid_trial_price": "3.00"}
    load_state(sandbox, clock=CLOCK, subscriptions=[{**RUNNING, **CHECKED, "status": ["INTRO"]}], price_points=[trial, YEARLY])

    assert data(migrate(client, "yearly", dry_run=True))["charged_amount"] == "58.00"
