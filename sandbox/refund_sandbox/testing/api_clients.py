"""The two APIs as a test sees them: base URL, credentials, and orders to make."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any, ClassVar

from refund_sandbox.frozen import frozen
from refund_sandbox.testing.control_client import Client

Document = Mapping[str, Any]
Amount = str | int | Decimal


@frozen
class Refund:
    """A refund in the ledger. `amount` is decimal text in FunnelFox ("4.99"), minor units in FluentCart (499)."""

    id: str | int
    amount: Amount
    status: str


@frozen
class Order:
    """An order of the sandbox. `document` is what it was like when it was made or found, as in the state document."""

    id: Any
    document: Document = field(repr=False)
    client: Client = field(repr=False)
    api: ClassVar[str]

    def read(self) -> dict[str, Any]:
        """The order as it is now, as in the state document."""
        order: dict[str, Any] = self.client.get(f"/{self.api}/orders/{self.id}")
        return order

    def refunds(self) -> list[Refund]:
        """The refunds that the ledger holds now, oldest first, those that the order began with too; failed ones are none."""
        return self.refunds_in(self.read())

    def new_refunds(self) -> list[Refund]:
        """Those that it did not have when it was made or found."""
        known = {refund.id for refund in self.refunds_in(self.document)}
        return [refund for refund in self.refunds() if refund.id not in known]

    @classmethod
    def refunds_in(cls, document: Document) -> list[Refund]:
        """The refunds of an order as in the state document."""
        raise NotImplementedError


class FunnelFoxOrder(Order):
    """An order of FunnelFox; `id` is its order_id."""

    api = "funnelfox"
    id: str

    @property
    def external_id(self) -> str:
        """Whose order it is."""
        return str(self.document["external_id"])

    @classmethod
    def refunds_in(cls, document: Document) -> list[Refund]:
        """Transactions of the kind REFUND."""
        rows = [row for row in document.get("transactions", []) if row["psp_transaction_type"] == "REFUND"]
        return [Refund(row["trx_id"], row["amount"], row["psp_status"]) for row in rows if row["psp_status"] != "FAILED"]


class FluentCartOrder(Order):
    """An order of FluentCart; `id` is the one that its paths carry."""

    api = "fluentcart"
    id: int

    @property
    def transaction_id(self) -> int:
        """The transaction that paid for it, which a refund has to name."""
        charges = [row for row in self.document["transactions"] if row["transaction_type"] == "charge"]
        return int(charges[0]["id"])

    @classmethod
    def refunds_in(cls, document: Document) -> list[Refund]:
        """Transactions of the type refund."""
        rows = [row for row in document.get("transactions", []) if row["transaction_type"] == "refund"]
        return [Refund(row["id"], row["total"], row["status"]) for row in rows]


@frozen
class FunnelFoxClient:
    """FunnelFox Billing in one workspace. The credentials are the demo world's; another fixture may need others."""

    client: Client = field(repr=False)
    org_id: str = "your-org-id"
    secret_key: str = "sandbox-secret-key"  # noqa: S105 - the demo world's, printed at every start

    @property
    def url(self) -> str:
        """Where the live base URL goes in a client's configuration."""
        return f"{self.client.url}/{self.org_id}/v1"

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the secret key."""
        return {"ff-secret-key": self.secret_key}

    def order(self, **fields: Any) -> FunnelFoxOrder:
        """Makes an order; names what the test is about: `amount="9.99"`, `subscription=True`, `refunded="5.00"`.

        Any field of an order in the state document; the rest is filled in. Raises CallRejected for one that makes no sense.
        """
        document = self.client.post("/funnelfox/orders", fields)
        return FunnelFoxOrder(document["order_id"], document, self.client)

    def find(self, order_id: str) -> FunnelFoxOrder:
        """An order that there is. Raises CallRejected."""
        return FunnelFoxOrder(order_id, self.client.get(f"/funnelfox/orders/{order_id}"), self.client)


@frozen
class FluentCartClient:
    """FluentCart in one workspace. The credentials are the demo world's; another fixture may need others."""

    client: Client = field(repr=False)
    user: str = "admin"
    password: str = "demo DEMO 1234 demo DEMO 5678"  # noqa: S105 - the demo world's, printed at every start

    @property
    def url(self) -> str:
        """Where the live base URL goes in a client's configuration."""
        return f"{self.client.url}/wp-json/fluent-cart/v2"

    @property
    def auth(self) -> tuple[str, str]:
        """User and application password, for Basic authentication."""
        return self.user, self.password

    @property
    def headers(self) -> dict[str, str]:
        """The same as a header."""
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()}

    def order(self, **fields: Any) -> FluentCartOrder:
        """Makes an order; names what the test is about: `paid=10000`, `refunded=2500`, `subscription=True`.

        Any field of an order in the state document; the rest is filled in. Raises CallRejected for one that makes no sense.
        """
        document = self.client.post("/fluentcart/orders", fields)
        return FluentCartOrder(document["id"], document, self.client)

    def find(self, order_id: int) -> FluentCartOrder:
        """An order that there is. Raises CallRejected."""
        return FluentCartOrder(order_id, self.client.get(f"/fluentcart/orders/{order_id}"), self.client)
