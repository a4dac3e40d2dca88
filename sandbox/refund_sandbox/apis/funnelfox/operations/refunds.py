"""POST /payment/refund: acceptance, entitlement and settlement of refunds."""

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import webhooks
from refund_sandbox.apis.funnelfox.bookkeeping import API_NAME, FINISH_REFUND, withdraw_entitlement
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.records import (
    EVENT_NUMBERS,
    ONEOFFS,
    ORDERS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Order,
    Transaction,
)
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time
from refund_sandbox.apis.funnelfox.webhooks import EventDraft
from refund_sandbox.core.clock import later, read_duration
from refund_sandbox.core.context import Reply, UnitOfWork
from refund_sandbox.core.schedule import TASKS, plan
from refund_sandbox.core.webhooks.outbox import DELIVERIES
from refund_sandbox.stores.reads import Get, NextIds, Read

_LOADED_PENDING = read_duration("1d")


def refund_payment(context: FunnelFoxContext) -> Reply:
    """POST /payment/refund: accept a refund, withdraw the entitlement, settle now or later."""
    document, transaction, at = context.document, context.transaction, write_time(context.now)
    soft, after = document.get("soft_refund", False), read_duration(context.settings.settle_after)
    order = context.find_order(document["order_id"].lower(), document["external_id"])
    refunds.check_refundable(order)
    amount = refunds.amount_of(order, document.get("amount"))
    if transaction.is_remote:
        _prefetch(context, order, soft=soft, is_settled_later=bool(after))
    order = refunds.reserve(order, amount)
    drafts = withdraw_entitlement(context, order, at, soft=soft, full=refunds.is_full(order))
    refund = _new_refund(context, order, amount, at)
    if after:
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, refund)
        plan(transaction, later(context.now, after), API_NAME, FINISH_REFUND, refund.trx_id)
    else:
        _finish(context, order, refund, at)
    context.drafts += drafts
    return Reply({})


def _prefetch(context: FunnelFoxContext, order: Order, *, soft: bool, is_settled_later: bool) -> None:
    """Announce the reads that follow from the order, and reserve the ids of the events that are expected."""
    reads: list[Read | NextIds] = []
    if order.subs_id:
        reads.append(Get(SUBSCRIPTIONS, order.subs_id, for_update=True))
    if order.oneoff_id:
        reads.append(Get(ONEOFFS, order.oneoff_id, for_update=True))
    events = (not is_settled_later) + (bool(reads) and not soft)
    if is_settled_later:
        reads.append(NextIds(TASKS, 1))
    webhook_count = len(webhooks.subscribers(context.transaction, order.org_id, "refund/settled"))
    if webhook_count and events:
        ids = NextIds(EVENT_NUMBERS, events), NextIds(DELIVERIES, events * webhook_count)
        reads += [Get(PRICE_POINTS, order.pp_ident), *ids]
    context.transaction.prefetch(*reads)


def _new_refund(context: FunnelFoxContext, order: Order, amount: int, at: str) -> Transaction:
    """Return the pending refund of an order's settled sale. It fails later if a fault of the payment provider hits now."""
    fault = context.claim_fault("gateway", order_id=order.order_id)
    return replace(
        refunds.settled_sale(context.transaction.where(TRANSACTIONS, "sale_of", order.order_id)),
        trx_id=context.ids.uuid(),
        psp_transaction_type="REFUND",
        psp_status="PENDING",
        amount=amount,
        psp_transaction_id=f"re_{context.ids.base62(24)}",
        is_fallback=False,
        is_cit=False,
        psp_reason_message=(fault.message or None) if fault and fault.is_refusal else None,
        psp_date=at,
        trx_created_at=at,
        reason=context.document.get("reason", ""),
        comment=context.document.get("comment", ""),
        soft_refund=context.document.get("soft_refund", False),
    )


def _finish(work: UnitOfWork, order: Order, refund: Transaction, at: str) -> None:
    """Settle a refund or let it fail. A failed refund emits no event (facts §3.5)."""
    order, refund = refunds.finish(order, refund, at)
    work.transaction.put(ORDERS, order)
    work.transaction.put(TRANSACTIONS, refund)
    if refund.psp_status == "SETTLED":
        work.emit(EventDraft("refund/settled", order.org_id, order.external_id, order=order, refund=refund))


def finish_scheduled(work: UnitOfWork, trx_id: str) -> None:
    """Finish a refund that was accepted earlier, unless it is finished."""
    refund = work.transaction.get(TRANSACTIONS, trx_id)
    order = work.transaction.get(ORDERS, refund.order_id, for_update=True) if refund else None
    if refund and order and refund.psp_status == "PENDING":
        _finish(work, order, refund, write_time(work.now))


def schedule_pending(work: UnitOfWork) -> None:
    """Schedule the settlement of the pending refunds of a loaded state.

    If refunds settle at once, those that the state document shows as pending stay so for a day.
    """
    after = read_duration(work.settings.settle_after)
    for refund in work.transaction.all(TRANSACTIONS):
        if refund.psp_transaction_type == "REFUND" and refund.psp_status == "PENDING":
            due = later(read_time(refund.trx_created_at), after) if after else later(work.now, _LOADED_PENDING)
            plan(work.transaction, due, API_NAME, FINISH_REFUND, refund.trx_id)
