"""What the records of a part have in common. A database finds them by itself; the store in memory tests each record."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

from refund_sandbox.frozen import frozen
from refund_sandbox.stores.collation import compile_contains, fold_value
from refund_sandbox.stores.record_types import RecordType

Find = Callable[[RecordType[Any]], Iterable[Any]]
"""Gives every record of a kind."""
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
    """Holds for some records of a kind and not for others."""

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""


@frozen
class In:
    """The key, or an indexed field, is one of these values."""

    field: str
    values: tuple[Any, ...]

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""
        return lambda record: getattr(record, self.field) in self.values


@frozen
class Compare:
    """The key, or an indexed field, is a number that compares so; null does not."""

    field: str
    sign: Sign
    value: int

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""

        def holds(record: Any) -> bool:
            number = getattr(record, self.field)
            return number is not None and bool(SIGNS[self.sign](number, self.value))

        return holds


@frozen
class EqualsText:
    """A field is this text, whatever the case."""

    field: str
    text: str

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""
        wanted = fold_value(self.text)

        def holds(record: Any) -> bool:
            value = getattr(record, self.field)
            return value is not None and fold_value(value) == wanted

        return holds


@frozen
class Contains:
    """One of the kind's `texts` contains this, whatever the case; `%` stands for anything, `_` for one character."""

    field: str
    wanted: str

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""
        contains = compile_contains(self.wanted)
        return lambda record: contains(fold_value(getattr(record, self.field)))


@frozen
class Not:
    """The other condition does not hold."""

    condition: Condition

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""
        holds = self.condition.test(find)
        return lambda record: not holds(record)


@frozen
class AnyOf:
    """At least one of these conditions holds."""

    conditions: tuple[Condition, ...]

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""
        tests = [condition.test(find) for condition in self.conditions]
        return lambda record: any(holds(record) for holds in tests)


@frozen
class Exists:
    """There is a record of another kind for which a condition holds, and whose field `by` is what this one's `field` is.

    Both fields are keys or indexed.
    """

    field: str
    kind: RecordType[Any]
    by: str
    condition: Condition

    def test(self, find: Find) -> Test:
        """Tells of one record whether it holds."""
        holds = self.condition.test(find)
        found = {getattr(record, self.by) for record in find(self.kind) if holds(record)} - {None}
        return lambda record: getattr(record, self.field) in found


@frozen
class PageQuery:
    """Which records of a kind: those for which every condition holds, in an order, and of those a page.

    The order is that of the keys, or of another field: null first, numbers by size, text without regard to case, equals by
    their keys upwards. With `downwards` it is turned around, but for equals.
    """

    offset: int
    limit: int
    downwards: bool = False
    where: tuple[Condition, ...] = ()
    order: str | None = None
