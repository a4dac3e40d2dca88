"""Violations of a schema as jsonschema finds them. The only module that imports jsonschema."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from jsonschema.protocols import Validator

from refund_sandbox.core.validation.formats import FORMATS
from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.core.validation.messages import message_of, shortened, undeclared_names
from refund_sandbox.core.validation.violation import Violation, Violations

_MAX_CAUSES = 10
"""Number of violations of one part that an error of anyOf names."""


def violations(schema: Schema, document: Any) -> Violations:
    """Return the first violations in the order of the schema."""
    return Violations(map(_violation, _Schema(schema, format_checker=FORMAT_CHECKER).iter_errors(document)))


def _violation(error: ValidationError) -> Violation:
    path = tuple(shortened(part) if isinstance(part, str) else part for part in error.absolute_path)
    keyword = str(error.validator)
    if keyword == "required":
        return Violation(path, keyword, True, None, "is missing")
    assert isinstance(error.schema, Mapping)
    message = error.message if keyword == "anyOf" else message_of(keyword, error.schema, error.instance)
    return Violation(path, keyword, error.validator_value, error.instance, message)


def _required(_: Validator, names: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Yield an error at the path of each missing field. jsonschema names the field only in the text of its error."""
    for name in names if isinstance(value, dict) else ():
        if name not in value:
            yield ValidationError("is missing", path=[name])


def _additional(validator: Validator, part: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Yield errors in the order of the document. The order of jsonschema differs from run to run."""
    unknown = undeclared_names(value, schema)
    if unknown and part is False:
        yield ValidationError("unknown fields")
    for name in unknown if isinstance(part, Mapping) else ():
        for error in validator.evolve(schema=part).iter_errors(value[name]):
            error.path.appendleft(name)
            yield error


def _any_of(validator: Validator, parts: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Yield one error with the violations of all parts.

    jsonschema would list all errors of the parts, however many, and hold them in a reference cycle.
    """
    causes = [_causes(validator.evolve(schema=part), value) for part in parts]
    if all(causes):
        yield ValidationError(" or ".join(dict.fromkeys(f"{one.pointer} {one.message}".lstrip() for one in chain(*causes))))


def _causes(part: Validator, value: Any) -> list[Violation]:
    return [_violation(error) for error in islice(part.iter_errors(value), _MAX_CAUSES)]


def _one_of(validator: Validator, parts: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Yield one error without causes, for the reasons of `_any_of`."""
    if sum(validator.evolve(schema=part).is_valid(value) for part in parts) != 1:
        yield ValidationError("fits no part, or several")


_KEYWORDS = {"required": _required, "additionalProperties": _additional, "anyOf": _any_of, "oneOf": _one_of}
_Schema: Any = validators.extend(Draft202012Validator, _KEYWORDS)  # type: ignore[no-untyped-call]
FORMAT_CHECKER = FormatChecker(formats=())


def _on_text(is_valid: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or is_valid(value)


for _name, _is_valid in FORMATS.items():
    FORMAT_CHECKER.checks(_name)(_on_text(_is_valid))
