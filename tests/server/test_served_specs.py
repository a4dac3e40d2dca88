"""The specs as they are served: formats, the URL that they name, and the replies that the settings lead to."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.versions import VERSIONS
from refund_sandbox.app import SandboxApp
from tests.support.paths import ROOT
from tests.support.yaml_files import read_yaml

SPECS = {"funnelfox": "/{org_id}/v1", "fluentcart": "/wp-json/fluent-cart/v2", "sandbox": "/_sandbox"}
Document = dict[str, Any]


def document(client: TestClient, name: str) -> Document:
    found: Document = client.get(f"/specs/{name}.json").json()
    return found


@cache
def source(name: str) -> Document:
    found: Document = read_yaml((ROOT / "specs" / f"{name}.yaml").read_text())
    return found


@pytest.mark.parametrize("name", SPECS)
def test_each_spec_is_served_as_yaml_and_as_json(name: str, client: TestClient) -> None:
    text, data = (client.get(f"/specs/{name}.{ending}") for ending in ("yaml", "json"))

    assert (text.status_code, text.headers["content-type"]) == (200, "application/yaml")
    assert (data.status_code, data.headers["content-type"]) == (200, "application/json")
    assert read_yaml(text.text) == data.json()
    assert list(data.json()) == list(source(name))
    assert "&id" not in text.text


@pytest.mark.parametrize("name", SPECS)
def test_a_served_spec_has_the_operations_and_schemas_of_its_file(name: str, client: TestClient) -> None:
    served, file = document(client, name), source(name)

    assert {path: list(item) for path, item in served["paths"].items()} == {
        path: list(item) for path, item in file["paths"].items()
    }
    assert served["components"]["schemas"].items() >= file["components"]["schemas"].items()


@pytest.mark.parametrize("root", ["", "/pay"])
@pytest.mark.parametrize("workspace", ["", "/w/mine"])
@pytest.mark.parametrize("name", SPECS)
def test_a_served_spec_names_the_url_that_it_was_fetched_from(name: str, workspace: str, root: str, sandbox: SandboxApp) -> None:
    app = Starlette(routes=[Mount(root, sandbox.app)]) if root else sandbox.app
    client = TestClient(app, base_url=f"https://shop.test:8443{root}{workspace}")

    texts = [read_yaml(client.get(f"/specs/{name}.{ending}").text) for ending in ("yaml", "json")]

    for served in texts:
        assert [server["url"] for server in served["servers"]] == [f"https://shop.test:8443{root}{workspace}{SPECS[name]}"]


def test_a_host_header_cannot_change_the_rest_of_a_spec(client: TestClient) -> None:
    expected = document(client, "funnelfox")

    headers = {"host": 'a" \tinfo: {}'}
    replies = [client.get(f"/specs/funnelfox.{ending}", headers=headers) for ending in ("yaml", "json")]

    for reply in replies:
        assert {**read_yaml(reply.text), "servers": None} == {**expected, "servers": None}


@pytest.mark.parametrize("path", ["/specs/other.yaml", "/specs/funnelfox.txt", "/specs/", "/specs/funnelfox"])
def test_other_specs_are_not_found(path: str, client: TestClient) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("version", VERSIONS)
def test_the_spec_of_fluentcart_is_that_of_the_emulated_version(version: str, client: TestClient) -> None:
    client.put("/_sandbox/settings", json={"fluentcart": {"version": version}})

    served = document(client, "fluentcart")

    assert served["info"]["version"] == version
    assert ("/orders/{order}/transactions/{transaction}/sync" in served["paths"]) == version.startswith("1.6")


# FunnelFox: what a reply of status 200 is


def success(client: TestClient, path: str) -> list[str]:
    """Return the names of the schemas of a success."""
    schema = document(client, "funnelfox")["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    return [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema])]


@pytest.mark.parametrize(
    ("settings", "refund", "assets", "one_click"),
    [
        ({}, ["Ok200"], ["MyAssetsReply"], ["CheckoutReply", "Error"]),
        ({"envelope": "always"}, ["Ok200Reply"], ["MyAssetsReply"], ["CheckoutReply", "Error"]),
        ({"envelope": "never"}, ["Ok200"], ["MyAssetsOut"], ["CheckoutOut", "Error"]),
        ({"error_status": 200}, ["Ok200", "Error"], ["MyAssetsReply", "Error"], ["CheckoutReply", "Error"]),
    ],
)
def test_a_success_is_described_as_the_settings_make_it(
    settings: Document, refund: list[str], assets: list[str], one_click: list[str], client: TestClient
) -> None:
    client.put("/_sandbox/settings", json={"funnelfox": settings})

    described = [success(client, path) for path in ("/payment/refund", "/my_assets", "/checkout/one_click")]

    assert described == [refund, assets, one_click]


def test_the_envelope_is_described(client: TestClient) -> None:
    reply = document(client, "funnelfox")["components"]["schemas"]["MyAssetsReply"]

    assert reply["required"] == ["status", "data", "req_id"]
    assert reply["properties"]["status"]["enum"] == ["success"]
    assert reply["properties"]["data"] == {"$ref": "#/components/schemas/MyAssetsOut"}


def test_each_workspace_has_a_spec_of_its_own(client: TestClient) -> None:
    client.put("/w/plain/_sandbox/settings", json={"funnelfox": {"envelope": "never"}})

    assert "MyAssetsReply" in document(client, "funnelfox")["components"]["schemas"]
    assert "MyAssetsReply" not in client.get("/w/plain/specs/funnelfox.json").json()["components"]["schemas"]


def test_a_spec_creates_no_workspace(client: TestClient) -> None:
    served = client.get("/w/new/specs/funnelfox.json").json()

    assert served["servers"][0]["url"] == "http://testserver/w/new/{org_id}/v1"
    assert "new" not in client.get("/_sandbox/workspaces").json()["workspaces"]


def test_no_operation_declares_a_path_parameter_that_its_path_does_not_have(client: TestClient) -> None:
    for name in SPECS:
        for path, item in document(client, name)["paths"].items():
            for operation in item.values():
                names = [one["name"] for one in operation.get("parameters", []) if one.get("in") == "path"]
                assert all(f"{{{one}}}" in path for one in names), (name, path)


# Generators of clients


def schemas_in(node: Any) -> Iterator[Document]:
    """All objects of a document that may be schemas."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from schemas_in(part)


@pytest.mark.parametrize("name", SPECS)
def test_every_array_says_what_its_items_are(name: str) -> None:
    arrays = [one for one in schemas_in(source(name)) if isinstance(one.get("type"), str | list) and "array" in one["type"]]

    assert [one for one in arrays if "items" not in one] == []


@pytest.mark.parametrize("name", SPECS)
def test_every_choice_has_values_of_one_type(name: str) -> None:
    choices = [one["enum"] for one in schemas_in(source(name)) if isinstance(one.get("enum"), list)]

    assert [values for values in choices if len({type(value) for value in values if value is not None}) > 1] == []
