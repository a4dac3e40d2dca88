"""The lists of a state document's section: their schemas, and reading and checking of one entry, orders excepted."""

from collections.abc import Iterator, Mapping
from typing import Any

from refund_sandbox.apis.funnelfox.records import (
    CHECKOUTS,
    FEATURES,
    ONEOFFS,
    ORGS,
    PAYMENT_METHODS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    USERS,
    Feature,
    Order,
    Org,
    PricePoint,
    SecretKey,
    Transaction,
    Webhook,
)
from refund_sandbox.apis.funnelfox.rules import price_points
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.core import record_schema
from refund_sandbox.core.record_schema import list_schema
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.stores.protocol import RecordType

RECORD_LISTS: Mapping[str, RecordType[Any]] = {
    "orgs": ORGS,
    "users": USERS,
    "features": FEATURES,
    "price_points": PRICE_POINTS,
    "subscriptions": SUBSCRIPTIONS,
    "oneoffs": ONEOFFS,
    "payment_methods": PAYMENT_METHODS,
    "checkouts": CHECKOUTS,
}
"""Record types of the section's lists, except orders."""
_IDS = ("subs_id", "oneoff_id", "order_id")
_TIMES = ("current_period_starts_at", "current_period_ends_at", "next_check_at", "paused_at", "saved_at")
_VERSION_VALIDATOR = Validator({**record_schema.schema_of(PricePoint), "required": []})


ORDER_LIST = list_schema(Order, optional=("org_id",), transactions=list_schema(Transaction, optional=("trx_id",)))


def read_entry(record_class: type[Any], document: Mapping[str, Any]) -> Any:
    """Return the record of an entry that is valid against its schema. Ids become lower-case."""
    if record_class is Org:
        return _read_org(document)
    ids = {name: document[name].lower() for name in _IDS if document.get(name)}
    return record_schema.read(record_class, document, **ids)


def _read_org(document: Mapping[str, Any]) -> Org:
    keys = [record_schema.read(SecretKey, key) for key in document.get("keys", [])]
    webhooks = [record_schema.read(Webhook, webhook) for webhook in document.get("webhooks", [])]
    return Org(document["id"], keys, webhooks)


def find_problems(record: Any) -> Iterator[tuple[str, str]]:
    """Yield field and reason of each invalid value."""
    for name in _TIMES:
        text = getattr(record, name, None)
        if text and not is_time(text):
            yield name, invalid_time(text)
    for index, text in enumerate(getattr(record, "charges", [])):
        if not is_time(text):
            yield f"charges/{index}", invalid_time(text)
    if isinstance(record, PricePoint):
        yield from price_points.find_price_problems(record)
        for index, version in enumerate(record.earlier):
            yield from ((f"earlier/{index}{pointer}", reason) for pointer, reason in _find_version_problems(record, version))


def _find_version_problems(point: PricePoint, version: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    violations = _VERSION_VALIDATOR.violations(version)
    if violations:
        yield from ((violation.pointer, violation.message) for violation in violations)
        return
    earlier_point = record_schema.read(PricePoint, version, ident=point.ident)
    yield from ((f"/{name}", reason) for name, reason in price_points.find_price_problems(earlier_point))


def is_time(text: str) -> bool:
    """Whether the text is a timestamp."""
    try:
        read_time(text)
    except ValueError:
        return False
    return True


def invalid_time(text: str) -> str:
    """Return the reason of a problem with a timestamp."""
    return f"Invalid timestamp '{text}'. Use 2026-01-02T03:04:05.000000."


def features_of(points: list[PricePoint]) -> Iterator[Feature]:
    """Yield a feature for each one that price points grant. Assumed: features of a one-off are permanent."""
    for point in points:
        for feature in point.features:
            yield Feature(feature["ident"], "lifetime" if point.is_oneoff else "timebased")
