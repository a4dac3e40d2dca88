"""JSON and YAML read the same everywhere, or are refused."""

from typing import Any

import pytest
import yaml

from refund_sandbox.core import yaml_reader
from refund_sandbox.core.documents import MAX_DEPTH, depth, read_json
from refund_sandbox.core.errors import BadDocument
from refund_sandbox.core.yaml_reader import read_yaml

SCALARS = {
    "2026-01-02": "2026-01-02",
    "2026-01-02T03:04:05Z": "2026-01-02T03:04:05Z",
    "no": "no",
    "yes": "yes",
    "on": "on",
    "Off": "Off",
    "y": "y",
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
    "12": 12,
    "-7": -7,
    "010": "010",
    "0x10": "0x10",
    "1_000": "1_000",
    "12:30": "12:30",
    "1.50": 1.5,
    "1e3": 1000.0,
    ".inf": ".inf",
    ".nan": ".nan",
    "'12'": "12",
    "!!str 12": "12",
    "a b": "a b",
    "=": "=",
    "<<": "<<",
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_a_yaml_scalar_is_a_json_scalar_or_text(text: str, value: Any) -> None:
    read = read_yaml(f"value: {text}")["value"]

    assert (read, type(read)) == (value, type(value))


def test_a_yaml_key_is_text_as_it_is_written() -> None:
    value = read_yaml("{1001: a, no: b, null: c, 2026-01-02: d, <<: {e: f}}")

    assert value == {"1001": "a", "no": "b", "null": "c", "2026-01-02": "d", "<<": {"e": "f"}}


BAD_YAML = {
    "a key twice": ("a: 1\nb: 2\na: 3", "duplicate key: a"),
    "a key twice in two spellings": ("1: a\n'1': b", "duplicate key: 1"),
    "a key that is a list": ("? [a]\n: b", "a key must be text, line 1"),
    "a key that is an alias": ("a: &x 1\n*x : 2", "a key must be text, line 2"),
    "a key with a tag": ("a: 1\n!!binary aGVsbG8=: 2", "a key must be text, line 2"),
    "an alias": ("a: &x [1]\nb: *x", "aliases"),
    "laughing": ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases"),
    "a date by tag": ("a: !!timestamp 2026-01-02", "the tag tag:yaml.org,2002:timestamp is not supported"),
    "bytes by tag": ("a: !!binary aGVsbG8=", "the tag tag:yaml.org,2002:binary is not supported"),
    "code by tag": ("a: !!python/object/apply:os.system [x]", "is not supported"),
    "too deep": ("[" * 101 + "]" * 101, "nested deeper than 100"),
    "deep and unbalanced": ("[" * 20_000, "nested deeper than 100"),
    "deep mappings": ("{a: " * 20_000, "nested deeper than 100"),
    "deep blocks": ("\n".join(" " * level + "a:" for level in range(1500)), "nested deeper than 100"),
    "an absurd integer": ("a: " + "9" * 5000, "not YAML: a number has too many digits"),
    "an absurd float": ("a: 1e999", "too large for a number"),
    "two documents": ("a: 1\n---\nb: 2", "expected a single document"),
    "a tab": ("a:\n\t- b", "not YAML: line 2, column 1"),
    "a control character": ("a: \x00", "not YAML: position 4"),
}


@pytest.mark.parametrize(("text", "reason"), BAD_YAML.values(), ids=BAD_YAML)
def test_yaml_that_reads_differently_elsewhere_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadDocument, match="not YAML") as refused:
        read_yaml(text)

    assert reason in refused.value.problems[0].reason
    assert "\n" not in refused.value.problems[0].reason


class _GivesUp:
    """Parser with a limit of its own, which it reaches before its first event."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_event(self) -> None:
        mark = yaml.Mark("text", len(self._text), 0, len(self._text), None, 0)
        raise yaml.MarkedYAMLError(problem="words of its own", problem_mark=mark)


@pytest.mark.parametrize(("text", "reason"), [("[" * 101, "nested deeper than 100"), ("[" * 100, "line 1, column 101")])
def test_a_lower_limit_of_the_library_gives_the_same_error(text: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "_PARSER", _GivesUp)

    with pytest.raises(BadDocument) as refused:
        read_yaml(text)

    assert refused.value.problems[0].reason.startswith(f"not YAML: {reason}")


BAD_JSON = {
    "nothing": ("", "not JSON: line 1, column 1: "),
    "half": ('{"a":\n ', "not JSON: line 2, column 2: "),
    "two": ("{} {}", "not JSON: line 1, column 4: "),
    "NaN": ("[NaN]", "NaN is not a JSON number"),
    "Infinity": ("[-Infinity]", "-Infinity is not a JSON number"),
    "beyond a float": ("[1e999]", "1e999 is too large"),
    "an absurd integer": ("9" * 5000, "not JSON: a number has too many digits"),
    "a key twice": ('{"a": {"b": 1, "c": 2, "b": 3}}', "duplicate key: b"),
    "half a pair": (r'["\ud800"]', "lone surrogate"),
    "half a pair in a key": (r'{"\udc00": 1}', "lone surrogate"),
    "a byte order mark": ("\ufeff{}", "not JSON: line 1, column 1: "),
    "deep lists": ("[" * 20_000 + "]" * 20_000, f"nested deeper than {MAX_DEPTH}"),
    "deep objects": ('{"a":' * 20_000 + "1" + "}" * 20_000, f"nested deeper than {MAX_DEPTH}"),
    "deep and unbalanced": ("[" * 20_000, f"nested deeper than {MAX_DEPTH}"),
    "an open string of quotes": ("[" * 400 + '"' + r"\"" * 300_000, "not JSON: line 1, column 401: "),
}


@pytest.mark.parametrize(("text", "reason"), BAD_JSON.values(), ids=BAD_JSON)
def test_json_that_reads_differently_elsewhere_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadDocument, match="not JSON") as refused:
        read_json(text)

    assert reason in refused.value.problems[0].reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', "😀"),
        ("1.5", 1.5),
        ("-0", 0),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, None),
        ('{"a": "[[[["}', {"a": "[[[["}),
    ],
    ids=lambda value: str(value)[:12],
)
def test_other_json_is_read(text: str, value: Any) -> None:
    read = read_json(text)

    assert value is None or read == value


@pytest.mark.parametrize(
    ("text", "deepest"),
    [("", 0), ("1", 0), ("[[],[[]]]", 3), ('["[[["]', 1), (r'["\"[["]', 1), ("]]]", 0), ('[["', 2), (r'[["\"[[', 2), ("][[", 1)],
)
def test_the_depth_of_a_text_is_that_of_its_brackets_outside_strings(text: str, deepest: int) -> None:
    assert depth(text) == deepest


@pytest.mark.parametrize("padding", [0, 2 * 1024 * 1024], ids=["short", "long"])
@pytest.mark.parametrize(("levels", "is_read"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_the_depth_of_json_is_limited_whatever_its_length(padding: int, levels: int, is_read: bool) -> None:
    text = "[" * (levels - 1) + '{"a": "' + "x" * padding + '"}' + "]" * (levels - 1)

    if is_read:
        assert read_json(text)
    else:
        with pytest.raises(BadDocument, match=f"nested deeper than {MAX_DEPTH}"):
            read_json(text)
