"""Rules of the bulk actions on orders: statuses without a gateway (33-063 to 33-117)."""

from collections.abc import Iterable

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.errors import Refusal
from refund_sandbox.apis.fluentcart.records import Order, Transaction

ORDER_STATUSES = ("on-hold", "processing", "completed", "canceled")
SHIPPING_STATUSES = ("unshipped", "shipped", "delivered", "unshippable")
PAYMENT_STATUSES = ("pending", "succeeded", "authorized", "failed", "refunded")
_SAME_STATUS = "cannot be updated because they are either already cancelled or have the same status."
_SAME_PAYMENT = (
    "cannot be updated at the moment because its payment status is either the same as before or has already been refunded."
)
_SOME_SAME_PAYMENT = (
    "cannot be updated at the moment because the transaction either already has the same status or does not match the provided "
    "order. The remaining order statuses have been updated successfully."
)


def check_status(status: str, allowed: Iterable[str], name: str) -> None:
    """Raise a refusal for a missing or unknown status."""
    if not status:
        raise errors.refused("Please select status")
    if status not in allowed:
        raise errors.refused(f"Provided {name} status is not valid")


def latest_charge(charges: Iterable[Transaction]) -> Transaction | None:
    """Return the newest charge that is not refunded; refunds do not count, whatever their status (33-110)."""
    open_charges = (charge for charge in charges if charge.transaction_type != "refund" and charge.status != "refunded")
    return max(open_charges, key=lambda charge: charge.id, default=None)


def change_payment(order: Order, charge: Transaction, status: str, now: str) -> tuple[Order, Transaction]:
    """Return order and charge after a change of the payment status, about which no gateway is asked.

    `refunded` adds the charge to the refunded total and takes it off the paid total, as if it were returned (33-109, 33-110).
    A status that is not a refund takes it off too (33-097, 33-100).
    """
    taken = 0 if order.total_paid - charge.total < 0 else charge.total
    is_refund = status == "refunded"
    changed = replace(
        order,
        payment_status=status,
        total_paid=order.total_paid - taken,
        total_refund=order.total_refund + (charge.total if is_refund else 0),
        refunded_at=now if is_refund else order.refunded_at,
        updated_at=now,
    )
    return changed, replace(charge, status=status, updated_at=now)


def status_message(failed: list[int], done: int) -> str:
    """Return the text of changed order statuses, or raise the refusal if none was changed."""
    if not failed:
        return "Order Status has been changed for the selected orders"
    text = f"The order ID - {_join(failed)} {_SAME_STATUS}"
    if not done:
        raise errors.refused(text, 423)
    return f"{text} And remaining order status has been successfully changed"


def payment_message(failed: list[int], done: int, status: str) -> str:
    """Return the text of changed payment statuses, or raise the refusal if none was changed."""
    if not failed:
        return f"Selected orders payment status has been marked as {status}"
    if not done:
        raise errors.refused(f"The order ID - {_join(failed)} {_SAME_PAYMENT}", 423)
    return f"The order ID - {_join(failed)} {_SOME_SAME_PAYMENT}"


def _join(order_ids: list[int]) -> str:
    return " , ".join(map(str, order_ids))


def invalid_action() -> Refusal:
    return errors.refused("Selected action is invalid")
