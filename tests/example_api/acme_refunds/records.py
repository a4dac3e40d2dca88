"""Records of the ledger. Money is in minor units."""

from msgspec import Struct

from refund_sandbox.stores.protocol import Record, RecordType


class Charge(Record):
    """A payment. `refunded` is the sum of its refunds that succeeded."""

    id: str
    amount: int
    currency: str = "USD"
    refunded: int = 0
    created_at: str = ""
    scenario: str | None = None

    @property
    def refundable(self) -> int:
        return self.amount - self.refunded


class Refund(Record):
    """A refund of a charge. A `failed` one returns no money."""

    id: str
    charge: str
    amount: int
    status: str
    reason: str = ""
    created_at: str = ""


class Account(Record):
    """An account that may call the API."""

    key: str
    name: str = "shop"


class Endpoint(Record):
    """A URL that receives webhooks."""

    url: str
    enabled: bool = True


class AcmeSettings(Struct, frozen=True):
    """Settings of the API: it has none."""


CHARGES = RecordType("acme.charge", Charge, "id", ("created_at",), ("id",))
REFUNDS = RecordType("acme.refund", Refund, "id", ("charge",))
ACCOUNTS = RecordType("acme.account", Account, "key")
ENDPOINTS = RecordType("acme.endpoint", Endpoint, "url")
RECORD_TYPES = (CHARGES, REFUNDS, ACCOUNTS, ENDPOINTS)
