"""Comparison of two replies by their form: status, headers, names of fields and types of values."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from refund_sandbox.core.masks import Masks
from refund_sandbox.core.verification import ReceivedReply
from refund_sandbox.verify.comparison import Difference, compare_heads

_DATA_KEY = re.compile(r"[0-9].*|[A-Z]{2,3}")
"""Keys that are data: numbers, dates, countries, currencies."""
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a text", dict: "an object", list: "a list"}


def compare_forms(expected: ReceivedReply, got: ReceivedReply, masks: Masks) -> list[Difference]:
    """Return the differences of status, headers and form.

    Null says nothing of the type of a field, and an empty list nothing of its entries. PHP writes an empty object as a list too.
    """
    return [*compare_heads(expected, got, masks), *_differences("body", expected.body, got.body, masks)]


def _differences(path: str, expected: Any, got: Any, masks: Masks) -> Iterator[Difference]:
    if any(value is None or value == [] for value in (expected, got)):
        return
    if isinstance(expected, dict) and isinstance(got, dict):
        yield from _of_objects(path, expected, got, masks)
    elif isinstance(expected, list) and isinstance(got, list):
        yield from _differences(f"{path}[0]", expected[0], got[0], masks)
    elif _kind(expected) != _kind(got):
        yield Difference(path, _kind(expected), _kind(got))


def _of_objects(path: str, expected: Mapping[str, Any], got: Mapping[str, Any], masks: Masks) -> Iterator[Difference]:
    left, right = ({name for name in side if not _DATA_KEY.fullmatch(name)} for side in (expected, got))
    for name in sorted((left | right) - masks.ignored - masks.varying):
        if name in left and name in right:
            yield from _differences(f"{path}.{name}", expected[name], got[name], masks)
        else:
            yield Difference(f"{path}.{name}", *(_kind(side.get(name, UNSET)) for side in (expected, got)))
    first, second = (next((side[name] for name in side if _DATA_KEY.fullmatch(name)), None) for side in (expected, got))
    yield from _differences(f"{path}.*", first, second, masks)


def _kind(value: Any) -> Any:
    """Return the type of a value in words, so that a report shows no data of a shop. A missing value stays missing."""
    return value if value is UNSET else _KINDS.get(type(value), "null")
