"""Frozen dataclasses that are fast to define and to copy.

`dataclasses.dataclass` compiles code for each class, which took a fifth of the start time. `fields`, `is_dataclass` and `field`
of `dataclasses` work as usual.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeVar, dataclass_transform

R = TypeVar("R")
_new, _set = object.__new__, object.__setattr__
_MAX_SHARED_KEYS = 30
"""CPython shares the keys of attributes between instances only for classes with at most 30 attributes.

Larger instances get a dictionary that is built in one step, so that it and its copies have no unused space.
"""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[R]) -> type[R]:
    """Decorate a class like `dataclass(frozen=True)`."""
    decorated: Any = dataclass(init=False, repr=False, eq=False)(kind)
    decorated._plan = _plan_of(decorated)
    for name, method in vars(_Record).items():
        if name in _METHODS:
            setattr(decorated, name, method)
    return decorated  # type: ignore[no-any-return]  # the same class


def replace(record: R, **changes: Any) -> R:
    """Return a copy of a record with other values in some fields. Raises TypeError for an unknown field."""
    before = record.__dict__
    values = before | changes
    if len(values) > len(before):
        raise TypeError(f"{type(record).__name__} has no field {', '.join(sorted(changes.keys() - before.keys()))}")
    copy: R = _new(type(record))
    _set(copy, "__dict__", values)
    return copy


class _FieldPlan(NamedTuple):
    """Fields of a class in order, those in its repr, a getter of all values, defaults, factories and required fields."""

    names: tuple[str, ...]
    in_repr: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], Any]
    defaults: Mapping[str, Any]
    factories: Mapping[str, Callable[[], Any]]
    required: frozenset[str]


def _plan_of(kind: Any) -> _FieldPlan:
    entries = fields(kind)
    names = tuple(entry.name for entry in entries)
    return _FieldPlan(
        names,
        tuple(entry.name for entry in entries if entry.repr),
        itemgetter(*names),
        {entry.name: None if entry.default is MISSING else entry.default for entry in entries},
        {entry.name: entry.default_factory for entry in entries if entry.default_factory is not MISSING},
        frozenset(entry.name for entry in entries if entry.default is MISSING and entry.default_factory is MISSING),
    )


class _Record:
    """Methods that every frozen class gets."""

    _plan: ClassVar[_FieldPlan]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        plan = self._plan
        if args:
            kwargs = _by_name(type(self).__name__, plan, args, kwargs)
        if len(plan.names) > _MAX_SHARED_KEYS:
            values = {**plan.defaults, **kwargs}
            _set(self, "__dict__", values)
        else:
            values = self.__dict__
            values[plan.names[0]] = None  # `update` on an empty dictionary would not use the shared keys
            values.update(plan.defaults)
            values.update(kwargs)
        if len(values) > len(plan.names) or not plan.required <= kwargs.keys():
            raise _field_error(type(self).__name__, plan, kwargs)
        for name, make in plan.factories.items():
            if name not in kwargs:
                values[name] = make()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._plan.values(self.__dict__) == self._plan.values(other.__dict__)  # type: ignore[no-any-return]

    def __hash__(self) -> int:
        return hash(self._plan.values(self.__dict__))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._plan.in_repr)
        return f"{type(self).__qualname__}({values})"

    def __setattr__(self, name: str, _: Any) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS = frozenset("__init__ __eq__ __hash__ __repr__ __setattr__ __delattr__".split())


def _by_name(kind: str, plan: _FieldPlan, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return positional and keyword arguments by field name."""
    if len(args) > len(plan.names):
        raise TypeError(f"{kind} has {len(plan.names)} fields, not {len(args)}")
    positional = dict(zip(plan.names, args, strict=False))
    twice = positional.keys() & kwargs.keys()
    if twice:
        raise TypeError(f"{kind} got a field twice: {', '.join(sorted(twice))}")
    return {**positional, **kwargs}


def _field_error(kind: str, plan: _FieldPlan, kwargs: Mapping[str, Any]) -> TypeError:
    unknown, missing = sorted(kwargs.keys() - set(plan.names)), sorted(plan.required - kwargs.keys())
    if unknown:
        return TypeError(f"{kind} has no field {', '.join(unknown)}")
    return TypeError(f"{kind} needs {', '.join(missing)}")
