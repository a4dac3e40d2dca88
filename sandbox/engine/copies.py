"""A record with some fields changed: what `dataclasses.replace` does, several times as fast for records of many fields."""

from typing import Any, TypeVar

R = TypeVar("R")


def replace(record: R, **changes: Any) -> R:
    """A copy of a frozen dataclass with other values in some fields; nothing else is computed anew.

    Raises TypeError for a field that the record does not have.
    """
    copy: R = object.__new__(type(record))
    values = copy.__dict__
    values.update(record.__dict__)
    if not changes.keys() <= values.keys():
        raise TypeError(f"{type(record).__name__} has no field {', '.join(sorted(changes.keys() - values.keys()))}")
    values.update(changes)
    return copy
