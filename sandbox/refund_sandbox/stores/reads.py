"""Reads that a caller announces with `prefetch`, so that a database answers all of them in one round trip."""

from typing import Any, NamedTuple

from refund_sandbox.stores.record_types import Key, RecordType


class Get(NamedTuple):
    """Read of one record by its key; `for_update` locks it."""

    kind: RecordType[Any]
    key: Key
    for_update: bool = False


class Where(NamedTuple):
    """Read of the records whose indexed field has a value."""

    kind: RecordType[Any]
    field: str
    value: Any


class All(NamedTuple):
    """Read of every record of a type."""

    kind: RecordType[Any]


class First(NamedTuple):
    """Read of the record with the lowest value of an indexed field."""

    kind: RecordType[Any]
    field: str


class Last(NamedTuple):
    """Read of the record with the highest value of an indexed field."""

    kind: RecordType[Any]
    field: str


class NextIds(NamedTuple):
    """Reservation of the next ids of a type."""

    kind: RecordType[Any]
    number: int


Read = Get | Where | All | First | Last
