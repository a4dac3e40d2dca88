"""Stock that returns with a refund: the recordings 12-010 to 12-012 with the stock module enabled."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import load, order, paid, refund

ITEMS = [
    {"id": 7019, "object_id": "201", "quantity": 2, "line_total": 6000},
    {"id": 7020, "object_id": "203", "quantity": 1, "line_total": 4000},
]
STOCK = [{"id": 201, "available": 5, "on_hold": 2, "committed": 2}]


def arrange(sandbox: SandboxApp, *, module: bool = True, **more: Any) -> None:
    load(sandbox, paid(items=ITEMS, **more), site={"stock_management": module}, variations=STOCK)


def refund_with_stock(client: TestClient, quantity: Any, manage: Any = True, **row: Any) -> None:
    rows = [{"id": 7019, "variation_id": 201, "restore_quantity": quantity, **row}]
    info = {"transaction_id": 10, "amount": 1000, "manageStock": manage, "item_ids": [7019], "refunded_items": rows}
    assert refund(client, 1, info).status_code == 200


def stock(client: TestClient) -> dict[str, int]:
    row = client.get("/_sandbox/state").json()["fluentcart"]["variations"][0]
    return {name: row[name] for name in ("available", "on_hold", "committed")}


def quantities(client: TestClient) -> list[tuple[int, int]]:
    return [(item["id"], item["quantity"]) for item in order(client, 1)["items"]]


def test_a_returned_piece_increases_stock_and_reduces_the_item(sandbox: SandboxApp, client: TestClient) -> None:
    arrange(sandbox)

    refund_with_stock(client, 1)

    assert stock(client) == {"available": 6, "on_hold": 2, "committed": 2}
    assert quantities(client) == [(7019, 1), (7020, 1)]


def test_an_item_without_pieces_is_deleted(sandbox: SandboxApp, client: TestClient) -> None:
    arrange(sandbox)

    refund_with_stock(client, 2, manage="true")

    assert quantities(client) == [(7020, 1)]


@pytest.mark.parametrize(
    ("shipping_status", "after"),
    [
        ("unshipped", {"available": 8, "on_hold": 0, "committed": 1}),
        ("delivered", {"available": 8, "on_hold": 1, "committed": 0}),
    ],
)
def test_returned_pieces_reduce_the_movement_of_the_order(
    shipping_status: str, after: dict[str, int], sandbox: SandboxApp, client: TestClient
) -> None:
    arrange(sandbox, shipping_status=shipping_status, stock_movement={"7019": {"on_hold": 2, "committed": 2}})

    refund_with_stock(client, 3)

    assert stock(client) == after


@pytest.mark.parametrize(
    ("module", "quantity", "manage", "row"),
    [
        (False, 1, True, {}),
        (True, 1, "false", {}),
        (True, 1, False, {}),
        (True, 0, True, {}),
        (True, -1, True, {}),
        (True, 1, True, {"variation_id": 999}),
    ],
)
def test_nothing_is_restocked_unless_all_conditions_hold(
    module: bool, quantity: int, manage: Any, row: dict[str, Any], sandbox: SandboxApp, client: TestClient
) -> None:
    arrange(sandbox, module=module)

    refund_with_stock(client, quantity, manage, **row)

    assert stock(client) == {"available": 5, "on_hold": 2, "committed": 2}
    assert quantities(client) == [(7019, 2), (7020, 1)]


def test_stock_that_was_oversold_is_never_negative_after_a_return(sandbox: SandboxApp, client: TestClient) -> None:
    oversold = [{"id": 201, "available": -5, "on_hold": 2, "committed": 2}]
    load(sandbox, paid(items=ITEMS), site={"stock_management": True}, variations=oversold)

    refund_with_stock(client, 1)

    assert stock(client)["available"] == 0


def test_restocking_has_no_upper_limit(sandbox: SandboxApp, client: TestClient) -> None:
    arrange(sandbox)

    refund_with_stock(client, 99)

    assert stock(client)["available"] == 104
