"""Violations: their path, keyword and reason, for every keyword and format that the specs may use."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from refund_sandbox.core.validation.formats import FORMATS
from refund_sandbox.core.validation.keywords import ENFORCED
from refund_sandbox.core.validation.validator import Validator

KEYWORDS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "type": ({"type": "string"}, 1, "must be of type string"),
    "enum": ({"enum": ["a", True]}, 1, "must be one of 'a', True"),
    "const": ({"const": "a"}, "b", "must satisfy const: a"),
    "additionalProperties": ({"properties": {"b": {}}, "additionalProperties": False}, {"a": 1}, "Unknown field 'a'."),
    "anyOf": ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "x", "must be of type number or must be of type null"),
    "oneOf": ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1, "must satisfy oneOf"),
    "minLength": ({"minLength": 2}, "a", "must have at least 2 characters"),
    "maxLength": ({"maxLength": 1}, "aé", "must have at most 1 characters"),
    "pattern": ({"pattern": "^a"}, "b", "must match ^a"),
    "format": ({"format": "uuid"}, "b", "must be a valid uuid"),
    "minimum": ({"minimum": 1}, 0, "must be at least 1"),
    "maximum": ({"maximum": 1}, 2, "must be at most 1"),
    "exclusiveMinimum": ({"exclusiveMinimum": 1}, 1, "must be greater than 1"),
    "exclusiveMaximum": ({"exclusiveMaximum": 1}, 1, "must satisfy exclusiveMaximum: 1"),
    "minItems": ({"minItems": 1}, [], "must have at least 1 entries"),
    "maxItems": ({"maxItems": 0}, [1], "must have at most 0 entries"),
    "uniqueItems": ({"uniqueItems": True}, [1, 1], "must satisfy uniqueItems"),
    "minProperties": ({"minProperties": 1}, {}, "must satisfy minProperties: 1"),
    "maxProperties": ({"maxProperties": 0}, {"a": 1}, "must satisfy maxProperties: 0"),
}
# These only lead to other keywords.
LEADING = {"properties", "required", "items", "allOf"}


@pytest.mark.parametrize(("keyword", "schema", "value", "message"), [(name, *case) for name, case in KEYWORDS.items()])
def test_a_keyword_is_enforced_and_its_message_says_what_is_valid(
    keyword: str, schema: dict[str, Any], value: Any, message: str
) -> None:
    (violation,) = Validator(schema).violations(value)

    assert violation.keyword == keyword
    assert violation.message.startswith(message)


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string", "format": "duration"}, 30, "must be a duration such as 90s"),
        ({"type": "string", "format": "major-units"}, 9.99, 'must be a decimal amount as text, such as "25.00"'),
        ({"type": "integer", "format": "minor-units"}, 25.5, "must be of type integer, in minor units: 2500"),
        ({"type": "integer", "format": "minor-units"}, "25.00", "must be of type integer, in minor units: 2500"),
        ({"type": "string", "format": "uuid"}, 1, "must be of type string"),
    ],
)
def test_a_value_of_the_wrong_type_gets_the_message_of_its_format(schema: dict[str, Any], value: Any, message: str) -> None:
    (violation,) = Validator(schema).violations(value)

    assert violation.message.startswith(message)


def test_every_keyword_that_the_loader_accepts_is_tested() -> None:
    assert {*KEYWORDS, *LEADING} == set(ENFORCED)


def test_every_violation_is_listed_with_its_path() -> None:
    nested = {"properties": {"a~b": {"items": {"properties": {"c/d": {"type": "integer"}}}}}}
    schema = {"type": "object", "required": ["amount", "id's"], "allOf": [nested]}

    violations = Validator(schema).violations({"a~b": [{}, {"c/d": "x"}]})

    assert [(one.pointer, one.keyword, one.message) for one in violations] == [
        ("/amount", "required", "is missing"),
        ("/id's", "required", "is missing"),
        ("/a~0b/1/c~1d", "type", "must be of type integer"),
    ]


def test_a_valid_document_has_no_violations() -> None:
    assert Validator({"type": "object", "required": ["a"]}).violations({"a": None}) == []


def test_violations_of_unknown_fields_have_the_order_of_the_document() -> None:
    names = [f"field {number}" for number in range(20)]
    schema = {"additionalProperties": {"type": "integer"}}

    violations = Validator(schema).violations(dict.fromkeys(names, "x"))

    assert [violation.path for violation in violations] == [(name,) for name in names]


def number_of_calls(work: Callable[[], object]) -> int:
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


MANY: dict[str, tuple[dict[str, Any], Callable[[int], Any], int]] = {
    "items": ({"items": {"format": "uuid"}}, lambda size: ["x"] * size, 100),
    "additionalProperties": (
        {"additionalProperties": {"type": "integer"}},
        lambda size: {str(number): "x" for number in range(size)},
        100,
    ),
    "anyOf": ({"anyOf": [{"items": {"minLength": 2}}, {"type": "null"}]}, lambda size: ["x"] * size, 1),
    "oneOf": ({"oneOf": [{"items": {"minLength": 2}}, {"type": "null"}]}, lambda size: ["x"] * size, 1),
}


@pytest.mark.parametrize(("schema", "document", "listed"), MANY.values(), ids=MANY)
def test_100_000_violations_take_as_little_work_as_200(
    schema: dict[str, Any], document: Callable[[int], Any], listed: int
) -> None:
    few, many = document(200), document(100_000)
    validator = Validator(schema)
    validator.violations(few)  # imports and compiles

    assert len(validator.violations(many)) == listed
    assert number_of_calls(lambda: validator.violations(many)) <= number_of_calls(lambda: validator.violations(few)) + 10


UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
VALID = {
    "uuid": [UUID, UUID.upper()],
    "decimal": ["1", "4.99", "-0.5", "+1", " 25 ", "1e3", "1e999999999", "9" * 200_000],
    "date-time": ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+02:00", "2026-01-02t03:04:05-11:00"],
    "email": ["a@b", "first.last@example.test"],
    "duration": ["0s", "90s", "15m", "2h", "999999d"],
    "duration-60s": ["0s", "10s", "60s", "1m"],
    "name": ["a", "before-demo", "1.0_b", "a" * 64],
    "major-units": ["0", "25", "25.00", "0.0001", "9" * 15],
    "minor-units": ["2500"],
    "web-url": ["http://127.0.0.1:3000/hook", "https://shop.example/a?b=c", "http://[::1]:8000", "http://localhost"],
}
INVALID = {
    "name": ["", "a b", "-a", ".", "a/b", "a\n", "a" * 65],
    "major-units": ["", "25,00", "-1", "1e3", " 25", "25.", "1.00000", "9" * 16, "25\n"],
    "minor-units": [],
    "uuid": ["", "x", UUID[:-1], UUID + "0", UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", " " + UUID, "z" * 200_000],
    "decimal": ["", " ", "x", "1,5", "$1", "1_000", "NaN", "sNaN", "Infinity", "-inf", "1e", "0x10", "--1"],
    "date-time": [
        *("", "2026-01-02", "03:04:05Z", "2026-01-02T03:04:05", "2026-02-30T00:00:00Z", "2026-01-02 03:04:05Z"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "x" * 200_000),
    ],
    "email": ["", "a", "@", "a@", "a b@c", "a@b@c"],
    "duration": ["", "1", "s", "1h 30", "-1s", "1000000d", "1x", "1mo", "١s", "1s\n", "P", "P1M"],
    "duration-60s": ["", "1", "61s", "2m", "1h", "1d", "999999s"],
    "web-url": ["", "localhost:3000/hook", "ftp://x/", "http://", "http://a..b/", f"http://{'a' * 64}.test/", "http://x/a b"],
}


def test_every_format_that_the_loader_accepts_is_tested() -> None:
    assert set(VALID) == set(INVALID) == set(FORMATS)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in VALID.items() for text in texts])
def test_a_text_in_a_format_is_valid(name: str, text: str) -> None:
    assert Validator({"format": name}).violations(text) == []


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in INVALID.items() for text in texts])
def test_a_text_that_is_not_in_a_format_is_a_violation(name: str, text: str) -> None:
    (violation,) = Validator({"format": name}).violations(text)

    assert (violation.keyword, violation.expected) == ("format", name)


@pytest.mark.parametrize(
    ("name", "example"),
    [("duration", "90s, 1h30m, 2w or 30 days"), ("date-time", "2026-01-02T03:04:05Z"), ("uuid", "valid uuid")],
)
def test_the_message_about_a_format_shows_a_valid_text(name: str, example: str) -> None:
    (violation,) = Validator({"format": name}).violations("tomorrow")

    assert example in violation.message


def test_an_unknown_field_is_reported_with_the_closest_known_one() -> None:
    schema = {"properties": {"paid": {}, "id": {}}, "additionalProperties": False}
    (violation,) = Validator(schema).violations({"payd": 1})

    assert violation.message == "Unknown field 'payd'. Did you mean 'paid'?"


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}], ids=repr)
def test_a_format_is_about_text_only(value: Any) -> None:
    assert all(Validator({"format": name}).violations(value) == [] for name in FORMATS)


@pytest.mark.parametrize(("value", "whole"), [(1, True), (1.0, True), (1.5, False), (True, False), ("1", False)])
def test_a_float_without_fraction_is_an_integer(value: Any, whole: bool) -> None:
    assert (Validator({"type": "integer"}).violations(value) == []) is whole
