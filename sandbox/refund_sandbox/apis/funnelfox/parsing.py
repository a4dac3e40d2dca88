"""FunnelFox's outer form: JSON, envelopes, error items, amounts, timestamps."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.core.clock import to_utc
from refund_sandbox.core.context import Reply
from refund_sandbox.core.documents import is_deeper

_MAX_DEPTH = 201  # as deep as pydantic reads


class RefundRequest(NamedTuple):
    """A refund as the caller asked for it. `amount` is in major units; None means all that is left."""

    external_id: str
    order_id: str
    amount: Decimal | None
    soft: bool
    reason: str
    comment: str


def read_json(body: bytes, max_depth: int) -> Any:
    """The document of a body. Raises a refusal of type json_invalid for anything that is not JSON in UTF-8, or nested deeper."""
    try:
        text = body.decode("utf-8")
        if is_deeper(text, min(max_depth, _MAX_DEPTH)):
            raise ValueError("it is nested too deep")
        document = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no character
    except UnicodeError:
        raise Refusal(_invalid_json("it is not UTF-8")) from None
    except ValueError as error:
        raise Refusal(_invalid_json(str(error))) from None
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _read_int(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else float(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_read_int)


def _invalid_json(reason: str) -> Item:
    return Item(f"Invalid JSON: {reason}", "json_invalid", "json_invalid")


def read_refund(document: Mapping[str, Any]) -> RefundRequest:
    """A refund from a document that fits the spec."""
    amount = document.get("amount")
    return RefundRequest(
        external_id=document["external_id"],
        order_id=document["order_id"].lower(),
        amount=None if amount is None else read_amount(amount),
        soft=document.get("soft_refund", False),
        reason=document.get("reason", ""),
        comment=document.get("comment", ""),
    )


def read_amount(value: float | str) -> Decimal:
    """An amount in major units; a float counts as what it is written like, so 4.99 is exactly 4.99."""
    return Decimal(str(value).strip())


def write_time(instant: datetime) -> str:
    """A timestamp as the live API writes it: UTC without zone, with microseconds."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")


def read_time(text: str) -> datetime:
    """The instant of such a timestamp; one with a zone is read too. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    return to_utc(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def error_reply(refusal: Refusal, status: int, req_id: str) -> Reply:
    """The error envelope, which errors have whether or not successes are enveloped."""
    items = [
        {"msg": item.msg, "type": item.type, "code": item.code} | ({"loc": list(item.loc)} if item.loc else {})
        for item in refusal.items
    ]
    return Reply({"status": "error", "req_id": req_id, "error": items}, status)


def envelope(data: Any, req_id: str) -> dict[str, Any]:
    """A success as live clients see it. Assumed: the `data` of an empty one is `{}` (§7, question 1)."""
    return {"status": "success", "data": data, "req_id": req_id}
