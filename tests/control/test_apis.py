"""Each emulated API in the control API: its description, the transactions of an order, the form of a refund."""

from typing import Any

import pytest
from starlette.testclient import TestClient

ORDERS = {"funnelfox": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "fluentcart": "1001"}
SHORT = "00000000-0000-4000-8000-0000000000"


def get(client: TestClient, path: str) -> Any:
    reply = client.get(f"/_sandbox{path}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def build(client: TestClient, api: str, order: str, **values: str) -> Any:
    reply = client.post(f"/_sandbox/{api}/orders/{order}/refund-form", json={"values": values})
    assert reply.status_code == 200, reply.text
    return reply.json()


def form(client: TestClient, api: str, order: str) -> dict[str, Any]:
    """Fields of the form by name."""
    return {field["name"]: field for field in get(client, f"/{api}/orders/{order}/refund-form")["fields"]}


def send(client: TestClient, request: Any) -> int:
    status: int = client.request(request["method"], request["path"], json=request["body"], headers=request["headers"]).status_code
    return status


def test_each_api_is_described(client: TestClient) -> None:
    funnelfox, fluentcart = get(client, "/apis")["apis"]

    assert (funnelfox["name"], fluentcart["name"]) == ("funnelfox", "fluentcart")
    assert fluentcart["mount"] == "/wp-json/fluent-cart/v2"
    assert funnelfox["refund_operation"] == "refundPayment"
    assert fluentcart["refund_record"]["record"] == "fluentcart.transaction"
    assert funnelfox["webhooks"]["secret_field"] == "signing_secret"
    assert fluentcart["webhooks"]["secret_field"] is None
    assert funnelfox["settings"]["properties"]["settle_after"] == {
        "type": "string",
        "format": "duration",
        "description": "Time that an accepted refund stays pending: 0s, 90s, 2h, 3d.",
    }
    assert fluentcart["samples"]["order_id"] == 1001


def test_the_spec_of_each_api_is_served_in_every_workspace(client: TestClient) -> None:
    for workspace in ("", "/w/mine"):
        for api in client.get(f"{workspace}/_sandbox/apis").json()["apis"]:
            assert client.get(api["spec"]).text.startswith("openapi:")


def test_a_list_of_orders_accepts_each_state(client: TestClient) -> None:
    for api in get(client, "/apis")["apis"]:
        found = [get(client, f"/{api['name']}/orders?state={state}")["total"] for state in api["order_states"]]
        assert sum(found) == get(client, f"/{api['name']}/orders")["total"]


def test_the_transactions_of_every_api_have_the_same_fields(client: TestClient) -> None:
    [sale, refund] = get(client, f"/funnelfox/orders/{SHORT}04/transactions")["transactions"]
    [charge, row] = get(client, "/fluentcart/orders/1004/transactions")["transactions"]

    assert sale.keys() == charge.keys()
    assert [one["kind"] for one in (sale, refund, charge, row)] == ["charge", "refund", "charge", "refund"]
    assert [one["amount"] for one in (sale, refund, charge, row)] == [2000, 500, 10000, 2500]
    assert (refund["state"], row["state"]) == ("settled", "refunded")
    assert refund["counts"] and row["counts"]


def test_a_failed_refund_does_not_count(client: TestClient) -> None:
    client.post("/_sandbox/faults", json={"api": "funnelfox", "at": "gateway", "error": "No."})
    send(client, build(client, "funnelfox", ORDERS["funnelfox"], external_id="user_456"))

    *_, refund = get(client, f"/funnelfox/orders/{ORDERS['funnelfox']}/transactions")["transactions"]

    assert (refund["kind"], refund["state"], refund["counts"]) == ("refund", "failed", False)


@pytest.mark.parametrize("api", ORDERS)
def test_the_form_as_it_is_refunds_the_order(api: str, client: TestClient) -> None:
    path = f"/{api}/orders?id={ORDERS[api]}"
    [before] = get(client, path)["orders"]
    values = {name: field["value"] for name, field in form(client, api, ORDERS[api]).items()}

    assert send(client, build(client, api, ORDERS[api], **values)) == 200

    [after] = get(client, path)["orders"]
    assert (after["left"], after["refunded"]) == (0, before["left"])


def test_values_of_a_funnelfox_refund_become_its_document(client: TestClient) -> None:
    values = {"external_id": "user_456", "amount": "4.99", "comment": "", "reason": "late", "soft_refund": "true"}

    request = build(client, "funnelfox", ORDERS["funnelfox"], **values)

    assert (request["method"], request["path"]) == ("POST", "/your-org-id/v1/payment/refund")
    assert request["headers"]["ff-secret-key"] == "sandbox-secret-key"
    assert request["body"] == {
        "external_id": "user_456",
        "order_id": ORDERS["funnelfox"],
        "amount": "4.99",
        "reason": "late",
        "soft_refund": True,
    }


def test_values_of_a_fluentcart_refund_become_its_document(client: TestClient) -> None:
    values = {"transaction_id": "129237", "amount": "2500", "manageStock": "true"}
    item = get(client, "/fluentcart/orders/1001")["items"][0]

    request = build(client, "fluentcart", "1001", **values)

    assert (request["method"], request["path"]) == ("POST", "/wp-json/fluent-cart/v2/orders/1001/refund")
    assert request["headers"]["Authorization"].startswith("Basic ")
    assert request["body"]["refund_info"] == {
        "transaction_id": 129237,
        "amount": 2500,
        "manageStock": "true",
        "refunded_items": [{"id": item["id"], "restore_quantity": item["quantity"]}],
    }


@pytest.mark.parametrize(
    ("text", "sent"), [("25.5", 25.5), ("25.00", 25), ("-1", -1), ("much", "much"), ("NaN", "NaN"), ("1e3", "1e3")]
)
def test_a_number_is_sent_as_a_number_and_other_text_as_text(text: str, sent: Any, client: TestClient) -> None:
    assert build(client, "fluentcart", "1001", amount=text)["body"]["refund_info"] == {"amount": sent}


def test_the_form_has_the_units_of_the_version(client: TestClient) -> None:
    minor = form(client, "fluentcart", "1001")["amount"]
    client.put("/_sandbox/settings", json={"fluentcart": {"version": "1.3.25"}})
    major = form(client, "fluentcart", "1001")["amount"]

    assert (minor["value"], minor["decimals"]) == ("10000", 0)
    assert (major["value"], major["decimals"]) == ("100.00", 2)


def test_only_an_order_with_a_subscription_has_the_field_to_cancel_it(client: TestClient) -> None:
    assert form(client, "fluentcart", "1006")["cancelSubscription"]["option"] == "cancel"
    assert "cancelSubscription" not in form(client, "fluentcart", "1001")


@pytest.mark.parametrize("part", ["", "/transactions", "/refund-form"])
@pytest.mark.parametrize(
    ("order", "detail"),
    [
        ("fluentcart/orders/4711", "Order 4711 not found in fluentcart."),
        ("fluentcart/orders/x", "Order x not found in fluentcart."),
        ("funnelfox/orders/x", "Order x not found in funnelfox."),
        ("acme/orders/1", "Unknown API 'acme'. Known: funnelfox, fluentcart."),
    ],
)
def test_an_unknown_order_or_api_is_not_found(order: str, detail: str, part: str, client: TestClient) -> None:
    replies = [client.get(f"/_sandbox/{order}{part}")]
    if part == "/refund-form":
        replies.append(client.post(f"/_sandbox/{order}{part}", json={}))

    assert [(reply.status_code, reply.json()["detail"]) for reply in replies] == [(404, detail)] * len(replies)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"values": {"amuont": "1"}}, {"pointer": "/values/amuont", "reason": "Unknown field 'amuont'. Did you mean 'amount'?"}),
        ({"values": {"amount": 1}}, {"pointer": "/values/amount"}),
        ({"amount": "1"}, {"pointer": ""}),
    ],
)
def test_wrong_values_are_refused(document: Any, problem: dict[str, str], client: TestClient) -> None:
    reply = client.post("/_sandbox/fluentcart/orders/1001/refund-form", json=document)

    assert reply.status_code == 422
    assert reply.json()["errors"][0].items() >= problem.items()
