"""Random bytes on a socket: a real server replies well-formed or closes the connection, and its memory is bounded.

`pytest --longer 30 tests/server/test_raw_bytes.py` tries more.
"""

import contextlib
import json
import random
import select
import socket
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import budget, raw_http
from tests.support.server_process import Process, serving
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only
JSON = {"content-type": "application/json", "connection": "keep-alive", **raw_http.CREDENTIALS}
ORDER = f"/_sandbox/funnelfox/orders/{raw_http.ORDER_ID}"
REFUND = json.dumps(raw_http.REFUNDS["funnelfox"]).encode()
HEALTH = raw_http.request("GET", "/_sandbox/health", headers={"connection": "keep-alive"})
MIB = 1024 * 1024
ROOM = 24
"""Memory in MiB that one connection may use: a read, twice the largest body, and its Python objects."""


def refund(headers: dict[str, str] | None = None, body: bytes = REFUND) -> bytes:
    return raw_http.request("POST", raw_http.FUNNELFOX, body, {**JSON, **(headers or {})})


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    """A server with the default limits. At the end it must have logged nothing, and have no open connection."""
    with serving() as process:
        with socket.create_connection(process.address, timeout=10) as connection:
            connection.sendall(HEALTH)
            assert raw_http.receive(connection, quiet=0.01, count=1)
            before = process.sockets() - 1
        yield process
        assert process.is_silent(), process.logged()
        assert call(process.address, "GET", "/_sandbox/health")[0] == 200
        wait_until(lambda: process.sockets() == before)


@pytest.fixture(scope="module")
def hasty() -> Iterator[Process]:
    """A server with a time-out of one second."""
    with serving("--request-timeout", "1s", "--keep-alive", "1s") as process:
        yield process
        assert process.is_silent(), process.logged()


@pytest.fixture(autouse=True)
def one_order_in_each_api(request: pytest.FixtureRequest) -> None:
    """One order of 100.00 in each API."""
    for name in {"server", "hasty"} & set(request.fixturenames):
        assert call(request.getfixturevalue(name).address, "PUT", "/_sandbox/state", raw_http.STATE)[0] == 200


def booked(process: Process) -> list[str]:
    """The amounts of the order's refunds."""
    _, order = call(process.address, "GET", ORDER)
    return [row["amount"] for row in order["transactions"] if row["psp_transaction_type"] == "REFUND"]


# Requests that are nearly right, and what may go wrong with them on the way.
TARGETS = st.sampled_from(
    [raw_http.FUNNELFOX, raw_http.FLUENTCART, "/_sandbox/state", "/", "/w/x/_sandbox/health", "*", "http://a/b", "?", "a:1"]
)
METHODS = st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "CONNECT", "PRI", "get"])
FRAMES: tuple[dict[str, str], ...] = (
    {},
    {"content-length": "5"},
    {"content-length": "500"},
    {"content-length": "99999999999999999999"},
    {"content-length": "-5"},
    {"content-length": "0x10"},
    {"transfer-encoding": "chunked"},
    {"transfer-encoding": "chunked", "content-length": "5"},
    {"transfer-encoding": "gzip, chunked"},
    {"transfer-encoding": "identity"},
    {"connection": "upgrade", "upgrade": "websocket"},
    {"connection": "upgrade, http2-settings", "upgrade": "h2c"},
    {"expect": "100-continue"},
)
LATIN = st.text(st.characters(codec="latin-1"), max_size=20)
BODIES = st.one_of(st.sampled_from([REFUND, b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"[" * 700, b""]), st.binary(max_size=60))
REQUESTS = st.builds(
    lambda method, target, body, frame, name, value: raw_http.request(method, target, body, {**JSON, **frame, name: value}),
    *(METHODS, TARGETS, BODIES, st.sampled_from(FRAMES), LATIN, LATIN),
)


@st.composite
def mangled(draw: st.DrawFn) -> list[bytes]:
    """Up to three requests in pieces, some cut, or with bytes added or removed."""
    content = b"".join(draw(st.lists(REQUESTS, min_size=1, max_size=3)))
    cut = st.integers(0, len(content))
    match draw(st.sampled_from(["whole", "half", "more", "less"])):
        case "half":
            content = content[: draw(cut)]
        case "more":
            place = draw(cut)
            content = content[:place] + draw(st.binary(min_size=1, max_size=30)) + content[place:]
        case "less":
            first, last = sorted((draw(cut), draw(cut)))
            content = content[:first] + content[last:]
    places = [0, *sorted(draw(st.lists(st.integers(0, len(content)), max_size=5))), len(content)]
    return [content[first:last] for first, last in pairwise(places)]


