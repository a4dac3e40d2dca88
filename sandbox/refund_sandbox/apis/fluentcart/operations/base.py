"""Base of the operation classes: reading, units of work, strict validation and records named by the path."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart import errors, parsing, php
from refund_sandbox.apis.fluentcart.bookkeeping import Bookkeeping
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.records import (
    CUSTOMERS,
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Customer,
    Order,
    Site,
    Subscription,
    Transaction,
)
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress.request import WordPressRequest, sanitize_text
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.faults.fault import Phase
from refund_sandbox.core.spec.loader import JSON
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.settings import Version
from refund_sandbox.stores.protocol import ReadTransaction, RecordType
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

# Path parameters whose records the plugin loads before authorization, with the record type and the model's name.
_BOUND: dict[str, tuple[RecordType[Any], str]] = {
    "order": (ORDERS, "Order"),
    "subscription": (SUBSCRIPTIONS, "Subscription"),
    "transaction": (TRANSACTIONS, "OrderTransaction"),
}


def find_bound(store: ReadTransaction, name: str, record_id: str, *, for_update: bool = False) -> Any:
    """Return the record of a path parameter, its id compared as in MySQL. Raises a refusal for an unknown id."""
    record_type, model = _BOUND[name]
    key = php.as_id(record_id)
    record = store.get(record_type, key, for_update=for_update) if key is not None else None
    if record is None:
        raise errors.unbound(model)
    return record


class UnitOfWork(Struct, frozen=True):
    """One request that changes records: its transaction, its time and the helpers that write and read."""

    context: Context
    store: StoreTransaction
    bookkeeping: Bookkeeping
    reader: Reader
    now: str

    @property
    def version(self) -> Version:
        return self.reader.version

    def order(self) -> Order:
        """Return the order that the path names, or raise a refusal."""
        order: Order = find_bound(self.store, "order", self.context.params["order"], for_update=True)
        return order

    def subscription(self) -> Subscription:
        """Return the subscription that the path names, or raise a refusal."""
        subscription: Subscription = find_bound(self.store, "subscription", self.context.params["subscription"], for_update=True)
        return subscription

    def transaction(self) -> Transaction:
        """Return the transaction that the path names, or raise a refusal."""
        transaction: Transaction = find_bound(self.store, "transaction", self.context.params["transaction"], for_update=True)
        return transaction

    def find_order(self, order_id: str) -> Order | None:
        key = php.as_id(order_id)
        return self.store.get(ORDERS, key, for_update=True) if key is not None else None

    def get_customer(self, customer_id: str) -> Customer:
        """Return a customer, or raise a refusal (14-068)."""
        key = php.as_id(customer_id)
        customer = self.store.get(CUSTOMERS, key) if key is not None else None
        if customer is None:
            raise errors.model_not_found("Customer", customer_id)
        return customer

    def text(self, name: str) -> str:
        """Return a field of the document as one line of plain text; "" for a missing field."""
        return sanitize_text(self.context.document.get(name))


class BaseOperations(Api):
    """Methods that the operation classes share."""

    def _read(self, context: Context, view: Callable[[Reader, ListQuery], dict[str, Any]]) -> Reply:
        """Reply to a request that changes nothing with the result of a view."""
        settings = self._services.settings
        version = settings.fluentcart.version
        crashes = settings.validation == "live" and version == "1.3.25"
        request: WordPressRequest = context.caller
        with self._services.store.read_only() as transaction:
            reader = Reader(transaction, request.site_url, version, crashes)
            try:
                body = view(reader, ListQuery(request.query, f"{request.site_url}/wp-json{request.route}"))
            except PluginCrash as crash:
                raise errors.plugin_exception(str(crash), version) from None
        return Reply(body)

    @contextmanager
    def _unit_of_work(self, context: Context) -> Iterator[UnitOfWork]:
        """Validate the request and open its transaction, which commits at the end and rolls back on an exception."""
        self._validate(context)
        with self.transaction(context) as store:
            reader = Reader(store, context.caller.site_url, self._services.settings.fluentcart.version, crashes=False)
            yield UnitOfWork(context, store, self._bookkeeping(store, context, {}), reader, self._now())

    def _bookkeeping(self, store: StoreTransaction, context: Context, fault_fields: dict[str, Any]) -> Bookkeeping:
        """Return the bookkeeping of a request. Faults can match `fault_fields` and the fields of the request."""

        def claim_error(at: Phase) -> str | None:
            fault = self.claim_fault(at, store, context, fault_fields)
            return fault.message if fault and fault.is_refusal else None

        return Bookkeeping(store, self._services.ids, self._now(), context.caller.user.login, claim_error)

    def _reply_gateway_error(self, message: str) -> Reply:
        """Reply 422 without an exception, so that the transaction commits."""
        return Reply({"message": message}, 422)

    def _validate(self, context: Context) -> None:
        """With strict validation, refuse requests that violate the spec; operations without a request body are not checked."""
        assert context.operation is not None
        if self._services.settings.validation == "live" or context.operation.body is None:
            return
        if context.body and context.content_type != JSON:
            raise errors.unsupported_media_type(context.content_type)
        if context.body and not context.body.lstrip().startswith(b"{"):
            raise errors.invalid_fields({"body": {"type": "The body must be an object."}})
        if context.violations:
            raise parsing.invalid_document(context.violations)

    def _site(self) -> Site:
        with self._services.store.read_only() as transaction:
            return transaction.get(SITES, 1) or Site()

    @property
    def _has_all_operations(self) -> bool:
        """Whether the emulated version has every operation of the spec."""
        return self._services.settings.fluentcart.version != "1.3.25"

    def _is_available(self, operation: Operation) -> bool:
        """Whether the emulated version has the operation."""
        return self._has_all_operations or "x-since" not in operation.extensions

    def _available_operations(self) -> list[Operation]:
        return [operation for operation in self.spec.operations if self._is_available(operation)]

    def _now(self) -> str:
        return parsing.write_time(self._services.clock.now())
