"""Validator: JSON Schema to a list of violations. The only module that imports jsonschema."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from refund_sandbox.core.validation.fast_validation import Fits, compile_schema, has_type
from refund_sandbox.core.validation.formats import FORMATS
from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.core.validation.messages import message_of, unknown_fields

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker

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


class Validator:
    """A schema, compiled for the first document. jsonschema is imported only if a document may be invalid."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @cached_property
    def _fits(self) -> Fits:
        return compile_schema(self._schema, FORMATS)

    def violations(self, document: Any) -> list[Violation]:
        """Return every violation in the order of the schema. A valid document has none."""
        if self._fits(document):
            return []
        return list(_walk(self._schema, document, ()))


@cache
def _jsonschema() -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # 95 ms

    return Draft202012Validator({}, format_checker=_format_checker())


def _walk(schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    """Yield the violations of each keyword.

    Keywords with sub-schemas are walked here. jsonschema copies itself for each part, and it names a missing field only in
    the text of its error.
    """
    for keyword in schema:
        yield from _WALKS.get(keyword, _check_keyword)(keyword, schema, value, path)


def _check_keyword(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    """Yield at most one violation of a keyword without sub-schemas. A keyword that jsonschema does not know is valid."""
    validator = _jsonschema()
    if keyword in _PREDICATES:
        fits = _PREDICATES[keyword](validator, value, schema[keyword])
    else:
        fits = keyword not in validator.VALIDATORS or not any(
            True for _ in validator.VALIDATORS[keyword](validator, schema[keyword], value, schema) or ()
        )
    if not fits:
        yield Violation(path, keyword, schema[keyword], value, message_of(keyword, schema, value))


def _properties(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    for name, part in schema[keyword].items() if isinstance(value, dict) else ():
        if name in value:
            yield from _walk(part, value[name], (*path, name))


def _additional(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    if not isinstance(schema[keyword], Mapping):
        yield from _check_keyword(keyword, schema, value, path)
        return
    for name in unknown_fields(value, schema):
        yield from _walk(schema[keyword], value[name], (*path, name))


def _items(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    if not isinstance(schema[keyword], Mapping):
        yield from _check_keyword(keyword, schema, value, path)
        return
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        yield from _walk(schema[keyword], entry, (*path, index))


def _required(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    for name in schema[keyword] if isinstance(value, dict) else ():
        if name not in value:
            yield Violation((*path, name), keyword, True, None, "is missing")


def _all_of(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    for part in schema[keyword]:
        yield from _walk(part, value, path)


def _any_of(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    causes = [list(_walk(part, value, ())) for part in schema[keyword]]
    if all(causes):
        reason = " or ".join(dict.fromkeys(map(_cause, chain(*causes))))
        yield Violation(path, keyword, schema[keyword], value, reason)


_WALKS: Mapping[str, Callable[[str, Schema, Any, Path], Iterator[Violation]]] = {
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "required": _required,
    "allOf": _all_of,
    "anyOf": _any_of,
}
"""Keywords with sub-schemas, and `required`, whose violations are at the missing fields."""


def _is_of_type(validator: "Draft202012Validator", value: Any, expected: str | list[str]) -> bool:
    names = [expected] if isinstance(expected, str) else expected
    return has_type(value, names) or any(validator.is_type(value, name) for name in names)


def _has_format(validator: "Draft202012Validator", value: Any, expected: str) -> bool:
    assert validator.format_checker is not None
    return validator.format_checker.conforms(value, expected)


_PREDICATES: Mapping[str, Callable[["Draft202012Validator", Any, Any], bool]] = {"type": _is_of_type, "format": _has_format}
"""Keywords that are checked by predicates of jsonschema, because creating its error objects is slow."""


def _cause(violation: Violation) -> str:
    return f"{violation.pointer} {violation.message}".lstrip()


@cache
def _format_checker() -> "FormatChecker":
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, is_valid in FORMATS.items():
        checker.checks(name)(_on_text(is_valid))
    return checker


def _on_text(is_valid: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or is_valid(value)
