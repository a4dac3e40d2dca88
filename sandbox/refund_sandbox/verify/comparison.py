"""Comparison of two replies to the same request: status, headers and body."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, Struct

from refund_sandbox.core.masks import GENERAL_MASKS, Masks
from refund_sandbox.core.verification import ReceivedReply

__all__ = ["Difference", "ReceivedReply", "compare", "compare_values", "read_body"]


class Difference(Struct, frozen=True, omit_defaults=True):
    """A part of a reply that differs. A value that is UNSET is missing on that side.

    `path` is `status`, `headers.content-type` or a place in the body: `body.order.items[0].id`.
    """

    path: str
    expected: Any = UNSET
    got: Any = UNSET


def read_body(content: bytes) -> Any:
    """Return a body as its JSON value, or as text if it is not JSON. An empty one is None."""
    if not content:
        return None
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def compare(expected: ReceivedReply, got: ReceivedReply, masks: Masks = GENERAL_MASKS) -> list[Difference]:
    """Return all differences between the reply of the live service and that of the sandbox."""
    return [*compare_heads(expected, got, masks), *_differences("body", expected.body, got.body, masks)]


def compare_heads(expected: ReceivedReply, got: ReceivedReply, masks: Masks) -> Iterator[Difference]:
    """Yield the differences of status and headers."""
    if expected.status != got.status:
        yield Difference("status", expected.status, got.status)
    for name in masks.headers:
        left, right = (_header(reply.headers.get(name), masks) for reply in (expected, got))
        yield from _differences(f"headers.{name}", left, right, masks)


def compare_values(path: str, expected: Any, got: Any, masks: Masks = GENERAL_MASKS) -> list[Difference]:
    """Return all differences between two JSON values. `path` is the name of the whole."""
    return list(_differences(path, expected, got, masks))


def _header(value: str | None, masks: Masks) -> Any:
    """Return a header without what has no meaning: letter case and spaces."""
    return UNSET if value is None else masks.clean(value.replace("; ", ";").lower())


def _differences(path: str, expected: Any, got: Any, masks: Masks) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in [*expected, *(name for name in got if name not in expected)]:
            yield from _of_field(path, name, expected.get(name, UNSET), got.get(name, UNSET), masks)
    elif isinstance(expected, list) and isinstance(got, list):
        yield from _of_lists(path, expected, got, masks)
    elif not _is_alike(expected, got, masks):
        yield Difference(path, expected, got)


def _of_field(path: str, name: str, expected: Any, got: Any, masks: Masks) -> Iterator[Difference]:
    is_masked = name in masks.fields and _kind(expected) == _kind(got)
    if not (is_masked or name in masks.ignored):
        yield from _differences(f"{path}.{name}", expected, got, masks)


def _kind(value: Any) -> str:
    """Return what matters of the value of a masked field."""
    return "empty" if value is None or value == "" else type(value).__name__


def _of_lists(path: str, expected: list[Any], got: list[Any], masks: Masks) -> Iterator[Difference]:
    """Yield the differences of two lists: their lengths, their order, or those of their entries."""
    if len(expected) != len(got):
        yield Difference(f"{path}.length", len(expected), len(got))
        return
    pairs = enumerate(zip(expected, got, strict=True))
    found = [one for index, pair in pairs for one in _differences(f"{path}[{index}]", *pair, masks)]
    if found and _has_same_entries(expected, got, masks):
        yield Difference(f"{path}.order", expected, got)
    else:
        yield from found


def _has_same_entries(expected: list[Any], got: list[Any], masks: Masks) -> bool:
    """Whether each entry of one list is in the other one too, at another place."""
    unmatched = list(got)
    for entry in expected:
        same = next((one for one in unmatched if not any(_differences("", entry, one, masks))), UNSET)
        if same is UNSET:
            return False
        unmatched.remove(same)
    return True


def _is_alike(expected: Any, got: Any, masks: Masks) -> bool:
    if isinstance(expected, str) and isinstance(got, str):
        return expected == got or masks.clean(expected) == masks.clean(got)
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    return bool(expected == got)
