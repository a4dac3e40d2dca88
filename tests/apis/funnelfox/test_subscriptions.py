"""Subscription actions, their events, and the search."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, data, error_codes, set_clock, subscription
from tests.support.funnelfox_checkout import POINT, RUNNING
from tests.support.funnelfox_state import KEY, ORG, SUBSCRIPTION, USER, Document, load_state, order, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS, event_documents, topics

NOON = "2026-01-02T12:00:00Z"
WATCHED = ("status", "is_active", "current_period_ends_at", "next_check_at")


def load_subscriptions(sandbox: SandboxApp, *subscriptions: Document, settings: Document | None = None, **fields: Any) -> None:
    running = list(subscriptions) or [{**RUNNING, **fields}]
    load_state(sandbox, orgs=SUBSCRIBED_ORGS, clock=NOON, subscriptions=running, price_points=[POINT], settings=settings or {})


def watched(client: TestClient) -> list[Any]:
    found = subscription(client)
    return [found[name] for name in WATCHED]


END, CHECK = RUNNING["current_period_ends_at"], RUNNING["next_check_at"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "expected", "event"),
    [
        ("disable_autorenew", {}, ["RECURRING"], [["AUTORENEW_OFF"], True, END, CHECK], "unsubscription"),
        ("disable_autorenew", {}, ["INTRO"], [["INTRO", "AUTORENEW_OFF"], True, END, CHECK], "unsubscription"),
        ("enable_autorenew", {}, ["AUTORENEW_OFF"], [["RECURRING"], True, END, CHECK], "recovering_autorenew"),
        ("enable_autorenew", {}, ["INTRO", "AUTORENEW_OFF"], [["INTRO"], True, END, CHECK], "recovering_autorenew"),
        ("pause", {}, ["RECURRING"], [["RECURRING", "PAUSED"], False, END, None], "pausing"),
        ("pause", {"pause_till": None}, ["RECURRING"], [["RECURRING", "PAUSED"], False, END, None], "pausing"),
        (
            "pause",
            {"pause_till": "2026-03-01T00:00:00+01:00"},
            ["INTRO"],
            [["INTRO", "PAUSED"], False, END, "2026-02-28T23:00:00.000000"],
            "pausing",
        ),
        (
            "defer",
            {"defer_till": "2026-02-10T00:00:00Z"},
            ["RECURRING"],
            [["RECURRING"], True, "2026-02-10T00:00:00.000000", "2026-02-09T22:00:00.000000"],
            "defering",
        ),
    ],
)
def test_an_action_changes_the_subscription_and_emits_an_event(
    path: str,
    fields: Document,
    status: list[str],
    expected: list[Any],
    event: str,
    sandbox: SandboxApp,
    client: TestClient,
) -> None:
    load_subscriptions(sandbox, status=status)

    response = call(client, f"/subscription/{path}", subs_id=SUBSCRIPTION, external_id=USER, reason="x", **fields)

    assert (response.status_code, response.json()) == (200, {})
    assert watched(client) == expected
    assert topics(sandbox) == [f"subscription/{event}"]
    assert event_documents(sandbox)[0]["subscription"]["status"] == expected[0]


def test_resuming_extends_the_period_by_the_pause(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox)
    call(client, "/subscription/pause", subs_id=SUBSCRIPTION)
    set_clock(sandbox, "2026-01-12T12:00:00")

    call(client, "/subscription/resume", subs_id=SUBSCRIPTION)

    assert watched(client) == [["RECURRING"], True, "2026-02-11T00:00:00.000000", "2026-02-10T22:00:00.000000"]
    assert topics(sandbox) == ["subscription/pausing", "subscription/resuming"]


@pytest.mark.parametrize(
    ("path", "fields", "subscribed", "expected"),
    [
        ("/subscription/enable_autorenew", {}, {}, ["action_not_available"]),
        ("/subscription/disable_autorenew", {}, {"status": ["AUTORENEW_OFF"]}, ["action_not_available"]),
        ("/subscription/disable_autorenew", {}, {"status": ["EXPIRED"]}, ["action_not_available"]),
        ("/subscription/resume", {}, {}, ["action_not_available"]),
        ("/subscription/pause", {}, {"status": ["RECURRING", "PAUSED"]}, ["action_not_available"]),
        ("/subscription/pause", {"pause_till": "2026-01-02T12:00:00Z"}, {}, ["invalid_date"]),
        ("/subscription/pause", {"pause_till": "2026-01-02"}, {}, ["datetime_from_date_parsing"]),
        ("/subscription/pause", {"pause_till": 5}, {}, ["datetime_type"]),
        ("/subscription/defer", {}, {}, ["missing"]),
        ("/subscription/defer", {"defer_till": "2026-02-01T00:00:00Z"}, {}, ["invalid_date"]),
        ("/subscription/defer", {"defer_till": "2026-03-01T00:00:00Z"}, {"status": ["GRACE"]}, ["action_not_available"]),
        ("/discount", {"percent": 0}, {}, ["greater_than_equal"]),
        ("/discount", {"percent": 100}, {}, ["less_than_equal"]),
        ("/discount", {"percent": 1.5}, {}, ["int_from_float"]),
        ("/discount", {"percent": "10"}, {}, ["int_parsing"]),
        ("/discount", {"percent": True}, {}, ["int_type"]),
        ("/discount", {"percent": 10, "count_of_iterations": 0}, {}, ["greater_than"]),
        ("/discount", {"percent": 10}, {"status": ["EXPIRED"]}, ["action_not_available"]),
        ("/subscription/pause", {"external_id": "somebody"}, {}, ["subscription_not_found"]),
        ("/subscription/pause", {"external_id": 5}, {}, ["string_type"]),
        ("/subscription/pause", {"subs_id": "00000000-0000-4000-8000-000000000000"}, {}, ["subscription_not_found"]),
        ("/subscription/pause", {"subs_id": ...}, {}, ["missing"]),
        ("/subscription/pause", {}, {"org_id": "rival"}, ["subscription_not_found"]),
    ],
)
def test_a_refused_action_changes_nothing(
    path: str, fields: Document, subscribed: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_subscriptions(sandbox, **subscribed)
    before = state(client)

    response = call(client, path, **{"subs_id": SUBSCRIPTION, **fields})

    assert (response.status_code, error_codes(response)) == (400, expected)
    assert state(client) == before
    assert topics(sandbox) == []


def test_live_validation_accepts_numbers_as_text_and_times_without_a_zone(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox, settings={"validation": "live"})

    discount = call(client, "/discount", subs_id=SUBSCRIPTION.upper().replace("-", ""), percent="25", count_of_iterations=2.0)
    pause = call(client, "/subscription/pause", subs_id=SUBSCRIPTION, pause_till="2026-01-05T00:00:00.000000")

    assert (discount.status_code, pause.status_code) == (200, 200)
    found = subscription(client)
    assert (found["discount_percent"], found["discount_iterations"]) == (25, 2)
    assert found["next_check_at"] == "2026-01-05T00:00:00.000000"


def test_a_discount_is_saved_and_emits_no_event(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox)

    response = call(client, "/discount", subs_id=SUBSCRIPTION, external_id=USER, percent=30)

    found = subscription(client)
    assert response.json() == {}
    assert (found["discount_percent"], found["discount_iterations"]) == (30, None)
    assert topics(sandbox) == []


OTHERS = [
    RUNNING,
    {**RUNNING, "subs_id": "10000000-0000-4000-8000-000000000001", "status": ["INTRO", "AUTORENEW_OFF"]},
    {**RUNNING, "subs_id": "10000000-0000-4000-8000-000000000002", "external_id": "else", "status": ["EXPIRED"]},
    {**RUNNING, "subs_id": "10000000-0000-4000-8000-000000000003", "org_id": "rival"},
]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [0, 1, 2]),
        ({"external_id": USER}, [0, 1]),
        ({"external_id": "nobody"}, []),
        ({"subs_id": SUBSCRIPTION.upper()}, [0]),
        ({"subs_id": "10000000-0000-4000-8000-000000000003"}, []),
        ({"subs_id": SUBSCRIPTION, "external_id": "else"}, []),
        ({"status_eq": ["RECURRING", "EXPIRED"]}, [0, 2]),
        ({"status_eq": [8]}, [1]),
        ({"status_eq": [1, "EXPIRED"]}, [1, 2]),
        ({"status_eq": []}, []),
        ({"intro_type": "no_intro"}, [0, 1, 2]),
        ({"intro_type": "paid_trial"}, []),
        ({"external_id": None, "subs_id": None, "status_eq": None, "intro_type": None}, [0, 1, 2]),
    ],
)
def test_a_search_finds_subscriptions_that_match_every_filter(
    filters: Document, found: list[int], sandbox: SandboxApp, client: TestClient
) -> None:
    load_subscriptions(sandbox, *OTHERS)

    listed = data(call(client, "/subscription/search", **filters))

    assert [entry["subs_id"] for entry in listed["subscriptions"]] == [OTHERS[index]["subs_id"] for index in found]
    assert listed["pagination"] == {"limit": 100, "offset": 0, "total": len(found)}


def test_a_search_for_too_many_statuses_is_refused(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox, *OTHERS)

    reply = call(client, "/subscription/search", status_eq=["RECURRING"] * 101)

    assert (reply.status_code, error_codes(reply)) == (400, ["too_long"])


def test_a_search_is_answered_in_pages(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox, *OTHERS)

    listed = data(call(client, "/subscription/search", limit=1, offset=1))

    assert [entry["subs_id"] for entry in listed["subscriptions"]] == [OTHERS[1]["subs_id"]]
    assert listed["pagination"] == {"limit": 1, "offset": 1, "total": 3}


def test_a_subscription_is_shown_as_documented(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox, started_at="2026-01-01T00:00:00Z", iteration=3)

    (shown,) = data(call(client, "/subscription/search"))["subscriptions"]

    point = shown.pop("price_point")
    assert shown == {
        "subs_id": SUBSCRIPTION,
        "is_active": True,
        "status": ["RECURRING"],
        "started_at": "2026-01-01T00:00:00.000000",
        "current_period_starts_at": RUNNING["current_period_starts_at"],
        "current_period_ends_at": END,
        "next_check_at": CHECK,
        "iteration": 3,
        "available_actions": ["pause", "defer", "disable_autorenew", "create_discount"],
        "initial_order_metadata": {},
    }
    assert point["currency"] == {"code": "USD", "minor_units": 2, "title": "US Dollar", "symbol": "$"}
    assert (point["ident"], point["next_price"], point["lifetime_price"]) == ("monthly", "9.99", None)


@pytest.mark.parametrize("key", ["viewer", "support"])
@pytest.mark.parametrize(("path", "status"), [("/subscription/search", 200), ("/subscription/pause", 403)])
def test_keys_of_lesser_groups_may_read_but_not_change(
    key: str, path: str, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, orgs=[{"id": ORG, "keys": [{"key": KEY}, {"key": key, "group": key}]}], subscriptions=[RUNNING])

    response = client.post(f"/{ORG}/v1{path}", json={"subs_id": SUBSCRIPTION}, headers={"ff-secret-key": key})

    assert response.status_code == status


@pytest.mark.parametrize("name", ["current_period_ends_at", "next_check_at", "paused_at"])
def test_an_invalid_time_in_a_state_is_refused(name: str, client: TestClient) -> None:
    document = {"funnelfox": {"subscriptions": [{**RUNNING, name: "soon"}]}}

    response = client.put("/_sandbox/state", json=document)

    assert response.json()["errors"] == [
        {
            "pointer": f"/funnelfox/subscriptions/0/{name}",
            "reason": "Invalid timestamp 'soon'. Use 2026-01-02T03:04:05.000000.",
        }
    ]


def test_a_subscription_belongs_to_the_organisation_of_its_order(sandbox: SandboxApp, client: TestClient) -> None:
    orgs = [{"id": "first"}, {"id": ORG, "keys": [{"key": KEY}]}]
    ownerless = {name: value for name, value in RUNNING.items() if name != "org_id"}
    load_state(sandbox, order(subs_id=SUBSCRIPTION), orgs=orgs, subscriptions=[ownerless])

    assert subscription(client)["org_id"] == ORG


@pytest.mark.parametrize("end", ["0002-01-01T00:00:00.000000", "5999-12-31T23:59:59.000000"])
def test_periods_at_the_ends_of_the_calendar_cause_no_error(end: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox, status=["AUTORENEW_OFF"], current_period_ends_at=end, next_check_at=None)

    for path in ("enable_autorenew", "pause", "resume", "disable_autorenew"):
        assert call(client, f"/subscription/{path}", subs_id=SUBSCRIPTION).status_code == 200
        assert client.get("/_sandbox/state").status_code == 200


def test_a_missed_period_is_charged_once_when_the_renewal_is_enabled(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscriptions(sandbox, status=["AUTORENEW_OFF"], current_period_ends_at="2020-01-01T00:00:00.000000", next_check_at=None)
    before = subscription(client)["iteration"]

    assert call(client, "/subscription/enable_autorenew", subs_id=SUBSCRIPTION).status_code == 200

    renewed = subscription(client)
    assert (renewed["iteration"], renewed["status"]) == (before + 1, ["RECURRING"])
    assert renewed["current_period_ends_at"] > "2020-02"
