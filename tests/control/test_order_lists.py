"""Pages of orders, with the paid, refunded and refundable amounts."""

from typing import Any

import pytest
from starlette.testclient import TestClient

DOCUMENTED = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
SHORT = "00000000-0000-4000-8000-0000000000"


def look(client: TestClient, api: str, query: str = "") -> dict[str, Any]:
    reply = client.get(f"/_sandbox/{api}/orders{query}")
    assert reply.status_code == 200
    document: dict[str, Any] = reply.json()
    return document


def ids(client: TestClient, api: str, query: str = "") -> list[str]:
    return [order["id"].removeprefix(SHORT) for order in look(client, api, query)["orders"]]


def test_a_page_of_orders_is_newest_first_and_has_the_total(client: TestClient) -> None:
    found = look(client, "fluentcart", "?page=2&per_page=4")

    assert [order["id"] for order in found["orders"]] == ["1014", "1013", "1012", "1011"]
    assert (found["total"], found["page"], found["per_page"]) == (18, 2, 4)


def test_an_order_of_funnelfox_shows_its_ledger(client: TestClient) -> None:
    [order] = look(client, "funnelfox", f"?search={SHORT}04")["orders"]

    assert order == {
        "id": f"{SHORT}04",
        "customer": "user_456",
        "amount": 2000,
        "currency": "USD",
        "decimals": 2,
        "paid": 2000,
        "refunded": 500,
        "pending": 0,
        "left": 1500,
        "state": "partially_refunded",
        "status": "settled",
        "subscription": None,
        "scenario": None,
        "created_at": "2026-10-10T12:00:00.000000",
    }


def test_an_order_of_fluentcart_shows_its_ledger(client: TestClient) -> None:
    [order] = look(client, "fluentcart", "?search=1006")["orders"]

    assert order == {
        "id": "1006",
        "customer": "Jane Doe",
        "amount": 2900,
        "currency": "USD",
        "decimals": 2,
        "paid": 2900,
        "refunded": 0,
        "pending": 0,
        "left": 2900,
        "state": "paid",
        "status": "completed",
        "subscription": "active",
        "scenario": None,
        "created_at": "2026-10-06 09:00:00",
    }


@pytest.mark.parametrize(
    ("api", "query", "found"),
    [
        ("funnelfox", "?state=refunded", ["05"]),
        ("funnelfox", "?state=partially_refunded", ["14", "13", "04"]),
        ("funnelfox", "?state=authorized", ["06"]),
        ("funnelfox", "?search=USER_999", ["11"]),
        ("funnelfox", "?search=3C90c3cc", [DOCUMENTED]),
        ("funnelfox", "?search=user_999&state=refunded", []),
        ("fluentcart", "?state=refunded", ["1009"]),
        ("fluentcart", "?state=partially_refunded", ["1016", "1004"]),
        ("fluentcart", "?search=yuki", ["1013"]),
        ("fluentcart", "?search=Lamp", ["1005"]),
        ("fluentcart", "?search=INV-9", ["1009"]),
        ("fluentcart", "?page=9", []),
        ("fluentcart", "?id=1006", ["1006"]),
        ("fluentcart", "?id=INV-9", []),
        ("funnelfox", f"?id={DOCUMENTED.upper()}", [DOCUMENTED]),
        ("funnelfox", "?id=user_456", []),
    ],
)
def test_orders_are_found_by_text_and_by_state(api: str, query: str, found: list[str], client: TestClient) -> None:
    assert ids(client, api, query) == found


def test_an_amount_of_a_currency_without_decimals_is_in_minor_units(client: TestClient) -> None:
    [yen] = look(client, "funnelfox", f"?search={SHORT}08")["orders"]

    assert (yen["left"], yen["decimals"], yen["currency"]) == (5000, 0, "JPY")


def test_a_refund_moves_an_order_to_another_state(client: TestClient) -> None:
    body = {"external_id": "user_456", "order_id": f"{SHORT}02"}
    assert client.post("/your-org-id/v1/payment/refund", json=body, headers={"ff-secret-key": "sandbox-secret-key"}).json() == {}

    assert set(ids(client, "funnelfox", "?state=refunded")) == {"02", "05"}


def test_a_subscription_shows_every_status_that_holds(client: TestClient) -> None:
    [order] = look(client, "funnelfox", f"?search={DOCUMENTED}")["orders"]

    assert order["subscription"] == "RECURRING"


def test_credentials_are_listed(client: TestClient) -> None:
    keys = client.get("/_sandbox/funnelfox/credentials").json()["credentials"]
    users = client.get("/_sandbox/fluentcart/credentials").json()["credentials"]

    assert keys[0] == {
        "org_id": "your-org-id",
        "key": "sandbox-secret-key",
        "group": "admin",
        "label": "sandbox-secret-key (admin)",
        "headers": {"ff-secret-key": "sandbox-secret-key"},
    }
    assert "sandbox-retired-key" not in [key["key"] for key in keys]
    assert users[0] == {
        "login": "admin",
        "application_password": "demo DEMO 1234 demo DEMO 5678",
        "permissions": ["super_admin"],
        "label": "admin",
        "headers": {"Authorization": "Basic YWRtaW46ZGVtbyBERU1PIDEyMzQgZGVtbyBERU1PIDU2Nzg="},
    }
