"""What every handler of an action begins with: its records, the books, and what the plugin answers with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from refund_sandbox.apis.fluentcart import errors, parsing, php
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
from refund_sandbox.apis.fluentcart.wordpress import request as wordpress
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.spec.loader import JSON
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.frozen import frozen
from refund_sandbox.settings import Version
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

# The records that the plugin binds to a path, and what it calls them.
_BOUND: dict[str, tuple[RecordType[Any], str]] = {
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


@frozen
class Action:
    """One action at work."""

    context: Context
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
        order: Order = bind(self.store, "order", self.context.params["order"], for_update=True)
        return order

    def subscription(self) -> Subscription:
        """The subscription that the path names."""
        subscription: Subscription = bind(self.store, "subscription", self.context.params["subscription"], for_update=True)
        return subscription

    def transaction(self) -> Transaction:
        """The transaction that the path names."""
        transaction: Transaction = bind(self.store, "transaction", self.context.params["transaction"], for_update=True)
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
        return wordpress.sanitize_text(self.context.document.get(name))


class Actions(Api):
    """What the handlers share."""

    @contextmanager
    def _open(self, context: Context) -> Iterator[Action]:
        """Opens an action: kept when the block ends, undone when it raises. With strict validation the spec is checked first."""
        self._check_spec(context)
        with self.transaction(context) as store:
            reader = Reader(store, context.caller.url, self._services.settings.fluentcart.version, crashes=False)
            yield Action(context, store, self._books(store, context, {}), reader, self._now())

    def _refused(self, message: str) -> Reply:
        """A refusal by the gateway, answered and not raised, so that what was written before is kept."""
        return Reply({"message": message}, 422)

    def _books(self, store: StoreTransaction, context: Context, subject: dict[str, Any]) -> Books:
        """The books of the call's order. `subject` is what a fault's `match` sees beside what the call itself says."""

        def failure(at: Any) -> str | None:
            fault = self.claim_fault(at, store, context, subject)
            return fault.message if fault and fault.is_refusal else None

        return Books(store, self._services.ids, self._now(), context.caller.user.login, failure)

    def fault_fields(self, context: Context) -> dict[str, Any]:
        """The ids of the path and the fields of a refund."""
        ids = {name if name.endswith("_id") else f"{name}_id": php.as_id(value) for name, value in context.params.items()}
        try:
            document = (
                context.document
                if context.document is not None
                else wordpress.read_params(context, context.caller, self._services.max_depth)
            )
        except errors.Refusal:
            return ids
        info = document.get("refund_info")
        return {**ids, **(info if isinstance(info, dict) else {})}

    def order_scenario(self, transaction: StoreTransaction, context: Context) -> str | None:
        """That of the order that the path names."""
        order_id = php.as_id(context.params.get("order_id") or context.params.get("order") or "")
        order = transaction.get(ORDERS, order_id) if order_id is not None else None
        return order.scenario if order else None

    def _check_spec(self, context: Context) -> None:
        """With strict validation, refuses whatever the spec forbids; a body that nobody reads can't be wrong."""
        assert context.operation is not None
        if self._services.settings.validation == "live" or context.operation.body is None:
            return
        if context.body and context.content_type != JSON:
            raise errors.unsupported_media_type(context.content_type)
        if context.body and not context.body.lstrip().startswith(b"{"):
            raise errors.invalid_fields({"body": {"type": "The body must be an object."}})
        if context.violations:
            raise parsing.invalid(context.violations)

    def _site(self) -> Site:
        with self._services.store.read_only() as transaction:
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
