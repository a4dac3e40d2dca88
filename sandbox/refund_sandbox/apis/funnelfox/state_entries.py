"""Reads one entry of the lists beside the orders, and says what makes no sense in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from refund_sandbox.apis.funnelfox.parsing import read_amount, read_time
from refund_sandbox.apis.funnelfox.records import Feature, Org, PricePoint, SecretKey, Webhook
from refund_sandbox.core import record_schema
from refund_sandbox.core.money import MAX_MINOR_UNITS, to_minor
from refund_sandbox.core.validation.validator import Validator

_IDS = ("subs_id", "oneoff_id", "order_id")
_TIMES = ("current_period_starts_at", "current_period_ends_at", "next_check_at", "paused_at", "saved_at")
_VERSION = Validator({**record_schema.schema_of(PricePoint), "required": []})
PRICES = ("lifetime_price", "intro_paid_trial_price", "next_price")


def read(record: type[Any], document: Mapping[str, Any]) -> Any:
    """The record of an entry that fits its schema; ids are kept in small letters."""
    if record is Org:
        return _read_org(document)
    return record_schema.read(record, document, **{name: document[name].lower() for name in _IDS if document.get(name)})


def _read_org(document: Mapping[str, Any]) -> Org:
    keys = [record_schema.read(SecretKey, key) for key in document.get("keys", [])]
    webhooks = [record_schema.read(Webhook, hook) for hook in document.get("webhooks", [])]
    return Org(document["id"], keys, webhooks)


def problems(record: Any) -> Iterator[tuple[str, str]]:
    """Field and reason of everything that makes no sense."""
    for name in _TIMES:
        text = getattr(record, name, None)
        if text and not is_time(text):
            yield name, time_reason(text)
    for index, text in enumerate(getattr(record, "charges", [])):
        if not is_time(text):
            yield f"charges/{index}", time_reason(text)
    if isinstance(record, PricePoint):
        yield from _wrong_prices(record)
        for index, before in enumerate(record.earlier):
            yield from ((f"earlier/{index}{pointer}", reason) for pointer, reason in _wrong_version(record, before))


def _wrong_prices(point: PricePoint) -> Iterator[tuple[str, str]]:
    for name in PRICES:
        text = getattr(point, name)
        if text is not None and not is_money(text, point.decimals):
            yield name, money_reason(point.decimals)


def _wrong_version(point: PricePoint, before: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = [(violation.pointer, violation.message) for violation in _VERSION.violations(before)]
    if not found:
        found = [
            (f"/{name}", reason) for name, reason in _wrong_prices(record_schema.read(PricePoint, before, ident=point.ident))
        ]
    yield from found


def is_money(text: str, decimals: int) -> bool:
    """Whether the text is an amount that a ledger holds in that many decimals."""
    value = to_minor(read_amount(text), decimals)
    return value is not None and 0 <= value < MAX_MINOR_UNITS


def money_reason(decimals: int) -> str:
    """What an amount must be."""
    return f"must be from 0 to below 10^18 minor units and have at most {decimals} decimals"


def is_time(text: str) -> bool:
    """Whether the text is a timestamp."""
    try:
        read_time(text)
    except ValueError:
        return False
    return True


def time_reason(text: str) -> str:
    """What a timestamp looks like."""
    return f"{text} is no timestamp; write it like 2026-01-02T03:04:05.000000"


def features_of(points: list[PricePoint]) -> Iterator[Feature]:
    """A feature for each one that price points name. Assumed: what a one-off grants lasts."""
    for point in points:
        for granted in point.features:
            yield Feature(granted["ident"], "lifetime" if point.is_oneoff else "timebased")
