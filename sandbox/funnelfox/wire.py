"""FunnelFox's outer form: JSON and fields as its validation reads them, envelopes, error items, timestamps."""

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.engine.clock import to_utc
from sandbox.engine.messages import Reply
from sandbox.engine.text import depth
from sandbox.engine.validation import Violation
from sandbox.funnelfox.refusals import Item, Refusal

# Assumed: FunnelFox reads bodies with pydantic v2 (facts §2.4). What is said about pydantic was measured with 2.14.
_MAX_DEPTH = 201
_TRUE, _FALSE = frozenset(("true", "t", "yes", "y", "on", "1")), frozenset(("false", "f", "no", "n", "off", "0"))
_HEX = "[0-9a-fA-F]"
_HYPHENATED = "-".join(f"{_HEX}{{{length}}}" for length in (8, 4, 4, 4, 12))
_OTHER_UUID = re.compile(rf"{_HEX}{{32}}|urn:uuid:{_HYPHENATED}|\{{{_HYPHENATED}\}}")

_NOT_FINITE = re.compile(r"[+-]?(s?nan[0-9]*|inf(inity)?)", re.IGNORECASE)

_UUID_TYPE = ("uuid_type", "UUID input should be a string, bytes or UUID object")
_BOOL_TYPE = ("bool_type", "Input should be a valid boolean")
_BOOL_PARSING = ("bool_parsing", "Input should be a valid boolean, unable to interpret input")
_DECIMAL_TYPE = ("decimal_type", "Decimal input should be an integer, float, string or Decimal object")
_DECIMAL_PARSING = ("decimal_parsing", "Input should be a valid decimal")
_FINITE = ("finite_number", "Input should be a finite number")
# pydantic's types and messages by the schema keyword that failed, or by the JSON type that was expected.
_KINDS: Mapping[str, tuple[str, str]] = {
    "required": ("missing", "Field required"),
    "maxLength": ("string_too_long", "String should have at most {} characters"),
    "format": ("uuid_parsing", "Input should be a valid UUID"),
    "string": ("string_type", "Input should be a valid string"),
    "object": ("model_type", "Input should be an object"),
}


@dataclass(frozen=True)
class RefundRequest:
    """A refund as the caller asked for it. `amount` is in major units; None means all that is left."""

    external_id: str
    order_id: str
    amount: Decimal | None
    soft: bool
    reason: str
    comment: str


def read_json(body: bytes) -> Any:
    """The document of a body. Raises a refusal of type json_invalid for anything that is not JSON in UTF-8."""
    try:
        text = body.decode("utf-8")
        if depth(text) > _MAX_DEPTH:
            raise ValueError("it is nested too deep")
        document = json.loads(text, parse_constant=_refuse_constant, parse_int=_read_int)
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


def _invalid_json(reason: str) -> Item:
    return Item(f"Invalid JSON: {reason}", "json_invalid", "json_invalid")


def forgive(document: Any) -> Any:
    """The document as pydantic's lax mode reads it: amounts, flags and UUIDs in other spellings become the spec's."""
    if not isinstance(document, Mapping):
        return document
    return {name: _FORGIVING.get(name, _as_it_is)(value) for name, value in document.items()}


def _as_it_is(value: Any) -> Any:
    return value


def _forgive_flag(value: Any) -> Any:
    text = value.lower() if isinstance(value, str) else str(int(value)) if value in (0, 1) else None
    if text in _TRUE:
        return True
    return False if text in _FALSE else value


def _forgive_uuid(value: Any) -> Any:
    if isinstance(value, str) and _OTHER_UUID.fullmatch(value):
        return str(uuid.UUID(value))
    return value


def _forgive_amount(value: Any) -> Any:
    """As pydantic, which takes what Python's Decimal takes, digits grouped by underscores too."""
    return value.replace("_", "") if isinstance(value, str) else value


_FORGIVING: Mapping[str, Callable[[Any], Any]] = {
    "amount": _forgive_amount,
    "order_id": _forgive_uuid,
    "soft_refund": _forgive_flag,
}


def check_fields(document: Any, violations: Sequence[Violation]) -> None:
    """Raises a refusal with an item, in pydantic's words, for every violation and for an infinite amount."""
    items = [_named(_kind(violation), violation.path) for violation in violations]
    if isinstance(document, Mapping) and document.get("amount") in (math.inf, -math.inf):
        items.append(_named(_FINITE, ("amount",)))  # 1e999: a number to JSON Schema
    if items:
        raise Refusal(*items)


# Assumed: FunnelFox shows pydantic's error types, messages and paths in its envelope (facts §2.4 and §7, question 3).
def _named(kind: tuple[str, str], path: tuple[str | int, ...]) -> Item:
    name, message = kind
    return Item(message, name, name, path)


def _kind(violation: Violation) -> tuple[str, str]:
    if violation.keyword == "anyOf":
        return _kind_of_amount(violation.value)
    if violation.expected == "boolean":
        return _BOOL_PARSING if isinstance(violation.value, str | int) else _BOOL_TYPE
    if violation.expected == "string" and violation.path == ("order_id",):
        return _UUID_TYPE
    kind, message = _KINDS[violation.expected if violation.keyword == "type" else violation.keyword]
    return kind, message.format(violation.expected)


def _kind_of_amount(value: Any) -> tuple[str, str]:
    if not isinstance(value, str):
        return _DECIMAL_TYPE
    return _FINITE if _NOT_FINITE.fullmatch(value.strip()) else _DECIMAL_PARSING


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
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


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
