"""Clients that are generated from the served specs refund an order from end to end, each in its own way."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Target
from tests.clients.generators.tools import Tools

pytestmark = [pytest.mark.memory_only, pytest.mark.slow]
APIS = ("funnelfox", "fluentcart")
PROGRAMS = Path(__file__).parent / "programs"
ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
BASIC = "Basic YWRtaW46ZGVtbyBERU1PIDEyMzQgZGVtbyBERU1PIDU2Nzg="
ARGUMENTS = {
    "funnelfox": ("/your-org-id/v1", "sandbox-secret-key", ORDER),
    "fluentcart": ("/wp-json/fluent-cart/v2", BASIC),
}
"""Path of the API, and arguments of each program after the base URL."""
TOO_MUCH = {"message": "Refund amount exceeds the net paid amount for this order."}
EXPECTED: dict[str, list[Any]] = {
    "funnelfox": ["0.00", {}, None, "4.99", "invalid_amount"],
    "fluentcart": [1, "0", "success", "2500", TOO_MUCH],
}
COMPILER = {
    "compilerOptions": {
        "target": "es2022",
        "module": "commonjs",
        "moduleResolution": "node10",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "skipLibCheck": True,
    },
}
Generate = Callable[[Target, str, Tools, Path], list[str | Path]]


def openapi_python_client(target: Target, api: str, tools: Tools, folder: Path) -> list[str | Path]:
    options = folder / "options.yaml"
    options.write_text("package_name_override: client\n")
    (folder / "program.py").write_bytes((PROGRAMS / f"{api}_client.py").read_bytes())
    tools.python(
        "openapi-python-client", "generate", "--url", target.spec(api), "--meta", "none", "--output-path", folder / "client",
        "--config", options, "--fail-on-warning", cwd=folder,
    )  # fmt: skip
    return [tools.folder / "venv" / "bin" / "python", folder / "program.py"]


def openapi_fetch(target: Target, api: str, tools: Tools, folder: Path) -> list[str | Path]:
    tools.npm(
        "openapi-typescript", target.spec(api), "--output", folder / "spec.d.ts", "--default-non-nullable=false", cwd=folder
    )
    return compile_program(f"{api}_fetch.ts", tools, folder)


def hey_api(target: Target, api: str, tools: Tools, folder: Path) -> list[str | Path]:
    tools.npm("openapi-ts", "--input", target.spec(api, "json"), "--output", folder / "client", cwd=folder)
    return compile_program(f"{api}_hey.ts", tools, folder)


def compile_program(name: str, tools: Tools, folder: Path) -> list[str | Path]:
    """Check a program's types against the generated ones, and return the command that runs it."""
    shutil.copy(PROGRAMS / name, folder / "program.ts")
    (folder / "node_modules").symlink_to(tools.folder / "node_modules")
    (folder / "tsconfig.json").write_text(json.dumps({**COMPILER, "files": ["program.ts"]}))
    tools.npm("tsc", "--project", folder, cwd=folder)
    return [tools.node, folder / "program.js"]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("generate", [openapi_python_client, openapi_fetch, hey_api], ids=lambda function: function.__name__)
def test_a_generated_client_refunds_a_part_of_an_order(
    generate: Generate, api: str, target: Target, tools: Tools, tmp_path: Path
) -> None:
    mount, *credentials = ARGUMENTS[api]
    program, *script = generate(target, api, tools, tmp_path)

    printed = tools.run(program, *script, f"{target.url}{mount}", *credentials, cwd=tmp_path)

    assert json.loads(printed) == EXPECTED[api]


# Postman


def requests_in(folder: Any) -> list[Any]:
    """All requests of a collection."""
    return [found for entry in folder["item"] for found in (requests_in(entry) if "item" in entry else [entry])]


BODIES: dict[str, tuple[str, Any, dict[str, str]]] = {
    "funnelfox": (
        "Refund an order",
        {"external_id": "user_456", "order_id": ORDER, "amount": "4.99"},
        {"apiKey": "sandbox-secret-key"},
    ),
    "fluentcart": (
        "Refund an order",
        {"refund_info": {"transaction_id": 129237, "amount": 2500}},
        {"basicAuthUsername": "admin", "basicAuthPassword": "demo DEMO 1234 demo DEMO 5678", "order_id": "1001"},
    ),
}


REFUNDED = {"funnelfox": (ORDER, 499), "fluentcart": ("1001", 2500)}


@pytest.mark.parametrize("api", APIS)
def test_a_request_of_a_postman_collection_refunds_a_part_of_an_order(
    api: str, target: Target, tools: Tools, tmp_path: Path
) -> None:
    spec, file = tmp_path / "spec.yaml", tmp_path / "collection.json"
    spec.write_bytes(target.read(api))
    tools.npm("openapi2postmanv2", "--spec", spec, "--output", file, cwd=tmp_path)
    collection = json.loads(file.read_text())
    name, body, values = BODIES[api]
    (request,) = [one["request"] for one in requests_in(collection) if one["name"] == name]
    request["body"]["raw"] = json.dumps(body)
    for variable in request["url"]["variable"]:
        variable["value"] = values[variable["key"]]
    file.write_text(json.dumps({**collection, "item": [{"name": name, "request": request}]}))
    variables = [part for key, value in values.items() for part in ("--env-var", f"{key}={value}")]

    tools.npm("newman", "run", file, "--bail", *variables, cwd=tmp_path)

    order, amount = REFUNDED[api]
    refunds = [row for row in target.control(f"/{api}/orders/{order}/transactions")["transactions"] if row["kind"] == "refund"]
    assert [row["amount"] for row in refunds] == [amount]
