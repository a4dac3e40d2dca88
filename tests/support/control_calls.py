"""Calls of the control API, and refunds of the orders that it creates."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.support import raw_http

Document = dict[str, Any]


def state(client: TestClient) -> Document:
    found: Document = client.get("/_sandbox/state").json()
    return found


def create_order(client: TestClient, api: str, **fields: Any) -> Document:
    """Let the factory complete an order, and return it."""
    reply = client.post(f"/_sandbox/{api}/orders", json=fields)
    assert reply.status_code == 201, reply.text
    order: Document = reply.json()
    return order


def refund_funnelfox(client: TestClient, order: Document, **fields: Any) -> Response:
    """Refund an order in full, unless the fields have an amount."""
    body = {"external_id": order["external_id"], "order_id": order["order_id"], **fields}
    return client.post(f"/{order['org_id']}/v1/payment/refund", json=body, headers=raw_http.CREDENTIALS)


def refund_fluentcart(client: TestClient, order: Document, amount: int, **info: Any) -> Response:
    """Refund a part of an order's first charge, in minor units."""
    body = {"refund_info": {"transaction_id": order["transactions"][0]["id"], "amount": amount, **info}}
    return client.post(f"/wp-json/fluent-cart/v2/orders/{order['id']}/refund", json=body, headers=raw_http.CREDENTIALS)


def enable_fault(client: TestClient, **fault: Any) -> list[Document]:
    """Enable a fault, or those of a scenario, and return them."""
    reply = client.post("/_sandbox/faults", json=fault)
    assert reply.status_code == 201, reply.text
    faults: list[Document] = reply.json()["faults"]
    return faults


def set_targets(client: TestClient, api: str, *targets: Document) -> None:
    """Replace an API's webhook targets."""
    reply = client.put("/_sandbox/webhooks/targets", json={api: list(targets)})
    assert reply.status_code == 200, reply.text


def deliveries(client: TestClient) -> list[Document]:
    """Return the webhook deliveries, oldest first."""
    found: list[Document] = client.get("/_sandbox/webhooks/deliveries").json()["deliveries"]
    return found[::-1]


def advance(client: TestClient, by: str) -> Document:
    """Advance the clock, and return what it shows."""
    reply = client.post("/_sandbox/clock/advance", json={"by": by})
    assert reply.status_code == 200, reply.text
    clock: Document = reply.json()
    return clock


def logged_requests(client: TestClient, **filters: Any) -> list[Document]:
    """Return the entries of the request log, newest first."""
    found: list[Document] = client.get("/_sandbox/requests", params=filters).json()["requests"]
    return found
