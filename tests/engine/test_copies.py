"""A changed copy of a record is what `dataclasses.replace` makes of it."""

import dataclasses
from dataclasses import dataclass

import pytest

from sandbox.engine.copies import replace
from sandbox.fluentcart.records import Order
from sandbox.funnelfox.records import Subscription


@dataclass(frozen=True)
class Plain:
    one: int


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (Order(1, note="a"), {"note": "b", "total_paid": 5}),
        (Order(1), {}),
        (Subscription("s"), {"status": ["EXPIRED"]}),
        (Plain(1), {"one": 2}),
    ],
)
def test_a_copy_is_the_record_with_the_changes(record: object, changes: dict[str, object]) -> None:
    copy = replace(record, **changes)

    assert copy == dataclasses.replace(record, **changes)  # type: ignore[type-var]  # they are dataclasses
    assert type(copy) is type(record)
    assert (copy == record) == (not changes)


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="Plain has no field two"):
        replace(Plain(1), two=2)
