"""Turns a JSON Schema into a list of violations. The one place that knows jsonschema."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.validation.fast_validation import Fits, compile_schema, has_type

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


class Violation(NamedTuple):
    """One way in which a document departs from its schema.

    `path` leads to the value (to the missing one, for `required`), `keyword` is the schema keyword that failed and
    `expected` that keyword's value; `value` is what was found, None where nothing was.
    """

    path: Path
    keyword: str
    expected: Any
    value: Any
    message: str

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer."""
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.path)


class Validator:
    """A schema, compiled when the first document comes. jsonschema is only paid for when something may be wrong."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @cached_property
    def _fits(self) -> Fits:
        return compile_schema(self._schema, FORMATS)

    def violations(self, document: Any) -> list[Violation]:
        """Every violation, in the order of the schema; empty when the document fits."""
        if self._fits(document):
            return []
        return list(_look_through(self._schema, document, ()))


@cache
def _jsonschema() -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # 95 ms

    return Draft202012Validator({}, format_checker=_format_checker())


def _look_through(schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    """The violations of each keyword, as jsonschema has them.

    Whatever leads to other keywords is walked here: jsonschema copies itself for each part, and names a missing field only in
    the text of its error.
    """
    for keyword in schema:
        yield from _WALKS.get(keyword, _judge)(keyword, schema, value, path)


def _judge(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    """At most one violation, of a keyword that leads to no others; one that jsonschema does not know asks for nothing."""
    expected = schema[keyword]
    judge = _jsonschema()
    if keyword in _QUESTIONS:
        fits = _QUESTIONS[keyword](judge, value, expected)
    else:
        fits = keyword not in judge.VALIDATORS or not any(
            True for _ in judge.VALIDATORS[keyword](judge, expected, value, schema) or ()
        )
    if not fits:
        yield Violation(path, keyword, expected, value, _say(keyword, expected, value, schema))


def _properties(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    for name, part in schema[keyword].items() if isinstance(value, dict) else ():
        if name in value:
            yield from _look_through(part, value[name], (*path, name))


def _additional(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    if not isinstance(schema[keyword], Mapping):
        yield from _judge(keyword, schema, value, path)
        return
    for name in _unknown(value, schema):
        yield from _look_through(schema[keyword], value[name], (*path, name))


def _items(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    if not isinstance(schema[keyword], Mapping):
        yield from _judge(keyword, schema, value, path)
        return
    for place, entry in enumerate(value if isinstance(value, list) else ()):
        yield from _look_through(schema[keyword], entry, (*path, place))


def _required(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    for name in schema[keyword] if isinstance(value, dict) else ():
        if name not in value:
            yield Violation((*path, name), keyword, True, None, "is missing")


def _all_of(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    for part in schema[keyword]:
        yield from _look_through(part, value, path)


def _any_of(keyword: str, schema: Schema, value: Any, path: Path) -> Iterator[Violation]:
    causes = [list(_look_through(part, value, ())) for part in schema[keyword]]
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
"""The keywords that lead to others, and `required`, whose violations are of the missing fields."""


def _is_of_type(judge: "Draft202012Validator", value: Any, expected: str | list[str]) -> bool:
    names = [expected] if isinstance(expected, str) else expected
    return has_type(value, names) or any(judge.is_type(value, name) for name in names)


def _has_format(judge: "Draft202012Validator", value: Any, expected: str) -> bool:
    assert judge.format_checker is not None
    return judge.format_checker.conforms(value, expected)


_QUESTIONS: Mapping[str, Callable[["Draft202012Validator", Any, Any], bool]] = {"type": _is_of_type, "format": _has_format}
"""What jsonschema asks for the sake of a keyword, where that can be had without an error of its own: it is slow to write."""


def _cause(violation: Violation) -> str:
    return f"{violation.pointer} {violation.message}".lstrip()


def _unknown(value: Any, schema: Schema) -> list[str]:
    """The fields of an object that a schema does not name."""
    known = schema.get("properties", {})
    return [name for name in value if name not in known] if isinstance(value, dict) else []


def _say(keyword: str, expected: Any, value: Any, schema: Schema) -> str:
    if keyword == "additionalProperties" and expected is False:
        return f"has no field {', '.join(sorted(_unknown(value, schema)))}; there are {', '.join(schema.get('properties', {}))}"
    words = _WORDS.get(keyword)
    return words(expected) if words else f"must satisfy {keyword}: {expected}"


def _listed(values: Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda expected: f"must be of type {_listed(expected)}",
    "enum": lambda expected: f"must be one of {', '.join(repr(value) for value in expected)}",
    "format": lambda expected: f"must be a valid {expected}",
    "maxLength": lambda expected: f"must have at most {expected} characters",
    "minLength": lambda expected: f"must have at least {expected} characters",
    "minimum": lambda expected: f"must be at least {expected}",
    "maximum": lambda expected: f"must be at most {expected}",
    "exclusiveMinimum": lambda expected: f"must be greater than {expected}",
    "pattern": lambda expected: f"must match {expected}",
    "minItems": lambda expected: f"must have at least {expected} entries",
    "maxItems": lambda expected: f"must have at most {expected} entries",
}


_UUID = re.compile("-".join(f"[0-9a-fA-F]{{{length}}}" for length in (8, 4, 4, 4, 12)))


def _is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


def _is_decimal(value: str) -> bool:
    """A number as people write it: digits, a sign, a point. pydantic's Decimal also takes exponents."""
    try:
        return Decimal(value.strip()).is_finite() and "_" not in value
    except InvalidOperation:
        return False


def _is_instant(value: str) -> bool:
    try:
        read_instant(value)
    except ValueError:
        return False
    return True


def _is_duration(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,6}[smhd]", value) is not None


def _is_email(value: str) -> bool:
    return re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


FORMATS: dict[str, Callable[[str], bool]] = {
    "uuid": _is_uuid,
    "decimal": _is_decimal,
    "date-time": _is_instant,
    "email": _is_email,
    "duration": _is_duration,
}
"""Whether a text has a format. None raises: jsonschema would keep the error in a circle, and with it the whole call."""


@cache
def _format_checker() -> "FormatChecker":
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, is_valid in FORMATS.items():
        checker.checks(name)(_on_text(is_valid))
    return checker


def _on_text(is_valid: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or is_valid(value)


_TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


def _is_schema_or_flag(value: Any) -> bool:
    return isinstance(value, Mapping | bool)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


# What the spec loader accepts: keywords that are enforced above, with what they may be set to, and notes to people.
ENFORCED: Mapping[str, Callable[[Any], bool]] = {
    "type": _is_type,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "const": lambda _: True,
    "properties": lambda value: isinstance(value, Mapping) and all(isinstance(part, Mapping) for part in value.values()),
    "required": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "additionalProperties": _is_schema_or_flag,
    "items": _is_schema_or_flag,
    **dict.fromkeys(("anyOf", "oneOf", "allOf"), _are_schemas),
    "pattern": _is_pattern,
    "format": lambda value: value in FORMATS,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_size),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "uniqueItems": lambda value: isinstance(value, bool),
}
ANNOTATIONS = frozenset("title description default example examples deprecated".split())


def schema_parts(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Each direct sub-schema of a schema, with its place."""
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), Mapping):
            yield keyword, schema[keyword]
    for name, part in schema.get("properties", {}).items():
        yield f"properties/{name}", part
    for keyword in ("anyOf", "oneOf", "allOf"):
        for index, part in enumerate(schema.get(keyword, [])):
            yield f"{keyword}/{index}", part
