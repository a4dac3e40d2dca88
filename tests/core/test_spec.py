"""The spec loader refuses everything that the sandbox would not enforce, with file and location."""

import copy
import re
from typing import Any

import pytest
import yaml

from refund_sandbox.app import APIS, build, load_apis
from refund_sandbox.control.endpoint import ControlContext
from refund_sandbox.control.routing import endpoints
from refund_sandbox.core import package_files
from refund_sandbox.core.api import Api
from refund_sandbox.core.errors import SpecError
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.settings import Settings

PLACE = "paths//things/{id}/post"
BODY = ("paths", "/things/{id}", "post", "requestBody", "content", "application/json", "schema")
OPERATION: tuple[str, ...] = ("paths", "/things/{id}", "post")
THING: tuple[str, ...] = ("components", "schemas", "Thing")
MINIMAL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "security": [{"Key": []}],
    "paths": {
        "/things/{id}": {
            "post": {
                "operationId": "makeThing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {"200": {"description": "Made.", "content": {"application/json": {"schema": {"type": "object"}}}}},
            }
        }
    },
    "components": {
        "schemas": {"Thing": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "securitySchemes": {"Key": {"type": "apiKey", "in": "header", "name": "key"}},
    },
}


def load(document: Any) -> Spec:
    return loader.parse("things", yaml.safe_dump(document, sort_keys=False))


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The minimal spec with one value set; a key of the value that is there already is replaced."""
    document = copy.deepcopy(MINIMAL)
    target: Any = document
    for key in path[:-1]:
        target = target.setdefault(key, {})
    target[path[-1]] = value
    return document


def test_a_spec_becomes_operations_with_compiled_schemas() -> None:
    operation = load(MINIMAL).operations[0]

    assert (operation.operation_id, operation.method) == ("makeThing", "POST")
    assert operation.secured
    assert operation.pattern.fullmatch("/things/12")
    assert not operation.pattern.fullmatch("/things/x")
    assert operation.violations({"name": 1})[0].pointer == "/name"


def test_a_path_is_matched_as_it_is_written() -> None:
    document = changed(("paths", "/things.csv"), {"get": {"operationId": "exportThings", "responses": {}}})

    pattern = load(document).operations[1].pattern

    assert pattern.fullmatch("/things.csv")
    assert not pattern.fullmatch("/thingsXcsv")


@pytest.mark.parametrize(
    "keyword",
    "nullable not if prefixItems patternProperties $defs dependentRequired multipleOf contains discriminator".split(),
)
def test_a_keyword_that_is_not_enforced_is_refused(keyword: str) -> None:
    with pytest.raises(SpecError) as refused:
        load(changed((*THING, "properties", "name", keyword), True))

    assert str(refused.value).startswith("specs/things.yaml, ")
    assert "properties/name" in str(refused.value)
    assert f"the keyword {keyword} is not enforced" in str(refused.value)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("type", "strng"),
        ("type", []),
        ("enum", []),
        ("enum", "x"),
        ("minLength", -1),
        ("maxLength", "5"),
        ("maxItems", True),
        ("minimum", "0"),
        ("pattern", "("),
        ("required", "name"),
        ("items", [{"type": "string"}]),
        ("anyOf", []),
        ("anyOf", [True]),
        ("properties", {"name": True}),
        ("additionalProperties", "no"),
        ("uniqueItems", "yes"),
    ],
)
def test_a_keyword_with_an_invalid_value_is_refused(keyword: str, value: Any) -> None:
    with pytest.raises(SpecError, match=f"the keyword {keyword} can't be"):
        load(changed((*THING, keyword), value))


def test_a_format_that_is_not_enforced_is_refused() -> None:
    with pytest.raises(SpecError, match=r"properties/name: the format hostname is not enforced; known: .*uuid"):
        load(changed((*THING, "properties", "name", "format"), "hostname"))


REFUSED: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "another version": (("openapi",), "3.0.0", "openapi: must be 3.1"),
    "no paths": (("paths",), None, "paths: must be an object of paths"),
    "a key of the document": (("webhooks",), {}, "top level: document key webhooks is not supported"),
    "a key of the components": (("components", "headers"), {}, "components: components key headers is not supported"),
    "a method": (("paths", "/things/{id}", "trace"), {}, "paths//things/{id}: path key trace is not supported"),
    "a key of an operation": ((*OPERATION, "callbacks"), {}, f"{PLACE}: operation key callbacks is not supported"),
    "no operationId": ((*OPERATION,), {"responses": {}}, f"{PLACE}: has no operationId"),
    "a parameter that is not declared": ((*OPERATION, "parameters"), [], f"{PLACE}: path parameter id is not declared"),
    "a key of a body": ((*OPERATION, "requestBody", "headers"), {}, f"{PLACE}/requestBody: requestBody key headers"),
    "a form": (
        (*OPERATION, "requestBody", "content", "multipart/form-data"),
        {"schema": {}},
        f"{PLACE}/requestBody: content of type multipart/form-data is not enforced",
    ),
    "encoding": ((*BODY[:-1], "encoding"), {}, f"{PLACE}/requestBody: media type key encoding is not supported"),
    "a body without a schema": ((*BODY,), None, f"{PLACE}/requestBody: must be a schema"),
    "headers of a reply": ((*OPERATION, "responses", "200", "headers"), {}, f"{PLACE}/responses/200: response key headers"),
    "a reply that is not JSON": (
        (*OPERATION, "responses", "200", "content", "text/csv"),
        {"schema": {}},
        f"{PLACE}/responses/200: content of type text/csv is not enforced",
    ),
    "replies of any status": (
        (*OPERATION, "responses", "default"),
        {"description": "Else."},
        f"{PLACE}/responses/default: a response must name one status",
    ),
    "a range of replies": ((*OPERATION, "responses", "4XX"), {"description": "No."}, "4XX: a response must name one status"),
    "an unused reply": (("components", "responses"), {"No": {"links": {}}}, "components/responses/No: response key links"),
    "an unused schema": (("components", "schemas", "Spare"), {"not": {}}, "components/schemas/Spare: the keyword not is not"),
    "an unknown scheme": ((*OPERATION, "security"), [{"Other": []}], f"{PLACE}: security scheme Other is not declared"),
    "a $ref to nothing": ((*BODY,), {"$ref": "#/components/schemas/No"}, "#/components/schemas/No: refers to nothing"),
    "a $ref to another file": ((*BODY,), {"$ref": "other.yaml#/Thing"}, "other.yaml#/Thing: refers to nothing"),
    "a $ref to itself": (
        (*THING, "properties", "parent"),
        {"$ref": "#/components/schemas/Thing"},
        "#/components/schemas/Thing refers to itself",
    ),
    "a keyword next to a $ref": (
        (*BODY,),
        {"$ref": "#/components/schemas/Thing", "minProperties": 1},
        f"{PLACE}/requestBody: the keyword minProperties next to $ref is not enforced",
    ),
}


@pytest.mark.parametrize(("path", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_anything_that_is_not_enforced_is_refused_by_name_and_location(path: tuple[str, ...], value: Any, reason: str) -> None:
    with pytest.raises(SpecError) as refused:
        load(changed(path, value))

    assert str(refused.value).startswith("specs/things.yaml, ")
    assert reason in str(refused.value)


PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "in the query": ({"name": "page", "in": "query", "schema": {"type": "integer"}}, "parameters in query are not enforced"),
    "in a header": ({"name": "page", "in": "header", "schema": {"type": "string"}}, "parameters in header are not enforced"),
    "in a cookie": ({"name": "page", "in": "cookie", "schema": {"type": "string"}}, "parameters in cookie are not enforced"),
    "nowhere": ({"name": "page", "schema": {"type": "string"}}, "parameters in None are not enforced"),
    "without a schema": ({"name": "id", "in": "path"}, "must be a schema"),
    "of another type": ({"name": "id", "in": "path", "schema": {"type": "boolean"}}, "the type boolean is not enforced"),
    "with a pattern": (
        {"name": "id", "in": "path", "schema": {"type": "string", "pattern": "^a"}},
        "the keyword pattern is not enforced in a path",
    ),
    "with a style": ({"name": "id", "in": "path", "style": "label", "schema": {"type": "string"}}, "parameter key style"),
    "in no path": ({"name": "other", "in": "path", "schema": {"type": "string"}}, "path parameter other is in no path"),
}


@pytest.mark.parametrize(("parameter", "reason"), PARAMETERS.values(), ids=PARAMETERS)
def test_a_parameter_that_is_not_enforced_is_refused(parameter: dict[str, Any], reason: str) -> None:
    known = MINIMAL["paths"]["/things/{id}"]["post"]["parameters"]

    with pytest.raises(SpecError) as refused:
        load(changed((*OPERATION, "parameters"), [*known, parameter]))

    assert f"specs/things.yaml, {PLACE}" in str(refused.value)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/{id}/and/{id}", "path parameter id is used twice"),
        ("/{a-b}", "path parameter a-b must be letters, digits and underscores"),
    ],
)
def test_a_path_with_invalid_or_repeated_parameter_names_is_refused(path: str, reason: str) -> None:
    names = {name: {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("id", "a-b")}
    operation = {"operationId": "others", "parameters": [names["id" if "id" in path else "a-b"]], "responses": {}}
    with pytest.raises(SpecError, match=reason):
        load(changed(("paths", path), {"get": operation}))


def test_an_operation_id_that_is_used_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="paths//others/get: operationId makeThing is used twice"):
        load(changed(("paths", "/others"), {"get": {"operationId": "makeThing", "responses": {}}}))


@pytest.mark.parametrize("text", ["openapi: 3.1.0\nopenapi: 3.1.0", "[", "- 1", "text", ""], ids=repr)
def test_a_text_that_is_not_a_spec_is_refused_with_the_file_name(text: str) -> None:
    with pytest.raises(SpecError, match=r"^specs/things\.yaml"):
        loader.parse("things", text)


@pytest.mark.parametrize("name", [*APIS, "sandbox"])
def test_an_operation_is_found_at_the_paths_of_its_expression(name: str) -> None:
    loaded = loader.load(name)
    paths = {operation.path for operation in loaded.operations}
    paths |= {re.sub(r"\{[^}]*\}", part, path) for path in paths for part in ("12", "x", "refund", "orders", "")}
    paths |= {path.upper() for path in paths} | {f"{path}/more" for path in paths} | {"", "/"}

    for path in paths:
        there: dict[str, str] = {}
        for operation in loaded.operations:
            if operation.pattern.fullmatch(path):
                there.setdefault(operation.method, operation.operation_id)
        assert {method: match.operation.operation_id for method, match in loaded.find(path).items()} == there
        assert list(loaded.find(path)) == list(there)


@pytest.mark.parametrize("name", [*APIS, "sandbox"])
def test_every_shipped_spec_is_enforced_whole(name: str) -> None:
    loaded = loader.load(name)

    assert loaded.operations
    assert all(operation.replies for operation in loaded.operations)


@pytest.mark.parametrize("name", APIS)
def test_an_operation_without_a_handler_stops_the_start(name: str) -> None:
    text = package_files.path_of("specs", f"{name}.yaml").read_text().replace("operationId: refund", "operationId: lose")

    with pytest.raises(SpecError, match=rf"specs/{name}\.yaml: lose\w+ is missing in the operations of its API"):
        Api(APIS[name], loader.parse(name, text))


def test_a_control_operation_without_a_handler_is_refused() -> None:
    sandbox = build(Settings())
    gate = ControlContext(sandbox.workspaces, Executor(sandbox.workspace.store, 10), None)

    with pytest.raises(SpecError, match=r"specs/sandbox\.yaml: makeThing has no handler make_thing"):
        list(endpoints(load(MINIMAL), gate, load_apis(), sandbox.delivery_worker))