@settings(max_examples=budget.examples(100), deadline=None, derandomize=True, database=None)
@given(pieces=mangled())
def test_any_bytes_get_a_well_formed_reply_or_none(pieces: list[bytes], server: Process) -> None:
    for answer in raw_http.exchange(server.address, pieces, quiet=0.05):
        assert 200 <= answer.status < 500
    assert call(server.address, "GET", "/_sandbox/health")[0] == 200


def test_random_bytes_are_refused(server: Process) -> None:
    noise = random.Random(42)  # noqa: S311
    for _ in range(budget.examples(50)):
        content = noise.randbytes(noise.randint(1, 3000)) + b"\r\n\r\n"
        assert [answer.status for answer in raw_http.exchange(server.address, [content], quiet=0.05)] in ([400], [])


def test_requests_in_one_write_are_answered_in_their_order(server: Process) -> None:
    read = raw_http.request("GET", ORDER, headers={"connection": "keep-alive"})
    much = refund(body=json.dumps({**raw_http.REFUNDS["funnelfox"], "amount": "100.00"}).encode())
    unknown = raw_http.request("GET", "/nothing", headers={"connection": "keep-alive"})

    answers = raw_http.exchange(server.address, [refund() + read + much + unknown + refund() + read], count=6)

    assert [answer.status for answer in answers] == [200, 200, 400, 404, 200, 200]
    assert [len(answers[number].document["transactions"]) for number in (1, 5)] == [2, 3]
    assert booked(server) == ["1.00", "1.00"]


NONSENSE = {
    b"nonsense\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\na: %s\r\n\r\n" % (b"y" * 70_000): 431,
    refund({"content-length": "-1"}): 400,
}
"""Bytes that are not a request, and the status of the error reply."""


@pytest.mark.parametrize(("rest", "refused"), NONSENSE.items())
def test_a_request_before_invalid_bytes_is_answered(rest: bytes, refused: int, server: Process) -> None:
    answers = raw_http.exchange(server.address, [refund() + refund() + rest], count=3)

    assert [answer.status for answer in answers] == [200, 200, refused]
    assert answers[2].headers["connection"] == "close"
    assert booked(server) == ["1.00", "1.00"]


def test_a_malformed_head_is_refused_whatever_head_came_before(server: Process) -> None:
    line = b"POST /your-org-id/v1/payments_history HTTP/1.1\r\n"
    good = line + b"host: h\r\ncontent-length: 0\r\n\r\n"
    for _ in range(3):
        (answered,) = raw_http.exchange(server.address, [b"\r\n" + good], count=1)
        (refused,) = raw_http.exchange(server.address, [line.replace(b"history", b"other") + good], count=1)

        assert (answered.status, refused.status) == (401, 400)


@pytest.mark.parametrize("rest", NONSENSE)
def test_a_request_before_invalid_bytes_is_answered_by_asgi_too(rest: bytes, server: Process) -> None:
    read = raw_http.request("GET", "/_sandbox/health", headers={"connection": "keep-alive"})

    answers = raw_http.exchange(server.address, [read + rest], count=1)

    assert [answer.status for answer in answers] == [200]
    assert answers[0].headers.get("connection", "close") == "close"  # earlier versions of uvicorn close without a word


def test_many_requests_in_one_write_are_all_answered(server: Process) -> None:
    answers = raw_http.exchange(server.address, [refund() * 90 + HEALTH], count=91)

    assert [answer.document for answer in answers[:90]] == [{}] * 90
    assert answers[90].document["status"] == "ok"
    assert booked(server) == ["1.00"] * 90


def test_a_request_byte_by_byte_is_one_request(server: Process) -> None:
    answers = raw_http.exchange(server.address, [bytes([byte]) for byte in refund() + refund()], count=2)

    assert [answer.document for answer in answers] == [{}, {}]
    assert booked(server) == ["1.00", "1.00"]


def test_half_a_request_is_not_answered(server: Process) -> None:
    content = refund()
    for end in range(1, len(content), 7):
        assert raw_http.exchange(server.address, [content[:end]], quiet=0.01) == []

    assert booked(server) == []


def test_bytes_beyond_the_content_length_are_not_a_request(server: Process) -> None:
    answers = raw_http.exchange(server.address, [refund({"content-length": str(len(REFUND) - 3)})], count=2)

    assert answers[0].document["error"][0]["code"] == "json_invalid"
    assert [answer.status for answer in answers[1:]] == [400]
    assert answers[1].headers["connection"] == "close"
    assert booked(server) == []


