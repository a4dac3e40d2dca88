"""Refund of one charge of an order."""

from typing import Any, NamedTuple

from refund_sandbox.apis.fluentcart import errors, parsing, php, refund_booking
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.records import ACTIVITIES, CUSTOMERS, ORDERS, TRANSACTIONS, Order, Transaction
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.protocol import NextIds
from refund_sandbox.stores.reads import Get, Where

_NEW_IDS = (NextIds(TRANSACTIONS, 1), NextIds(ACTIVITIES, 1))


class EarlierRead(NamedTuple):
    """Order and charge as read before a fault made the request wait.

    The plugin takes no lock: it checks these records, which can be out of date when it books the refund.
    """

    order: Order
    charge: Transaction


def locate_refundable(context: FluentCartContext) -> Order:
    """Return the order in the path, which the plugin checks before the document."""
    order = context.find(ORDERS, context.params["order_id"])
    if order is None:
        raise errors.model_not_found("Order", context.params["order_id"])
    refunds.check_refundable(context.earlier.order if context.earlier else order)
    return order


def refund_order(context: FluentCartContext, order: Order) -> Reply:
    """POST /orders/{order_id}/refund: check in the plugin's order, then book the refund."""
    try:
        return Reply(_refund(context, order))
    except PluginCrash as crash:  # commits: the plugin does not undo its earlier steps
        refusal = context.crash_refusal(crash)
        return Reply(refusal.body, refusal.status)


def _refund(context: FluentCartContext, order: Order) -> dict[str, Any]:
    info = parsing.read_refund_info(context.document, context.rules)
    checked_order, charge = context.earlier or (order, _get_charge(context, order, info["transaction_id"]))
    request = parsing.read_refund(info, context.rules)
    refunds.check_amount(checked_order, charge, request.amount)
    context.earlier = EarlierRead(checked_order, charge)
    return refund_booking.book(context, order, charge, request)


def _get_charge(context: FluentCartContext, order: Order, sent: Any) -> Transaction:
    """Return the requested charge, its id compared as in MySQL (group 03).

    A database reads all that the refund needs from now on in the same round trip.
    """
    key, customer = php.as_id(sent), order.customer_id
    if context.transaction.is_remote:
        of_customer = (Get(CUSTOMERS, customer, for_update=True), Where(ORDERS, "customer_id", customer)) if customer else ()
        context.transaction.prefetch(Get(TRANSACTIONS, key or 0), *of_customer, *_NEW_IDS)
    charge = context.transaction.get(TRANSACTIONS, key) if key is not None else None
    if charge is None or charge.order_id != order.id:
        raise _unknown_charge(context, order, sent)
    return charge


def _unknown_charge(context: FluentCartContext, order: Order, sent: Any) -> Exception:
    """Return the refusal, which lists the unknown ones of several ids, or the crash if all of them are known."""
    ids = php.values_of(sent) if isinstance(sent, php.ARRAY) else [sent]
    charges = [context.find(TRANSACTIONS, one_id, for_update=False) for one_id in ids]
    pairs = zip(ids, charges, strict=True)
    unknown = [php.to_text(one_id) for one_id, charge in pairs if charge is None or charge.order_id != order.id]
    if not unknown:
        return PluginCrash("Property [order] does not exist on this collection instance.")
    return errors.model_not_found("OrderTransaction", ", ".join(unknown))
