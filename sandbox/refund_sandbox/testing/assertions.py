"""What a test asserts about refunds; a failure shows the calls that come nearest to what was expected."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from refund_sandbox.testing.api_clients import Amount, Order, Refund
from refund_sandbox.testing.logged_requests import LoggedRequest

_SHOWN = 5
_NUMBERS = {1: "once", 2: "twice"}


def check_refunds(order: Order, refunds: Sequence[Refund], wanted: Sequence[Amount], entries: Sequence[LoggedRequest]) -> None:
    """Raises AssertionError unless the refunds are the wanted amounts. `entries` are the calls that were made, newest first."""
    if sorted(_number(refund.amount) for refund in refunds) == sorted(map(_number, wanted)):
        return
    expected = f"should be refunded {_times(wanted)}" if wanted else "should not be refunded"
    found = f"was refunded {_times([refund.amount for refund in refunds])}" if refunds else "was not refunded"
    raise AssertionError(f"{order.api} order {order.id} {expected}; it {found}{_nearest(order, entries)}")


def check_none(entries: Sequence[LoggedRequest]) -> None:
    """Raises AssertionError when a call booked a refund."""
    booked = [entry for entry in entries if entry.refunded]
    if booked:
        calls = "1 call" if len(booked) == 1 else f"{len(booked)} calls"
        raise AssertionError(f"nothing should be refunded; {calls} did:\n{_list(booked)}")


def _nearest(order: Order, entries: Sequence[LoggedRequest]) -> str:
    """The calls about that order, or else those that meant to refund something, or else the last ones."""
    own = [entry for entry in entries if entry.order == str(order.id) and entry.method != "GET"]
    refunds = [entry for entry in entries if entry.operation in ("refundPayment", "refundOrder")]
    for said, found in (
        ("Calls about it", own),
        ("No call was about it; refunds", refunds),
        ("No refund was asked for; calls", entries),
    ):
        if found:
            return f".\n{said}:\n{_list(found)}"
    return ".\nNo call was made at all."


def _list(entries: Sequence[LoggedRequest]) -> str:
    """Oldest first; of many the last ones."""
    more = f"… and {len(entries) - _SHOWN} before\n" if len(entries) > _SHOWN else ""
    return more + "\n".join(str(entry) for entry in reversed(entries[:_SHOWN]))


def _times(amounts: Sequence[Amount]) -> str:
    """`once (4.99)`, `twice (2500, 2500)`."""
    count = _NUMBERS.get(len(amounts), f"{len(amounts)} times")
    return f"{count} ({', '.join(map(str, amounts))})"


def _number(amount: Amount) -> Decimal:
    try:
        return Decimal(amount)
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount; write '4.99' for FunnelFox, 499 for FluentCart") from None
