"""What the FluentCart tests call and set up."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp

AUTH = ("admin", "demo DEMO 1234 demo DEMO 5678")
BASE = "/wp-json/fluent-cart/v2"


def refund(client: TestClient, order_id: int | str, info: Any, **more: Any) -> Response:
    """POST /orders/{order_id}/refund as the administrator."""
    return client.post(f"{BASE}/orders/{order_id}/refund", json={"refund_info": info}, auth=AUTH, **more)


def order(client: TestClient, order_id: int) -> Any:
    """The order as in the state document."""
    return client.get(f"/_sandbox/fluentcart/orders/{order_id}").json()


def load(sandbox: SandboxApp, *orders: dict[str, Any], settings: dict[str, Any] | None = None, **section: Any) -> None:
    """A world of these orders; what is left out gets its default."""
    sandbox.workspace.load({"settings": settings or {}, "fluentcart": {"orders": list(orders), **section}})


def paid(order_id: int = 1, total: int = 10000, **more: Any) -> dict[str, Any]:
    """A paid Stripe order of one charge (id × 10) and one item (id × 100)."""
    return {
        "id": order_id,
        "customer_id": 7,
        "total_amount": total,
        "total_paid": total,
        "transactions": [{"id": order_id * 10, "total": total, "vendor_charge_id": f"pi_ok_{order_id}"}],
        "items": [{"id": order_id * 100, "line_total": total}],
        **more,
    }


def done(method: str = "Stripe") -> dict[str, Any]:
    """The answer to a refund that the gateway made."""
    return {
        "fluent_cart_refund": {"status": "success", "message": "Refund processed on FluentCart."},
        "gateway_refund": {"status": "success", "message": f"Refund processed on {method}"},
    }
