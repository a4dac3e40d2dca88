"""Generated FunnelFox orders, the same ones for the same seed."""

import uuid
from typing import Any

from refund_sandbox.core.fake_data import FakeDataGenerator

_PRICES = ("4.99", "9.99", "19.99", "29.99", "49.99", "99.99")


def generate_orders(count: int, seed: int) -> dict[str, Any]:
    """Return a section with `count` settled orders, one for each user. One-offs and subscriptions alternate."""
    generator = FakeDataGenerator(seed, "funnelfox")
    users, orders = [], []
    for number in range(count):
        external_id = f"user_{number + 1000}"
        users.append({"external_id": external_id, "email": generator.person().email})
        orders.append(_order(generator, external_id, "subs_id" if number % 2 else "oneoff_id"))
    return {"users": users, "orders": orders}


def _order(generator: FakeDataGenerator, external_id: str, entitlement: str) -> dict[str, Any]:
    return {
        "order_id": _uuid(generator),
        "external_id": external_id,
        "amount": generator.random.choice(_PRICES),
        "currency_code": "USD",
        "created_at": generator.past().strftime("%Y-%m-%dT%H:%M:%S.000000"),
        entitlement: _uuid(generator),
    }


def _uuid(generator: FakeDataGenerator) -> str:
    return str(uuid.UUID(int=generator.random.getrandbits(128), version=4))
