"""Customer statistics, orders and addresses."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, call, load, message_of, paid
from tests.support.recorded_shop import load_shop, read


def test_customer_statistics_are_recalculated(sandbox: SandboxApp, client: TestClient) -> None:
    wrong = {"id": 7, "purchase_count": 99, "ltv": 1, "aov": "1.00"}
    load(sandbox, paid(), paid(2, total=5000), customers=[wrong])

    reply = call(client, "POST", "/customers/7/recalculate-ltv")

    assert message_of(reply) == (200, "Lifetime value recalculated successfully")
    customer = reply.json()["customer"]
    assert (customer["purchase_count"], customer["ltv"], customer["aov"]) == (2, 15000, 7500)
    assert read(client, "/customers/7")["customer"]["ltv"] == "15000"


def test_an_unknown_customer_has_no_statistics(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox)

    assert message_of(call(client, "POST", "/customers/7/recalculate-ltv")) == (422, "Customer not found.")


def test_the_orders_of_a_customer_take_the_same_parameters_as_all_orders(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    page = read(client, "/customers/12/orders?per_page=2&sort_type=asc&active_view=paid")["orders"]

    assert [row["id"] for row in page["data"]] == [1002, 1010]
    assert (page["total"], page["path"].endswith("/customers/12/orders")) == (3, True)


@pytest.mark.parametrize("customer", ["99999", "abc", "99999999999999999999"])
def test_an_unknown_customer_has_no_orders_and_addresses(customer: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    assert read(client, f"/customers/{customer}/orders")["orders"]["total"] == 0
    assert read(client, f"/customers/{customer}/address") == {"addresses": []}
    assert read(client, f"/customers/get-stats/{customer}") == {"widgets": []}


def test_all_orders_of_a_customer_and_their_addresses_by_type(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    assert [row["id"] for row in read(client, "/customers/13/order")["data"]["data"]] == [1003, 1011, 1014]
    assert [row["type"] for row in read(client, "/customers/13/address")["addresses"]] == ["billing"]
    assert read(client, "/customers/13/address?type=shipping") == {"addresses": []}


@pytest.mark.parametrize(("version", "kind"), [("1.5.2", dict), ("1.6.5", str)])
def test_recalculated_purchase_dates_are_objects_before_1_6_4(
    version: str, kind: type, sandbox: SandboxApp, client: TestClient
) -> None:
    """Measured in 1.5.2, and read in the source of 1.6.5."""
    load(sandbox, paid(created_at="2026-11-01 10:00:00"), settings={"fluentcart": {"version": version}})

    customer = call(client, "POST", "/customers/7/recalculate-ltv").json()["customer"]

    assert isinstance(customer["first_purchase_date"], kind)


def test_all_orders_of_a_customer_have_their_items(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, paid())

    found = read(client, "/customers/7/order")["data"]["data"]

    assert [item["id"] for item in found[0]["filtered_order_items"]] == [100]


def test_an_address_without_a_label_crashes_since_1_4(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2: the column takes no null. An update makes "" of it."""
    load(sandbox, paid(), settings={"validation": "live", "fluentcart": {"version": "1.5.2"}})
    place = {"address_1": "9 New Road", "city": "Springfield", "state": "IL", "country": "US"}
    address = {"type": "billing", "name": "C Eleven", "email": "c11@example.test", **place}

    crash = call(client, "POST", "/customers/7/address", address)
    number = call(client, "POST", "/customers/7/address", {**address, "label": "new"}).json()["data"]["id"]
    changed = call(client, "PUT", "/customers/7/address", {**address, "id": number})

    assert (crash.status_code, crash.json()["code"]) == (500, "plugin_exception")
    assert changed.json()["data"]["label"] == ""


@pytest.mark.parametrize(("stored", "sent", "city"), [(None, {}, None), ("Cork", {}, ""), (None, {"city": ""}, "")])
def test_before_1_4_an_update_empties_what_is_not_sent_and_was_not_null(  # measured with 1.3.25
    stored: str | None, sent: dict[str, str], city: str | None, sandbox: SandboxApp, client: TestClient
) -> None:
    customer = {"id": 11, "email": "ada@example.test", "city": stored}
    load(sandbox, customers=[customer], settings={"fluentcart": {"version": "1.3.25"}})
    document = {"id": 11, "full_name": "Ada Byron", "email": "ada@example.test", **sent}

    reply = client.put(f"{BASE}/customers/11", json=document, auth=AUTH)

    assert (reply.json()["data"]["city"], reply.json()["data"]["country"]) == (city, "")
