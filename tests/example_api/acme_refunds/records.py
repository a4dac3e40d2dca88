"""Records of the ledger. Money is in minor units."""

from refund_sandbox.stores.protocol import Record, RecordType


class Charge(Record):
    """Payment. `refunded` is the sum of its refunds that succeeded."""

    id: str
    amount: int = 1000
    currency: str = "USD"
    refunded: int = 0
    created_at: str = ""

    @property
    def state(self) -> str:
        return "paid" if not self.refunded else "refunded" if self.refunded == self.amount else "partially_refunded"


class Refund(Record):
    """Refund of a charge. A `failed` one returns no money."""

    id: str
    charge: str
    amount: int
    status: str = "succeeded"
    reason: str = ""
    created_at: str = ""


class Endpoint(Record):
    """URL that receives webhooks."""

    url: str


CHARGES = RecordType("acme.charge", Charge, "id", ("created_at",), ("id", "state"))
REFUNDS = RecordType("acme.refund", Refund, "id", ("charge",))
ENDPOINTS = RecordType("acme.endpoint", Endpoint, "url")
