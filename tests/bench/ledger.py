"""State with orders that can be refunded very often, and the number of booked refunds."""

import http.client
import json
from collections.abc import Sequence
from typing import Any

from tests.bench import servers
from tests.bench.orders import FIRST, external_id_of, order_id_of
from tests.bench.servers import Request

_ROOM = 1_000_000_000
"""Amount paid for an order, in minor units."""
_MAX_REFUNDS = 10_000
"""Range of refund ids of each FluentCart order."""
_JSON = {"Content-Type": "application/json"}


def numbers(size: int) -> range:
    """Return the numbers of `size` orders."""
    return range(FIRST, FIRST + size)


def load(port: int, orders: Sequence[int], *, refunds: int = 0, workspace: str = "") -> None:
    """Replace the state by orders of both APIs with these numbers, each with `refunds` refunds."""
    ask(port, load_request(orders, refunds=refunds, workspace=workspace))


def load_request(orders: Sequence[int], *, refunds: int = 0, workspace: str = "") -> Request:
    """Return the request of `load`."""
    document = {
        "funnelfox": {"orders": [_funnelfox(number, refunds) for number in orders]},
        "fluentcart": {"orders": [_fluentcart(number, refunds) for number in orders]},
    }
    return Request("PUT", f"{workspace}/_sandbox/state", json.dumps(document, separators=(",", ":")), _JSON)


def booked(port: int) -> int:
    """Return the number of booked refunds of both APIs."""
    state = json.loads(ask(port, Request("GET", "/_sandbox/state", None, {})))
    funnelfox = [one["psp_transaction_type"] for order in state["funnelfox"]["orders"] for one in order["transactions"]]
    fluentcart = [one["transaction_type"] for order in state["fluentcart"]["orders"] for one in order["transactions"]]
    return funnelfox.count("REFUND") + fluentcart.count("refund")


def refund_funnelfox(number: int) -> Request:
    """Return a refund of 0.01."""
    return servers.refund_funnelfox(order_id_of(number), external_id_of(number))


def ask(port: int, request: Request, status: int = 200) -> bytes:
    """Return the body of a reply with the expected status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request(request.method, request.path, request.body, request.headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status == status, f"{request.method} {request.path}: {answer.status} {body[:500]!r}"
    return body


def _funnelfox(number: int, refunds: int) -> dict[str, Any]:
    paid = f"{_ROOM / 100:.2f}"
    sale = {"psp_transaction_type": "SALE", "psp_status": "SETTLED", "amount": paid}
    refund = {"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": "0.01"}
    transactions = [sale, *[refund] * refunds]
    return {"order_id": order_id_of(number), "external_id": external_id_of(number), "amount": paid, "transactions": transactions}


def _fluentcart(number: int, refunds: int) -> dict[str, Any]:
    charge = {
        "id": number,
        "transaction_type": "charge",
        "status": "succeeded",
        "total": _ROOM,
        "vendor_charge_id": f"pi_{number}",
        "meta": {"refunded_total": refunds} if refunds else [],
    }
    refund = {"transaction_type": "refund", "status": "refunded", "total": 1, "meta": {"parent_id": number, "reason": ""}}
    ids = range(number * _MAX_REFUNDS, number * _MAX_REFUNDS + refunds)
    return {
        "id": number,
        "payment_status": "partially_refunded" if refunds else "paid",
        "total_amount": _ROOM,
        "total_paid": _ROOM,
        "total_refund": refunds,
        "transactions": [charge, *({"id": one, **refund} for one in ids)],
    }
