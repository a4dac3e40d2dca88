"""Generated FluentCart orders, the same ones for the same seed."""

from collections.abc import Iterator
from typing import Any

from refund_sandbox.apis.fluentcart.parsing import write_time
from refund_sandbox.apis.fluentcart.state_loading import Loader
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.fake_data import FakeDataGenerator

FIRST_ID = 1_000_000
_PRICES_MINOR_UNITS = (990, 1900, 2900, 4900, 9900, 14900)


def add_orders(work: UnitOfWork, count: int, seed: int) -> Iterator[None]:
    """Add `count` paid orders, each with its own customer. Ids start at 1000001. Yield after each."""
    generator = FakeDataGenerator(seed, "fluentcart")
    loader = Loader(work.transaction, write_time(work.now))
    for number in range(FIRST_ID + 1, FIRST_ID + count + 1):
        person = generator.person()
        customer = {"id": number, "email": person.email, "first_name": person.first_name, "last_name": person.last_name}
        loader.add_order_of(customer, _order(number, generator))
        yield


def _order(number: int, generator: FakeDataGenerator) -> dict[str, Any]:
    paid = generator.random.choice(_PRICES_MINOR_UNITS)
    method = generator.random.choice(("stripe", "paypal"))
    created_at = generator.past().strftime("%Y-%m-%d %H:%M:%S")
    charge_id = f"pi_ok_{number}" if method == "stripe" else f"CAPOK{number}"
    return {
        "id": number,
        "customer_id": number,
        "payment_method": method,
        "total_amount": paid,
        "total_paid": paid,
        "subtotal": paid,
        "created_at": created_at,
        "completed_at": created_at,
        "transactions": [{"id": number, "total": paid, "vendor_charge_id": charge_id, "created_at": created_at}],
        "items": [{"id": number, "line_total": paid, "subtotal": paid, "unit_price": paid}],
    }
