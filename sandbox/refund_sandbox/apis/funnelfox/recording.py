"""Recordings of the live API: how an order is read, and the state and the keys of a case.

No operation reads one order. Its payment and its assets are found in the lists of its user.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.funnelfox import live_state, verification
from refund_sandbox.apis.funnelfox.parsing import read_minor_units
from refund_sandbox.apis.funnelfox.records import PricePoint
from refund_sandbox.core.context import Request
from refund_sandbox.core.masks import GENERAL_MASKS, Masks
from refund_sandbox.core.money import minor_units, to_text
from refund_sandbox.core.record_fields import fitting_fields
from refund_sandbox.core.recording import OrderRead
from refund_sandbox.core.spec.router import Match

ACCOUNTS = "orgs"
CREDENTIALS = ("ff-secret-key",)
MASKS = Masks(
    fields=frozenset(
        "req_id trx_id psp_transaction_id psp_merchant_id trx_created_at psp_date created_at started_at revoked_at "
        "client_token action_required_token".split()
    ),
    texts=GENERAL_MASKS.texts,
)
_ORG = "your-org-id"
_KEYS = {"<admin key>": "sandbox-secret-key", "<support key>": "sandbox-support-key"}
_SECTIONS = ("price_points", "subscriptions", "oneoffs", "users")
_UNKNOWN_TIME = "1970-01-01T00:00:00.000000"

gateway_faults = verification.gateway_faults


def stand_ins(match: Match) -> Mapping[str, str]:
    """Return the organisation of cases for that of the request."""
    org = match.params.get("org_id", "")
    return {org: _ORG} if org else {}


def credentials(headers: Mapping[str, str], status: int) -> Mapping[str, str]:
    """Return a key of the group admin, or support for one that may not do this."""
    if status == 401 or not headers.get("ff-secret-key"):
        return {}
    return {"Ff-Secret-Key": "<support key>" if status == 403 else "<admin key>"}


def find_order(_match: Match, request: Request) -> str | None:
    order_id = _field(request, "order_id")
    return order_id.lower() if order_id else None


def order_reads(match: Match, request: Request, _order_id: str) -> Sequence[OrderRead]:
    """Return the reads of the payments and of the assets of the user that the request names."""
    external_id, org = _field(request, "external_id"), match.params.get("org_id", "")
    if not external_id:
        return ()
    return tuple(
        OrderRead("POST", f"/{org}/v1/{name}", {"external_id": external_id}) for name in ("payments_history", "my_assets")
    )


def read_state(request: Request, order_id: str, bodies: Sequence[Any]) -> dict[str, Any] | None:
    """Return the order with its sale and the sum of its refunds, and the subscriptions and one-offs of its user."""
    payment = _payment(order_id, bodies)
    if payment is None:
        return None
    code = str(_object(payment, "currency").get("code", "USD"))
    decimals = minor_units(code)
    amount = _amount(payment.get("amount"), decimals)
    card = {"pm_data_last4": payment.get("last4"), "network": payment.get("network"), "pm_type": payment.get("payment_method")}
    sale = {"psp_transaction_type": "SALE", "psp_status": "SETTLED", "amount": to_text(amount, decimals)}
    refunded = _amount(payment.get("refunded"), decimals)
    external_id = _field(request, "external_id") or "unknown"
    assets = dict(_assets(bodies, external_id))
    return {
        "order_id": order_id,
        "org_id": _ORG,
        "external_id": external_id,
        "amount": to_text(amount, decimals),
        "currency_code": code,
        "status": "settled",
        "subs_id": payment.get("subs_id"),
        "oneoff_id": payment.get("oneoff_id"),
        "pp_ident": _price_point_of(payment, assets),
        "created_at": str(payment.get("created_at") or _UNKNOWN_TIME),
        "transactions": [{**sale, **{name: value for name, value in card.items() if value}}, *_refund(refunded, decimals)],
        **assets,
    }


def read_outcome(request: Request, order_id: str, before: Sequence[Any], after: Sequence[Any]) -> dict[str, Any]:
    """Return the order with one more refund, if more was refunded afterwards."""
    first, last = (read_state(request, order_id, bodies) for bodies in (before, after))
    if first is None or last is None:
        return {}
    decimals = minor_units(first["currency_code"])
    earlier, later = (_refunded(state, decimals) for state in (first, last))
    if earlier == later:
        return {"unchanged": True}
    order = {name: value for name, value in last.items() if name not in (*_SECTIONS, "transactions")}
    return {"order": {**order, "transactions": [*first["transactions"], *_refund(later - earlier, decimals)]}}


def order_of(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    order = {name: value for name, value in given.items() if name not in _SECTIONS}
    return (str(order["order_id"]), order) if "order_id" in order else None


def section(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the organisation with the keys of cases, and the order with the assets of its user."""
    given = case.get("given") or {}
    keys = [{"key": key, "group": "admin" if "admin" in name else "support"} for name, key in _KEYS.items()]
    order = order_of(given)
    lists = {name: given[name] for name in _SECTIONS if name in given}
    return {"orgs": [{"id": _ORG, "keys": keys}], **lists, "orders": [order[1]] if order else []}


def fill_in(text: str) -> str:
    for placeholder, key in _KEYS.items():
        text = text.replace(placeholder, key)
    return text


def _payment(order_id: str, bodies: Sequence[Any]) -> dict[str, Any] | None:
    rows = [row for body in bodies for row in _list(body, "payments")]
    return next((row for row in rows if str(row.get("order_id", "")).lower() == order_id.lower()), None)


def _list(body: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a reply, with or without its envelope."""
    body = body.get("data", body) if isinstance(body, dict) else {}
    rows = body.get(name) if isinstance(body, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _assets(bodies: Sequence[Any], external_id: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    points: dict[str, dict[str, Any]] = {}
    for name, key in (("subscriptions", "subs_id"), ("oneoffs", "oneoff_id")):
        rows = [row for body in bodies for row in _list(body, name) if row.get(key)]
        for point in (_object(row, "price_point") for row in rows):
            if point.get("ident"):
                points[str(point["ident"])] = fitting_fields(PricePoint, point)
        if rows:
            yield name, [live_state.entitlement(row, _ORG, external_id) for row in rows]
    if points:
        yield "price_points", list(points.values())


def _price_point_of(payment: Mapping[str, Any], assets: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    owners = [row for name in ("subscriptions", "oneoffs") for row in assets.get(name, ())]
    ids = {payment.get("subs_id"), payment.get("oneoff_id")} - {None}
    return next((str(row["pp_ident"]) for row in owners if {row.get("subs_id"), row.get("oneoff_id")} & ids), "")


def _refund(amount: int, decimals: int) -> list[dict[str, Any]]:
    if not amount:
        return []
    return [{"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": to_text(amount, decimals)}]


def _refunded(state: Mapping[str, Any], decimals: int) -> int:
    rows = [row for row in state["transactions"] if row["psp_transaction_type"] == "REFUND"]
    return sum(_amount(row["amount"], decimals) for row in rows)


def _amount(value: Any, decimals: int) -> int:
    return read_minor_units(str(value), decimals) or 0 if value is not None else 0


def _field(request: Request, name: str) -> str | None:
    """Return a text field of the JSON body."""
    try:
        document = json.loads(request.body)
    except ValueError:
        return None
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) and value else None
