"""Request fields as the plugin reads them, amounts by version, and timestamps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.php_json import stored
from refund_sandbox.apis.fluentcart.rules.refunds import RefundRequest
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.core.validation.violation import Violation

_REFUND_REQUIRED = {"transaction_id": "Transaction ID is required", "amount": "Refund amount is required"}
NEW_ORDER_REQUIRED = {"customer_id": "Customer selection is required", "order_items": "Item selection is required"}
_REQUIRED_MESSAGES = {**_REFUND_REQUIRED, **NEW_ORDER_REQUIRED}
_VALIDATOR_ARGUMENT = "FluentCart\\Framework\\Validator\\Validator::make(): Argument #1 ($data) must be of type array"

_EPOCH, _SECONDS_PER_DAY = datetime(1970, 1, 1, tzinfo=UTC), 24 * 60 * 60
_MAX_MINOR_UNITS = 9.0e15
"""The largest amount that the plugin rounds since 1.6.2."""
_MAX_FAST_INT = 10**12
"""Below this, a number times 100 is exact as a float."""


def read_refund_info(params: Mapping[str, Any], rules: Rules) -> Mapping[str, Any]:
    """Return `refund_info`. Raise a refusal that lists all missing required fields.

    A missing `refund_info` is empty. A value that is not an array is converted to one since 1.6.1, and crashed the plugin
    before (04-005 to 04-011).
    """
    info = params.get("refund_info", {})
    if not isinstance(info, php.ARRAY) and not rules.any_refund_info:
        raise PluginCrash(f"{_VALIDATOR_ARGUMENT}, {php.type_name(info)} given, called in <path>/Controller.php on line 57")
    fields: Mapping[str, Any] = info if isinstance(info, dict) else {}
    if php.is_blank(fields.get("transaction_id")) or php.is_blank(fields.get("amount")):
        missing = {name: {"required": text} for name, text in _REFUND_REQUIRED.items() if php.is_blank(fields.get(name))}
        raise errors.invalid_fields(missing)
    return fields


def invalid_document(violations: Sequence[Violation]) -> errors.Refusal:
    """Return the refusal of a document that violates the spec, in the plugin's shape: field → rule → message."""
    fields: dict[str, dict[str, str]] = {}
    for violation in violations:
        names = [str(part) for part in violation.path if part != "refund_info"]
        if not names and violation.keyword == "required":
            fields.update({name: {"required": text} for name, text in _REFUND_REQUIRED.items()})
            continue
        name = ".".join(names) or "refund_info"
        if name in _REQUIRED_MESSAGES and php.is_blank(violation.value):
            fields.setdefault(name, {})["required"] = _REQUIRED_MESSAGES[name]
        else:
            fields.setdefault(name, {})[violation.keyword] = f"{name} {violation.message}."
    return errors.invalid_fields(fields)


def read_refund(info: Mapping[str, Any], rules: Rules) -> RefundRequest:
    """Return the requested refund. Missing options get the plugin's defaults; null is not missing."""
    cancel, reason = info.get("cancelSubscription"), info.get("reason")
    return RefundRequest(
        amount=read_amount(info["amount"], rules),
        reason=reason if type(reason) is str else stored(reason),
        item_ids=info.get("item_ids", []),
        refunded_items=info.get("refunded_items", []),
        manage_stock=php.is_true_flag(info.get("manageStock")),
        cancel_subscription=cancel is True or cancel == "true",
    )


def read_amount(value: Any, rules: Rules) -> int:
    """Return an amount in minor units; 0 for a value that is not a number.

    Major units are rounded to minor units (group 02), minor units to whole ones. Beyond 9e15 minor units the plugin raises
    an error that it does not catch (21-039 to 21-055).
    """
    if type(value) is int and abs(value) < _MAX_FAST_INT:  # the usual case
        return value if rules.minor_units else value * 100
    if not php.is_numeric(value):
        return 0
    number = float(value)
    if not rules.minor_units:
        return php.round_to_int(number * 100)
    if abs(number) > _MAX_MINOR_UNITS and rules.bounded_amount:
        raise PluginCrash("The amount is out of range.")  # Assumed: the text, which the reply does not have
    return php.round_to_int(number)


def check_amount(document: Mapping[str, Any], rules: Rules) -> Iterable[Violation]:
    """Yield the violation of an amount that is no whole number of minor units, or that the plugin cannot read.

    The plugin itself rounds, so that 19.99 of a client that means major units is 20 minor units.
    """
    info = document.get("refund_info")
    amount = info.get("amount") if isinstance(info, dict) else None
    if type(amount) is int and abs(amount) < _MAX_FAST_INT:  # the usual case
        return
    if amount is None or not php.is_numeric(amount):
        return
    number = float(amount)
    minor_units = number if rules.minor_units else float(f"{number * 100:.15g}")  # 19.99 * 100 is 1998.9999999999998
    path = ("refund_info", "amount")
    if abs(minor_units) > _MAX_MINOR_UNITS and rules.bounded_amount:
        yield Violation(path, "maximum", _MAX_MINOR_UNITS, amount, f"must be at most {_MAX_MINOR_UNITS:.0f}")
    elif isfinite(minor_units) and minor_units != int(minor_units):
        meant = f". Send {amount * 100:.0f} for {amount:.2f}" if rules.minor_units and isinstance(amount, float) else ""
        yield Violation(path, "multipleOf", 1, amount, f"must be a whole number of minor units{meant}")


def write_time(instant: datetime) -> str:
    """Return a timestamp as the database stores it: UTC, to the second, without a zone."""
    elapsed = instant - _EPOCH
    return _write_second(elapsed.days * _SECONDS_PER_DAY + elapsed.seconds)


@lru_cache(16)  # many requests share a second
def _write_second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat(" ", "seconds").removesuffix("+00:00")
