"""Fast validation accepts no document that jsonschema refuses."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from refund_sandbox.app import APIS
from refund_sandbox.core.spec import loader
from refund_sandbox.core.validation.fast import compile_schema
from refund_sandbox.core.validation.json_schema import FORMAT_CHECKER
from refund_sandbox.core.validation.unknown_fields import has_known_fields, unknown_fields
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.workspaces import fixtures
from refund_sandbox.core.workspaces.state_document import state_schema
from tests.support import budget

SCHEMAS: dict[str, Any] = {
    f"{name}: {schema}": source
    for name in ("funnelfox", "fluentcart", "sandbox")
    for schema, source in loader.load(name).schemas.items()
} | {"state document": state_schema(APIS)}
WORDS = ["", "1", "4.99", "1e3", "abc", "2030-01-01T00:00:00Z", "3c90c3cc-0d44-4b50-8888-8dd25736052a", "a@b.c", "x" * 300, "90s"]
ODD = ["\ud800", "abc\n", "\u0661", "\U0001f600" * 256, 1.0, -0.0, 2**53 + 1, 2**63, -(2**63) - 1, 10**400]
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**6),
    st.floats(),
    st.sampled_from(WORDS),
    st.sampled_from(ODD),
    st.text(max_size=5),
    st.just(Decimal(1)),
)


def parts_of(schema: Any) -> list[Any]:
    items = [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *items]


def values_of(schema: Any) -> list[Any]:
    """Enum values and defaults of a schema and its parts."""
    found = [*schema.get("enum", []), *([schema["default"]] if "default" in schema else [])]
    return found + [value for part in parts_of(schema) for value in values_of(part)]


def documents(schema: Any) -> st.SearchStrategy[Any]:
    """Documents that are near to fitting: the schema's own names and values, and others."""
    known = [value for value in values_of(schema) if isinstance(value, str | int | float | bool | None)]
    leaves = st.one_of(PLAIN, st.sampled_from(known)) if known else PLAIN
    names = names_of(schema)
    within = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*names, "other"]), inner),
        max_leaves=8,
    )
    fitting = {name: fitting_values(part) for name, part in schema.get("properties", {}).items()}
    whole = st.fixed_dictionaries({}, optional={name: st.one_of(strategy, within) for name, strategy in fitting.items()})
    return st.one_of(whole, within)


def names_of(schema: Any) -> list[str]:
    return [*schema.get("properties", {}), *(name for part in parts_of(schema) for name in names_of(part))]


def fitting_values(schema: Any) -> st.SearchStrategy[Any]:
    record_types = {
        "string": st.sampled_from(WORDS),
        "integer": st.integers(0, 100),
        "number": st.floats(0, 100),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    return st.one_of(
        *[record_types[name] for name in names if name in record_types], st.sampled_from(schema.get("enum") or [None])
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_fast_validation_accepts_nothing_that_jsonschema_refuses(schema: Any) -> None:
    quick, authority = compile_schema(schema), Draft202012Validator(schema, format_checker=FORMAT_CHECKER)

    @settings(max_examples=budget.examples(60), deadline=None, derandomize=True, database=None)
    @given(documents(schema))
    def check(document: Any) -> None:
        assert not quick(document) or authority.is_valid(document)

    check()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_violations_equal_those_of_jsonschema(schema: Any) -> None:
    validator, authority = Validator(schema), Draft202012Validator(schema, format_checker=FORMAT_CHECKER)

    @settings(max_examples=budget.examples(60), deadline=None, derandomize=True, database=None)
    @given(documents(schema))
    def check(document: Any) -> None:
        found = Counter((one.path, one.keyword) for one in validator.violations(document) if one.keyword != "required")
        errors = [error for error in authority.iter_errors(document) if error.validator != "required"]
        assert found == Counter((tuple(error.absolute_path), error.validator) for error in errors)  # in any order
        assert bool(found) or validator.violations(document) != [] or authority.is_valid(document)

    check()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_document_with_known_fields_has_no_unknown_field(schema: Any) -> None:
    @settings(max_examples=budget.examples(20), deadline=None, derandomize=True, database=None)
    @given(documents(schema))
    def check(document: Any) -> None:
        assert not (has_known_fields(schema, document) and [*unknown_fields(schema, document)])

    check()


FITTING: dict[str, tuple[str, Any]] = {
    "a refund of FunnelFox": (
        "funnelfox",
        {"external_id": "u", "order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "amount": "4.99"},
    ),
    "a refund of FluentCart": (
        "fluentcart",
        {"refund_info": {"transaction_id": 129237, "amount": 2500, "cancelSubscription": "false"}},
    ),
}


@pytest.mark.parametrize(("api", "document"), FITTING.values(), ids=FITTING)
def test_a_valid_refund_passes_fast_validation(api: str, document: Any) -> None:
    (operation,) = [one for one in loader.load(api).operations if one.operation_id in ("refundPayment", "refundOrder")]

    assert operation.body is not None
    assert operation.body._fits(document)
    assert operation.body.violations(document) == []
    assert has_known_fields(operation.body._schema, document)


@pytest.mark.parametrize("name", fixtures.SHIPPED)
def test_a_shipped_fixture_passes_fast_validation(name: str) -> None:
    assert compile_schema(state_schema(APIS))(fixtures.read_fixture(name))


def test_an_unknown_keyword_is_left_to_jsonschema() -> None:
    assert not compile_schema({"oneOf": [{"type": "string"}]})("x")
    assert Validator({"oneOf": [{"type": "string"}]}).violations("x") == []
