"""The `fluentcart` section of the state document."""

import json
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.records import TRANSACTIONS
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support.fluentcart_calls import call, load, order, paid, refund
from tests.support.paths import RECORDINGS


def put(client: TestClient, *orders: dict[str, Any]) -> Any:
    reply = client.put("/_sandbox/state", json={"fluentcart": {"orders": list(orders)}})
    assert reply.status_code in (200, 422)
    return reply.json()


def recorded_orders() -> list[Any]:
    cases = [case for file in sorted(RECORDINGS.glob("[0-9]*.json")) for case in json.loads(file.read_text())]
    return [case["given"] for case in cases if case.get("given")]


def test_every_recorded_order_is_imported_and_exported(client: TestClient) -> None:
    for given in recorded_orders()[::7]:
        put(client, given)

        exported = order(client, given["id"])
        assert {name: exported[name] for name in given if not isinstance(given[name], list)} == {
            name: value for name, value in given.items() if not isinstance(value, list)
        }
        for name in ("transactions", "items", "subscriptions"):
            assert [{key: row[key] for key in want} for want, row in zip(given[name], exported[name], strict=True)] == given[name]


def test_missing_fields_get_a_default(client: TestClient) -> None:
    put(client, {"id": 5, "customer_id": 9, "total_paid": 100, "currency": "EUR", "transactions": [{"id": 50, "total": 100}]})

    section = client.get("/_sandbox/state").json()["fluentcart"]
    (customer,) = section["customers"]
    assert (customer["id"], customer["email"], customer["purchase_count"], customer["ltv"]) == (
        9,
        "customer9@example.test",
        1,
        100,
    )
    (charge,) = section["orders"][0]["transactions"]
    assert (charge["order_id"], charge["payment_method"], charge["currency"], charge["status"]) == (
        5,
        "stripe",
        "EUR",
        "succeeded",
    )
    assert len(charge["uuid"]) == len(section["orders"][0]["uuid"]) == 32
    assert section["users"][0]["login"] == "admin"


def test_items_and_subscriptions_of_a_known_product_get_its_fields(client: TestClient) -> None:
    initial = {"id": 50, "current_payment_method": "stripe"}
    put(
        client,
        {
            "id": 5,
            "items": [{"id": 500, "object_id": "204", "payment_type": "subscription", "line_total": 2900}],
            "transactions": [{"id": 51, "subscription_id": 50}, {"id": 52, "subscription_id": 50, "status": "failed"}],
            "subscriptions": [{**initial, "id": 50}, {**initial, "id": 53, "item_name": "Mine", "recurring_total": 1}],
        },
    )

    after = order(client, 5)
    line, (first, second) = after["items"][0], after["subscriptions"]
    assert (line["post_id"], line["post_title"], line["title"]) == (103, "Product 103", "Variation 204")
    assert (first["product_id"], first["variation_id"], first["item_name"]) == (103, 204, "Pro Plan - Monthly")
    assert (first["recurring_amount"], first["recurring_total"], first["bill_count"]) == (2900, 2900, 1)
    assert (second["item_name"], second["recurring_total"], second["bill_count"]) == ("Mine", 1, 0)


def test_an_item_of_an_unknown_product_has_only_its_own_fields(client: TestClient) -> None:
    put(client, {"id": 5, "items": [{"id": 500, "object_id": "999", "title": "Handbook"}], "subscriptions": [{"id": 50}]})

    after = order(client, 5)
    assert (after["items"][0]["post_id"], after["items"][0]["title"]) == (0, "Handbook")
    assert (after["subscriptions"][0]["product_id"], after["subscriptions"][0]["vendor_customer_id"]) == (0, "")


def test_a_renewal_without_parent_gets_the_subscription_of_its_charge(sandbox: SandboxApp) -> None:
    load(sandbox, paid(type="renewal", parent_id=99, transactions=[{"id": 10, "total": 10000, "subscription_id": 351}]))

    section = sandbox.workspace.dump()["fluentcart"]

    assert section["orders"][0]["subscriptions"] == []
    assert [(row["id"], row["parent_order_id"], row["status"]) for row in section["subscriptions"]] == [(351, 99, "active")]


def test_an_exported_state_can_be_imported_unchanged(client: TestClient) -> None:
    refund(client, 1006, {"transaction_id": 5007, "amount": 100, "cancelSubscription": True})
    state = client.get("/_sandbox/state").json()

    assert client.put("/_sandbox/state", json=state).status_code == 200

    assert client.get("/_sandbox/state").json() == state


