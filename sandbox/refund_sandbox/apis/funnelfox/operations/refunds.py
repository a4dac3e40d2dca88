"""POST /payment/refund: acceptance, entitlement and settlement of refunds."""

from datetime import datetime

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import parsing
from refund_sandbox.apis.funnelfox.operations.entitlements import EntitlementOperations
from refund_sandbox.apis.funnelfox.parsing import RefundRequest
from refund_sandbox.apis.funnelfox.records import ORDERS, TRANSACTIONS, Order, Transaction
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time
from refund_sandbox.core.clock import later, read_duration
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.schedule import plan
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

FINISH_REFUND = "finish"
"""Action of a scheduled settlement."""


class RefundOperations(EntitlementOperations):
    """The refund operation, which the sandbox is made for."""

    def refund_payment(self, context: Context) -> Reply:
        """POST /payment/refund: accept a refund, withdraw the entitlement, settle now or later."""
        request = parsing.read_refund(self._read(context))
        with self.transaction(context) as transaction:
            order = self._find_order(transaction, context, request.order_id, request.external_id)
            refunds.check_refundable(order)
            amount = refunds.amount_of(order, request.amount)
            order = refunds.reserve(order, amount)
            drafts = self._withdraw_entitlement(transaction, order, soft=request.soft, full=refunds.is_full(order))
            gateway_error = self._gateway_error(transaction, context, order)
            now = self._services.clock.now()
            refund = self._new_refund(self._sales_of(transaction, order), request, amount, write_time(now))
            if gateway_error:
                refund = replace(refund, psp_reason_message=gateway_error)
            self._save_refund(transaction, order, refund, now)
            self._emit_all(transaction, drafts)
        return Reply({})

    def _gateway_error(self, transaction: StoreTransaction, context: Context, order: Order) -> str | None:
        """Return the payment provider's error from an injected fault, or None."""
        fault = self.claim_fault("gateway", transaction, context, {"order_id": order.order_id})
        return fault.message if fault and fault.is_refusal else None

    def _new_refund(self, sales: list[Transaction], request: RefundRequest, amount: int, at: str) -> Transaction:
        """Return the pending refund of an order's settled sale."""
        return replace(
            refunds.settled_sale(sales),
            trx_id=self._services.ids.uuid(),
            psp_transaction_type="REFUND",
            psp_status="PENDING",
            amount=amount,
            psp_transaction_id=f"re_{self._services.ids.base62(24)}",
            is_fallback=False,
            is_cit=False,
            psp_reason_message=None,
            psp_date=at,
            trx_created_at=at,
            reason=request.reason,
            comment=request.comment,
            soft_refund=request.soft,
        )

    def _save_refund(self, transaction: StoreTransaction, order: Order, refund: Transaction, now: datetime) -> None:
        """Save order and refund. The refund finishes now, or after the setting `settle_after`."""
        after = read_duration(self._services.settings.funnelfox.settle_after)
        if after:
            transaction.put(ORDERS, order)
            transaction.put(TRANSACTIONS, refund)
            plan(transaction, later(now, after), self.name, FINISH_REFUND, refund.trx_id)
        else:
            self._finish_refund(transaction, order, refund, now)

    def _finish_refund(self, transaction: StoreTransaction, order: Order, refund: Transaction, now: datetime) -> None:
        """Settle a refund or let it fail. A failed refund emits no event (facts §3.5)."""
        order, refund = refunds.finish(order, refund, write_time(now))
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, refund)
        if refund.psp_status == "SETTLED" and self._has_subscribers(transaction, order.org_id, "refund/settled"):
            draft = replace(self._order_event(transaction, order, "settled"), event_type="refund", refund=refund)
            self._emit(transaction, draft, now)

    def _finish_scheduled_refund(self, transaction: StoreTransaction, trx_id: str, now: datetime) -> None:
        """Finish a refund that was accepted earlier, unless it is finished."""
        refund = transaction.get(TRANSACTIONS, trx_id)
        order = transaction.get(ORDERS, refund.order_id, for_update=True) if refund else None
        if refund and order and refund.psp_status == "PENDING":
            self._finish_refund(transaction, order, refund, now)

    def _schedule_pending_refunds(self, transaction: StoreTransaction) -> None:
        """Schedule the settlement of the pending refunds of a loaded state."""
        after = read_duration(self._services.settings.funnelfox.settle_after)
        for refund in transaction.all(TRANSACTIONS):
            if refund.psp_transaction_type == "REFUND" and refund.psp_status == "PENDING":
                due = later(read_time(refund.trx_created_at), after)
                plan(transaction, due, self.name, FINISH_REFUND, refund.trx_id)
