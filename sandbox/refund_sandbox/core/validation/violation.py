"""Violation of a schema."""

from typing import Any, NamedTuple

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
