"""A head that was read before is not parsed again, and the client can't tell.

`pytest --longer 30 tests/server/test_header_cache.py` tries more.
"""

import ast
import asyncio
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from refund_sandbox.core.context import Reply
from refund_sandbox.server.header_cache import HeaderCache
from refund_sandbox.server.uvicorn_server import configure
from refund_sandbox.settings import Settings
from tests.support import budget, raw_http
from tests.support.server_thread import Client, Listening, listen


class App:
    """Replies with the request, the number of requests, and whether the head was known: those come as tuples."""

    requests = 0

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        self.requests += 1
        if scope["path"] == "/asgi":
            scope["state"]["requests"] = self.requests
            return None
        return Reply({}, 200, {"X-Known": str(isinstance(scope["headers"], tuple))}, content=_described(scope, body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        content = _described(scope, body) + b" %d" % scope["state"].get("requests", 0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]})
        await send({"type": "http.response.body", "body": content})


def _described(scope: Scope, body: bytes) -> bytes:
    names = ("method", "path", "raw_path", "query_string", "http_version", "scheme", "root_path")
    return repr([*(scope[name] for name in names), tuple(scope["headers"]), body]).encode()


@pytest.fixture
def server() -> Iterator[Listening]:
    listening = listen(App())
    yield listening
    listening.stop()


def plain(path: str = "/x?a=b", body: bytes = b"12345", method: str = "POST", **headers: str) -> bytes:
    return raw_http.request(method, path, body, {"connection": "keep-alive", **headers})


def ask(server: Listening, *requests: bytes) -> list[raw_http.Answer]:
    """Return the replies to requests that are sent one after the other over one connection."""
    answers = []
    with socket.create_connection(server.address, timeout=5) as connection:
        for request in requests:
            connection.sendall(request)
            answers += raw_http.read_answers(raw_http.receive(connection, quiet=0.02, count=1))
    return answers


def test_a_repeated_head_is_found_with_any_request_line_and_body(server: Listening) -> None:
    requests = [plain(), plain(), plain("/y", b"54321"), plain("/z?", b"\r\n\r\n\0", "PATCH")]

    answers = ask(server, *requests) + ask(server, plain(method="DELETE"))

    assert [answer.headers["x-known"] for answer in answers] == ["False", "True", "True", "True", "True"]
    assert [ast.literal_eval(answer.body.decode())[0::2][:2] for answer in answers[2:]] == [
        ["POST", b"/y"],
        ["PATCH", b"/z"],
        ["DELETE", b"/x"],
    ]
    assert [ast.literal_eval(answer.body.decode())[-1] for answer in answers[2:4]] == [b"54321", b"\r\n\r\n\0"]


NEW: Mapping[str, bytes] = {
    "another length": plain(body=b"123456"),
    "other headers": plain(accept="*/*"),
    "another case": plain().replace(b"host", b"Host"),
    "another order": plain(host="sandbox", accept="*/*"),
}


@pytest.mark.parametrize("request_", NEW.values(), ids=NEW)
def test_a_different_head_is_not_found(request_: bytes, server: Listening) -> None:
    answers = ask(server, plain(), request_, request_)

    assert [answer.headers["x-known"] for answer in answers] == ["False", "False", "True"]


def test_a_head_with_special_headers_is_not_cached(server: Listening) -> None:
    with_end = plain(connection="close")
    proxied = request(b"POST /x HTTP/1.1", b"x-forwarded-proto: https")
    in_chunks = request(b"POST /x HTTP/1.1", b"transfer-encoding: chunked", body=b"5\r\n12345\r\n0\r\n\r\n")

    for one in (with_end, proxied, in_chunks):
        assert [ask(server, one)[0].headers.get("x-known", "False") for _ in range(3)] == ["False"] * 3


def test_asgi_continues_a_request_that_the_application_has_started(server: Listening) -> None:
    answers = ask(server, plain(), plain("/asgi"), plain(), plain())

    assert b"'/asgi'" in answers[1].body
    assert answers[1].body.endswith(b"b'12345'] 2")
    assert [answer.headers["x-known"] for answer in (answers[0], *answers[2:])] == ["False", "False", "True"]


