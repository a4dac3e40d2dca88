"""Answers what gives an order's money back: refunds, and cancellations before the capture."""

from datetime import datetime

from refund_sandbox.apis.funnelfox import parsing
from refund_sandbox.apis.funnelfox.operations.base import Handlers
from refund_sandbox.apis.funnelfox.parsing import RefundRequest
from refund_sandbox.apis.funnelfox.records import ONEOFFS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Order, Transaction
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.rules.refunds import Entitlement
from refund_sandbox.apis.funnelfox.webhooks import News
from refund_sandbox.core.clock import later, read_duration
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.schedule import plan
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

FINISH = "finish"
"""The action of a planned settlement."""


class PaymentHandlers(Handlers):
    """Payment management."""

    def refund_payment(self, context: Context) -> Reply:
        """POST /payment/refund: accept a refund, withdraw what it paid for, settle it now or later."""
        wanted = parsing.read_refund(self._read(context))
        with self.transaction(context) as transaction:
            order = self._find_order(transaction, context, wanted.order_id, wanted.external_id)
            refunds.check_refundable(order)
            amount = refunds.amount_of(order, wanted.amount)
            order = refunds.reserve(order, amount)
            news = self._withdraw(transaction, order, soft=wanted.soft, full=refunds.is_full(order))
            objection = self._objection(transaction, context, order)
            now = self._services.clock.now()
            refund = self._new_refund(self._sales(transaction, order), wanted, amount, parsing.write_time(now))
            self._book(transaction, order, replace(refund, psp_reason_message=objection) if objection else refund, now)
            self._tell_all(transaction, news)
        return Reply({})

    def cancel_payment(self, context: Context) -> Reply:
        """POST /payment/cancel: give up an order before its money is captured, and what it was to pay for.

        Assumed: both names of the flag are read, as only its text is known (facts §1.2); no event tells of the order itself.
        """
        document = self._read(context)
        with self.transaction(context) as transaction:
            order = self._find_order(transaction, context, document["order_id"].lower(), document["external_id"])
            refunds.check_cancellable(order)
            rows = transaction.where(TRANSACTIONS, "order_id", order.order_id)
            order, cancelled = refunds.cancel(order, rows, self._now())
            transaction.put(ORDERS, order)
            for row in cancelled:
                transaction.put(TRANSACTIONS, row)
            soft = document.get("soft_refund", False) or document.get("soft_cancel", False)
            self._tell_all(transaction, self._withdraw(transaction, order, soft=soft, full=True))
        return Reply({})

    def _withdraw(self, transaction: StoreTransaction, order: Order, *, soft: bool, full: bool) -> list[News]:
        """Takes away what the order paid for; gives back what there is to tell of it."""
        if order.subs_id is None and order.oneoff_id is None:
            return []
        held = Entitlement(
            transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True) if order.subs_id else None,
            transaction.get(ONEOFFS, order.oneoff_id, for_update=True) if order.oneoff_id else None,
        )
        kept = refunds.withdraw(held, full=full, soft=soft, at=self._now())
        about, news = (order.org_id, order.external_id), []
        if kept.subscription and kept.subscription != held.subscription:
            transaction.put(SUBSCRIPTIONS, kept.subscription)
            subtype = "expiration" if "EXPIRED" in kept.subscription.status else "unsubscription"
            news.append(News("subscription", subtype, *about, subscription=kept.subscription))
        if kept.oneoff and kept.oneoff != held.oneoff:
            transaction.put(ONEOFFS, kept.oneoff)
            news.append(News("oneoff", "revoked", *about, oneoff=kept.oneoff))
        return news

    def _tell_all(self, transaction: StoreTransaction, news: list[News]) -> None:
        for entry in news:
            self._tell(transaction, entry)

    def _objection(self, transaction: StoreTransaction, context: Context, order: Order) -> str | None:
        """What the payment provider has against the refund; None where it has nothing."""
        fault = self.claim_fault("gateway", transaction, context, {"order_id": order.order_id})
        return fault.message if fault and fault.is_refusal else None

    def _new_refund(self, sales: list[Transaction], wanted: RefundRequest, amount: int, at: str) -> Transaction:
        """The refund while the payment provider decides."""
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
            reason=wanted.reason,
            comment=wanted.comment,
            soft_refund=wanted.soft,
        )

    def _book(self, transaction: StoreTransaction, order: Order, refund: Transaction, now: datetime) -> None:
        """Keeps order and refund, finished at once or when `settle_after` is over."""
        after = read_duration(self._services.settings.funnelfox.settle_after)
        if after:
            transaction.put(ORDERS, order)
            transaction.put(TRANSACTIONS, refund)
            plan(transaction, later(now, after), self.name, FINISH, refund.trx_id)
        else:
            self._finish(transaction, order, refund, now)

    def _finish(self, transaction: StoreTransaction, order: Order, refund: Transaction, now: datetime) -> None:
        """Settles a refund or lets it fail; nothing tells of a failed one (facts §3.5)."""
        order, refund = refunds.finish(order, refund, parsing.write_time(now))
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, refund)
        if refund.psp_status == "SETTLED" and self._is_heard(transaction, order.org_id, "refund/settled"):
            told = self._news_of(transaction, order, "settled")
            self._tell(transaction, replace(told, subject="refund", refund=refund), now)

    def _finish_planned(self, transaction: StoreTransaction, trx_id: str, now: datetime) -> None:
        """Finishes a refund that was accepted earlier."""
        refund = transaction.get(TRANSACTIONS, trx_id)
        order = transaction.get(ORDERS, refund.order_id, for_update=True) if refund else None
        if refund and order and refund.psp_status == "PENDING":
            self._finish(transaction, order, refund, now)

    def _plan_refunds(self, transaction: StoreTransaction) -> None:
        """Refunds of a new world that are pending are settled in time."""
        after = read_duration(self._services.settings.funnelfox.settle_after)
        for refund in transaction.all(TRANSACTIONS):
            if refund.psp_transaction_type == "REFUND" and refund.psp_status == "PENDING":
                due = later(parsing.read_time(refund.trx_created_at), after)
                plan(transaction, due, self.name, FINISH, refund.trx_id)
