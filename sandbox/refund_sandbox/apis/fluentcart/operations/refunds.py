"""Refund of an order."""

from typing import Any, NamedTuple

from refund_sandbox.apis.fluentcart import errors, parsing, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations
from refund_sandbox.apis.fluentcart.records import ORDERS, TRANSACTIONS, Order, Transaction
from refund_sandbox.apis.fluentcart.refund_booking import RefundBooking
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.faults.fault import RetryAfterFault
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class EarlierRead(NamedTuple):
    """Order and charge as read before a fault made the request wait.

    The plugin takes no lock: it checks these records, which can be out of date when it books the refund.
    """

    order: Order
    charge: Transaction


class RefundOperations(BaseOperations):
    """The operation that refunds one charge of an order."""

    def refund_order(self, context: Context) -> Reply:
        """POST /orders/{order_id}/refund: check in the plugin's order, then book the refund."""
        with self.transaction(context) as transaction:
            order = self._get_order(transaction, context.params["order_id"])
            refunds.check_refundable(context.earlier_read.order if context.earlier_read else order)
            self._validate(context)
            try:
                body = self._refund(transaction, context, order)
            except PluginCrash as crash:  # commits: the plugin does not undo its earlier steps
                refusal = errors.plugin_exception(str(crash), self._services.settings.fluentcart.version)
                return Reply(refusal.body, refusal.status)
        return Reply(body)

    def _refund(self, transaction: StoreTransaction, context: Context, order: Order) -> dict[str, Any]:
        info = parsing.read_refund_info(context.document)
        parsing.check_required(info)
        checked_order, charge = context.earlier_read or (order, self._get_charge(transaction, order, info["transaction_id"]))
        request = parsing.read_refund(info, self._services.settings.fluentcart.version)
        refunds.check_amount(checked_order, charge, request.amount)
        bookkeeping = self._bookkeeping(transaction, context, {"transaction_id": charge.id})
        try:
            return RefundBooking(bookkeeping).refund(order, charge, request)
        except RetryAfterFault as wait:
            wait.earlier_read = EarlierRead(checked_order, charge)
            raise

    def _get_order(self, transaction: StoreTransaction, order_id: str) -> Order:
        key = php.as_id(order_id)
        order = transaction.get(ORDERS, key, for_update=True) if key is not None else None
        if order is None:
            raise errors.model_not_found("Order", order_id)
        return order

    def _get_charge(self, transaction: StoreTransaction, order: Order, transaction_id: Any) -> Transaction:
        """Return the requested charge, its id compared as in MySQL (group 03)."""
        if isinstance(transaction_id, php.ARRAY):
            ids = php.values_of(transaction_id)
            unknown = [php.to_text(one_id) for one_id in ids if self._find_charge(transaction, order, one_id) is None]
            if not unknown:
                raise PluginCrash("Property [order] does not exist on this collection instance.")
            raise errors.model_not_found("OrderTransaction", ", ".join(unknown))
        charge = self._find_charge(transaction, order, transaction_id)
        if charge is None:
            raise errors.model_not_found("OrderTransaction", php.to_text(transaction_id))
        return charge

    def _find_charge(self, transaction: StoreTransaction, order: Order, transaction_id: Any) -> Transaction | None:
        key = php.as_id(transaction_id)
        charge = transaction.get(TRANSACTIONS, key) if key is not None else None
        return charge if charge and charge.order_id == order.id else None
