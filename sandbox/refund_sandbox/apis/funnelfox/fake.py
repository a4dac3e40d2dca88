"""Generated FunnelFox orders, the same ones for the same seed."""

import uuid
from collections.abc import Iterator
from typing import Any

from refund_sandbox.apis.funnelfox.state_loading import Loader
from refund_sandbox.apis.funnelfox.timestamps import write_time
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.fake_data import FakeDataGenerator

_PRICES = ("4.99", "9.99", "19.99", "29.99", "49.99", "99.99")


def add_orders(work: UnitOfWork, count: int, seed: int) -> Iterator[None]:
    """Add `count` settled orders, one for each user. One-offs and subscriptions alternate. Yield after each."""
    generator = FakeDataGenerator(seed, "funnelfox")
    loader = Loader(work.transaction, work.ids, write_time(work.now))
    for number in range(count):
        external_id = f"user_{number + 1000}"
        user = {"external_id": external_id, "email": generator.person().email}
        loader.add_order_of(user, _order(generator, external_id, "subs_id" if number % 2 else "oneoff_id"))
        yield


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
