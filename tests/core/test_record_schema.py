"""A record class becomes a schema, and a document becomes a record and a document again."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, field

from refund_sandbox.core import record_schema
from refund_sandbox.core.record_schema import Internal, JsonObject
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.stores.protocol import Record


class Toy(Record):
    """A part of the record below."""

    name: str


class Pet(Record):
    """One of everything that a record may hold."""

    id: int
    kind: Literal["cat", "dog"]
    owner: str | None = None
    weight: float = 1.0
    tame: bool = True
    toys: list[Toy] = field(default_factory=list)
    meta: JsonObject = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    price: Annotated[int | None, Meta(extra_json_schema={"minimum": 0})] = None
    secret: Internal[str] = "hidden"


SCHEMA = Validator(record_schema.schema_of(Pet))
WHOLE: dict[str, Any] = {
    "id": 1,
    "kind": "cat",
    "owner": None,
    "weight": 2.5,
    "tame": False,
    "toys": [{"name": "mouse"}],
    "meta": {"a": 1},
    "more": {},
    "price": 7,
}


def test_a_whole_document_is_valid_and_is_the_same_after_reading_and_writing() -> None:
    pet = record_schema.read(Pet, WHOLE)

    assert SCHEMA.violations(WHOLE) == []
    assert record_schema.write(pet) == WHOLE


def test_a_field_with_a_default_is_optional() -> None:
    pet = record_schema.read(Pet, {"id": 1, "kind": "dog"})

    assert SCHEMA.violations({"id": 1, "kind": "dog"}) == []
    assert (pet.owner, pet.weight, pet.toys, pet.meta, pet.secret) == (None, 1.0, [], [], "hidden")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "1"}, "/id"),
        ({"id": 1.5}, "/id"),
        ({"id": True}, "/id"),
        ({"id": 2**63}, "/id"),
        ({"id": -(2**63) - 1}, "/id"),
        ({"kind": "eel"}, "/kind"),
        ({"owner": 1}, "/owner"),
        ({"weight": "x"}, "/weight"),
        ({"tame": 1}, "/tame"),
        ({"toys": {}}, "/toys"),
        ({"toys": [{}]}, "/toys/0/name"),
        ({"toys": [{"name": "a"}, {"name": "b", "size": 1}]}, "/toys/1"),
        ({"meta": "x"}, "/meta"),
        ({"more": []}, "/more"),
        ({"price": -1}, "/price"),
        ({"secret": "x"}, ""),
        ({"other": 1}, ""),
    ],
)
def test_an_invalid_value_is_a_violation_at_its_path(change: dict[str, Any], pointer: str) -> None:
    assert [violation.pointer for violation in SCHEMA.violations({**WHOLE, **change})] == [pointer]


@pytest.mark.parametrize("name", ["id", "kind"])
def test_a_field_without_a_default_is_required(name: str) -> None:
    document = {key: value for key, value in WHOLE.items() if key != name}

    assert [violation.pointer for violation in SCHEMA.violations(document)] == [f"/{name}"]


def test_an_integer_may_be_written_as_a_float() -> None:
    pet = record_schema.read(Pet, {"id": 5.0, "kind": "cat", "price": 1e18, "weight": 3.0, "more": {"a": 1.0}})

    assert (repr(pet.id), repr(pet.price)) == ("5", "1000000000000000000")
    assert (repr(pet.weight), repr(pet.more)) == ("3.0", "{'a': 1.0}")


def test_overrides_take_precedence_and_unknown_keys_are_ignored() -> None:
    pet = record_schema.read(Pet, {"id": 1, "kind": "cat", "secret": "x", "other": 1}, id=2)

    assert (pet.id, pet.secret) == (2, "hidden")
