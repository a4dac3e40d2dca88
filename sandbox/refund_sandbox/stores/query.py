"""Queries: conditions, order and page. SQL stores compile them; the memory store tests each record."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from refund_sandbox.stores.collation import compile_contains, fold_value
from refund_sandbox.stores.record_types import RecordType

Find = Callable[[RecordType[Any]], Iterable[Any]]
"""Function that returns every record of a type."""
Test = Callable[[Any], bool]
Sign = Literal["=", "!=", "<", ">", "<=", ">="]

SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class Condition(Protocol):
    """Condition on the records of one type."""

    def test(self, find: Find) -> Test:
        """Return a test for one record; `find` returns the records of other types."""


class In(Struct, frozen=True):
    """Whether the key or an indexed field has one of the values."""

    field: str
    values: tuple[Any, ...]

    def test(self, find: Find) -> Test:
        return lambda record: getattr(record, self.field) in self.values


class Compare(Struct, frozen=True):
    """Whether the key or an indexed field compares to a number; false for null."""

    field: str
    sign: Sign
    value: int

    def test(self, find: Find) -> Test:

        def holds(record: Any) -> bool:
            number = getattr(record, self.field)
            return number is not None and bool(SIGNS[self.sign](number, self.value))

        return holds


class Between(Struct, frozen=True):
    """Whether a text is in a range by code points, both ends included; false for null. The field is one of `columns`."""

    field: str
    first: str
    last: str

    def test(self, find: Find) -> Test:

        def holds(record: Any) -> bool:
            value = getattr(record, self.field)
            return value is not None and self.first <= value <= self.last

        return holds


class EqualsText(Struct, frozen=True):
    """Whether a field equals a text, without regard to case."""

    field: str
    text: str

    def test(self, find: Find) -> Test:
        folded = fold_value(self.text)

        def holds(record: Any) -> bool:
            value = getattr(record, self.field)
            return value is not None and fold_value(value) == folded

        return holds


class Contains(Struct, frozen=True):
    """Whether one of the type's `texts` contains a text, without regard to case. Wildcards: `%` any text, `_` one character."""

    field: str
    text: str

    def test(self, find: Find) -> Test:
        contains = compile_contains(self.text)
        return lambda record: contains(fold_value(getattr(record, self.field)))


class Not(Struct, frozen=True):
    """Negation of a condition."""

    condition: Condition

    def test(self, find: Find) -> Test:
        holds = self.condition.test(find)
        return lambda record: not holds(record)


class AnyOf(Struct, frozen=True):
    """Whether at least one of the conditions holds."""

    conditions: tuple[Condition, ...]

    def test(self, find: Find) -> Test:
        tests = [condition.test(find) for condition in self.conditions]
        return lambda record: any(holds(record) for holds in tests)


class AllOf(Struct, frozen=True):
    """Whether all of the conditions hold."""

    conditions: tuple[Condition, ...]

    def test(self, find: Find) -> Test:
        tests = [condition.test(find) for condition in self.conditions]
        return lambda record: all(holds(record) for holds in tests)


class Exists(Struct, frozen=True):
    """Whether a record of another type matches a condition, and its field `by` equals this record's `field`.

    Both fields must be keys or indexed.
    """

    field: str
    kind: RecordType[Any]
    by: str
    condition: Condition

    def test(self, find: Find) -> Test:
        holds = self.condition.test(find)
        values = {getattr(record, self.by) for record in find(self.kind) if holds(record)} - {None}
        return lambda record: getattr(record, self.field) in values


class PageQuery(Struct, frozen=True):
    """Page of the records that match every condition of `where`.

    Sorted by key, or by the field `order`: null first, numbers by value, text without case, equal values by key.
    `downwards` reverses the order, except for equal values.
    """

    offset: int
    limit: int
    downwards: bool = False
    where: tuple[Condition, ...] = ()
    order: str | None = None
    is_counted: bool = True
    """Whether the number of all matches is wanted. Otherwise it is 0."""


class Of(Struct, frozen=True):
    """Field `by` of the record of another type whose key is in `field`. Records without such a record are left out."""

    field: str
    kind: RecordType[Any]
    by: str


class TotalsQuery(Struct, frozen=True):
    """Sums over the records that match every condition of `where`, grouped by the values of the fields `by`.

    Every field is the key, an indexed one or one of `columns`. `sums` are numbers that are added up. `lowest` are never
    null, texts compare by code points. `distinct` are counted without null.
    """

    by: tuple[str | Of, ...] = ()
    sums: tuple[str, ...] = ()
    lowest: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
