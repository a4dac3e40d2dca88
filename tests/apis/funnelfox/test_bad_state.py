"""Invalid state documents are refused as a whole; each problem has a pointer."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import ORDER, SUBSCRIPTION, Document, load_state, order

pytestmark = pytest.mark.memory_only

TRX = "ab000000-0000-4000-8000-000000000001"
REFUND: Document = {"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": "1.00"}
NAMED, NAMED_LOUDLY = {**REFUND, "trx_id": TRX}, {**REFUND, "trx_id": TRX.upper()}
ORDER_0 = "/funnelfox/orders/0"


def problems(client: TestClient, section: Any) -> dict[str, str]:
    """Return pointer and reason of each problem of a section."""
    response = client.put("/_sandbox/state", json={"funnelfox": section})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    return {problem["pointer"]: problem["reason"] for problem in response.json()["errors"]}


@pytest.fixture(autouse=True)
def unchanging(sandbox: SandboxApp) -> Any:
    """Load a state and check that no test of this module replaces it."""
    load_state(sandbox, order(transactions=[{**REFUND, "trx_id": TRX}]))
    before = sandbox.workspace.dump()
    yield
    assert sandbox.workspace.dump() == before


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"amount": 9.99}, "/amount"),
        ({"amount": "ten"}, "/amount"),
        ({"amount": "NaN"}, "/amount"),
        ({"order_id": "order-1"}, "/order_id"),
        ({"subs_id": "sub-1"}, "/subs_id"),
        ({"oneoff_id": 5}, "/oneoff_id"),
        ({"status": "refunded"}, "/status"),
        ({"scenario": "nonsense"}, "/scenario"),
        ({"colour": "red"}, ""),
        ({"refunded": "1.00"}, ""),
        ({"transactions": [{**REFUND, "amount": 1}]}, "/transactions/0/amount"),
        ({"transactions": [{**REFUND, "order_id": ORDER}]}, "/transactions/0"),
        ({"transactions": [{"amount": "1", "psp_status": "SETTLED"}]}, "/transactions/0/psp_transaction_type"),
    ],
)
def test_an_order_of_the_wrong_shape_is_refused(fields: Document, pointer: str, client: TestClient) -> None:
    found = problems(client, {"orders": [order(**fields)]})

    assert list(found) == [f"{ORDER_0}{pointer}"]


def amount_reason(decimals: int) -> str:
    return f"must be from 0 to below 10^18 minor units and have at most {decimals} decimals"


def time_reason(text: str) -> str:
    return f"Invalid timestamp '{text}'. Use 2026-01-02T03:04:05.000000."


@pytest.mark.parametrize(
    ("fields", "pointer", "reason"),
    [
        ({"amount": "9.999"}, "/amount", amount_reason(2)),
        ({"amount": "9.9", "currency_code": "JPY"}, "/amount", amount_reason(0)),
        ({"amount": "-1"}, "/amount", amount_reason(2)),
        ({"amount": "1e30"}, "/amount", amount_reason(2)),
        ({"amount": "1e16"}, "/amount", amount_reason(2)),
        ({"created_at": "yesterday"}, "/created_at", time_reason("yesterday")),
        ({"transactions": [{**REFUND, "amount": "1.001"}]}, "/transactions/0/amount", amount_reason(2)),
        ({"transactions": [{**REFUND, "trx_created_at": "soon"}]}, "/transactions/0/trx_created_at", time_reason("soon")),
        (
            {"transactions": [{**REFUND, "amount": "10.00"}]},
            "/transactions",
            "the refunds add up to more than the order's amount",
        ),
        ({"transactions": [NAMED, NAMED_LOUDLY]}, "/transactions/1/trx_id", f"Duplicate trx_id '{TRX}'."),
        (
            {"transactions": [{**REFUND, "psp_status": "SETTLING"}]},
            "/transactions/0/psp_status",
            "Invalid status of a refund. Use PENDING, SETTLED or FAILED.",
        ),
    ],
)
def test_an_invalid_order_is_refused(fields: Document, pointer: str, reason: str, client: TestClient) -> None:
    found = problems(client, {"orders": [order(**fields)]})

    assert found == {f"{ORDER_0}{pointer}": reason}


@pytest.mark.parametrize(
    ("section", "pointer"),
    [
        ([], ""),
        ({"order": []}, ""),
        ({"orders": {}}, "/orders"),
        ({"orgs": [{"id": "a", "keys": [{"key": ""}]}]}, "/orgs/0/keys/0/key"),
        ({"orgs": [{"id": "a", "keys": [{"key": "k", "group": "root"}]}]}, "/orgs/0/keys/0/group"),
        ({"price_points": [{"ident": "p", "currency": {"minor_units": -1}}]}, "/price_points/0/currency/minor_units"),
        ({"subscriptions": [{"subs_id": "sub-1"}]}, "/subscriptions/0/subs_id"),
    ],
)
def test_a_section_of_the_wrong_shape_is_refused(section: Any, pointer: str, client: TestClient) -> None:
    found = problems(client, section)

    assert list(found) == [f"/funnelfox{pointer}"]


@pytest.mark.parametrize(
    ("name", "document", "key"),
    [
        ("orgs", {"id": "a"}, "id"),
        ("users", {"external_id": "u"}, "external_id"),
        ("price_points", {"ident": "p"}, "ident"),
        ("subscriptions", {"subs_id": SUBSCRIPTION}, "subs_id"),
        ("oneoffs", {"oneoff_id": SUBSCRIPTION}, "oneoff_id"),
        ("orders", order(), "order_id"),
    ],
)
def test_duplicate_keys_are_refused(name: str, document: Document, key: str, client: TestClient) -> None:
    found = problems(client, {name: [document, document]})

    assert found == {f"/funnelfox/{name}/1/{key}": f"Duplicate {key} '{document[key]}'."}


def test_every_problem_is_listed(client: TestClient) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    too_much = [{**REFUND, "amount": "6.00"}, {**REFUND, "psp_status": "PENDING", "amount": "4.00"}]

    found = problems(
        client,
        {
            "orgs": [{"id": "a"}, {"id": "a"}],
            "orders": [order(amount="9.999"), order(order_id=other, transactions=too_much)],
        },
    )

    assert list(found) == [
        "/funnelfox/orgs/1/id",
        "/funnelfox/orders/0/amount",
        "/funnelfox/orders/1/transactions",
    ]