# What a client might hold on to for ever, and how it learns that the server has waited long enough.
SLOW: dict[str, tuple[bytes, list[int]]] = {
    "nothing": (b"", [408]),
    "half a request line": (b"POST /your", [408]),
    "half a head": (refund()[:60], [408]),
    "half a body": (refund({"content-length": str(len(REFUND) + 1)}), [408]),
    "no last chunk": (refund({"transfer-encoding": "chunked"}, b"%x\r\n%s\r\n" % (len(REFUND), REFUND)), [408]),
    "a body that is refused before it comes": (refund({"content-length": str(1025 * MIB)}), [413]),
    "half a second request": (refund() + refund()[:-1], [200, 408]),
    "blank lines after a request": (refund() + b"\r\n\r\n", [200]),
    "nothing after a request": (refund(), [200]),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("content", "statuses"), SLOW.values(), ids=SLOW)
def test_a_client_that_never_ends_its_request_is_disconnected(content: bytes, statuses: list[int], hasty: Process) -> None:
    with socket.create_connection(hasty.address, timeout=10) as connection:
        connection.sendall(content)
        answers = raw_http.read_answers(raw_http.receive(connection, quiet=5))
        connection.settimeout(0.1)
        assert connection.recv(1) == b""  # it has hung up

    assert [answer.status for answer in answers] == statuses
    assert booked(hasty) == ["1.00"] * statuses.count(200)


@pytest.mark.slow
@pytest.mark.parametrize("content", [refund(), b"\r\n" * 100], ids=["a request", "blank lines"])
def test_a_byte_now_and_then_does_not_keep_a_connection_open(content: bytes, hasty: Process) -> None:
    dropped = 0
    with socket.create_connection(hasty.address, timeout=10) as connection, contextlib.suppress(ConnectionError):
        while not select.select([connection], [], [], 0.1)[0]:  # neither an answer nor the end of the connection
            connection.sendall(content[dropped : dropped + 1])
            dropped += 1
        while connection.recv(65536):
            pass

    assert dropped < 60


@pytest.mark.slow
def test_a_held_request_is_not_a_slow_one(hasty: Process) -> None:
    call(hasty.address, "POST", "/_sandbox/faults", {"api": "funnelfox", "at": "before", "delay_ms": 2500})

    answers = raw_http.exchange(hasty.address, [refund() + refund()[:-5]], count=2)

    assert [answer.status for answer in answers] == [200, 408]


def endless(*pieces: bytes, size: int = 40 * MIB) -> Iterator[bytes]:
    """Yield the first piece, and then the others without end."""
    yield pieces[0]
    sent, piece = 0, b"".join(pieces[1:])
    while sent < size:
        yield piece
        sent += len(piece)


START = b"POST %s HTTP/1.1\r\nhost: x\r\n" % raw_http.FUNNELFOX.encode()
CHUNKED = refund({"transfer-encoding": "chunked"}, b"")
ENDLESS: dict[str, tuple[Iterable[bytes], list[int]]] = {
    "headers": (endless(START, b"x-a: y\r\n" * 10_000), [431]),
    "one header": (endless(START + b"x-a: ", b"y" * MIB), [431]),
    "a path": (endless(b"GET /", b"y" * MIB), [431]),
    "blank lines": (endless(b"", b"\r\n" * MIB), [431]),
    "what follows a chunk's size": (endless(CHUNKED + b"1;", b"y" * MIB), [431]),
    "trailers": (endless(CHUNKED + b"0\r\n", b"x-a: y\r\n" * 10_000), [431]),
    "an announced body": (endless(refund({"content-length": str(1025 * MIB)}, b""), b"y" * MIB), [413]),
    "one chunk": (endless(CHUNKED + b"40000000\r\n", b"y" * MIB, size=80 * MIB), [413]),
    "chunks": (endless(CHUNKED, b"100000\r\n" + b"y" * MIB + b"\r\n", size=80 * MIB), [413]),
    "chunks of one byte": (endless(CHUNKED, b"1\r\ny\r\n" * 100_000, size=10 * MIB), []),
}


@pytest.mark.parametrize(("pieces", "statuses"), ENDLESS.values(), ids=ENDLESS)
def test_an_endless_request_uses_no_memory(pieces: Iterable[bytes], statuses: list[int], server: Process) -> None:
    before = server.memory(peak=True)

    answers = raw_http.exchange(server.address, pieces, count=len(statuses))

    assert [answer.status for answer in answers] == statuses
    assert server.memory(peak=True) < before + ROOM
    assert booked(server) == []


