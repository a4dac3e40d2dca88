"""Both APIs for a test: base URL, credentials, and orders."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from refund_sandbox.testing.control_client import Client

Document = Mapping[str, Any]
Amount = str | int | Decimal


@dataclass(frozen=True)
class Refund:
    """Refund in the ledger. `amount` is decimal text for FunnelFox ("4.99"), and an int in minor units for FluentCart (499)."""

    id: str | int
    amount: Amount
    status: str


@dataclass(frozen=True)
class Order:
    """Order of an API. `document` is the order at the time when it was created or found, as in the state document."""

    id: Any
    document: Document = field(repr=False)
    client: Client = field(repr=False)
    api: ClassVar[str]

    def read(self) -> dict[str, Any]:
        """Return the current order, as in the state document."""
        order: dict[str, Any] = self.client.get(f"/{self.api}/orders/{self.id}")
        return order

    def refunds(self) -> list[Refund]:
        """Return all refunds of the order, oldest first, without failed ones."""
        return self.refunds_in(self.read())

    def new_refunds(self) -> list[Refund]:
        """Return the refunds since the order was created or found."""
        earlier_ids = {refund.id for refund in self.refunds_in(self.document)}
        return [refund for refund in self.refunds() if refund.id not in earlier_ids]

    @classmethod
    def refunds_in(cls, document: Document) -> list[Refund]:
        """Return the refunds in an order document."""
        raise NotImplementedError


class FunnelFoxOrder(Order):
    """Order of FunnelFox; `id` is the order_id."""

    api = "funnelfox"
    id: str

    @property
    def external_id(self) -> str:
        """Id of the customer, which a refund must name."""
        return str(self.document["external_id"])

    @classmethod
    def refunds_in(cls, document: Document) -> list[Refund]:
        rows = [row for row in document.get("transactions", []) if row["psp_transaction_type"] == "REFUND"]
        return [Refund(row["trx_id"], row["amount"], row["psp_status"]) for row in rows if row["psp_status"] != "FAILED"]


class FluentCartOrder(Order):
    """Order of FluentCart; `id` is the order id in paths."""

    api = "fluentcart"
    id: int

    @property
    def transaction_id(self) -> int:
        """Id of the charge, which a refund must name."""
        charges = [row for row in self.document["transactions"] if row["transaction_type"] == "charge"]
        return int(charges[0]["id"])

    @classmethod
    def refunds_in(cls, document: Document) -> list[Refund]:
        rows = [row for row in document.get("transactions", []) if row["transaction_type"] == "refund"]
        return [Refund(row["id"], row["total"], row["status"]) for row in rows]


@dataclass(frozen=True)
class FunnelFoxClient:
    """FunnelFox Billing in one workspace. The default credentials are those of the demo data."""

    client: Client = field(repr=False)
    org_id: str = "your-org-id"
    secret_key: str = "sandbox-secret-key"  # noqa: S105 - of the demo data, printed at every start

    @property
    def url(self) -> str:
        """Base URL, for the configuration of the client under test."""
        return f"{self.client.url}/{self.org_id}/v1"

    @property
    def headers(self) -> dict[str, str]:
        """Header with the secret key."""
        return {"ff-secret-key": self.secret_key}

    def order(self, **fields: Any) -> FunnelFoxOrder:
        """Create an order, for example with `amount="9.99"`, `subscription=True`, `refunded="5.00"`.

        Every field of an order in the state document is accepted; the rest gets defaults. Amounts are decimal text.
        Raises CallRejected for an invalid order.
        """
        document = self.client.post("/funnelfox/orders", fields)
        return FunnelFoxOrder(document["order_id"], document, self.client)

    def find(self, order_id: str) -> FunnelFoxOrder:
        """Return an existing order. Raises CallRejected if there is none."""
        return FunnelFoxOrder(order_id, self.client.get(f"/funnelfox/orders/{order_id}"), self.client)


@dataclass(frozen=True)
class FluentCartClient:
    """FluentCart in one workspace. The default credentials are those of the demo data."""

    client: Client = field(repr=False)
    user: str = "admin"
    password: str = "demo DEMO 1234 demo DEMO 5678"  # noqa: S105 - of the demo data, printed at every start

    @property
    def url(self) -> str:
        """Base URL, for the configuration of the client under test."""
        return f"{self.client.url}/wp-json/fluent-cart/v2"

    @property
    def auth(self) -> tuple[str, str]:
        """User and application password for Basic authentication."""
        return self.user, self.password

    @property
    def headers(self) -> dict[str, str]:
        """Header with the same credentials."""
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()}

    def order(self, **fields: Any) -> FluentCartOrder:
        """Create an order, for example with `paid=10000`, `refunded=2500`, `subscription=True`.

        Every field of an order in the state document is accepted; the rest gets defaults. Amounts are in minor units.
        Raises CallRejected for an invalid order.
        """
        document = self.client.post("/fluentcart/orders", fields)
        return FluentCartOrder(document["id"], document, self.client)

    def find(self, order_id: int) -> FluentCartOrder:
        """Return an existing order. Raises CallRejected if there is none."""
        return FluentCartOrder(order_id, self.client.get(f"/fluentcart/orders/{order_id}"), self.client)
