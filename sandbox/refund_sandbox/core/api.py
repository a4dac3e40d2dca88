"""The contract of an API: a package describes itself with one ApiDescriptor."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field

from refund_sandbox.core.api_views import Listing, RefundForm, RelatedRecord, ReportComparison
from refund_sandbox.core.context import Context, Reply, Request, UnitOfWork
from refund_sandbox.core.errors import ApiError, SpecError
from refund_sandbox.core.faults.fault import Phase
from refund_sandbox.core.faults.targets import WEBHOOK_FIELDS, FaultTarget
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.recording import Recording
from refund_sandbox.core.redaction import is_same
from refund_sandbox.core.spec.router import Match, Spec
from refund_sandbox.core.spec.served import Describe
from refund_sandbox.core.verification import Verification
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.settings import Option
from refund_sandbox.stores.protocol import Read, ReadTransaction, RecordType, Transaction

Task = Callable[[Any, str], None]
"""A scheduled task: it gets a UnitOfWork at the time when it fell due, and the key of the record that it is about."""


class Operation(Struct, frozen=True):
    """The code of one operation of the spec.

    `handle` returns the reply; it gets the context, and the record that `locate` returned if there is a `locate`. `locate`
    finds what the API looks up before it validates the document. Both may raise ApiError, which undoes every change.
    An operation that `reads_only` gets a transaction for reads. One that runs `alone` waits for the other writers of the
    workspace, because it writes what has to be unique. `phases` are those at which it claims faults.
    """

    handle: Callable[..., Reply]
    locate: Callable[[Any], Any] | None = None
    reads_only: bool = False
    alone: bool = False
    phases: tuple[Phase, ...] = ()


class Lifecycle(Protocol):
    """The stages of a request that are the API's own. A module with these functions is one."""

    def route(self, spec: Spec, request: Request, /) -> Match | None:
        """Return the operation at the request's path, with its path parameters. Reject nothing."""

    def authorize_and_parse(self, context: Any, /) -> Reply | None:
        """Set `caller` and `document`, in the API's own order. Return a reply if no handler is needed.

        Raise ApiError to reject the request.
        """

    def validate(self, context: Any, /) -> None:
        """Raise the API's refusal of a document with `violations` that the setting `validation` does not accept."""

    def render(self, context: Any, reply: Reply, /) -> Reply:
        """Return the reply with the headers and the envelope of this API."""

    def render_error(self, error: ApiError, settings: Any, ids: Ids, /) -> Reply:
        """Return the error in this API's own format."""


class StateSection(Protocol):
    """An API's section of the state document. A module with these functions is one."""

    @property
    def SCHEMA(self) -> Mapping[str, Any]:
        """JSON Schema of the section."""

    def dump(self, transaction: ReadTransaction, /) -> dict[str, Any]:
        """Return the whole section, written from the records. Long lists may be iterables that are read once."""

    def load(self, work: UnitOfWork, section: Mapping[str, Any], /) -> None:
        """Fill an empty store from a section that fits the schema. Raise BadDocument for one that is inconsistent."""

    def find_order(self, transaction: ReadTransaction, order_id: str, /) -> dict[str, Any] | None:
        """Return one order as in the section."""

    def add_order(self, work: UnitOfWork, document: Mapping[str, Any], /) -> dict[str, Any]:
        """Add an order, fill in everything that the document leaves out, and return it as in the section.

        Raise BadDocument for an order that is inconsistent.
        """


class FakeData(Protocol):
    """Generator of fake orders. A module with this function is one."""

    def add_orders(self, work: UnitOfWork, count: int, seed: int, /) -> Iterator[None]:
        """Add `count` orders to a state that was loaded. Yield after each. The same seed gives the same orders."""


class Webhooks(Protocol):
    """The webhooks of an API. A module with these functions is one."""

    @property
    def URL_FIELD(self) -> str:
        """Field of a target's document that holds its URL."""

    @property
    def RULES(self) -> str:
        """Signature and retries of deliveries, in one or two sentences for people."""

    @property
    def SECRET_FIELD(self) -> str | None:
        """Field of a target's document that holds the secret of its signatures, if there is one."""

    @property
    def TOPICS(self) -> Mapping[str, str]:
        """Topics of all events, each with a sentence that says when it is sent."""

    def build_draft(self, work: UnitOfWork, topic: str, order_id: str, /) -> Any | None:
        """Return the draft of an event about an order that exists, None if the order can't have it. Change nothing."""

    def build_events(self, work: Any, /) -> Iterable[Event]:
        """Return the events of a unit of work, from its `drafts`, in the order in which they are delivered."""

    def targets(self, transaction: ReadTransaction, event: Event, /) -> list[Target]:
        """Return the targets of an event."""

    def list_targets(self, transaction: ReadTransaction, /) -> list[dict[str, Any]]:
        """Return all webhook targets as documents."""

    def replace_targets(self, transaction: Transaction, documents: Any, /) -> None:
        """Replace all webhook targets. Raise BadDocument, listing every mistake."""


