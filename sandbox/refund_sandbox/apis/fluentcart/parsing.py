"""FluentCart's outer form: the fields of a request as the plugin reads them, amounts per version, timestamps."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash, Wanted
from refund_sandbox.core.validation.validator import Violation
from refund_sandbox.settings import Version

_REQUIRED = {"transaction_id": "Transaction ID is required", "amount": "Refund amount is required"}
NEW_ORDER = {"customer_id": "Customer selection is required", "order_items": "Item selection is required"}
_SAID = {**_REQUIRED, **NEW_ORDER}
_CONTROLLER = "FluentCart\\Framework\\Validator\\Validator::make(): Argument #1 ($data) must be of type array"

_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
# Above this, a number is no longer exact in a float.
_EXACT = 2**53
# Below this, neither a number nor a hundred times as much is rounded.
_ORDINARY = 10**12


def read_refund_info(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `refund_info` of a call. A missing one counts as empty; one that is no array is a crash (04-005 to 04-011).

    Assumed: so it is in 1.6.2 too; 1.6.3's source makes an array of whatever is sent and asks for the missing fields.
    """
    info = params.get("refund_info", {})
    if not isinstance(info, php.ARRAY):
        raise PluginCrash(f"{_CONTROLLER}, {php.type_name(info)} given, called in <path>/Controller.php on line 57")
    return info if isinstance(info, dict) else {}


def check_required(info: Mapping[str, Any]) -> None:
    """Raises a refusal that names every required field that is not there."""
    missing = {name: {"required": text} for name, text in _REQUIRED.items() if php.is_blank(info.get(name))}
    if missing:
        raise errors.invalid_fields(missing)


def invalid(violations: tuple[Violation, ...]) -> errors.Refusal:
    """The refusal of a document that breaks the spec, in the plugin's shape: field → rule → message."""
    fields: dict[str, dict[str, str]] = {}
    for violation in violations:
        names = [str(part) for part in violation.path if part != "refund_info"]
        if not names and violation.keyword == "required":
            fields.update({name: {"required": text} for name, text in _REQUIRED.items()})
            continue
        name = ".".join(names) or "refund_info"
        if name in _SAID and php.is_blank(violation.value):
            fields.setdefault(name, {})["required"] = _SAID[name]
        else:
            fields.setdefault(name, {})[violation.keyword] = f"{name} {violation.message}."
    return errors.invalid_fields(fields)


def read_wanted(info: Mapping[str, Any], version: Version) -> Wanted:
    """What a refund asks for. Options that are left out get the plugin's defaults; null is not left out."""
    cancel = info.get("cancelSubscription")
    return Wanted(
        amount=read_amount(info["amount"], version),
        reason=info.get("reason"),
        item_ids=info.get("item_ids", []),
        refunded_items=info.get("refunded_items", []),
        manage_stock=php.is_true_flag(info.get("manageStock")),
        cancel_subscription=cancel is True or cancel == "true",
    )


def read_amount(value: Any, version: Version) -> int:
    """An amount in minor units; what is no number is 0.

    1.3.25 takes major units and rounds to cents (group 02). 1.6.2 takes minor units and rounds to whole ones
    (documented in its code). Assumed: beyond 2^53 it takes a number for none.
    """
    if type(value) is int and abs(value) < _ORDINARY:  # as most are
        return value * 100 if version == "1.3.25" else value
    if not php.is_numeric(value):
        return 0
    number = float(value)
    if version == "1.3.25":
        return php.round_to_int(number * 100)
    return php.round_to_int(number) if abs(number) <= _EXACT else 0


def write_time(instant: datetime) -> str:
    """A timestamp as the database keeps it: UTC, to the second, without a zone."""
    return _write_second((instant - _EPOCH) // _SECOND)


@lru_cache(16)  # thousands of calls share a second
def _write_second(second: int) -> str:
    return (_EPOCH + second * _SECOND).isoformat(" ", "seconds").removesuffix("+00:00")
