"""What every API package provides, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, ClassVar, Protocol

from refund_sandbox.core.clock import Clock, write_sortable
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import ApiError, BadDocument, Problem, SpecError
from refund_sandbox.core.faults.faults import FAULTS, Fault, FaultPoint, Faults, Phase, RetryAfterFault
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.spec.loader import Operation, Spec
from refund_sandbox.core.webhooks.outbox import Event, Target, enqueue
from refund_sandbox.frozen import frozen
from refund_sandbox.settings import WorkspaceSettings
from refund_sandbox.stores.protocol import Change, RecordType, Store, Transaction

Handler = Callable[[Context], Reply]


@dataclass
class Services:
    """Everything outside the rules: where records live, what time it is, what fails, how the workspace is set."""

    store: Store
    clock: Clock
    ids: Ids
    faults: Faults
    settings: WorkspaceSettings
    max_depth: int
    """How deep a body may be nested, where the API itself allows more."""


class InternalError(ApiError):
    """The sandbox itself fell over; the API answers as it would for an internal error."""


class FaultError(ApiError):
    """A fault answers with this HTTP status and leaves the rest to the API's own format."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{_phrase(status)}. The sandbox was told to fail here.")
        self.status = status


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"


class UnknownScenario(ApiError):
    """The call names a scenario that is not in the catalogue."""


class StoreUnavailable(ApiError):
    """The store can't be reached now; nothing was kept, and the same call may work in a moment."""


class BodyTooLarge(ApiError):
    """The body is larger than the sandbox reads; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than the {limit} bytes that the sandbox reads.")
        self.limit = limit


@frozen
class OrderQuery:
    """Which orders a list shows: with an id, a text in them, in a state (empty: any), newest first, and of those a page."""

    id: str = ""
    search: str = ""
    state: str = ""
    offset: int = 0
    limit: int = 50


class StateSection(Protocol):
    """An API's part of the state document; a package's `state` module is one."""

    SCHEMA: Mapping[str, Any]
    """Its JSON Schema."""

    def dump(self, store: Transaction, /) -> dict[str, Any]:
        """The whole section, written from the records."""


class FakeDataModule(Protocol):
    """Invented orders; a package's `fake` module is one."""

    def generate_orders(self, count: int, seed: int, /) -> dict[str, Any]:
        """A section of the state document with so many orders, the same ones for the same seed."""


