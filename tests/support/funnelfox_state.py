"""The small worlds that FunnelFox's tests start from, and the one call that they make."""

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
    """A settled order of 9.99 USD, but for what is named."""
    return {"order_id": ORDER, "external_id": USER, "org_id": ORG, "amount": "9.99", "currency_code": "USD", **fields}


def begin(sandbox: SandboxApp, *orders: Document, settings: Document = SETTINGS, clock: str | None = None, **lists: Any) -> None:
    """Makes these orders, and what `lists` names, the whole world."""
    orgs = [{"id": ORG, "keys": [{"key": KEY}]}]
    section = {"orgs": orgs, "orders": list(orders), **lists}
    sandbox.workspace.load({"clock": clock, "settings": settings, "funnelfox": section})


def refund(client: TestClient, **fields: Any) -> Response:
    """Asks for a refund of the order, in full unless `fields` says otherwise; a field that is `...` is left out."""
    body = {"external_id": USER, "order_id": ORDER, **fields}
    sent = {name: value for name, value in body.items() if value is not ...}
    return client.post(URL, json=sent, headers={"ff-secret-key": KEY})


def post(client: TestClient, content: bytes) -> Response:
    """Sends bytes to the refund as they stand."""
    return client.post(URL, content=content, headers={"ff-secret-key": KEY, "content-type": "application/json"})


def state(client: TestClient) -> Document:
    """FunnelFox's section of the world."""
    section: Document = client.get("/_sandbox/state").json()["funnelfox"]
    return section


def refunds(client: TestClient, order_id: str = ORDER) -> list[Document]:
    """The refund rows of an order, oldest first."""
    rows = client.get(f"/_sandbox/funnelfox/orders/{order_id}").json()["transactions"]
    return [row for row in rows if row["psp_transaction_type"] == "REFUND"]


def refunded(client: TestClient, order_id: str = ORDER) -> list[str]:
    """The amounts of the order's refunds, oldest first."""
    return [row["amount"] for row in refunds(client, order_id)]


def errors(response: Response) -> list[tuple[str, list[str | int]]]:
    """Code and place of every item of an error body."""
    return [(item["code"], item.get("loc", [])) for item in response.json()["error"]]


def refusal(response: Response) -> tuple[int, list[Document]]:
    """Status and items of an error body, which has nothing else but a req_id."""
    body = response.json()
    assert body.keys() == {"status", "req_id", "error"}
    assert body["status"] == "error"
    assert re.fullmatch("[0-9A-Za-z]{8}", body["req_id"])
    assert response.headers["content-type"] == "application/json"
    return response.status_code, body["error"]


def item(msg: str, code: str, kind: str = "api_exception", **more: Any) -> Document:
    """One item of an error body."""
    return {"msg": msg, "type": kind, "code": code, **more}
