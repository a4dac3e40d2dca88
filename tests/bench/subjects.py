"""Subjects of the speed bench: the sandbox, two bare applications, and other mock servers."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.bench import ledger, servers
from tests.bench.servers import Request
from tests.support.paths import ROOT

_ORDERS = ledger.numbers(2000)
_PACKAGES = ("@stoplight/prism-cli@5.16.0", "wiremock@3.13.2", "@mockoon/cli@9.9.0")
_WIREMOCK = "node_modules/wiremock/build/wiremock-standalone-3.13.2.jar"
_LOCALSTRIPE = "localstripe==1.15.10"
_JSON = {"Content-Type": "application/json"}
_SPEC = ROOT / "specs" / "funnelfox.yaml"


class Case(NamedTuple):
    """Requests with equal replies."""

    name: str
    requests: Sequence[Request]
    says: bytes
    """Text that each reply contains."""
    status: int = 200
    books: bool = False
    """Whether each reply is a booked refund, if the subject has a ledger."""


class Stub(NamedTuple):
    """Stub of one API's refund for other mock servers: with its credentials and required fields."""

    api: str
    sent: Request
    key: str
    """Name and value of the authentication header."""
    fields: Sequence[str]
    answer: Mapping[str, object]

    def path(self, any_order: str) -> str:
        """Regular expression of the path for any order, if the path names one."""
        return self.sent.path.replace(str(_ORDERS[0]), any_order)


_PARTS = {
    "fluent_cart_refund": {"status": "success", "message": "Refund processed on FluentCart."},
    "gateway_refund": {"status": "success", "message": "Refund processed on Stripe"},
}
_FUNNELFOX, _FLUENTCART = ledger.refund_funnelfox(_ORDERS[0]), servers.refund_fluentcart(_ORDERS[0])
_STUBS = (
    Stub("funnelfox", _FUNNELFOX, "ff-secret-key", ("order_id", "external_id"), {}),
    Stub("fluentcart", _FLUENTCART, "Authorization", ("refund_info.transaction_id", "refund_info.amount"), _PARTS),
)


class Subject(NamedTuple):
    """A server under test."""

    name: str
    command: Callable[[int], Sequence[str | Path]]
    """Function that returns the start command for a port."""
    first: Request
    """Request that is answered with 200 as soon as the server is ready."""
    renew: Callable[[int], Sequence[Case]]
    """Function that resets the server and returns its cases."""
    booked: Callable[[int], int] | None = None
    """Function that returns the number of booked refunds."""
    needs: Sequence[str | Path] = ()
    """Required programs and files."""

    @property
    def missing(self) -> list[str]:
        """Missing programs and files."""
        return [str(one) for one in self.needs if not shutil.which(one) and not Path(one).is_file()]


def subjects(tools: Path, scratch: Path) -> list[Subject]:
    """Return all subjects. `tools` is the folder of other mock servers, `scratch` one for their configuration."""
    others = [_prism(tools, scratch), _wiremock(tools, scratch), _mockoon(tools, scratch), _localstripe(tools)]
    return [_SANDBOX, _bare("starlette"), _bare("asgi"), *others]


def install(tools: Path) -> None:
    """Install the other mock servers in the tested versions. WireMock also needs Java."""
    tools.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", tools, *_PACKAGES], check=True)
    subprocess.run([sys.executable, "-m", "venv", tools / "python"], check=True)
    subprocess.run([tools / "python/bin/pip", "install", "--quiet", _LOCALSTRIPE], check=True)


def _refunds() -> list[Case]:
    """Return a refund of each order, by API."""
    return [
        Case("FunnelFox refund", [ledger.refund_funnelfox(number) for number in _ORDERS], b"{}", books=True),
        Case(
            "FluentCart refund",
            [servers.refund_fluentcart(number) for number in _ORDERS],
            b"Refund processed on Stripe",
            books=True,
        ),
    ]


def _renew_sandbox(port: int) -> list[Case]:
    """Load orders with enough money, and return the cases."""
    ledger.load(port, _ORDERS)
    funnelfox, fluentcart = (case.requests for case in _refunds())
    wrong = json.dumps({"order_id": "no uuid", "amount": "all", "reason": 5, "soft_refund": "maybe"})
    wrong_info = json.dumps({"refund_info": {"amount": "all", "item_ids": "all"}})
    reads = [Request("GET", one.path.removesuffix("/refund"), None, one.headers) for one in fluentcart]
    return [
        *_refunds(),
        Case("FunnelFox refused", [one._replace(body=wrong) for one in funnelfox], b"decimal_parsing", status=400),
        Case("FluentCart refused", [one._replace(body=wrong_info) for one in fluentcart], b"item_ids must be", status=422),
        Case("FluentCart read", reads, b'"order":'),
    ]


_FIRST = servers.refund_funnelfox("3c90c3cc-0d44-4b50-8888-8dd25736052a", "user_456")
"""Refund of the first demo order."""
_SANDBOX = Subject(
    "sandbox",
    lambda port: [sys.executable, "-m", "refund_sandbox", "serve", "--port", str(port)],
    _FIRST,
    _renew_sandbox,
    ledger.booked,
)


def _stateless(_: int) -> list[Case]:
    return [_refunds()[0]._replace(name="refund")]


