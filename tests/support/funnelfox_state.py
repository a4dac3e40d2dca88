"""Small states of FunnelFox's tests, and client helpers for refunds."""

import re
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp

Document = dict[str, Any]

ORG, KEY, USER = "acme", "acme-admin-key", "user_456"
ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
SUBSCRIPTION = "5f0d9f3e-7f4b-4f6f-9c39-6a2f2c1b7d10"
ONEOFF = "8a4a5b0c-2d6e-4f80-a1b2-c3d4e5f60718"
URL = f"/{ORG}/v1/payment/refund"
SETTINGS: Document = {}


def order(**fields: Any) -> Document:
    """Return a settled order of 9.99 USD. `fields` override its fields."""
    return {"order_id": ORDER, "external_id": USER, "org_id": ORG, "amount": "9.99", "currency_code": "USD", **fields}


def load_state(
    sandbox: SandboxApp, *orders: Document, settings: Document = SETTINGS, clock: str | None = None, **lists: Any
) -> None:
    """Replace the state with one organisation, the orders and the records of `lists`."""
    orgs = [{"id": ORG, "keys": [{"key": KEY}]}]
    section = {"orgs": orgs, "orders": list(orders), **lists}
    sandbox.workspace.load({"clock": clock, "settings": settings, "funnelfox": section})


def refund(client: TestClient, **fields: Any) -> Response:
    """Request a full refund of the order. `fields` override the body; a field with the value `...` is not sent."""
    body = {"external_id": USER, "order_id": ORDER, **fields}
    sent = {name: value for name, value in body.items() if value is not ...}
    return client.post(URL, json=sent, headers={"ff-secret-key": KEY})


def post_bytes(client: TestClient, content: bytes) -> Response:
    """Send a raw body to the refund operation."""
    return client.post(URL, content=content, headers={"ff-secret-key": KEY, "content-type": "application/json"})


def state(client: TestClient) -> Document:
    """Return FunnelFox's section of the state document."""
    section: Document = client.get("/_sandbox/state").json()["funnelfox"]
    return section


def refund_rows(client: TestClient, order_id: str = ORDER) -> list[Document]:
    """Return the refund transactions of an order, oldest first."""
    rows = client.get(f"/_sandbox/funnelfox/orders/{order_id}").json()["transactions"]
    return [row for row in rows if row["psp_transaction_type"] == "REFUND"]


def refunded_amounts(client: TestClient, order_id: str = ORDER) -> list[str]:
    """Return the amounts of the order's refunds, oldest first."""
    return [row["amount"] for row in refund_rows(client, order_id)]


def errors(response: Response) -> list[tuple[str, list[str | int]]]:
    """Return code and path of every item of an error body."""
    return [(item["code"], item.get("loc", [])) for item in response.json()["error"]]


def refusal(response: Response) -> tuple[int, list[Document]]:
    """Return status and items of an error body. Asserts its other fields."""
    body = response.json()
    assert body.keys() == {"status", "req_id", "error"}
    assert body["status"] == "error"
    assert re.fullmatch("[0-9A-Za-z]{8}", body["req_id"])
    assert response.headers["content-type"] == "application/json"
    return response.status_code, body["error"]


def item(msg: str, code: str, kind: str = "api_exception", **more: Any) -> Document:
    """Return one item of an error body."""
    return {"msg": msg, "type": kind, "code": code, **more}


def covers(section: Any, expected: Any) -> bool:
    """Whether a section holds everything that is expected. It may hold more fields."""
    if isinstance(expected, dict):
        return isinstance(section, dict) and all(
            name in section and covers(section[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return len(section) == len(expected) and all(map(covers, section, expected))
    return bool(section == expected)
