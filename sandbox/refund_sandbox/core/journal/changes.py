"""Changes of records and faults in the request log: their size, and what is left of long texts."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import compress, count
from operator import is_not
from typing import Any, cast

from msgspec import Struct, msgpack
from msgspec.structs import astuple, replace

from refund_sandbox.core import record_schema
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.json_writer import dump
from refund_sandbox.core.redaction import hide_value
from refund_sandbox.stores.protocol import Change

MAX_TEXT_BYTES = 16 * 1024
"""Bytes of a body, and of a value of a changed record, that the request log stores."""
_encode_into = msgpack.Encoder().encode_into
_buffer = bytearray()
"""Bytes of the changes that were measured last. The encoder runs no Python code, so that threads can share it."""


def size_of(changes: Sequence[Change]) -> int:
    """Return the approximate size in bytes of the records of all changes."""
    try:
        _encode_into(changes, _buffer)
    except (OverflowError, ValueError):  # numbers beyond 64 bits and lone surrogates, which MessagePack has not
        return len(dump([render_change(change) for change in changes]))
    return len(_buffer)


def cut_faults(faults: Sequence[Fault]) -> tuple[tuple[Fault, ...], int]:
    """Return the faults that hit a request, with long texts cut, and their size in bytes."""
    size = sum(fault.size() for fault in faults)
    if size <= MAX_TEXT_BYTES:
        return tuple(faults), size
    cut = tuple([_cut_fault(fault) for fault in faults])
    return cut, sum(fault.size() for fault in cut)


def _cut_fault(fault: Fault) -> Fault:
    reply = fault.reply
    if reply is not None:
        reply = {name: _cut_values(value) if name == "headers" else _cut(value) for name, value in reply.items()}
    return replace(fault, reply=reply, match=_cut_values(fault.match) or {}, error=_cut(fault.error), hold=_cut(fault.hold))


def cut_changes(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes of the ledger, with the changed fields only, and long values cut."""
    cut = [render_change(change) for change in changes if not change.kind.startswith("sandbox.")]
    return tuple([Change(one["record"], one["key"], _cut_values(one["before"]), _cut_values(one["after"])) for one in cut])


def render_change(change: Change) -> dict[str, Any]:
    """Return the changed fields of one record of the ledger, before and after a request."""
    before, after = _changed_fields(change.before, change.after)
    return {
        "record": change.kind,
        "key": change.key,
        "before": hide_value(before) if before is not None else None,
        "after": hide_value(after) if after is not None else None,
    }


def _changed_fields(before: Any, after: Any) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return the fields of a record that differ, before and after. Those of a new or deleted record are all of them."""
    if before is None or after is None or isinstance(before, dict) or isinstance(after, dict):
        return _write(before), _write(after)
    names, old, new = _names_in_place(cast(type[Struct], type(before))), astuple(before), astuple(after)
    fields_before, fields_after = {}, {}
    for place in compress(count(), map(is_not, old, new)):
        name = names[place]
        if name and old[place] != new[place]:
            fields_before[name], fields_after[name] = old[place], new[place]
    return fields_before, fields_after


@cache
def _names_in_place(record: type[Struct]) -> tuple[str, ...]:
    """Return the names of all fields, empty for one that is not public."""
    public, _ = record_schema.values_of(record)
    return tuple([name if name in public else "" for name in record.__struct_fields__])


def _write(record: Any) -> Mapping[str, Any] | None:
    """Return a record as a document. One that was cut is a document of its changed fields already."""
    return record if record is None or isinstance(record, dict) else record_schema.write(record)


def _cut_values(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else {name: _cut(value) for name, value in document.items()}


def _cut(value: Any) -> Any:
    """Return the first bytes of a long value as text; of an object, those of its JSON."""
    content = value.encode("utf-8", "replace") if isinstance(value, str) else dump(value)
    if len(content) <= MAX_TEXT_BYTES:
        return value
    return f"{content[:MAX_TEXT_BYTES].decode('utf-8', 'ignore')}… ({len(content)} bytes)"
