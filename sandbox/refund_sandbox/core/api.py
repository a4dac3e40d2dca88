"""The contract of an API: what a package under `apis/` implements, and the services that it gets."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from refund_sandbox.core.clock import Clock, write_sortable
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import ApiError, BadDocument, Problem, SpecError
from refund_sandbox.core.faults.fault import FAULTS, Fault, FaultPoint, Phase, RetryAfterFault
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.webhooks.outbox import Event, Target, enqueue
from refund_sandbox.settings import WorkspaceSettings
from refund_sandbox.stores.protocol import Change, ReadTransaction, RecordType, Store, Transaction

Handler = Callable[[Context], Reply]


@dataclass
class WorkspaceServices:
    """Services of one workspace: its store, clock, ids, faults and settings."""

    store: Store
    clock: Clock
    ids: Ids
    faults: FaultStore
    settings: WorkspaceSettings
    max_depth: int
    """Maximum nesting depth of a JSON body. An API may have a lower limit of its own."""


class OrderQuery(Struct, frozen=True):
    """Filters and page of an order list: an id, a text, a state (empty means any). Newest first."""

    id: str = ""
    search: str = ""
    state: str = ""
    offset: int = 0
    limit: int = 50


class StateSection(Protocol):
    """An API's section of the state document. The API's `state` module is one."""

    SCHEMA: Mapping[str, Any]
    """JSON Schema of the section."""

    def dump(self, store: ReadTransaction, /) -> dict[str, Any]:
        """Return the whole section, written from the records."""


class FakeDataModule(Protocol):
    """Generator of fake orders. The API's `fake` module is one."""

    def generate_orders(self, count: int, seed: int, /) -> dict[str, Any]:
        """Return a section of the state document with `count` orders. The same seed gives the same orders."""