def test_the_cache_holds_the_last_heads_and_no_long_ones() -> None:
    header_cache = HeaderCache()
    for number in range(1000):
        header_cache.add(b"GET / HTTP/1.1\r\na: %d\r\n\r\n" % number, ((b"a", b"%d" % number),))
    header_cache.add(b"GET / HTTP/1.1\r\na: %b\r\n\r\n" % (b"y" * 5000), ((b"a", b"y" * 5000),))

    known = [number for number in range(1000) if header_cache.get(b"GET /x HTTP/1.1\r\na: %d\r\n\r\n" % number)]

    assert known == list(range(1000 - 256, 1000))
    assert header_cache.get(b"GET / HTTP/1.1\r\na: %b\r\n\r\n" % (b"y" * 5000)) is None


@pytest.mark.slow
def test_a_connection_is_closed_after_the_keep_alive_time_without_a_request() -> None:
    listening = listen(App(), Settings(keep_alive="1s"))
    try:
        with socket.create_connection(listening.address, timeout=5) as connection:
            for _ in range(4):
                connection.sendall(plain())
                assert raw_http.receive(connection, quiet=0.3, count=1)
            connection.settimeout(5)
            rested = time.monotonic()
            assert connection.recv(1) == b""
            assert 0.4 < time.monotonic() - rested < 2
    finally:
        listening.stop()


@pytest.mark.slow
def test_an_idle_connection_outlives_the_request_timeout() -> None:
    listening = listen(App(), Settings(request_timeout="1s"))
    try:
        ask(listening, plain())
        with socket.create_connection(listening.address, timeout=5) as connection:
            for _ in range(2):
                connection.sendall(plain())
                (answer,) = raw_http.read_answers(raw_http.receive(connection, quiet=1.3, count=1))
                assert answer.headers["x-known"] == "True"
    finally:
        listening.stop()


class _NoCache(HeaderCache):
    """A cache that never finds anything."""

    def get(self, data: bytes) -> None:
        pass


async def converse(header_cache: HeaderCache, pieces: Sequence[bytes], *, in_one_batch: bool) -> tuple[bytes, bool]:
    """Return the replies to pieces that come one by one, or in one event loop iteration, and whether the protocol hangs up."""
    config = configure(App(), Settings(max_header=2000), log_level="critical", lifespan="off")
    config.load()
    make: Any = config.http_protocol_class
    protocol = make(config=config, server_state=ServerState(), app_state={}, header_cache=header_cache)
    client = Client()
    protocol.connection_made(client)
    for piece in pieces:
        if not client.closed:
            protocol.data_received(piece)
            for _ in range(0 if in_one_batch else 8):
                await asyncio.sleep(0)
    for _ in range(8 * len(pieces)):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    return re.sub(rb"x-known: [^\r]*", b"", client.written), client.closed


