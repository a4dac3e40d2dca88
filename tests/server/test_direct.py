"""A plain request is answered directly, without ASGI, and the client can't tell."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from refund_sandbox.apis.funnelfox import lifecycle
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.context import Reply
from refund_sandbox.settings import Settings
from tests.support import raw_http, sample_calls
from tests.support.server_thread import Client, Listening, connect, listen
from tests.support.waiting import wait_until_still

JSON = {"content-type": "application/json", "connection": "keep-alive", **raw_http.CREDENTIALS}
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ASGI = b"x-forwarded-proto: http\r\n"
"""Requests that uvicorn reads on behalf of the application, so that ASGI must answer."""
NONE: Mapping[str, str] = {}
ORDER = "/wp-json/fluent-cart/v2/orders/1001"


LARGE = b"x" * 50_000


class App:
    """Application whose reply says whether it was direct, and counts requests. ASGI must answer `/asgi`."""

    requests = 0

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        self.requests += 1
        if scope["path"] == "/large":
            return Reply({}, content=LARGE)
        if scope["path"] == "/error":
            raise ZeroDivisionError
        if scope["path"] == "/asgi":
            scope["state"]["begun"] = b" begun"
            return None
        return Reply({}, 200, {"X-Way": "direct"}, content=b"%b %d" % (scope["query_string"], len(body)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message["body"]), message["more_body"]
        content = b"%b %d%b" % (scope["query_string"], size, scope["state"].get("begun", b""))
        headers = [(b"x-way", b"asgi"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


APP = App()


@pytest.fixture(scope="module")
def double() -> Iterator[Listening]:
    listening = listen(APP)
    yield listening
    listening.stop()


def ask(listening: Listening, *pieces: bytes) -> list[raw_http.Answer]:
    return raw_http.exchange(listening.address, pieces, count=1, quiet=0.02)


def plain(path: str = "/x?a=b", body: bytes = b"12345", method: str = "POST", **headers: str) -> bytes:
    return raw_http.request(method, path, body, {"connection": "keep-alive", **headers})


PLAIN: dict[str, tuple[bytes, ...]] = {
    "with a body": (plain(),),
    "without a body": (plain(body=b""),),
    "a read": (plain("/w/x/y", method="GET"),),
    "a deletion": (plain(method="DELETE", accept="*/*"),),
    "in two pieces": (plain()[:-2], plain()[-2:]),
    "head and body apart": (plain()[:-5], plain()[-5:]),
    "byte by byte": tuple(bytes([byte]) for byte in plain()),
}


@pytest.mark.parametrize("pieces", PLAIN.values(), ids=PLAIN)
def test_a_plain_request_is_answered_directly(pieces: tuple[bytes, ...], double: Listening) -> None:
    (answer,) = ask(double, *pieces)

    assert (answer.status, answer.headers["x-way"]) == (200, "direct")


ELSEWISE: dict[str, tuple[bytes, ...]] = {
    "a body after 100 Continue": (plain(expect="100-continue"),),
    "through a proxy": (plain().replace(b"\r\n", b"\r\n" + ASGI, 1),),
    "the last one of its connection": (plain(connection="close"),),
    "HTTP/1.0": (plain().replace(b"HTTP/1.1", b"HTTP/1.0"),),
    "a path with an escape": (plain("/%78"),),
    "a whole URL": (plain("http://127.0.0.1/x"),),
    "in chunks": (plain(body=b"2\r\n12\r\n3\r\n345\r\n0\r\n\r\n", **{"transfer-encoding": "chunked"}),),
    "chunks apart": (plain(body=b"2\r\n12\r\n3\r\n34", **{"transfer-encoding": "chunked"}), b"5\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("pieces", ELSEWISE.values(), ids=ELSEWISE)
def test_every_other_request_goes_to_asgi_complete(pieces: tuple[bytes, ...], double: Listening) -> None:
    (*_, answer) = ask(double, *pieces)

    assert (answer.status, answer.headers["x-way"]) == (200, "asgi")
    assert answer.body.endswith(b" 5")


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 1_000_000])
def test_a_body_of_any_size_is_complete(size: int, double: Listening) -> None:
    (answer,) = ask(double, plain(body=b"y" * size))

    assert answer.body == b"a=b %d" % size


def test_asgi_continues_a_request_that_the_application_has_begun(double: Listening) -> None:
    (answer,) = ask(double, plain("/asgi"))

    assert answer.headers["x-way"] == "asgi"
    assert answer.body == b" 5 begun"


def test_an_error_of_the_application_is_no_invalid_request(double: Listening) -> None:
    (answer,) = ask(double, plain("/error"))

    assert (answer.status, answer.headers["x-way"]) == (200, "asgi")


def test_a_direct_reply_is_one_write() -> None:
    async def written() -> list[bytes]:
        client = Client()
        protocol = connect(APP, client)
        protocol.data_received(plain() + plain("/large"))
        await asyncio.sleep(0)
        protocol.connection_lost(None)
        return client.writes

    first, second = asyncio.run(written())

    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\na=b 5")
    assert second.endswith(LARGE)


def test_direct_and_asgi_replies_keep_the_order_of_requests(double: Listening) -> None:
    ways = ["direct", "direct", "asgi", "direct", "asgi", "asgi", "direct"]
    paths = {"direct": "/x", "asgi": "/asgi"}
    content = b"".join(plain(f"{paths[way]}?{number}") for number, way in enumerate(ways))

    answers = raw_http.exchange(double.address, [content], count=len(ways), quiet=0.05)

    assert [answer.body.removesuffix(b" begun") for answer in answers] == [b"%d 5" % number for number in range(len(ways))]
    assert [answer.headers["x-way"] for answer in answers][:3] == ways[:3]  # later ones wait for the one before


def test_a_client_that_does_not_read_gets_no_more_replies(double: Listening) -> None:
    before = APP.requests
    with socket.create_connection(double.address, timeout=0.5) as connection:
        with pytest.raises(TimeoutError):
            for _ in range(100):
                connection.sendall(plain("/large", body=b"") * 2000)
        wait_until_still(lambda: APP.requests)

    assert 0 < (APP.requests - before) * len(LARGE) < 16 * 1024 * 1024


def test_a_connection_stays_open_after_direct_and_asgi_replies(double: Listening) -> None:
    with socket.create_connection(double.address, timeout=5) as connection:
        for path in ("/x", "/asgi", "/x", "/x", "/asgi"):
            connection.sendall(plain(path))
            (answer,) = raw_http.read_answers(raw_http.receive(connection, quiet=0.02, count=1))
            assert answer.body.startswith(b" 5")


@pytest.mark.parametrize("end", [b"NONSENSE\r\n\r\n", b"\0", None])
def test_a_request_is_answered_before_its_connection_ends(end: bytes | None) -> None:
    async def written() -> list[bytes]:
        client = Client()
        protocol = connect(APP, client)
        protocol.data_received(plain())
        if end:
            protocol.data_received(end)
        else:
            protocol.shutdown()
        protocol.connection_lost(None)
        return client.writes

    first, *refused = asyncio.run(written())

    assert first.endswith(b"\r\n\r\na=b 5")
    assert [reply[9:12] for reply in refused] == ([b"400"] if end else [])


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[SandboxApp, Listening]]:
    """A sandbox with a frozen clock, on a socket."""
    sandbox = build(Settings(check_replies=True))
    listening = listen(sandbox.app)
    yield sandbox, listening
    listening.stop()
    sandbox.close()


def both_ways(own: tuple[SandboxApp, Listening], calls: list[bytes], *faults: dict[str, Any]) -> list[list[Any]]:
    """Return the replies to the same requests, directly and by ASGI, with the request log and the state afterwards."""
    sandbox, listening = own
    results = []
    for more in (b"", ASGI):
        sandbox.workspaces.delete("same")
        workspace = sandbox.workspaces.open("same")
        workspace.set_clock(NOW, frozen=True)
        for fault in faults:
            workspace.add_fault(fault)
        replies = [exchange(listening, call.replace(b"\r\n", b"\r\n" + more, 1)) for call in calls]
        entries = [json.loads(entry.json) for entry in workspace.journal.find({})]
        log = [(entry["status"], entry["faults"], entry["changes"]) for entry in entries]
        results.append([*replies, log, workspace.dump()])
    return results


def exchange(listening: Listening, call: bytes) -> bytes:
    with socket.create_connection(listening.address, timeout=5) as connection:
        connection.sendall(call)
        return re.sub(rb"\r\ndate: [^\r]*", b"", raw_http.receive(connection, quiet=0.02, count=1))


def funnelfox(path: str, document: Any, headers: Mapping[str, str] = NONE) -> bytes:
    return raw_http.request("POST", f"/w/same/your-org-id/v1{path}", json.dumps(document).encode(), {**JSON, **headers})


def wordpress(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NONE) -> bytes:
    return raw_http.request(method, f"/w/same{path}", body, {**JSON, **headers})


PAYBACK = {"external_id": "user_456", "order_id": raw_http.ORDER_ID, "amount": "0.10"}
REFUND = json.dumps({"refund_info": {"transaction_id": 129237, "amount": 100}}).encode()
REFUSED: list[Any] = [{}, [], {"order_id": 1, "amount": "x"}, {"external_id": "u\ud800"}]
CALLS: dict[str, list[bytes]] = {
    "refunds": [funnelfox("/payment/refund", PAYBACK), wordpress("POST", f"{ORDER}/refund", REFUND)] * 3,
    "refused": [
        *[funnelfox("/payment/refund", one) for one in REFUSED],
        *[wordpress("POST", f"{ORDER}/refund", one) for one in (b"{}", b"[", b'{"refund_info":{"amount":"x"}}', b"")],
    ],
    "strangers": [
        funnelfox("/payment/refund", PAYBACK, {"ff-secret-key": "none"}),
        wordpress("POST", f"{ORDER}/refund", REFUND, {"authorization": "Basic bm86bm8="}),
        wordpress("GET", ORDER, headers={"x-wp-nonce": "1", "authorization": ""}),
    ],
    "methods": [
        *[wordpress(method, ORDER) for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH")],
        raw_http.request("OPTIONS", "/w/same/your-org-id/v1/checkout/one_click", b"", {**JSON, "origin": "http://shop"}),
        raw_http.request("GET", "/w/same/your-org-id/v1/payment/refund", b"", JSON),
    ],
    "elsewhere": [
        wordpress("GET", "/wp-json/wp/v2/posts"),
        wordpress("GET", "/your-org-id/v1/nothing"),
        raw_http.request("POST", "/w/same/no-such-org/v1/payment/refund", b"{}", JSON),
    ],
    "shapes": [
        wordpress("GET", f"{ORDER}?_envelope=1"),
        wordpress("GET", f"{ORDER}?_jsonp=tell"),
        wordpress("GET", f"{ORDER}?_fields=order.id"),
        wordpress("GET", ORDER, headers={"origin": "http://shop"}),
        wordpress("GET", ORDER, headers={"host": "shop.internal:81"}),
        wordpress("GET", ORDER, headers={"host": "not a host"}),
    ],
}
FAULTS: dict[str, dict[str, Any]] = {
    "an answer instead": {"at": "before", "reply": {"status": 503, "headers": {"Retry-After": "7"}}},
    "an answer after": {"at": "after", "reply": {"status": 502, "body": "<html>lost</html>"}},
    "later": {"at": "before", "delay_ms": 30},
    "later and refused": {"at": "gateway", "delay_ms": 30, "error": "No."},
    "refused": {"at": "gateway", "error": "No."},
    "half an answer": {"at": "after", "connection": "truncate"},
    "no answer": {"at": "after", "connection": "close"},
}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_direct_and_asgi_replies_are_the_same(calls: list[bytes], own: tuple[SandboxApp, Listening]) -> None:
    directly, by_asgi = both_ways(own, calls)

    assert directly == by_asgi
    assert all(reply.startswith(b"HTTP/1.1 ") for reply in directly[: len(calls)])


def test_refunds_are_booked_directly_and_by_asgi(own: tuple[SandboxApp, Listening]) -> None:
    for replies in both_ways(own, CALLS["refunds"]):
        assert [one[9:12] for one in replies[:6]] == [b"200"] * 6


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faults_are_the_same_directly_and_by_asgi(fault: dict[str, Any], own: tuple[SandboxApp, Listening]) -> None:
    directly, by_asgi = both_ways(own, CALLS["refunds"], {**fault, "times": 2})

    assert directly == by_asgi


def test_an_internal_error_is_the_same_directly_and_by_asgi(
    own: tuple[SandboxApp, Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(lifecycle, "render", fail)

    directly, by_asgi = both_ways(own, CALLS["refunds"])

    assert directly == by_asgi
    assert [reply[9:12] for reply in directly[:6]] == [b"500", b"200"] * 3


@pytest.mark.slow
def test_every_operation_of_funnelfox_replies_the_same_directly_and_by_asgi(own: tuple[SandboxApp, Listening]) -> None:
    sandbox, _ = own
    paths = {operation.operation_id: operation.path for operation in sandbox.workspace.apis["funnelfox"].spec.operations}
    calls = [funnelfox(paths[known.operation], known.body) for known in sample_calls.FUNNELFOX]

    directly, by_asgi = both_ways(own, calls)

    assert directly == by_asgi
