"""Pieces that come back with a refund. The recordings 12-010 to 12-012 with the stock module switched on."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import load, order, paid, refund

ITEMS = [
    {"id": 7019, "object_id": "201", "quantity": 2, "line_total": 6000},
    {"id": 7020, "object_id": "203", "quantity": 1, "line_total": 4000},
]
SHELF = [{"id": 201, "available": 5, "on_hold": 2, "committed": 2}]


def arrange(sandbox: SandboxApp, *, module: bool = True, **more: Any) -> None:
    load(sandbox, paid(items=ITEMS, **more), site={"stock_management": module}, variations=SHELF)


def give_back(client: TestClient, quantity: Any, manage: Any = True, **row: Any) -> None:
    rows = [{"id": 7019, "variation_id": 201, "restore_quantity": quantity, **row}]
    info = {"transaction_id": 10, "amount": 1000, "manageStock": manage, "item_ids": [7019], "refunded_items": rows}
    assert refund(client, 1, info).status_code == 200


def shelf(client: TestClient) -> dict[str, int]:
    row = client.get("/_sandbox/state").json()["fluentcart"]["variations"][0]
    return {name: row[name] for name in ("available", "on_hold", "committed")}


def quantities(client: TestClient) -> list[tuple[int, int]]:
    return [(item["id"], item["quantity"]) for item in order(client, 1)["items"]]


def test_a_piece_goes_back_on_the_shelf_and_off_the_order(sandbox: SandboxApp, client: TestClient) -> None:
    arrange(sandbox)

    give_back(client, 1)

    assert shelf(client) == {"available": 6, "on_hold": 2, "committed": 2}
    assert quantities(client) == [(7019, 1), (7020, 1)]


def test_a_line_that_loses_its_last_piece_goes(sandbox: SandboxApp, client: TestClient) -> None:
    arrange(sandbox)

    give_back(client, 2, manage="true")

    assert quantities(client) == [(7020, 1)]


@pytest.mark.parametrize(
    ("shipping_status", "after"),
    [
        ("unshipped", {"available": 8, "on_hold": 0, "committed": 1}),
        ("delivered", {"available": 8, "on_hold": 1, "committed": 0}),
    ],
)
def test_pieces_come_off_what_the_order_held(
    shipping_status: str, after: dict[str, int], sandbox: SandboxApp, client: TestClient
) -> None:
    arrange(sandbox, shipping_status=shipping_status, stock_movement={"7019": {"on_hold": 2, "committed": 2}})

    give_back(client, 3)

    assert shelf(client) == after


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
def test_nothing_comes_back_unless_everything_says_so(
    module: bool, quantity: int, manage: Any, row: dict[str, Any], sandbox: SandboxApp, client: TestClient
) -> None:
    arrange(sandbox, module=module)

    give_back(client, quantity, manage, **row)

    assert shelf(client) == {"available": 5, "on_hold": 2, "committed": 2}
    assert quantities(client) == [(7019, 2), (7020, 1)]


def test_there_is_no_upper_limit(sandbox: SandboxApp, client: TestClient) -> None:
    arrange(sandbox)

    give_back(client, 99)

    assert shelf(client)["available"] == 104
