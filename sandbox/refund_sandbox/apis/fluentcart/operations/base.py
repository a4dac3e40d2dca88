"""What every handler of an action begins with: its records, the books, and what the plugin answers with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from refund_sandbox.apis.fluentcart import errors, parsing, php, wordpress
from refund_sandbox.apis.fluentcart.bookkeeping import Books
from refund_sandbox.apis.fluentcart.records import (
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Order,
    Site,
    Subscription,
    Transaction,
)
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Call, Reply
from refund_sandbox.core.spec.loader import JSON, Operation
from refund_sandbox.frozen import record
from refund_sandbox.settings import Version
from refund_sandbox.stores.protocol import Kind
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

# The records that the plugin binds to a path, and what it calls them.
_BOUND: dict[str, tuple[Kind[Any], str]] = {
    "order": (ORDERS, "Order"),
    "subscription": (SUBSCRIPTIONS, "Subscription"),
    "transaction": (TRANSACTIONS, "OrderTransaction"),
}


def bind(store: StoreTransaction, name: str, wanted: str, *, for_update: bool = False) -> Any:
    """The record of a path's parameter, by its id as MySQL compares it. Raises the refusal of one that is not there."""
    kind, model = _BOUND[name]
    key = php.as_id(wanted)
    record = store.get(kind, key, for_update=for_update) if key is not None else None
    if record is None:
        raise errors.unbound(model)
    return record


@record
class Action:
    """One action at work."""

    call: Call
    store: StoreTransaction
    books: Books
    reader: Reader
    now: str

    @property
    def version(self) -> Version:
        """The version that is played."""
        return self.reader.version

    def order(self) -> Order:
        """The order that the path names."""
        order: Order = bind(self.store, "order", self.call.params["order"], for_update=True)
        return order

    def subscription(self) -> Subscription:
        """The subscription that the path names."""
        subscription: Subscription = bind(self.store, "subscription", self.call.params["subscription"], for_update=True)
        return subscription

    def transaction(self) -> Transaction:
        """The transaction that the path names."""
        transaction: Transaction = bind(self.store, "transaction", self.call.params["transaction"], for_update=True)
        return transaction

    def find_order(self, order_id: str) -> Order | None:
        """An order by an id that the plugin does not bind."""
        key = php.as_id(order_id)
        return self.store.get(ORDERS, key, for_update=True) if key is not None else None

    def charges(self, order: Order) -> list[Transaction]:
        """The order's charges and refunds, by id."""
        return sorted(self.store.where(TRANSACTIONS, "order_id", order.id), key=lambda charge: charge.id)

    def text(self, name: str) -> str:
        """A field of the document, as one line of plain text; empty when it was not sent."""
        return wordpress.sanitize_text(self.call.document.get(name))


class Actions(Api):
    """What the handlers share."""

    @contextmanager
    def _open(self, call: Call) -> Iterator[Action]:
        """Opens an action: kept when the block ends, undone when it raises. With strict validation the spec is checked first."""
        self._check_spec(call)
        with self.transaction(call) as store:
            reader = Reader(store, call.caller.url, self._services.settings.fluentcart.version, crashes=False)
            yield Action(call, store, self._books(store, call, {}), reader, self._now())

    def _refused(self, message: str) -> Reply:
        """A refusal by the gateway, answered and not raised, so that what was written before is kept."""
        return Reply({"message": message}, 422)

    def _books(self, store: StoreTransaction, call: Call, subject: dict[str, Any]) -> Books:
        """The books of the call's order. `subject` is what a fault's `match` sees beside what the call itself says."""

        def failure(at: Any) -> str | None:
            fault = self.fault(at, store, call, subject)
            return fault.message if fault and fault.refuses else None

        return Books(store, self._services.ids, self._now(), call.caller.user.login, failure)

    def subject(self, call: Call) -> dict[str, Any]:
        """The ids of the path and the fields of a refund."""
        ids = {name if name.endswith("_id") else f"{name}_id": php.as_id(value) for name, value in call.params.items()}
        try:
            document = (
                call.document if call.document is not None else wordpress.read_params(call, call.caller, self._services.max_depth)
            )
        except errors.Refusal:
            return ids
        info = document.get("refund_info")
        return {**ids, **(info if isinstance(info, dict) else {})}

    def scenario_of(self, transaction: StoreTransaction, call: Call) -> str | None:
        """That of the order that the path names."""
        order_id = php.as_id(call.params.get("order_id") or call.params.get("order") or "")
        order = transaction.get(ORDERS, order_id) if order_id is not None else None
        return order.scenario if order else None

    def _check_spec(self, call: Call) -> None:
        """With strict validation, refuses whatever the spec forbids; a body that nobody reads can't be wrong."""
        assert call.operation is not None
        if self._services.settings.validation == "live" or call.operation.body is None:
            return
        if call.body and call.content_type != JSON:
            raise errors.unsupported_media_type(call.content_type)
        if call.body and not call.body.lstrip().startswith(b"{"):
            raise errors.invalid_fields({"body": {"type": "The body must be an object."}})
        if call.violations:
            raise parsing.invalid(call.violations)

    def _site(self) -> Site:
        with self._services.store.reading() as transaction:
            return transaction.get(SITES, 1) or Site()

    @property
    def _serves_all(self) -> bool:
        """Whether the version that is played has every operation."""
        return self._services.settings.fluentcart.version != "1.3.25"

    def _serves(self, operation: Operation) -> bool:
        """Whether the version that is played has the operation."""
        return self._serves_all or "x-since" not in operation.extensions

    def _operations(self) -> list[Operation]:
        """The operations of the version that is played."""
        return [operation for operation in self.spec.operations if self._serves(operation)]

    def _now(self) -> str:
        return parsing.write_time(self._services.clock.now())
