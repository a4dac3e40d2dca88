"""Shorter JSON documents for examples, without values that differ from run to run."""

from typing import Any

from docs.generate.calls import NOW

_MOST_FIELDS, _MOST_LEVELS, _LONGEST = 14, 5, 160
_VOLATILE = {"duration_ms": 0.5, "time": 0.5, "wait": 0.5, "kept_at": NOW}


def shortened(value: Any, level: int = 0) -> Any:
    """The document with one entry of each list and the first fields of large objects; `…` marks the rest."""
    if isinstance(value, list):
        first = [shortened(one, level + 1) for one in value[:1]]
        return [*first, "…"] if len(value) > 1 else first
    if isinstance(value, dict):
        return _object(value, level)
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}…"
    return value


def _object(value: dict[str, Any], level: int) -> Any:
    if level >= _MOST_LEVELS and value:
        return {"…": "…"}
    names = list(value)
    found = {name: _VOLATILE.get(name, shortened(value[name], level + 1)) for name in names[:_MOST_FIELDS]}
    return {**found, "…": "…"} if len(names) > _MOST_FIELDS else found