class Api(ABC):
    """One API that the sandbox plays: how a call is admitted, answered, refused and dressed, in that API's ways.

    The pipeline calls `identify`, `admit`, the handler that the operationId names, `refuse` when something raised an
    ApiError, and `dress`.
    """

    name: ClassVar[str]
    section: ClassVar[StateSection]
    record_types: ClassVar[tuple[RecordType[Any], ...]]
    fake_data: ClassVar[FakeDataModule]

    def __init__(self, spec: Spec, services: Services) -> None:
        self.spec = spec
        self._services = services
        for operation in spec.operations:
            if not hasattr(self, operation.handler_name):
                raise SpecError(f"specs/{self.name}.yaml: {operation.operation_id} has no method {operation.handler_name}")

    def handle(self, context: Context) -> Reply:
        """The answer of the operation that the call is for."""
        assert context.operation is not None
        handler: Handler = getattr(self, context.operation.handler_name)
        return handler(context)

    def transaction(self, context: Context) -> AbstractContextManager[Transaction]:
        """The transaction in which a handler changes the books; what it changed is announced, and noted on the call."""
        return _HandlerTransaction(self, context, self._services.store.transaction())

    def emit_events(self, transaction: Transaction, context: Context) -> None:  # noqa: B027 - FunnelFox's handlers do it themselves
        """Publishes what follows from all that a handler changed."""

    def enqueue_event(self, transaction: Transaction, event: Event, now: datetime) -> None:
        """Sends an event to those of this API's targets that want it, once the transaction is kept."""

        def find_fault(topic: str, url: str) -> Fault | None:
            return self._services.faults.claim(transaction, FaultPoint("webhook", self.name, topic), {"topic": topic, "url": url})

        enqueue(transaction, self.name, event, self.webhook_targets(transaction, event), write_sortable(now), find_fault)

    def webhook_targets(self, _transaction: Transaction, _event: Event) -> list[Target]:
        """Where an event goes; an API without webhooks has no targets."""
        return []

    def claim_fault(self, at: Phase, transaction: Transaction, context: Context, fields: Mapping[str, Any]) -> Fault | None:
        """The fault that hits at this point inside the call's transaction, counted as used. Raises Wait where it must wait.

        `subject` is what `match` sees beside what the call itself says.
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
        found = faults.claim(transaction, point, {**self.fault_fields(context), **fields}, context.scenarios)
        if found and found.waits:
            raise RetryAfterFault(found)
        if found:
            context.note_hit(found)
        return found

    def find_operation(self, method: str, path: str) -> tuple[Operation | None, dict[str, str], bool]:
        """The operation of a path below the base URL, its path parameters, and whether any method has that path."""
        found = self.spec.find(path)
        if method not in found:
            return None, {}, bool(found)
        return found[method].operation, dict(found[method].params), True

    @abstractmethod
    def route(self, context: Context) -> None:
        """Notes on a call its operation, path parameters and caller, as far as they are known. Refuses nothing."""

    @abstractmethod
    def authorize_and_parse(self, context: Context) -> Reply | None:
        """Notes on a call its document, or gives an answer that needs no handler. Raises ApiError to refuse it."""

    @abstractmethod
    def render_error(self, error: ApiError) -> Reply:
        """The error in this API's own format."""

    @abstractmethod
    def render(self, context: Context, reply: Reply) -> Reply:
        """The reply with what this API puts around every answer."""

    @abstractmethod
    def order_id_of(self, context: Context) -> str | None:
        """The id of the order that a call is about, as it was sent; for the journal."""

    @abstractmethod
    def fault_fields(self, context: Context) -> Mapping[str, Any]:
        """What faults can match: the fields that the call itself names. Refuses nothing."""

    @abstractmethod
    def order_scenario(self, transaction: Transaction, context: Context) -> str | None:
        """The scenario that the call's order carries."""

    @abstractmethod
    def quickstart(self, url: str) -> str:
        """The base URL, credentials that work, and a refund as a curl line, for people to read and paste."""

    @abstractmethod
    def find_order(self, order_id: str) -> dict[str, Any] | None:
        """One order as in the state document."""

    @abstractmethod
    def order_summaries(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        """A page of orders, each as a short document of the same form in every API, and how many there are in all.

        `{id, customer, amount, currency, decimals, paid, refunded, pending, left, state, status, subscription, scenario,
        created_at}`; money in minor units of so many decimals.
        """

    @abstractmethod
    def credentials(self) -> list[dict[str, Any]]:
        """Who may call this API, with what they call it with."""

    def add_order(self, _transaction: Transaction, _document: Mapping[str, Any]) -> dict[str, Any]:
        """Adds an order, with all that the document leaves out, and gives it back as in the state document.

        Raises BadDocument for one that makes no sense.
        """
        raise BadDocument([Problem("", f"{self.name} makes no orders")])

    def get_webhook_targets(self, _transaction: Transaction) -> list[dict[str, Any]]:
        """The targets of this API's webhooks, as documents."""
        return []

    def replace_webhook_targets(self, _transaction: Transaction, documents: Any) -> None:
        """Replaces them. Raises BadDocument, listing every mistake."""
        if documents:
            raise BadDocument([Problem(f"/{self.name}", "sends no webhooks")])

    @abstractmethod
    def load(self, transaction: Transaction, section: Mapping[str, Any]) -> None:
        """Fills an empty store from a section that fits the schema. Raises BadDocument for one that makes no sense."""

    def run_task(self, transaction: Transaction, action: str, subject: str, now: datetime) -> None:  # noqa: B027 - not every API plans work
        """Does work that has fallen due; an API without any need not provide it."""


class _HandlerTransaction:
    """The store's transaction of one call. A class of its own: a generator would take three times as long around it."""

    def __init__(self, api: Api, context: Context, opened: AbstractContextManager[Transaction]) -> None:
        self._api = api
        self._context = context
        self._opened = opened

    def __enter__(self) -> Transaction:
        self._transaction = self._opened.__enter__()
        return self._transaction

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        changes: list[Change] = []
        if kind is None:
            try:
                self._api.emit_events(self._transaction, self._context)
                changes = self._transaction.changes()
            except BaseException as failed:
                self._opened.__exit__(type(failed), failed, failed.__traceback__)
                raise
        ended = self._opened.__exit__(kind, error, trace)
        self._context.changes = (*self._context.changes, *changes)
        return ended
