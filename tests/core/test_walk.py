"""The walk of a refund through the code: how many functions of the package it runs, and what it does once only."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import refund_sandbox
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import raw_http

pytestmark = pytest.mark.memory_only

PACKAGE = str(Path(refund_sandbox.__file__).parent)
Call = Callable[[], Any]
MOST_FUNCTIONS = {"funnelfox": 90, "fluentcart": 115}
_COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>")


class Walk:
    """Calls that a request makes: functions of the package by file and name, and built-in functions by name."""

    def __init__(self, request: Call) -> None:
        self.functions: Counter[tuple[str, str]] = Counter()
        self.others: Counter[str] = Counter()
        sys.setprofile(self._count)
        try:
            self.reply = request()
        finally:
            sys.setprofile(None)

    def _count(self, frame: Any, event: str, function: Any) -> None:
        if event == "call":
            code = frame.f_code
            if code.co_qualname.endswith(_COMPREHENSIONS):  # a frame of its own before Python 3.12 only
                return
            if code.co_filename.startswith(PACKAGE):
                self.functions[code.co_filename.removeprefix(PACKAGE), code.co_qualname] += 1
            else:
                self.others[f"{Path(code.co_filename).parent.name}.{code.co_qualname}"] += 1
        elif event == "c_call":
            self.others[
                f"{getattr(function, '__module__', None) or type(function.__self__).__name__}.{function.__qualname__}"
            ] += 1

    def count(self, *names: str) -> int:
        """Return the number of calls of functions whose name ends in one of these."""
        calls = [*((name, number) for (_, name), number in self.functions.items()), *self.others.items()]
        return sum(number for name, number in calls if name.endswith(names))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxApp]:
    sandbox = build(Settings())
    yield sandbox
    sandbox.close()


def request_of(sandbox: SandboxApp, path: str, document: Any) -> Call:
    """Return a plain request as the server calls the application for it."""
    body = json.dumps(document).encode()
    framing = {"content-type": "application/json", "content-length": str(len(body))}
    sent = {"host": "127.0.0.1:8000", **framing, **raw_http.CREDENTIALS}
    fields = tuple((name.encode(), value.encode()) for name, value in sent.items())

    def request() -> Any:
        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "scheme": "http", "root_path": "", "headers": fields, "state": {},
        }  # fmt: skip
        return sandbox.app.answer(scope, body)  # type: ignore[attr-defined]

    return request


def refund(sandbox: SandboxApp, api: str) -> Call:
    """Return a refund of a new order, which can be repeated."""
    if api == "funnelfox":
        order = sandbox.workspace.add_order(api, {"amount": "9.99", "external_id": "customer"})
        document = {"external_id": "customer", "order_id": order["order_id"], "amount": "1.00", "reason": "test"}
        path = f"/{order['org_id']}/v1/payment/refund"
        return request_of(sandbox, path, document)
    order = sandbox.workspace.add_order(api, {"paid": 10000})
    charge = order["transactions"][0]["id"]
    document = {"refund_info": {"transaction_id": charge, "amount": 100, "reason": "test"}}
    return request_of(sandbox, f"/wp-json/fluent-cart/v2/orders/{order['id']}/refund", document)


@pytest.fixture(params=MOST_FUNCTIONS, scope="module")
def walk(request: pytest.FixtureRequest, sandbox: SandboxApp) -> tuple[str, Walk]:
    call = refund(sandbox, request.param)
    for _ in range(3):
        assert call().status == 200
    return request.param, Walk(call)


def test_a_refund_runs_few_functions_of_the_package(walk: tuple[str, Walk]) -> None:
    api, walked = walk
    assert walked.reply.status == 200
    assert len(walked.functions) <= MOST_FUNCTIONS[api], sorted(walked.functions)


def test_a_refund_opens_one_transaction(walk: tuple[str, Walk]) -> None:
    assert walk[1].count("Transaction.__enter__") == 1


def test_a_refund_reads_the_clock_once(walk: tuple[str, Walk]) -> None:
    assert walk[1].count("datetime.now", "time.time") == 1


def test_a_refund_parses_its_body_once(walk: tuple[str, Walk]) -> None:
    assert walk[1].count("JSONDecoder.raw_decode", "_core.json_decode") == 1