def test_a_shop_that_requests_have_changed_can_be_imported_unchanged(client: TestClient) -> None:
    line = {"object_id": 203, "unit_price": 4000, "quantity": 1, "other_info": {"payment_type": "onetime"}}
    buyer = {"full_name": "Ann Poe", "email": "ann.poe@example.test", "city": "Lyon", "country": "FR"}
    calls = (
        ("POST", "/customers", buyer),
        ("POST", "/orders", {"customer_id": 11, "order_items": [line]}),
        ("POST", "/orders/1010", {"customer_id": 11, "order_items": [{"id": 7012}]}),
    )
    for method, path, body in calls:
        assert call(client, method, path, body).status_code == 200
    state = client.get("/_sandbox/state").json()

    assert client.put("/_sandbox/state", json=state).status_code == 200

    assert client.get("/_sandbox/state").json() == state


def test_transactions_are_exported_by_id(sandbox: SandboxApp, client: TestClient) -> None:
    put(client, paid())
    with sandbox.workspace.store.transaction() as transaction:
        charge = transaction.get(TRANSACTIONS, 10)
        assert charge is not None
        for number in (12, 11):  # as by two requests, of which the second one commits first
            transaction.put(TRANSACTIONS, replace(charge, id=number))
    state = client.get("/_sandbox/state").json()

    assert client.put("/_sandbox/state", json=state).status_code == 200

    assert client.get("/_sandbox/state").json() == state


def test_an_id_may_be_written_as_a_decimal_number(client: TestClient) -> None:
    def state(number: object) -> Any:
        transaction = {"id": number, "total": 10000, "created_at": "2026-11-01 09:00:00"}
        product = {"ID": number, "variants": [{"id": number}]}
        row = {"id": number, "created_at": "2026-11-01 09:00:00"}
        section = {"orders": [{**row, "transactions": [transaction]}], "customers": [row], "products": [product]}
        assert client.put("/_sandbox/state", json={"fluentcart": section}).status_code == 200
        return client.get("/_sandbox/state").json()["fluentcart"]

    assert state(7.0) == state(7)
    for number in (8.0, 9):
        created = client.post(
            "/_sandbox/fluentcart/orders", json={"id": number, "transactions": [{"id": number}], "subscription": True}
        )
        assert (created.status_code, created.json()["transactions"][0]["id"]) == (201, number)
        assert created.json()["subscriptions"][0]["vendor_subscription_id"] == f"sub_ok_{int(number)}"


def test_new_ids_follow_the_highest_one(client: TestClient) -> None:
    put(client, paid(), paid(3))
    refund(client, 1, {"transaction_id": 10, "amount": 1})

    assert [row["id"] for row in order(client, 1)["transactions"]] == [10, 31]


@pytest.mark.parametrize(
    ("orders", "pointer"),
    [
        ([{"id": "1"}], "/fluentcart/orders/0/id"),
        ([{}], "/fluentcart/orders/0/id"),
        ([{"id": 1, "total_paid": 10.5}], "/fluentcart/orders/0/total_paid"),
        ([{"id": 1, "colour": "red"}], "/fluentcart/orders/0"),
        ([{"id": 1, "transactions": [{"id": None}]}], "/fluentcart/orders/0/transactions/0/id"),
        ([paid(), paid()], "/fluentcart/orders/1/id"),
        ([paid(), paid(2, items=[{"id": 100}])], "/fluentcart/orders/1/items/0/id"),
        ([paid(), paid(2, transactions=[{"id": 10}])], "/fluentcart/orders/1/transactions/0/id"),
    ],
)
def test_an_invalid_document_is_refused_with_a_pointer(orders: Any, pointer: str, client: TestClient) -> None:
    before = client.get("/_sandbox/state").json()

    reply = client.put("/_sandbox/state", json={"fluentcart": {"orders": orders}})

    assert reply.status_code == 422
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in reply.json()["errors"]]
    assert client.get("/_sandbox/state").json() == before


def test_generated_orders_can_be_refunded() -> None:
    client = TestClient(build(Settings(orders=3, check_replies=True)).app)

    generated = [row for row in client.get("/_sandbox/state").json()["fluentcart"]["orders"] if row["id"] > 1_000_000]
    replies = [
        refund(client, row["id"], {"transaction_id": row["transactions"][0]["id"], "amount": row["total_paid"]})
        for row in generated
    ]

    assert [reply.json()["gateway_refund"]["status"] for reply in replies] == ["success"] * 3
