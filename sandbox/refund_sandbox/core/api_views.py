"""Views of an API for people and tools: order lists, reports, and the form of a refund."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from refund_sandbox.stores.protocol import ReadTransaction


class OrderQuery(Struct, frozen=True):
    """Filters and page of an order list: an id, a text, a state (empty means any). Newest first."""

    id: str = ""
    search: str = ""
    state: str = ""
    offset: int = 0
    limit: int = 50


class TransactionSummary(Struct, frozen=True):
    """A charge, a refund or another transaction of an order, with the same fields in every API. `amount` is in minor units."""

    id: str
    kind: Literal["charge", "refund", "other"]
    title: str
    amount: int
    state: str
    at: str
    notes: tuple[str, ...] = ()
    counts: bool = True
    """Whether the ledger counts it. A failed refund does not count."""
    warning: str = ""
    """A sentence for people, if a refund failed, or if the ledger and the payment gateway disagree."""


class RelatedRecord(Struct, frozen=True):
    """A record that an order names: a customer, a product. `operation` reads it; its path has `id`, if that is not empty."""

    kind: str
    title: str
    operation: str
    id: str = ""


class ReportDifference(Struct, frozen=True):
    """A reason why a report differs from the ledger, with the difference it makes, and some of the orders."""

    reason: str
    amount: int
    orders: tuple[str, ...]


class ReportFigure(Struct, frozen=True):
    """A figure of a report, and the same figure of the ledger. An amount is in minor units, a count has no decimals."""

    title: str
    operation: str
    """Operation of the spec that returns the report."""
    report: int
    ledger: int
    decimals: int = 0
    differences: tuple[ReportDifference, ...] = ()


class ReportComparison(Struct, frozen=True):
    """Figures of a period by an API's reports and by the ledger."""

    first: str
    last: str
    figures: tuple[ReportFigure, ...]


class Listing(Protocol):
    """View of an API for people and tools. A module with these functions is one."""

    @property
    def STATES(self) -> Sequence[str]:
        """States of orders that a list can be filtered by."""

    @property
    def SEARCHED(self) -> str:
        """Fields that `search` looks at, for people: "id, customer"."""

    @property
    def ID_FIELD(self) -> str:
        """Field of an order in the state document that holds its id."""

    @property
    def SAMPLES(self) -> Mapping[str, Any]:
        """Values of the demo data by field name, with which the API reference fills its forms."""

    def page(self, transaction: ReadTransaction, query: OrderQuery, /) -> tuple[list[dict[str, Any]], int]:
        """Return a page of orders as summaries with the same fields in every API, and the number of orders in all.

        The fields are `{id, customer, amount, currency, decimals, paid, refunded, pending, left, state, status, subscription,
        scenario, created_at}`. Money is in minor units with that number of decimals.
        """

    def transactions(self, transaction: ReadTransaction, order_id: str, /) -> list[TransactionSummary]:
        """Return the transactions of an order that exists, oldest first."""

    def credentials(self, transaction: ReadTransaction, /) -> list[dict[str, Any]]:
        """Return the accounts that may call this API, with their passwords or keys.

        Each has a `label` for people, and the `headers` that authenticate a request.
        """

    def quickstart(self, transaction: ReadTransaction, settings: Any, url: str, /) -> str:
        """Return the base URL, working credentials, and a refund as a curl line, for the start banner."""


class FormField(Struct, frozen=True):
    """One field of the form of a refund. `value` is its text at first. Without a `label`, people see the name.

    An amount is typed with `decimals` decimals: 0 for minor units. The text of a flag is `true`, `false` or empty.
    """

    name: str
    kind: Literal["amount", "text", "flag", "choice"]
    label: str = ""
    value: str = ""
    hint: str = ""
    required: bool = False
    decimals: int = 0
    choices: tuple[tuple[str, str], ...] = ()
    """Values with their labels."""
    option: str = ""
    """Option of the command `refund` that sets this field: amount, reason, soft or cancel."""


class RefundRecord(Struct, frozen=True):
    """The record that each refund adds to the ledger: one of type `record` whose `field` has this `value`."""

    record: str
    field: str
    value: str
    amount: str
    """Field that holds the amount in minor units."""
    failed: Mapping[str, str] = {}
    """Fields that a declined refund has, if it leaves a record although no money is booked."""

    def is_booked(self, read: Callable[[str], Any]) -> bool:
        """Whether a new record is a booked refund. `read` returns a field of it."""
        return read(self.field) == self.value and all(read(name) != value for name, value in self.failed.items())


class ClientRequest(Struct, frozen=True):
    """A request as a client of the API sends it. `path` is below the base URL of the workspace."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class RefundForm(Protocol):
    """The refund as people and tools send it. A module with these functions is one."""

    @property
    def OPERATION(self) -> str:
        """Operation of the spec that refunds."""

    @property
    def REFUND_RECORD(self) -> RefundRecord: ...

    @property
    def MINOR_RECORDS(self) -> Sequence[str]:
        """Types of records that change with every refund and explain nothing."""

    def fields(self, transaction: ReadTransaction, settings: Any, order_id: str, /) -> list[FormField]:
        """Return the fields for the refund of an order that exists."""

    def build_request(
        self, transaction: ReadTransaction, settings: Any, order_id: str, values: Mapping[str, str], /
    ) -> ClientRequest:
        """Return the request of a refund with the first credentials that may refund.

        `values` are texts by the name of the field. Fields that are missing or empty are not sent. A text that is not valid for
        its field is sent as it is: the API refuses it.
        """
