"""Violation of a schema."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from refund_sandbox.core.errors import BadDocument, Problem, first_of

Path = tuple[str | int, ...]


class Violation(NamedTuple):
    """One violation of a schema.

    `path` leads to the value, and for `required` to the missing value. `keyword` is the violated keyword, and `expected` its
    value in the schema. `value` is the value in the document, or None if it is missing.
    """

    path: Path
    keyword: str
    expected: Any
    value: Any
    message: str

    @property
    def pointer(self) -> str:
        """Path as a JSON pointer."""
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.path)


class Violations(list[Violation]):
    """The first 100 violations of a document. `more` says how many others there are, as in `first_of`."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # nothing changes it, so that it can be the default of a dataclass

    def __init__(self, found: Iterable[Violation] = (), more: str = "") -> None:
        first, others = first_of(found)
        self.more = more or others
        super().__init__(first)


def bad_document(violations: Violations, prefix: str = "") -> BadDocument:
    """Return the error for a document with violations. `prefix` is the pointer to the document."""
    return BadDocument([Problem(prefix + one.pointer, one.message) for one in violations], violations.more)