class Api(ABC):
    """One emulated API. The pipeline calls its stages in this order: `route`, `authorize_and_parse`, the handler, `render`.

    The handler of an operation is the method with the operation's name: `refund_order` for refundOrder.
    An ApiError that a stage raises is rendered by `render_error`.
    """

    name: ClassVar[str]
    section: ClassVar[StateSection]
    record_types: ClassVar[tuple[RecordType[Any], ...]]
    fake_data: ClassVar[FakeDataModule]

    def __init__(self, spec: Spec, services: WorkspaceServices) -> None:
        self.spec = spec
        self._services = services
        for operation in spec.operations:
            if not hasattr(self, operation.handler_name):
                raise SpecError(f"specs/{self.name}.yaml: {operation.operation_id} has no method {operation.handler_name}")

    def handle(self, context: Context) -> Reply:
        assert context.operation is not None
        handler: Handler = getattr(self, context.operation.handler_name)
        return handler(context)

    def transaction(self, context: Context) -> AbstractContextManager[Transaction]:
        """Open the transaction in which a handler changes the ledger. Events are emitted before the commit."""
        return _HandlerTransaction(self, context, self._services.store.transaction())

    def emit_events(self, transaction: Transaction, context: Context) -> None:  # noqa: B027 - FunnelFox's handlers emit their own
        """Emit the events that follow from the changes of a handler's transaction."""

    def enqueue_event(self, transaction: Transaction, event: Event, now: datetime) -> None:
        """Add an event to the outbox of each webhook target that subscribes to it, in the given transaction."""

        def find_fault(topic: str, url: str) -> Fault | None:
            point = FaultPoint("webhook", self.name, topic)
            return self._services.faults.claim(transaction, point, {"topic": topic, "url": url})

        targets = self.webhook_targets(transaction, event)
        enqueue(transaction, self.name, event, targets, write_sortable(now), find_fault)

    def webhook_targets(self, _transaction: Transaction, _event: Event) -> list[Target]:
        """Return the targets of an event. The default is an API without webhooks."""
        return []

    def claim_fault(self, at: Phase, transaction: Transaction, context: Context, fields: Mapping[str, Any]) -> Fault | None:
        """Return the fault that hits in this phase of the handler's transaction, and count the hit.

        `fields` are compared with the fault's `match`, in addition to the fields of the request.
        Raise RetryAfterFault if the request must wait.
        """
        enabled = transaction.all(FAULTS)
        if not (enabled or context.scenarios or context.waited):
            return None
        assert context.operation is not None
        point = FaultPoint(at, self.name, context.operation.operation_id)
        for fault in context.waited:
            if fault.is_at(point):
                return fault
        faults = self._services.faults
        if not faults.could_hit(enabled, point, context.scenarios):
            return None
        claimed = faults.claim(transaction, point, {**self.fault_fields(context), **fields}, context.scenarios)
        if claimed and claimed.has_wait:
            raise RetryAfterFault(claimed)
        if claimed:
            context.note_hit(claimed)
        return claimed

    def find_operation(self, method: str, path: str) -> tuple[Operation | None, dict[str, str], bool]:
        """Return the operation at a path below the base URL, its path parameters, and whether the path exists at all."""
        matches = self.spec.find(path)
        if method not in matches:
            return None, {}, bool(matches)
        return matches[method].operation, dict(matches[method].params), True

    @abstractmethod
    def route(self, context: Context) -> None:
        """Set the context's operation, path parameters and caller, as far as they are known. Reject nothing."""

    @abstractmethod
    def authorize_and_parse(self, context: Context) -> Reply | None:
        """Check the caller's rights and parse the body into the context. Return a reply if no handler is needed.

        Raise ApiError to reject the request.
        """

    @abstractmethod
    def render_error(self, error: ApiError) -> Reply:
        """Return the error in this API's own format."""

    @abstractmethod
    def render(self, context: Context, reply: Reply) -> Reply:
        """Return the reply with the headers and the envelope of this API."""

    @abstractmethod
    def order_id_of(self, context: Context) -> str | None:
        """Return the id of the order that a request is about, as sent, for the request log."""

    @abstractmethod
    def fault_fields(self, context: Context) -> Mapping[str, Any]:
        """Return the fields of the request that a fault's `match` is compared with. Reject nothing."""

    @abstractmethod
    def order_scenario(self, transaction: ReadTransaction, context: Context) -> str | None:
        """Return the scenario that the request's order names in the state document."""

    @abstractmethod
    def quickstart(self, url: str) -> str:
        """Return the base URL, working credentials, and a refund as a curl line, for the start banner."""

    @abstractmethod
    def find_order(self, order_id: str) -> dict[str, Any] | None:
        """Return one order as in the state document."""

    @abstractmethod
    def order_summaries(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        """Return a page of orders as summaries with the same fields in every API, and the number of orders in all.

        The fields are `{id, customer, amount, currency, decimals, paid, refunded, pending, left, state, status, subscription,
        scenario, created_at}`. Money is in minor units with that number of decimals.
        """

    @abstractmethod
    def credentials(self) -> list[dict[str, Any]]:
        """Return the accounts that may call this API, with their passwords or keys."""

    def add_order(self, _transaction: Transaction, _document: Mapping[str, Any]) -> dict[str, Any]:
        """Add an order, fill in everything that the document leaves out, and return it as in the state document.

        Raise BadDocument for an order that is inconsistent.
        """
        raise BadDocument([Problem("", f"{self.name} has no order factory")])

    def get_webhook_targets(self, _transaction: ReadTransaction) -> list[dict[str, Any]]:
        """Return the webhook targets of this API as documents."""
        return []

    def replace_webhook_targets(self, _transaction: Transaction, documents: Any) -> None:
        """Replace the webhook targets of this API. Raise BadDocument, listing every mistake."""
        if documents:
            raise BadDocument([Problem(f"/{self.name}", "this API has no webhooks")])

    @abstractmethod
    def load(self, transaction: Transaction, section: Mapping[str, Any]) -> None:
        """Fill an empty store from a section that fits the schema. Raise BadDocument for one that is inconsistent."""

    def run_task(self, transaction: Transaction, action: str, subject: str, now: datetime) -> None:  # noqa: B027 - optional
        """Run a scheduled task that has fallen due. `subject` is the key of the record that it is about."""


class _HandlerTransaction:
    """The store's transaction of one request. A class, because a generator-based context manager takes three times as long."""

    def __init__(self, api: Api, context: Context, manager: AbstractContextManager[Transaction]) -> None:
        self._api = api
        self._context = context
        self._manager = manager

    def __enter__(self) -> Transaction:
        self._transaction = self._manager.__enter__()
        return self._transaction

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        changes: list[Change] = []
        if kind is None:
            try:
                self._api.emit_events(self._transaction, self._context)
                changes = self._transaction.changes()
            except BaseException as failed:
                self._manager.__exit__(type(failed), failed, failed.__traceback__)
                raise
        suppressed = self._manager.__exit__(kind, error, trace)
        self._context.changes = (*self._context.changes, *changes)
        return suppressed