def _bare(name: str) -> Subject:
    """Return an application of `bare`, run with the sandbox's options for uvicorn."""
    options = ["--log-level", "warning", "--no-access-log", "--no-server-header", "--ws", "none"]
    command = [sys.executable, "-m", "uvicorn", f"tests.bench.bare:{name}", *options, "--port"]
    return Subject(f"bare {name}", lambda port: [*command, str(port)], _FIRST, _stateless)


def _prism(tools: Path, scratch: Path) -> Subject:
    """Return the Prism subject. Prism ignores the base URL of a spec, so its parameter moves into the paths."""
    spec = yaml.safe_load(_SPEC.read_text())
    spec["paths"] = {f"/{{org_id}}/v1{path}": methods for path, methods in spec["paths"].items()}
    file = scratch / "prism.json"
    file.write_text(json.dumps(spec | {"servers": [{"url": "http://127.0.0.1"}]}))
    program = tools / "node_modules/.bin/prism"
    return Subject(
        "Prism",
        lambda port: [program, "mock", file, "--host", "127.0.0.1", "--verboseLevel", "error", "--port", str(port)],
        _FIRST,
        _stateless,
        needs=["node", program],
    )


def _wiremock(tools: Path, scratch: Path) -> Subject:
    """Return the WireMock subject. Its journal is on, and cleared between the rounds."""
    mappings = scratch / "wiremock" / "mappings"
    mappings.mkdir(parents=True)
    for stub in _STUBS:
        (mappings / f"{stub.api}.json").write_text(json.dumps(_mapping(stub)))
    archive = tools / _WIREMOCK
    options: list[str | Path] = ["--disable-banner", "--root-dir", mappings.parent, "--bind-address", "127.0.0.1", "--port"]

    def renew(port: int) -> list[Case]:
        ledger.ask(port, Request("DELETE", "/__admin/requests", None, {}))
        return _refunds()

    return Subject(
        "WireMock", lambda port: ["java", "-jar", archive, *options, str(port)], _FIRST, renew, needs=["java", archive]
    )


def _mapping(stub: Stub) -> dict[str, object]:
    """Return a stub for WireMock. A constant path is compared as text, which is faster than a pattern."""
    path = stub.path("[0-9]+")
    request = {
        "method": stub.sent.method,
        "urlPath" if path == stub.sent.path else "urlPathPattern": path,
        "headers": {stub.key: {"equalTo": stub.sent.headers[stub.key]}},
        "bodyPatterns": [{"matchesJsonPath": f"$.{field}"} for field in stub.fields],
    }
    return {"request": request, "response": {"status": 200, "jsonBody": stub.answer, "headers": _JSON}}


def _mockoon(tools: Path, scratch: Path) -> Subject:
    file = scratch / "mockoon.json"
    file.write_text(json.dumps({"uuid": "bench", "name": "bench", "routes": [_route(stub) for stub in _STUBS]}))
    program = tools / "node_modules/.bin/mockoon-cli"
    options: list[str | Path] = [
        "start",
        "--repair",
        "--disable-log-to-file",
        "--hostname",
        "127.0.0.1",
        "--data",
        file,
        "--port",
    ]
    return Subject("Mockoon", lambda port: [program, *options, str(port)], _FIRST, lambda _: _refunds(), needs=["node", program])


def _route(stub: Stub) -> dict[str, object]:
    """Return a stub for Mockoon."""
    wanted = [("header", stub.key, stub.sent.headers[stub.key], "equals")]
    wanted += [("body", field, "", "null") for field in stub.fields]
    response = {
        "uuid": f"response-{stub.api}",
        "body": json.dumps(stub.answer),
        "statusCode": 200,
        "headers": [{"key": name, "value": value} for name, value in _JSON.items()],
        "rules": [
            {"target": target, "modifier": name, "value": value, "operator": operator, "invert": operator == "null"}
            for target, name, value, operator in wanted
        ],
        "rulesOperator": "AND",
    }
    path, method = stub.path(":order_id"), stub.sent.method.lower()
    return {"uuid": f"route-{stub.api}", "type": "http", "method": method, "endpoint": path[1:], "responses": [response]}


def _localstripe(tools: Path) -> Subject:
    """Return the localstripe subject. It stores each refund and writes a file after each request."""
    program = tools / "python/bin/python"
    headers = {"Authorization": "Bearer sk_test_bench", "Content-Type": "application/json"}

    def make(port: int, kind: str, **fields: object) -> str:
        answer = ledger.ask(port, Request("POST", f"/v1/{kind}", json.dumps(fields), headers))
        return str(json.loads(answer)["id"])

    def renew(port: int) -> list[Case]:
        ledger.ask(port, Request("DELETE", "/_config/data", None, headers))
        card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        customer = make(port, "customers", source=make(port, "tokens", card=card))
        charge = make(port, "charges", amount=1_000_000_000, currency="usd", customer=customer)
        return [
            Case("refund", [Request("POST", "/v1/refunds", json.dumps({"charge": charge, "amount": 1}), headers)], b"succeeded")
        ]

    return Subject(
        "localstripe",
        lambda port: [program, "-m", "localstripe", "--from-scratch", "--port", str(port)],
        Request("GET", "/v1/refunds", None, headers),
        renew,
        needs=[program],
    )
