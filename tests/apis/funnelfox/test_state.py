"""The `funnelfox` section of the state document: defaults, import and export."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support.funnelfox_state import KEY, ONEOFF, ORDER, ORG, SUBSCRIPTION, USER, Document, covers, order, refund, state
from tests.support.paths import ROOT

MINIMAL_ORDER = {"order_id": ORDER, "external_id": USER, "amount": "9.99", "created_at": "2026-01-02T03:04:05.000000"}
EMPTY_FIXTURE = ROOT / "fixtures" / "empty.yaml"


def put(client: TestClient, section: Document) -> Any:
    return client.put("/_sandbox/state", json={"funnelfox": section})


def row(kind: str, status: str, amount: str, **fields: Any) -> Document:
    return {"psp_transaction_type": kind, "psp_status": status, "amount": amount, **fields}


def test_a_state_with_one_order_is_enough_to_refund_it(client: TestClient) -> None:
    assert put(client, {"orders": [MINIMAL_ORDER]}).status_code == 200

    headers = {"ff-secret-key": "sandbox-secret-key"}
    body = {"external_id": USER, "order_id": ORDER}
    response = client.post("/your-org-id/v1/payment/refund", json=body, headers=headers)

    assert response.status_code == 200


def test_missing_records_and_fields_of_an_order_are_filled_in(client: TestClient) -> None:
    put(client, {"orders": [{**MINIMAL_ORDER, "subs_id": SUBSCRIPTION, "oneoff_id": ONEOFF, "pp_ident": "monthly"}]})

    section = state(client)

    created_at = MINIMAL_ORDER["created_at"]
    key = {"key": "sandbox-secret-key", "group": "admin", "enabled": True}
    assert section["orgs"] == [{"id": "your-org-id", "keys": [key], "webhooks": []}]
    assert section["users"] == [{"external_id": USER, "email": f"{USER}@example.test", "email_aliases": []}]
    (filled,) = section["orders"]
    assert (filled["org_id"], filled["currency_code"], filled["status"]) == ("your-org-id", "USD", "settled")
    (subscription,) = section["subscriptions"]
    assert (subscription["subs_id"], subscription["external_id"], subscription["pp_ident"]) == (SUBSCRIPTION, USER, "monthly")
    assert (subscription["status"], subscription["is_active"], subscription["started_at"]) == (["RECURRING"], True, created_at)
    (oneoff,) = section["oneoffs"]
    assert (oneoff["oneoff_id"], oneoff["order_id"], oneoff["external_id"]) == (ONEOFF, ORDER, USER)
    assert (oneoff["is_active"], oneoff["revoked_at"], oneoff["started_at"]) == (True, None, created_at)


def test_an_order_without_a_date_has_the_current_one(client: TestClient) -> None:
    undated = {name: value for name, value in MINIMAL_ORDER.items() if name != "created_at"}
    client.put("/_sandbox/state", json={"clock": "2026-05-06T07:08:09Z", "funnelfox": {"orders": [undated]}})

    (found,) = state(client)["orders"]

    assert found["created_at"] == found["transactions"][0]["trx_created_at"] == "2026-05-06T07:08:09.000000"


@pytest.mark.parametrize(
    ("status", "psp_status"),
    [
        ("settled", "SETTLED"),
        ("authorized", "AUTHORIZED"),
        ("cancelled", "CANCELLED"),
        ("declined", "DECLINED"),
        ("processing", "PENDING"),
    ],
)
def test_an_order_without_a_sale_gets_one(status: str, psp_status: str, client: TestClient) -> None:
    put(client, {"orders": [{**MINIMAL_ORDER, "status": status, "transactions": [row("REFUND", "FAILED", "1.00")]}]})

    sale, refund_row = state(client)["orders"][0]["transactions"]

    assert (sale["psp_transaction_type"], sale["psp_status"], sale["amount"]) == ("SALE", psp_status, "9.99")
    assert sale["trx_created_at"] == refund_row["trx_created_at"] == MINIMAL_ORDER["created_at"]
    assert (sale["psp_transaction_id"][:3], sale["psp_merchant_id"][:5]) == ("pi_", "acct_")


@pytest.mark.parametrize(
    ("rows", "statuses", "is_active"),
    [
        ([], ["RECURRING"], True),
        ([row("REFUND", "SETTLED", "4.00")], ["AUTORENEW_OFF"], True),
        ([row("REFUND", "SETTLED", "9.99")], ["EXPIRED"], False),
        ([row("REFUND", "SETTLED", "4.00"), row("REFUND", "SETTLED", "5.99")], ["EXPIRED"], False),
        ([row("REFUND", "SETTLED", "9.99", soft_refund=True)], ["RECURRING"], True),
        ([row("REFUND", "FAILED", "9.99")], ["RECURRING"], True),
    ],
)
def test_a_missing_subscription_or_one_off_reflects_the_refunds(
    rows: list[Document], statuses: list[str], is_active: bool, client: TestClient
) -> None:
    put(client, {"orders": [{**MINIMAL_ORDER, "subs_id": SUBSCRIPTION, "oneoff_id": ONEOFF, "transactions": rows}]})

    section = state(client)

    assert (section["subscriptions"][0]["status"], section["subscriptions"][0]["is_active"]) == (statuses, is_active)
    assert section["oneoffs"][0]["is_active"] == (statuses != ["EXPIRED"])


def test_an_organisation_that_only_an_order_names_is_created(client: TestClient) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    put(client, {"orders": [{**MINIMAL_ORDER, "org_id": "acme"}, {**MINIMAL_ORDER, "order_id": other}]})

    section = state(client)

    assert [org["id"] for org in section["orgs"]] == ["acme"]
    assert [entry["org_id"] for entry in section["orders"]] == ["acme", "acme"]


def test_an_order_without_an_organisation_belongs_to_the_first_one(client: TestClient) -> None:
    put(client, {"orgs": [{"id": ORG, "keys": [{"key": KEY}]}, {"id": "other"}], "orders": [MINIMAL_ORDER]})

    assert refund(client).status_code == 200


@pytest.mark.parametrize(("section", "orgs"), [({}, ["your-org-id"]), ({"orgs": []}, []), ({"orgs": [{"id": "a"}]}, ["a"])])
def test_an_empty_state_has_one_organisation_by_default(section: Document, orgs: list[str], client: TestClient) -> None:
    put(client, section)

    assert [org["id"] for org in state(client)["orgs"]] == orgs


WHOLE: Document = {
    "orgs": [
        {
            "id": ORG,
            "keys": [{"key": KEY, "group": "admin", "enabled": True}, {"key": "second", "group": "viewer", "enabled": False}],
            "webhooks": [{"url": "https://example.test/hook", "signing_secret": "shh", "enabled": True}],
        }
    ],
    "users": [{"external_id": USER, "email": "user@example.test", "email_aliases": ["u@example.test"]}],
    "price_points": [{"ident": "gems", "currency": {"code": "GEM", "minor_units": 1, "symbol": "♦"}, "lifetime_price": "9.9"}],
    "subscriptions": [{"subs_id": SUBSCRIPTION, "external_id": USER, "status": ["INTRO", "PAUSED"], "iteration": 3}],
    "oneoffs": [{"oneoff_id": ONEOFF, "order_id": ORDER, "is_active": False, "revoked_at": "2026-01-03T00:00:00.000000"}],
    "orders": [
        {
            **order(amount="99.9", currency_code="GEM", pp_ident="gems", subs_id=SUBSCRIPTION, oneoff_id=ONEOFF),
            "created_at": "2026-01-02T03:04:05Z",
            "initial_order_metadata": {"campaign": "x", "deep": [1, None]},
            "scenario": "settlement_failed",
            "transactions": [
                row("SALE", "DECLINED", "99.9", trx_id="10000000-0000-4000-8000-000000000001", psp="ADYEN"),
                row("SALE", "SETTLED", "99.9", trx_id="10000000-0000-4000-8000-000000000002", is_fallback=True),
                row("REFUND", "SETTLED", "0.5", trx_id="10000000-0000-4000-8000-000000000003", reason="x", comment="y"),
                row("REFUND", "FAILED", "99.9", trx_id="10000000-0000-4000-8000-000000000004", psp_reason_message="no"),
            ],
        }
    ],
}


def test_an_imported_section_is_exported_again(client: TestClient) -> None:
    assert put(client, WHOLE).status_code == 200

    first = client.get("/_sandbox/state").json()
    client.put("/_sandbox/state", json=first)

    assert covers(first["funnelfox"], WHOLE)
    assert client.get("/_sandbox/state").json() == first


def test_ids_become_lower_case_and_amounts_get_the_decimals_of_the_currency(client: TestClient) -> None:
    put(client, {"orders": [{**MINIMAL_ORDER, "order_id": ORDER.upper(), "amount": "10"}]})

    (found,) = state(client)["orders"]

    assert (found["order_id"], found["amount"], found["transactions"][0]["amount"]) == (ORDER, "10.00", "10.00")
    assert client.get(f"/_sandbox/funnelfox/orders/{ORDER.upper()}").json() == found


def test_an_unknown_order_is_not_found(client: TestClient) -> None:
    put(client, {})

    assert client.get(f"/_sandbox/funnelfox/orders/{ORDER}").status_code == 404


def test_generated_orders_are_the_same_for_the_same_seed() -> None:
    same, again, other = (
        build(Settings(fixture=EMPTY_FIXTURE, orders=4, seed=seed)).workspace.dump()["funnelfox"] for seed in (7, 7, 8)
    )

    assert same == again
    assert same["orders"] != other["orders"]
    assert (len(same["users"]), len(same["subscriptions"]), len(same["oneoffs"])) == (4, 2, 2)


def test_a_generated_order_can_be_refunded() -> None:
    sandbox = build(Settings(fixture=EMPTY_FIXTURE, orders=2, check_replies=True))
    client = TestClient(sandbox.app)
    invented = state(client)["orders"][0]

    body = {"external_id": invented["external_id"], "order_id": invented["order_id"]}
    headers = {"ff-secret-key": "sandbox-secret-key"}
    response = client.post(f"/{invented['org_id']}/v1/payment/refund", json=body, headers=headers)

    assert response.status_code == 200
