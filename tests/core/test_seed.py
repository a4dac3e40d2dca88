"""specs/funnelfox.yaml has everything of FunnelFox's own OpenAPI document of the refund."""

from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.core import package_files
from refund_sandbox.core.yaml_reader import read_yaml

SEED = read_yaml((Path(__file__).parent / "seed_refund_in.yaml").read_text())
SPEC = read_yaml(package_files.path_of("specs", "funnelfox.yaml").read_text())
SCHEMAS = SPEC["components"]["schemas"]
OPERATION = SPEC["paths"]["/payment/refund"]["post"]
FIELDS = tuple(SEED["schemas"]["RefundIn"]["properties"])

ADDED: dict[tuple[str, str], str] = {
    ("amount", "anyOf/1/format=decimal"): "the seed takes any text; text that is no number can't be an amount",
}


def without_prose(schema: Any) -> Any:
    """A schema without its descriptions, which the spec has in words of its own."""
    if isinstance(schema, list):
        return [without_prose(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: without_prose(value) for key, value in schema.items() if key != "description"}


def upgraded(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI 3.0 schema as 3.1 says it: `nullable` is one more type."""
    rest = {key: value for key, value in schema.items() if key != "nullable"}
    return {**rest, "anyOf": [*rest["anyOf"], {"type": "null"}]} if schema.get("nullable") else rest


def test_the_fields_are_the_same() -> None:
    assert tuple(SCHEMAS["RefundIn"]["properties"]) == FIELDS


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_the_type_limit_default_and_title_of_the_seed(name: str) -> None:
    field = without_prose(SCHEMAS["RefundIn"]["properties"][name])

    for where, addition in [key for key in ADDED if key[0] == name]:
        path, _, value = addition.partition("=")
        assert take_away(field, path.split("/")) == value, where

    assert field == upgraded(SEED["schemas"]["RefundIn"]["properties"][name])


def take_away(schema: Any, path: list[str]) -> Any:
    """Remove the value at the path and return it."""
    *way, last = path
    for key in way:
        schema = schema[int(key)] if isinstance(schema, list) else schema[key]
    return schema.pop(last)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_described(name: str) -> None:
    assert len(SCHEMAS["RefundIn"]["properties"][name]["description"]) > 20


@pytest.mark.parametrize("name", ["RefundIn", "Ok200"])
def test_a_schema_has_the_type_title_and_requirements_of_the_seed(name: str) -> None:
    schema, seed = without_prose(SCHEMAS[name]), SEED["schemas"][name]

    assert {**schema, "properties": None} == {**seed, "properties": None}


def test_the_reply_has_no_fields() -> None:
    assert SCHEMAS["Ok200"]["properties"] == SEED["schemas"]["Ok200"]["properties"] == {}


def test_the_operation_has_the_body_and_the_replies_of_the_seed() -> None:
    """The seed declares a path parameter that its path does not have. Many tools refuse such a document."""
    operation, seed = without_prose(OPERATION), SEED["operation"]

    same = seed.keys() - {"parameters", "responses"}
    assert {key: operation[key] for key in same} == {key: seed[key] for key in same}
    assert [one["name"] for one in seed["parameters"]] == list(SPEC["servers"][0]["variables"])
    assert operation["responses"]["200"] == seed["responses"]["200"]


def test_the_server_and_the_key_equal_those_of_the_seed() -> None:
    server = SPEC["servers"][0]

    assert server["url"].endswith(SEED["server"]["path"])
    assert {name: variable["default"] for name, variable in server["variables"].items()} == SEED["server"]["variables"]
    assert SPEC["security"] == SEED["security"]
    assert without_prose(SPEC["components"]["securitySchemes"]) == SEED["securitySchemes"]
