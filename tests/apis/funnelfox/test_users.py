"""Users: assets, payments, transactions, search and email addresses."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, call_public, data, error_codes
from tests.support.funnelfox_checkout import POINT, RUNNING
from tests.support.funnelfox_state import ONEOFF, ORDER, ORG, SUBSCRIPTION, USER, Document, load_state, order, refund, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS, event_documents, topics

SECOND = "20000000-0000-4000-8000-000000000002"
THIRD = "20000000-0000-4000-8000-000000000003"


def test_assets_are_listed_in_public_active_or_not(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(
        sandbox,
        order(subs_id=SUBSCRIPTION),
        order(order_id=SECOND, oneoff_id=ONEOFF, pp_ident="guide", created_at="2026-01-01T00:00:00.000000"),
        clock="2026-01-02T12:00:00Z",
        subscriptions=[RUNNING],
        price_points=[POINT, {"ident": "guide", "lifetime_price": "9.99"}],
    )
    refund(client, order_id=SECOND)

    listed = data(call_public(client, "/my_assets", external_id=USER))

    ((running,), (revoked,)) = listed["subscriptions"], listed["oneoffs"]
    assert (running["subs_id"], running["is_active"], running["price_point"]["ident"]) == (SUBSCRIPTION, True, "monthly")
    point = revoked.pop("price_point")
    assert (point["ident"], point["lifetime_price"]) == ("guide", "9.99")
    assert revoked == {
        "oneoff_id": ONEOFF,
        "order_id": SECOND,
        "is_active": False,
        "started_at": "2026-01-01T00:00:00.000000",
        "revoked_at": "2026-01-02T12:00:00.000000",
        "initial_order_metadata": {},
    }


@pytest.mark.parametrize(("org", "user"), [(ORG, "nobody"), ("rival", USER)])
def test_other_users_have_no_assets(org: str, user: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(subs_id=SUBSCRIPTION, oneoff_id=ONEOFF), orgs=[{"id": ORG}, {"id": "rival"}])

    listed = client.post(f"/{org}/v1/my_assets", json={"external_id": user})

    assert data(listed) == {"subscriptions": [], "oneoffs": []}


def test_payments_show_what_was_paid_and_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(
        sandbox,
        order(created_at="2026-01-01T00:00:00.000000", subs_id=SUBSCRIPTION),
        order(order_id=SECOND, amount="0"),
        order(order_id=THIRD, status="declined"),
        order(order_id=ONEOFF, org_id="rival"),
    )
    refund(client, amount="4.00")
    refund(client, amount="1.50")

    (payment,) = data(call(client, "/payments_history", external_id=USER))["payments"]

    assert payment == {
        "order_id": ORDER,
        "subs_id": SUBSCRIPTION,
        "oneoff_id": None,
        "amount": "9.99",
        "refunded": "5.50",
        "currency": {"code": "USD", "minor_units": 2, "title": "US Dollar", "symbol": "$"},
        "created_at": "2026-01-01T00:00:00.000000",
        "last4": "4242",
        "network": "VISA",
        "payment_method": "PAYMENT_CARD",
    }


def test_the_report_has_every_transaction_with_the_fields_of_the_live_one(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(created_at="2026-01-01T00:00:00.000000"), clock="2026-01-02T12:00:00Z")
    refund(client, amount="4.00")

    sale, back = data(call(client, "/transaction_report", last_transaction_date="2025-01-01T00:00:00Z"))["transactions"]

    assert (sale["psp_transaction_type"], sale["amount"], sale["trx_created_at"]) == (
        "SALE",
        "9.99",
        "2026-01-01T00:00:00.000000",
    )
    assert (back["psp_transaction_type"], back["amount"], back["psp_status"]) == ("REFUND", "4.00", "SETTLED")
    assert (back["order_id"], back["currency_code"], back["status"]) == (ORDER, "USD", "settled")
    assert sale["psp_transaction_id"] != back["psp_transaction_id"]


def dated(count: int, **fields: Any) -> list[Document]:
    """Return one order for each minute from midnight."""
    return [
        order(order_id=f"30000000-0000-4000-8000-{index:012}", created_at=f"2026-01-01T00:{index:02}:00.000000", **fields)
        for index in range(count)
    ]


def pages(client: TestClient, since: str, limit: int) -> list[list[str]]:
    """Return the minutes of every page. Each page begins at the end of the one before."""
    found: list[list[str]] = []
    while True:
        rows = data(call(client, "/transaction_report", last_transaction_date=f"{since}Z", limit=limit))["transactions"]
        if not rows:
            return found
        found.append([row["trx_created_at"][14:16] for row in rows])
        since = rows[-1]["trx_created_at"]


def test_the_report_is_read_page_by_page_by_the_last_date(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, *dated(5))

    assert pages(client, "2026-01-01T00:00:00", 3) == [["01", "02", "03"], ["04"]]


def test_a_page_of_the_report_never_ends_between_rows_of_one_time(sandbox: SandboxApp, client: TestClient) -> None:
    same = [order(order_id=f"40000000-0000-4000-8000-{index:012}", created_at="2026-01-01T00:01:00.000000") for index in range(3)]
    load_state(sandbox, *dated(3), *same)

    assert pages(client, "2025-01-01T00:00:00", 2) == [["00", "01", "01", "01", "01"], ["02"]]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"order_id": ORDER.upper()}, 1),
        ({"subs_id": SUBSCRIPTION}, 1),
        ({"oneoff_id": ONEOFF}, 1),
        ({"order_id": ORDER, "oneoff_id": ONEOFF}, 0),
        ({"order_id": THIRD}, 0),
        ({"order_id": "20000000-0000-4000-8000-00000000000f"}, 0),
        ({"subs_id": None}, 2),
    ],
)
def test_the_report_is_filtered(filters: Document, count: int, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(
        sandbox,
        order(subs_id=SUBSCRIPTION),
        order(order_id=SECOND, oneoff_id=ONEOFF),
        order(order_id=THIRD, org_id="rival"),
    )

    rows = data(call(client, "/transaction_report", last_transaction_date="2025-01-01T00:00:00Z", **filters))

    assert len(rows["transactions"]) == count


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("/transaction_report", {}, ["missing"]),
        ("/transaction_report", {"last_transaction_date": "2026-01-01"}, ["datetime_from_date_parsing"]),
        ("/transaction_report", {"last_transaction_date": "2026-01-01T00:00:00Z", "limit": 501}, ["less_than_equal"]),
        ("/transaction_report", {"last_transaction_date": "2026-01-01T00:00:00Z", "limit": 0}, ["greater_than_equal"]),
        ("/transaction_report", {"last_transaction_date": "2026-01-01T00:00:00Z", "subs_id": "x"}, ["uuid_parsing"]),
        ("/payments_history", {}, ["missing"]),
        ("/my_assets", {"external_id": None}, ["string_type"]),
        ("/search_users", {"query": ""}, ["string_too_short"]),
        ("/user/update_email", {"external_id": USER, "email_address": "nobody"}, ["value_error"]),
        ("/user/update_email", {"external_id": USER, "email_address": f"a@{'b' * 99}"}, ["string_too_long"]),
        ("/user/update_email", {"external_id": USER, "email_address": "new.example@example.com"}, ["invalid_value"]),
        ("/user/update_email", {"external_id": USER, "email_address": "FIXME@example.test"}, ["invalid_value"]),
        ("/user/update_email", {"external_id": "nobody", "email_address": "a@example.test"}, ["user_not_found"]),
    ],
)
def test_an_invalid_query_is_refused(
    path: str, fields: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order())
    before = state(client)

    response = call(client, path, **fields)

    assert (response.status_code, error_codes(response)) == (400, expected)
    assert state(client) == before


@pytest.mark.parametrize(
    ("query", "found"), [("user_1", ["user_1"]), ("user", []), ("EXAMPLE", ["user_1", "user_2"]), ("old@", ["user_2"])]
)
def test_users_are_found_by_id_or_address(query: str, found: list[str], sandbox: SandboxApp, client: TestClient) -> None:
    users = [
        {"external_id": "user_1", "email": "a@example.test"},
        {"external_id": "user_2", "email": "b@example.test", "email_aliases": ["old@b.test"]},
    ]
    load_state(sandbox, users=users)

    listed = data(call(client, "/search_users", query=query))["users"]

    assert [user["external_id"] for user in listed] == found


def test_a_changed_address_emits_an_event(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, users=[{"external_id": USER, "email": "old@example.test"}], orgs=SUBSCRIBED_ORGS)

    response = call(client, "/user/update_email", external_id=USER, email_address="new@example.test")

    (user,), (event,) = state(client)["users"], event_documents(sandbox)
    assert response.json() == {}
    assert (user["email"], user["email_aliases"]) == ("new@example.test", ["old@example.test"])
    assert topics(sandbox) == ["user/update_email"]
    assert event["user"] == user


def test_an_address_that_is_set_again_is_not_an_alias(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, users=[{"external_id": USER, "email": "a@example.test"}])

    for email in ("b@example.test", "a@example.test", "b@example.test"):
        call(client, "/user/update_email", external_id=USER, email_address=email)

    (user,) = state(client)["users"]
    assert (user["email"], user["email_aliases"]) == ("b@example.test", ["a@example.test"])


@pytest.mark.parametrize("path", ["my_assets", "price_points", "checkout/one_click"])
def test_an_unknown_organisation_has_no_public_operations(path: str, client: TestClient) -> None:
    response = client.post(f"/nobody/v1/{path}", json={"external_id": USER})

    assert (response.status_code, error_codes(response)) == (404, ["organization_not_found"])
