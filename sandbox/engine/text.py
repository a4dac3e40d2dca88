"""Reads JSON and YAML text into plain values, refusing what would read differently elsewhere or never end."""

import json
import re
from itertools import accumulate
from typing import Any

import yaml

from sandbox.engine.errors import BadDocument, Problem

MAX_DEPTH = 600
"""Deeper than anything that the APIs keep, shallow enough for every reader and writer of JSON."""
_YAML_DEPTH = 100

_NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[^"\[\]{}]+', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def depth(text: str) -> int:
    """The deepest nesting of a JSON text, of a broken one too, in time that grows no faster than the text."""
    return max(accumulate(map(_STEPS.__getitem__, _NO_BRACKETS.sub("", text)), initial=0))


def read_json(text: str) -> Any:
    """The value of a JSON text.

    Raises BadDocument: not JSON, a key twice, half a surrogate pair, a number that is NaN, infinite or of absurd length, or
    nested too deep.
    """
    try:
        if depth(text) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float, object_pairs_hook=_read_object)
        if "\\u" in text and _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            raise ValueError("half of a surrogate pair is no character")
    except (ValueError, RecursionError) as error:
        raise BadDocument([Problem("", f"not JSON: {error}")]) from None
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _read_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is beyond what a number can hold")
    return number


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return value


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # the C loader where PyYAML has it: ten times faster
    """YAML that reads like JSON: numbers as JSON writes them, true and false, null; the rest is text, and so is every key."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self._key(key) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise yaml.constructor.ConstructorError(None, None, f"key twice: {', '.join(twice)}", node.start_mark)
        return {key: self.construct_object(value, deep=deep) for key, (_, value) in zip(keys, node.value, strict=True)}

    def _key(self, node: Any) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", node.start_mark)
        return str(node.value)


_WHOLE = r"-?(?:0|[1-9][0-9]*)"
_PLAIN: dict[str, tuple[str, str]] = {
    "null": (r"~|null|Null|NULL|", "~nN\0"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (_WHOLE, "-0123456789"),
    "float": (rf"{_WHOLE}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
}
_TAGS = (None, "!", "tag:yaml.org,2002:str")


def _read_number(loader: Any, node: Any) -> float:
    return _read_float(loader.construct_scalar(node))


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, (pattern, firsts) in _PLAIN.items():
        for first in firsts:
            entry = (f"tag:yaml.org,2002:{name}", re.compile(rf"(?:{pattern})\Z"))
            found.setdefault(first.strip("\0"), []).append(entry)
    return found


_Loader.yaml_implicit_resolvers = _resolvers()
_Loader.add_constructor("tag:yaml.org,2002:float", _read_number)


def read_yaml(text: str) -> Any:
    """The value of a YAML text. Raises BadDocument: not YAML, a key twice, an alias, a tag but !!str, or nested too deep."""
    try:
        _check_events(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, ValueError) as error:
        raise BadDocument([Problem("", f"not YAML: {' '.join(str(error).split())}")]) from None


def _check_events(text: str) -> None:
    level = 0
    event: Any
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases (*name) are not read; write the value out")
        if getattr(event, "tag", None) not in _TAGS:
            raise ValueError(f"the tag {event.tag} is not read")
        level += isinstance(event, yaml.CollectionStartEvent)
        level -= isinstance(event, yaml.CollectionEndEvent)
        if level > _YAML_DEPTH:
            raise ValueError(f"nested deeper than {_YAML_DEPTH}")


def readable(text: str) -> Any:
    """What a body says: JSON as what it means, another as text, an empty one as None."""
    try:
        return read_json(text) if text else None
    except BadDocument:
        return text
