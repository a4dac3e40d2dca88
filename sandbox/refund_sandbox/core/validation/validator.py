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
    from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]


class Violation(NamedTuple):
    """One way in which a document departs from its schema.

    `path` leads to the value (to the missing one, for `required`), `keyword` is the schema keyword that failed and
    `expected` that keyword's value; `value` is what was found, None where nothing was.
    """

    path: tuple[str | int, ...]
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


def _look_through(schema: Schema, value: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    """The violations of each keyword, as jsonschema has them. Fields and entries are walked here: it copies itself for them."""
    judge = _jsonschema()
    for keyword, expected in schema.items():
        if keyword == "properties":
            for name, part in expected.items() if isinstance(value, dict) else ():
                if name in value:
                    yield from _look_through(part, value[name], (*path, name))
        elif keyword == "items" and isinstance(expected, Mapping):
            for place, entry in enumerate(value if isinstance(value, list) else ()):
                yield from _look_through(expected, entry, (*path, place))
        elif keyword == "anyOf":
            causes = [list(_look_through(part, value, ())) for part in expected]
            if all(causes):
                yield Violation(path, keyword, expected, value, " or ".join(dict.fromkeys(map(_cause, chain(*causes)))))
        elif keyword in _QUESTIONS:
            if not _QUESTIONS[keyword](judge, value, expected):
                yield Violation(path, keyword, expected, value, _say(keyword, expected, value, schema))
        elif keyword in judge.VALIDATORS:
            for error in judge.VALIDATORS[keyword](judge, expected, value, schema) or ():
                if not isinstance(error.validator, str):  # it is of this keyword, not of one in a part of the schema
                    error.validator, error.validator_value, error.instance, error.schema = keyword, expected, value, schema
                yield _violation(error, (*path, *error.path))


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


def _violation(error: "ValidationError", path: tuple[str | int, ...]) -> Violation:
    if error.validator == "required":
        name = re.split(r"""^['"]|['"] is a required""", error.message)[1]
        return Violation((*path, name), "required", True, None, "is missing")
    keyword, expected, value = str(error.validator), error.validator_value, error.instance
    return Violation(path, keyword, expected, value, _say(keyword, expected, value, error.schema))


def _say(keyword: str, expected: Any, value: Any, schema: Any) -> str:
    if keyword == "additionalProperties" and expected is False:
        known = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        unknown = sorted(set(value) - set(known))
        return f"has no field {', '.join(unknown)}; there are {', '.join(known)}"
    words = _WORDS.get(keyword)
    return words(expected) if words else f"must satisfy {keyword}: {expected}"


def _listed(values: Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


_WORDS: dict[str, Callable[[Any], str]] = {
    "required": lambda expected: f"must have the fields {', '.join(expected)}",
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
