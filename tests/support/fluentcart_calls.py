"""Requests and states that the FluentCart tests share."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp

AUTH = ("admin", "demo DEMO 1234 demo DEMO 5678")
BASE = "/wp-json/fluent-cart/v2"


def call(client: TestClient, method: str, path: str, document: Any = None) -> Response:
    """Send a request below the plugin's namespace as the administrator."""
    return client.request(method, f"{BASE}{path}", json=document, auth=AUTH)


def refund(client: TestClient, order_id: int | str, info: Any, **more: Any) -> Response:
    """Send POST /orders/{order_id}/refund as the administrator."""
    return client.post(f"{BASE}/orders/{order_id}/refund", json={"refund_info": info}, auth=AUTH, **more)


def order(client: TestClient, order_id: int) -> Any:
    """Return the order as in the state document."""
    return client.get(f"/_sandbox/fluentcart/orders/{order_id}").json()


def message_of(reply: Response) -> tuple[int, Any]:
    """Return status and message of a reply."""
    return reply.status_code, reply.json()["message"]


def log_of(sandbox: SandboxApp) -> list[str]:
    """Return the contents of the activity log, oldest first."""
    return [activity["content"] for activity in sandbox.workspace.dump()["fluentcart"]["activities"]]


def load(sandbox: SandboxApp, *orders: dict[str, Any], settings: dict[str, Any] | None = None, **section: Any) -> None:
    """Load a state with these orders; missing fields get their defaults."""
    sandbox.workspace.load({"settings": settings or {}, "fluentcart": {"orders": list(orders), **section}})


def paid(order_id: int = 1, total: int = 10000, **more: Any) -> dict[str, Any]:
    """Return a paid Stripe order with one charge (id x 10) and one item (id x 100)."""
    return {
        "id": order_id,
        "customer_id": 7,
        "total_amount": total,
        "total_paid": total,
        "transactions": [{"id": order_id * 10, "total": total, "vendor_charge_id": f"pi_ok_{order_id}"}],
        "items": [{"id": order_id * 100, "line_total": total}],
        **more,
    }


def unpaid(**more: Any) -> dict[str, Any]:
    """Return an order of 100.00 (id 1) with a pending offline charge (id 10)."""
    order = paid(total_paid=0, status="on-hold", payment_status="pending", payment_method="offline_payment", **more)
    order["transactions"][0] |= {"status": "pending", "vendor_charge_id": ""}
    return order


def successful_refund(method: str = "Stripe") -> dict[str, Any]:
    """Return the reply to a refund that the gateway made."""
    return {
        "fluent_cart_refund": {"status": "success", "message": "Refund processed on FluentCart."},
        "gateway_refund": {"status": "success", "message": f"Refund processed on {method}"},
    }
