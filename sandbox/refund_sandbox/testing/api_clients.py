"""APIs for a test: base URL, credentials, and orders."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from refund_sandbox.testing.control_client import CallRejected, Client
from refund_sandbox.testing.json_values import write_time

__tracebackhide__ = True  # pytest shows the line of the test, not those of this module

Document = Mapping[str, Any]
Amount = str | int | float | Decimal
_FUNNELFOX_TIME, _FLUENTCART_TIME = "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Refund:
    """Refund in the ledger. `amount` is an int in minor units (499), or for FunnelFox decimal text ("4.99")."""

    id: str | int
    amount: Amount
    status: str


@dataclass(frozen=True)
class Order:
    """Order of an API. `document` is the order at the time when it was created or found, as in the state document."""

    id: Any
    document: Document = field(repr=False)
    client: Client = field(repr=False)
    api: str = ""
    earlier: tuple[Refund, ...] = field(default=(), repr=False)
    """Refunds at that time."""

    def read(self) -> dict[str, Any]:
        """Return the current order, as in the state document."""
        order: dict[str, Any] = self.client.get(_path(self.api, self.id))
        return order

    def refunds(self) -> list[Refund]:
        """Return all refunds of the order, oldest first, without failed ones."""
        return read_refunds(self.client, self.api, self.id)

    def dispute(self) -> None:
        """Dispute the charge, as the bank of the customer does. FunnelFox sends `dispute/opened`."""
        self.client.post(f"{_path(self.api, self.id)}/dispute")

    def new_refunds(self) -> list[Refund]:
        """Return the refunds since the order was created or found."""
        earlier_ids = {refund.id for refund in self.earlier}
        return [refund for refund in self.refunds() if refund.id not in earlier_ids]


@dataclass(frozen=True)
class FunnelFoxOrder(Order):
    """Order of FunnelFox; `id` is the order_id."""

    id: str
    api: str = "funnelfox"

    @property
    def external_id(self) -> str:
        """Id of the customer, which a refund must name."""
        return str(self.document["external_id"])

    def refunds(self) -> list[Refund]:
        """Return all refunds of the order, oldest first, without failed ones. Amounts are decimal text."""
        return self.refunds_in(self.read())

    @staticmethod
    def refunds_in(document: Document) -> list[Refund]:
        """Return the refunds in an order document."""
        rows = [row for row in document.get("transactions", []) if row["psp_transaction_type"] == "REFUND"]
        return [Refund(row["trx_id"], row["amount"], row["psp_status"]) for row in rows if row["psp_status"] != "FAILED"]


@dataclass(frozen=True)
class FluentCartOrder(Order):
    """Order of FluentCart; `id` is the order id in paths."""

    id: int
    api: str = "fluentcart"

    @property
    def transaction_id(self) -> int:
        """Id of the charge, which a refund must name."""
        charges = [row for row in self.document["transactions"] if row["transaction_type"] == "charge"]
        return int(charges[0]["id"])

    def refunds(self) -> list[Refund]:
        """Return all refunds of the order, oldest first. Amounts are in minor units."""
        return self.refunds_in(self.read())

    @staticmethod
    def refunds_in(document: Document) -> list[Refund]:
        """Return the refunds in an order document."""
        rows = [row for row in document.get("transactions", []) if row["transaction_type"] == "refund"]
        return [Refund(row["id"], row["total"], row["status"]) for row in rows]


@dataclass(frozen=True)
class ApiClient:
    """Any API in one workspace, with the first credentials of the data."""

    client: Client = field(repr=False)
    name: str

    @property
    def url(self) -> str:
        """Base URL, for the configuration of the client under test."""
        credentials, mount = self._credentials(), self._description()["mount"]
        return self.client.url + re.sub(r"\{(\w+)\}", lambda found: quote(str(credentials[found[1]]), safe=""), mount)

    @property
    def headers(self) -> dict[str, str]:
        """Headers that authenticate a request."""
        return dict(self._credentials()["headers"])

    def order(self, **fields: Any) -> Order:
        """Create an order. Every field of an order in the state document is accepted; the rest gets defaults.

        Raises CallRejected for an invalid order.
        """
        return self._order(self.client.post(f"/{self.name}/orders", fields))

    def find(self, order_id: str | int) -> Order:
        """Return an existing order. Raises CallRejected if there is none."""
        return self._order(self.client.get(_path(self.name, order_id)))

    def _order(self, document: Document) -> Order:
        order_id = document[self._description()["order_id_field"]]
        return Order(order_id, document, self.client, self.name, tuple(read_refunds(self.client, self.name, order_id)))

    def _description(self) -> Document:
        return self.client.apis()[self.name]

    def _credentials(self) -> Document:
        credentials: list[Document] = self.client.get(f"/{self.name}/credentials")["credentials"]
        if not credentials:
            raise CallRejected(404, f"The data has no credentials for {self.name}.")
        return credentials[0]


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

        Every field of an order in the state document is accepted; the rest gets defaults. Amounts are in major units: text,
        Decimal, float or int. Raises CallRejected for an invalid order.
        """
        document = self.client.post("/funnelfox/orders", {name: _to_funnelfox(name, value) for name, value in fields.items()})
        return self._order(document["order_id"], document)

    def find(self, order_id: str) -> FunnelFoxOrder:
        """Return an existing order. Raises CallRejected if there is none."""
        return self._order(order_id, self.client.get(_path("funnelfox", order_id)))

    def _order(self, order_id: str, document: Document) -> FunnelFoxOrder:
        return FunnelFoxOrder(order_id, document, self.client, earlier=tuple(FunnelFoxOrder.refunds_in(document)))


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

        Every field of an order in the state document is accepted; the rest gets defaults. Amounts are in minor units: int, or a
        whole Decimal or float. Raises CallRejected for an invalid order.
        """
        document = self.client.post("/fluentcart/orders", {name: _to_fluentcart(name, value) for name, value in fields.items()})
        return self._order(document["id"], document)

    def find(self, order_id: int) -> FluentCartOrder:
        """Return an existing order. Raises CallRejected if there is none."""
        return self._order(order_id, self.client.get(_path("fluentcart", order_id)))

    def _order(self, order_id: int, document: Document) -> FluentCartOrder:
        return FluentCartOrder(order_id, document, self.client, earlier=tuple(FluentCartOrder.refunds_in(document)))


def _to_funnelfox(name: str, value: Any) -> Any:
    """Return a field of an order as FunnelFox has it: amounts as decimal text, times in UTC."""
    if isinstance(value, Mapping):
        return {inner: _to_funnelfox(inner, one) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_to_funnelfox(name, one) for one in value]
    if name in ("amount", "paid", "refunded") and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return format(Decimal(str(value)), "f")
    return write_time(value, _FUNNELFOX_TIME)


def _to_fluentcart(name: str, value: Any) -> Any:
    """Return a field of an order as FluentCart has it: amounts as whole numbers, times in UTC. Raise ValueError for fractions."""
    if isinstance(value, Mapping):
        return {inner: _to_fluentcart(inner, one) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_to_fluentcart(name, one) for one in value]
    if isinstance(value, float | Decimal) and value == int(value):
        return int(value)
    is_amount = name in ("paid", "refunded", "total") or name.startswith("total_")
    if is_amount and isinstance(value, str) and value.isdecimal():
        return int(value)
    if is_amount and isinstance(value, float | Decimal | str):
        raise ValueError(f"{name}={value} is no whole number of minor units. Use 2500 for 25.00.")
    return write_time(value, _FLUENTCART_TIME)


def read_refunds(client: Client, api: str, order_id: Any) -> list[Refund]:
    """Return the refunds of an order, without failed ones. Amounts are in minor units."""
    rows = client.get(f"{_path(api, order_id)}/transactions")["transactions"]
    return [Refund(row["id"], row["amount"], row["state"]) for row in rows if row["kind"] == "refund" and row["counts"]]


def _path(api: str, order_id: Any) -> str:
    return f"/{api}/orders/{quote(str(order_id), safe='')}"