@pytest.mark.slow
def test_a_client_that_never_reads_uses_no_memory(server: Process) -> None:
    before = server.memory(peak=True)
    with socket.create_connection(server.address, timeout=1) as connection, pytest.raises(TimeoutError):
        for _ in range(1000):
            connection.sendall(HEALTH * 1000)

    assert call(server.address, "GET", "/_sandbox/health")[0] == 200
    assert server.memory(peak=True) < before + ROOM
    assert server.is_silent(), server.logged()


@pytest.mark.parametrize("api", raw_http.PATHS)
@pytest.mark.parametrize("more", [{}, {"expect": "100-continue"}], ids=["without waiting", "after 100 Continue"])
def test_a_body_of_a_gigabyte_is_refused_before_it_comes(api: str, more: dict[str, str], server: Process) -> None:
    before = server.memory(peak=True)
    head = raw_http.request("POST", raw_http.PATHS[api], b"", {**JSON, **more, "content-length": str(1025 * MIB)})

    (answer,) = raw_http.exchange(server.address, [head], count=1)

    assert answer.status == 413
    code = answer.document["error"][0]["code"] if api == "funnelfox" else answer.document["code"]
    assert code in ("payload_too_large", "rest_request_too_large")
    assert server.memory(peak=True) < before + 1


def test_a_state_that_is_too_large_is_refused_before_it_comes(server: Process) -> None:
    head = raw_http.request("PUT", "/_sandbox/state", b"", {**JSON, "content-length": str(1025 * MIB)})

    (answer,) = raw_http.exchange(server.address, [head], count=1)

    assert answer.status == 413


def wrapped(value: bytes) -> dict[str, bytes]:
    """The value as a whole body, and as a field of each API."""
    return {"": value, "funnelfox": b'{"amount":%s}' % value, "fluentcart": b'{"refund_info":{"amount":%s}}' % value}


BOMBS: dict[str, bytes] = {
    "deep": b"[" * 500_000,
    "deep and whole": b'{"a":' * 150_000 + b"1" + b"}" * 150_000,
    "many keys": b"{%s}" % b",".join(b'"%d":0' % number for number in range(90_000)),
    "equal keys": b"{%s}" % b",".join([b'"":0'] * 190_000),
    "many empty lists": b"[%s]" % b",".join([b"[]"] * 340_000),
    "many empty objects": b"[%s]" % b",".join([b"{}"] * 340_000),
    "a whole number": b"9" * 1_000_000,
    "a number with a fraction": b"0." + b"9" * 1_000_000,
    "a large exponent": b"1e" + b"9" * 1_000_000,
    "a number in a text": b'"%s"' % (b"9" * 1_000_000),
    "escapes": b'"%s"' % (rb"\u0000" * 170_000),
    "no UTF-8": b'"%s"' % (b"\xff" * 1_000_000),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("validation", ["strict", "live"])
def test_json_bombs_are_refused_with_little_memory(bomb: bytes, validation: str, server: Process) -> None:
    assert call(server.address, "PUT", "/_sandbox/settings", {"validation": validation})[0] == 200
    before = server.memory(peak=True)
    for api in raw_http.PATHS:
        for name, body in wrapped(bomb).items():
            if name in ("", api):
                (answer,) = raw_http.exchange(server.address, [raw_http.refund(api, body)], count=1)
                assert 400 <= answer.status < 500

    assert server.memory(peak=True) < before + 4 * ROOM
    assert booked(server) == []


LIMITS: dict[str, tuple[tuple[str, str], dict[str, Any], int, str]] = {
    "header": (("--max-header", "2000"), {"headers": {"x-long": "y" * 2000}}, 431, ""),
    "body": (("--max-body", "2000"), {"body": b'{"reason":"%s"}' % (b"x" * 2000)}, 413, "2000 bytes"),
    "depth": (("--max-depth", "3"), {"body": b"[[[[]]]]"}, 400, "nested too deep"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("flags", "sent", "status", "says"), LIMITS.values(), ids=LIMITS)
def test_a_limit_can_be_set(flags: tuple[str, str], sent: dict[str, Any], status: int, says: str) -> None:
    with serving(*flags) as process:
        assert (
            raw_http.exchange(process.address, [refund()], count=1)[0].status == 400
        )  # within the limits: there is no such order
        (answer,) = raw_http.exchange(process.address, [refund(**sent)], count=1)

    assert answer.status == status
    assert says in answer.body.decode()