def request(first: bytes = b"POST /x HTTP/1.1", *fields: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([first, *fields]) + b"\r\n\r\n" + body


NO_BODY_STATUSES = request()
AB = request(b"POST /x HTTP/1.1", b"a: b")
SIZED = request(b"POST /x HTTP/1.1", b"content-length: 5", body=b"12345")
KNOWN = [NO_BODY_STATUSES, AB, SIZED]
TRICKS: Mapping[str, Sequence[bytes]] = {
    "a first line alone": [NO_BODY_STATUSES[:-4], b"\r\n\r\n"],
    "a first line and its end": [NO_BODY_STATUSES[:-2], b"\r\n"],
    "no first line": [AB[AB.index(b"a: b") :], AB],
    "a head in two pieces": [b"POST /x HTTP/1.1\r\nc: d\r\ne", b": f\r\ng: h\r\n\r\n", request(NO_BODY_STATUSES[:-4], b"g: h")],
    "a request and the beginning of another": [NO_BODY_STATUSES + b"POST /y", AB, b" HTTP/1.1\r\n\r\n"],
    "two in one piece": [NO_BODY_STATUSES + AB, AB + NO_BODY_STATUSES, SIZED + AB, SIZED + SIZED],
    "an empty line after a new head": [request(b"GET /x HTTP/1.1", b"i: j"), b"\r\n\r\n"],
    "an empty line between": [AB, b"\r\n\r\n", NO_BODY_STATUSES, b"\r\n", AB, b"\r", NO_BODY_STATUSES],
    "half a body": [SIZED[:-1], b"5", SIZED],
    "more than a body": [SIZED + b"6", SIZED],
    "an unknown method": [AB, request(b"NONE /x HTTP/1.1", b"a: b")],
    "a method in small letters": [AB, request(b"post /x HTTP/1.1", b"a: b")],
    "another version": [AB, request(b"POST /x HTTP/1.0", b"a: b")],
    "a URL with an escape": [AB, request(b"POST /%78 HTTP/1.1", b"a: b")],
    "a long URL": [AB, request(b"POST /%b HTTP/1.1" % (b"x" * 2500), b"a: b")],
    "what ASGI answers": [SIZED, request(b"POST /asgi HTTP/1.1", b"content-length: 5", body=b"12345"), SIZED],
    "no body to HEAD": [SIZED, request(b"HEAD /x HTTP/1.1", b"content-length: 5", body=b"12345"), SIZED],
    "an end": [request(b"POST /x HTTP/1.1", b"connection: close"), NO_BODY_STATUSES],
    "a line break that is none": [b"POST /x HTTP/1.1\na: b\r\n\r\n", b"POST /x HTTP/1.1\r\na: b\n\n", AB],
    "a length like another": [request(b"POST /x HTTP/1.1", b"content-length: 05", body=b"12345")] * 2,
    "another body with a head inside": [request(b"POST /x HTTP/1.1", b"content-length: 4", body=b"\r\n\r\n")] * 3,
}


async def compare(conversations: Sequence[Sequence[bytes]]) -> None:
    """Compare the replies of a protocol whose cache is filled by all earlier requests with those of one without a cache."""
    header_cache = HeaderCache()
    for pieces in [*([one] for one in KNOWN), *conversations]:
        for in_one_batch in (False, True):
            known = await converse(header_cache, pieces, in_one_batch=in_one_batch)
            assert known == await converse(_NoCache(), pieces, in_one_batch=in_one_batch), (pieces, in_one_batch)


@pytest.mark.parametrize("pieces", TRICKS.values(), ids=TRICKS)
def test_bytes_that_look_like_a_cached_head_are_parsed(pieces: Sequence[bytes]) -> None:
    asyncio.run(compare([pieces, *([one] for one in KNOWN), pieces]))


FIRST = st.sampled_from(
    [one.partition(b"\r\n")[0] for pieces in TRICKS.values() for one in pieces if one.startswith(b"POST /x HT")]
)
FIELDS = st.one_of(
    st.sampled_from(
        [b"a: b", b"A: b", b"a:b", b"a: ", b"a: \x80", b"content-length: 5", b"Content-Length: 0", b"content-length: 05"]
    ),
    st.sampled_from([b" folded", b"a b: c", b": c", b"a: \0", b"a: b\n", b"c: " + b"d" * 2100, b"content-length: x"]),
    st.sampled_from([b"expect: 100-continue", b"upgrade: h2c", b"connection: upgrade", b"connection: close"]),
    st.just(b"transfer-encoding: chunked"),
)
BODIES = st.sampled_from([b"", b"12345", b"\r\n\r\n1", b"POST ", b"5\r\n12345\r\n0\r\n\r\n", AB])


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """A few valid and invalid requests, most of them cached, in pieces."""
    fields, body = draw(st.lists(FIELDS, max_size=2)), draw(BODIES)
    own = request(draw(FIRST), *fields, body=body)
    sized = request(draw(FIRST), b"content-length: %d" % len(body), *fields, body=body)
    pieces = [b""]
    for whole in draw(st.lists(st.sampled_from([*KNOWN, own, sized]), min_size=2, max_size=6)):
        cut = draw(st.one_of(st.just(0), st.integers(0, len(whole))))
        start = pieces.pop() if draw(st.integers(0, 2)) == 0 else b""
        pieces += [start + whole[:cut], whole[cut:]]
    return [piece for piece in pieces if piece]


@pytest.mark.slow
@settings(max_examples=budget.examples(400), deadline=None)
@given(st.lists(conversations(), min_size=1, max_size=4))
def test_any_requests_get_the_answers_of_the_parser(requests: list[list[bytes]]) -> None:
    asyncio.run(compare(requests))