class NoSettings(Struct, frozen=True):
    """Settings of an API without settings."""


class ApiDescriptor(Struct, frozen=True):
    """One emulated API, as the rest of the sandbox sees it."""

    name: str
    """Name in paths of the control API, in settings and in the state document: lower-case letters."""
    title: str
    """Name for people."""
    mounts: tuple[str, ...]
    """Path prefixes of its requests. `{name}` stands for one segment that does not start with an underscore.

    Clients use the first one as their base URL. Its placeholders are fields of the credentials.
    """
    record_types: tuple[RecordType[Any], ...]
    context: type[Context]
    lifecycle: Lifecycle
    operations: Mapping[str, Operation]
    """Operations by the operationId of the spec."""
    state: StateSection
    listing: Listing
    webhooks: Webhooks
    refund_form: RefundForm
    settings: type[Any] = NoSettings
    """Class of the API's settings, with a default for each."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """Settings that are options of the command line too, by the field of the settings."""
    fake: FakeData | None = None
    related: Callable[[ReadTransaction, str], Sequence[RelatedRecord]] | None = None
    """Return the records that an order names. None: its summary says enough."""
    reports: Callable[[ReadTransaction, datetime], ReportComparison] | None = None
    """Compare the reports of the API, at a time, with the ledger. None: the API has no reports."""
    prefetch: Callable[[Match], Sequence[Read]] | None = None
    """Reads that every request to an operation needs. A database answers them in one round trip."""
    has_credentials: Callable[[ReadTransaction, Request], bool] | None = None
    """Whether a request has valid credentials. By default, it has the headers of one of `listing.credentials`."""
    refused_refund: str = "The payment gateway refuses the refund."
    """Reply and booking of a refund that the payment gateway refuses: a sentence or two for people."""
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Scenarios of this API alone, in the form of fixtures/scenarios.yaml."""
    find_order_id: Callable[[ReadTransaction, str], str | None] | None = None
    """Return the id of an order, or of one that a checkout will make, as requests match it. None: `state.find_order` decides."""
    open_dispute: Callable[[UnitOfWork, str], None] | None = None
    """Dispute the charge of an order that exists, as the bank of the customer does. Raise BadDocument if nothing was paid."""
    recording: Recording | None = None
    """None records requests and replies without the state of orders."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """Scheduled tasks by name."""
    spec: Path | None = None
    """File of the spec. None is `specs/{name}.yaml` of this project."""
    describe: Describe | None = None
    """The spec, as the API answers with settings of a workspace. None serves the file for all settings."""
    verification: Verification | None = None
    """Comparison with the live service, if there is one."""
    root_query: str | None = None
    """Query parameter with which requests to `/` belong to this API."""
    root_links: Mapping[str, str] = field(default_factory=dict)
    """Relations and paths of the header `Link` at `/`, by which clients discover this API."""

    def has_known_headers(self, transaction: ReadTransaction, request: Request) -> bool:
        """Whether a request has the headers of one of the accounts that may call this API."""
        accounts = [account["headers"].items() for account in self.listing.credentials(transaction)]
        return any(all(is_same(request.headers.get(name.lower(), ""), value) for name, value in one) for one in accounts if one)


class Api:
    """An API with its spec. Raises SpecError if the operations of both differ."""

    def __init__(self, descriptor: ApiDescriptor, spec: Spec) -> None:
        self.descriptor = descriptor
        self.name = descriptor.name
        self.spec = spec
        described = {operation.operation_id for operation in spec.operations}
        for missing in sorted(described ^ descriptor.operations.keys()):
            place = "the spec" if missing in descriptor.operations else "the operations of its API"
            raise SpecError(f"specs/{self.name}.yaml: {missing} is missing in {place}")

    def fault_targets(self) -> Iterator[FaultTarget]:
        """Yield everything that a fault can hit: the operations, and the webhooks by topic."""
        for operation in self.spec.operations:
            phases = self.descriptor.operations[operation.operation_id].phases
            fields = self.descriptor.context.fault_field_names(operation)
            yield FaultTarget(self.name, operation.operation_id, frozenset(("before", "after", *phases)), fields)
        for topic in self.descriptor.webhooks.TOPICS:
            yield FaultTarget(self.name, topic, frozenset(("webhook",)), WEBHOOK_FIELDS)
