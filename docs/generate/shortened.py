"""Shorter JSON documents for examples, without values that differ from run to run."""

from typing import Any

from docs.generate.calls import NOW

_MAX_FIELDS, _MAX_LEVELS, _MAX_TEXT_CHARS = 14, 5, 160
_VOLATILE = {"duration_ms": 0.5, "time": 0.5, "wait": 0.5, "kept_at": NOW}


def shortened(value: Any, level: int = 0) -> Any:
    """The document with one entry of each list and the first fields of large objects; `…` marks the rest."""
    if isinstance(value, list):
        first = [shortened(one, level + 1) for one in value[:1]]
        return [*first, "…"] if len(value) > 1 else first
    if isinstance(value, dict):
        return _object(value, level)
    if isinstance(value, str) and len(value) > _MAX_TEXT_CHARS:
        return f"{value[:_MAX_TEXT_CHARS]}…"
    return value


def _object(value: dict[str, Any], level: int) -> Any:
    if level >= _MAX_LEVELS and value:
        return {"…": "…"}
    names = list(value)
    fields = {name: _VOLATILE.get(name, shortened(value[name], level + 1)) for name in names[:_MAX_FIELDS]}
    return {**fields, "…": "…"} if len(names) > _MAX_FIELDS else fields
