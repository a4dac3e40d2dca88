"""Deletion of orders in test mode, in batches, and of what belongs to an order."""

from collections.abc import Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import models
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ORDERS, Order
from refund_sandbox.apis.fluentcart.shop import labelling
from refund_sandbox.apis.fluentcart.shop.records import ORDER_ADDRESSES
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import Compare, EqualsText

BATCH = 50
"""Number of orders in a batch."""


def test_orders(store: ReadTransaction, after: int) -> list[int]:
    """Return the ids of the next orders in test mode: those of a batch, and one more if there are more."""
    in_test_mode = (EqualsText("mode", "test"), Compare("id", ">", after))
    found, _ = store.page(ORDERS, PageQuery(0, BATCH + 1, where=in_test_mode))
    return [order.id for order in found]


def count_test_orders(store: ReadTransaction) -> int:
    _, total = store.page(ORDERS, PageQuery(0, 1, where=(EqualsText("mode", "test"),)))
    return total


def render_batch(found: Sequence[int], deleted: Sequence[int], total: int, after: int) -> dict[str, Any]:
    """Return the reply to the deletion of a batch (read in the source)."""
    batch, has_more = found[:BATCH], len(found) > BATCH
    failed = [number for number in batch if number not in deleted]
    message = "Deleting test orders..." if has_more else "Test order deletion completed."
    return {
        "message": message if batch or after else "No test orders found to delete",
        "total_count": total,
        "batch_size": BATCH,
        "batch_count": len(batch),
        "deleted_count": len(deleted),
        "failed_count": len(failed),
        "deleted_order_ids": list(deleted),
        "failed_order_ids": failed,
        "last_attempted_order_id": batch[-1] if batch else after,
        "has_more": has_more,
    }


def delete_belongings(context: FluentCartContext, order: Order) -> None:
    """Delete the addresses and the label relations of an order (30-064)."""
    for address in context.transaction.where(ORDER_ADDRESSES, "order_id", order.id):
        context.transaction.delete(ORDER_ADDRESSES, address.id)
    labelling.remove_all(context, models.ORDER, order.id)
