"""Frozen dataclasses by the dozen: made without compiling code for each, which took a fifth of the start, and copied quickly.

What `dataclasses` knows of a class is there as usual: `fields`, `is_dataclass`, `field` with its options.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeVar, dataclass_transform

R = TypeVar("R")
_new, _set = object.__new__, object.__setattr__
_SHARED = 30
"""Up to so many fields, CPython keeps their names once for all instances and copies. With more, each has a dictionary of its own,
which has just the room that it needs when it is made in one piece, and so have its copies."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[R]) -> type[R]:
    """A class decorator like `dataclass(frozen=True)`."""
    made: Any = dataclass(init=False, repr=False, eq=False)(kind)
    made._plan = _plan_of(made)
    for name, method in vars(_Record).items():
        if name in _METHODS:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]  # the same class


def replace(record: R, **changes: Any) -> R:
    """A copy of a record with other values in some fields; nothing else is computed anew.

    Raises TypeError for a field that the record does not have.
    """
    before = record.__dict__
    values = before | changes
    if len(values) > len(before):
        raise TypeError(f"{type(record).__name__} has no field {', '.join(sorted(changes.keys() - before.keys()))}")
    copy: R = _new(type(record))
    _set(copy, "__dict__", values)
    return copy


class _Plan(NamedTuple):
    """How a record is filled: its fields in their order, what each is where it is not given, and which must be given."""

    names: tuple[str, ...]
    shown: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], Any]
    defaults: Mapping[str, Any]
    factories: Mapping[str, Callable[[], Any]]
    required: frozenset[str]


def _plan_of(kind: Any) -> _Plan:
    entries = fields(kind)
    names = tuple(entry.name for entry in entries)
    return _Plan(
        names,
        tuple(entry.name for entry in entries if entry.repr),
        itemgetter(*names),
        {entry.name: None if entry.default is MISSING else entry.default for entry in entries},
        {entry.name: entry.default_factory for entry in entries if entry.default_factory is not MISSING},
        frozenset(entry.name for entry in entries if entry.default is MISSING and entry.default_factory is MISSING),
    )


class _Record:
    """What all records have alike."""

    _plan: ClassVar[_Plan]

    def __init__(self, *given: Any, **named: Any) -> None:
        plan = self._plan
        if given:
            named = _by_name(type(self).__name__, plan, given, named)
        if len(plan.names) > _SHARED:
            values = {**plan.defaults, **named}
            _set(self, "__dict__", values)
        else:
            values = self.__dict__
            values[plan.names[0]] = None  # into a dictionary that is empty, `update` would copy the names too
            values.update(plan.defaults)
            values.update(named)
        if len(values) > len(plan.names) or not plan.required <= named.keys():
            raise _misfit(type(self).__name__, plan, named)
        for name, make in plan.factories.items():
            if name not in named:
                values[name] = make()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._plan.values(self.__dict__) == self._plan.values(other.__dict__)  # type: ignore[no-any-return]

    def __hash__(self) -> int:
        return hash(self._plan.values(self.__dict__))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._plan.shown)
        return f"{type(self).__qualname__}({said})"

    def __setattr__(self, name: str, _: Any) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS = frozenset("__init__ __eq__ __hash__ __repr__ __setattr__ __delattr__".split())


def _by_name(kind: str, plan: _Plan, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """What was given by place or by name, all by name."""
    if len(given) > len(plan.names):
        raise TypeError(f"{kind} has {len(plan.names)} fields, not {len(given)}")
    found = dict(zip(plan.names, given, strict=False))
    twice = found.keys() & named.keys()
    if twice:
        raise TypeError(f"{kind} is given twice: {', '.join(sorted(twice))}")
    return {**found, **named}


def _misfit(kind: str, plan: _Plan, named: Mapping[str, Any]) -> TypeError:
    unknown, missing = sorted(named.keys() - set(plan.names)), sorted(plan.required - named.keys())
    if unknown:
        return TypeError(f"{kind} has no field {', '.join(unknown)}")
    return TypeError(f"{kind} needs {', '.join(missing)}")
