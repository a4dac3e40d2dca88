"""Comparison of refunds with what a test expects, and the text of a failure with the most similar requests."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from refund_sandbox.testing.api_clients import Amount, Order, Refund
from refund_sandbox.testing.logged_requests import LoggedRequest

_MAX_SHOWN = 5
_NUMBERS = {1: "once", 2: "twice"}
_HUNDRED = Decimal(100)


def are_expected(refunds: Sequence[Refund], expected: Sequence[Amount]) -> bool:
    """Whether the refunds have the expected amounts, in any order."""
    return sorted(_number(refund.amount) for refund in refunds) == sorted(map(_number, expected))


def describe_refunds(
    order: Order, refunds: Sequence[Refund], expected: Sequence[Amount], requests: Sequence[LoggedRequest]
) -> str:
    """Return the text of a failure. `requests` is the request log, newest first."""
    should = f"should be refunded {_times(expected)}" if expected else "should not be refunded"
    was = f"was refunded {_times([refund.amount for refund in refunds])}" if refunds else "was not refunded"
    hint = _unit_hint(order, refunds, expected)
    return f"{order.api} order {order.id} {should}; it {was}.{hint}\n{_similar(order, requests)}"


def describe_booked(booked: Sequence[LoggedRequest]) -> str:
    """Return the text of a failure: requests that booked a refund, though none was expected."""
    count = "1 request" if len(booked) == 1 else f"{len(booked)} requests"
    return f"no refund expected; {count} booked one:\n{_list(booked)}"


def _unit_hint(order: Order, refunds: Sequence[Refund], expected: Sequence[Amount]) -> str:
    """Return a hint where the amounts differ by a factor of 100: an API counts in major or in minor units."""
    found, wanted = sorted(_number(refund.amount) for refund in refunds), sorted(map(_number, expected))
    if not found or len(found) != len(wanted):
        return ""
    if found == [amount * _HUNDRED for amount in wanted]:
        return f" Amounts of {order.api} are in minor units: {refunds[0].amount}."
    if [amount * _HUNDRED for amount in found] == wanted:
        return f" Amounts of {order.api} are in major units: {refunds[0].amount}."
    return ""


def _similar(order: Order, requests: Sequence[LoggedRequest]) -> str:
    """List the requests for the order, or else other refund requests, or else the last requests."""
    own = [request for request in requests if request.order == str(order.id) and request.method != "GET"]
    refunds = [request for request in requests if request.is_refund]
    for title, candidates in (
        ("Requests for this order", own),
        ("No requests for this order. Other refund requests", refunds),
        ("No refund requests. Last requests", requests),
    ):
        if candidates:
            return f"{title}:\n{_list(candidates)}"
    return "No requests."


def _list(requests: Sequence[LoggedRequest]) -> str:
    """Describe the last requests, oldest first."""
    more = f"… and {len(requests) - _MAX_SHOWN} earlier ones\n" if len(requests) > _MAX_SHOWN else ""
    return more + "\n".join(str(request) for request in reversed(requests[:_MAX_SHOWN]))


def _times(amounts: Sequence[Amount]) -> str:
    """`once (4.99)`, `twice (2500, 2500)`."""
    count = _NUMBERS.get(len(amounts), f"{len(amounts)} times")
    return f"{count} ({', '.join(map(str, amounts))})"


def _number(amount: Amount) -> Decimal:
    try:
        return Decimal(str(amount))  # exact for a float such as 4.99 too
    except InvalidOperation:
        raise ValueError(f"Invalid amount {amount!r}. Use a number such as 499 or '4.99'.") from None
