"""Records and their changed copies behave like those of `dataclass(frozen=True)` and `dataclasses.replace`."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart.records import Order
from refund_sandbox.apis.funnelfox.records import Subscription
from refund_sandbox.frozen import frozen, replace
from refund_sandbox.settings import WorkspaceSettings


@frozen
class Point:
    x: int
    y: int = 2
    name: str = field(default="p", metadata={"internal": True})
    tags: list[str] = field(default_factory=list)
    hidden: str = field(default="", repr=False)


@dataclass(frozen=True)
class Twin:
    """The same record as a dataclass of the standard library."""

    x: int
    y: int = 2
    name: str = field(default="p", metadata={"internal": True})
    tags: list[str] = field(default_factory=list)
    hidden: str = field(default="", repr=False)


Given = tuple[tuple[Any, ...], dict[str, Any]]
GIVEN: list[Given] = [
    ((1,), {}),
    ((), {"x": 1}),
    ((1, 3, "q", ["t"], "h"), {}),
    ((1,), {"tags": ["a"], "y": 0}),
    ((), {"hidden": "h", "tags": [], "x": 5}),
]
MISFITS: list[Given] = [
    ((), {}),
    ((), {"y": 1}),
    ((1,), {"z": 1}),
    ((1,), {"x": 1}),
    ((1, 2, "n", [], "h", 6), {}),
    ((1,), {"x": 1, "y": 2, "name": "", "tags": [], "hidden": "", "z": 1}),
]


@pytest.mark.parametrize(("by_place", "by_name"), GIVEN)
def test_a_record_has_the_methods_of_a_dataclass(by_place: tuple[Any, ...], by_name: dict[str, Any]) -> None:
    ours: Any = Point(*by_place, **by_name)
    theirs: Any = Twin(*by_place, **by_name)

    assert list(vars(ours).items()) == list(vars(theirs).items())
    assert repr(ours) == repr(theirs).replace("Twin", "Point")
    assert ours == Point(*by_place, **by_name) != theirs
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert copy.deepcopy(ours) == pickle.loads(pickle.dumps(ours)) == ours  # noqa: S301


@pytest.mark.parametrize(("by_place", "by_name"), MISFITS)
def test_a_record_refuses_the_same_arguments_as_a_dataclass(by_place: tuple[Any, ...], by_name: dict[str, Any]) -> None:
    for kind in (Point, Twin):
        with pytest.raises(TypeError):
            kind(*by_place, **by_name)


def test_an_error_names_the_field() -> None:
    wrong: Any = Point
    with pytest.raises(TypeError, match="Point needs x"):
        wrong()
    with pytest.raises(TypeError, match="Point has no field z"):
        wrong(1, z=2)
    with pytest.raises(TypeError, match="Point got a field twice: x"):
        wrong(1, x=2)
    with pytest.raises(TypeError, match="Point has 5 fields, not 6"):
        wrong(1, 2, "3", [], "", 6)


def test_a_record_is_never_changed() -> None:
    point: Any = Point(1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert point == Point(1)


def test_equal_records_have_equal_hashes() -> None:
    assert len({WorkspaceSettings(), WorkspaceSettings(), WorkspaceSettings(validation="live")}) == 2
    with pytest.raises(TypeError):
        hash(Point(1))  # it has a list, as with a dataclass


def test_each_record_has_lists_of_its_own() -> None:
    assert Point(1).tags is not Point(1).tags


def test_the_fields_are_known() -> None:
    assert [(one.name, one.type, dict(one.metadata)) for one in fields(Point)] == [
        (one.name, one.type, dict(one.metadata)) for one in fields(Twin)
    ]


@pytest.mark.parametrize(
    ("original", "changes"),
    [
        (Order(1, note="a"), {"note": "b", "total_paid": 5}),
        (Order(1), {}),
        (Subscription("s"), {"status": ["EXPIRED"]}),
        (Point(1), {"x": 2}),
    ],
)
def test_a_copy_is_the_record_with_the_changes(original: object, changes: dict[str, object]) -> None:
    changed = replace(original, **changes)

    assert changed == dataclasses.replace(original, **changes)  # type: ignore[type-var]  # they are dataclasses
    assert type(changed) is type(original)
    assert (changed == original) == (not changes)


def test_a_copy_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Point has no field two"):
        replace(Point(1), two=2)
