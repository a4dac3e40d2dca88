"""No malformed request crashes the sandbox or changes the ledger: lines, headers, queries and forms."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from tests.support import raw_http

pytestmark = pytest.mark.memory_only

GOOD = {api: json.dumps(document).encode() for api, document in raw_http.REFUNDS.items()}
JSON = {"content-type": "application/json", **raw_http.CREDENTIALS}
TARGETS: dict[str, int] = {
    "/%": 404,
    "/%zz/v1/payment/refund": 401,
    "/your-org-id/v1/%": 404,
    "/your-org-id/v1/payment/refund%00": 404,
    "/your-org-id/v1/payment/refund%0a": 404,
    "/your-org-id/v1/payment/refund/..": 404,
    "/your-org-id%2Fv1/payment/refund": 404,
    "/unknown-org/v1/payment/refund": 401,
    "//v1/payment/refund": 404,
    "/../v1/payment/refund": 401,
    "/" + "a" * 30_000 + "/v1/payment/refund": 401,
    "/wp-json/%": 404,
    "/wp-json%2Ffluent-cart/v2/orders/1001/refund": 404,
    "/wp-json/fluent-cart/v2/orders/%D9%A3/refund": 404,
    "/wp-json/fluent-cart/v2/orders/" + "9" * 5000 + "/refund": 404,
    "/wp-json/fluent-cart/v2/orders/1001/refund%0a": 404,
    "/?rest_route=%": 404,
    "/?rest_route=/fluent-cart/v2/orders/1001/refund%0a": 404,
    "/_sandbox/%": 404,
    "/_sandbox/funnelfox/orders/%00": 404,
    "/specs/%2e%2e": 404,
}
BROKEN: dict[str, bytes] = {
    "no path": b"POST  HTTP/1.1\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a path in Latin-1": raw_http.request("POST", "/caf\xe9/v1/payment/refund", GOOD["funnelfox"], JSON),
    "a method of blanks": raw_http.request("PO ST", raw_http.FUNNELFOX, GOOD["funnelfox"], JSON),
    "an invented method": raw_http.request("BREW", raw_http.FUNNELFOX, GOOD["funnelfox"], JSON),
    "a method in small letters": raw_http.request("post", raw_http.FUNNELFOX, GOOD["funnelfox"], JSON),
    "an endless method": raw_http.request("X" * 10_000, raw_http.FUNNELFOX, GOOD["funnelfox"], JSON),
    "a header name with a blank": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "a b": "c"}),
    "a bell in the host": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "host": "a\7b"}),
    "a bell in a key": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "ff-secret-key": "\7"}),
    "a zero in a header": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "ff-secret-key": "a\0b"}),
    "a negative length": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "content-length": "-1"}),
    "a length in words": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "content-length": "many"}),
    "two lengths": raw_http.request("POST", raw_http.FUNNELFOX, GOOD["funnelfox"], {**JSON, "content-length": "5, 6"}),
}


@pytest.fixture
def before(sandbox: SandboxApp) -> dict[str, Any]:
    """The state before a request, in the mode that reads the most."""
    return raw_http.arrange(sandbox, validation="live", version="1.3.25")


@pytest.fixture(autouse=True)
def unchanged(before: dict[str, Any], sandbox: SandboxApp) -> Iterator[None]:
    """Nothing here may change the ledger."""
    yield
    assert sandbox.workspace.dump() == before


@pytest.mark.parametrize(("target", "status"), TARGETS.items(), ids=[target[:48] for target in TARGETS])
def test_an_odd_path_is_not_found(target: str, status: int, address: tuple[str, int]) -> None:
    for method in ("POST", "GET", "PUT", "DELETE"):
        answer = raw_http.send(address, raw_http.request(method, target, GOOD["funnelfox"], JSON))

        assert answer.status in ({status, 404, 405} if method != "POST" else {status})
        assert isinstance(answer.document, dict)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_bytes_that_are_not_http_are_refused_by_the_server(
    content: bytes, sandbox: SandboxApp, before: dict[str, Any], address: tuple[str, int]
) -> None:
    sandbox.workspace.journal.clear()

    assert raw_http.send(address, content).status == 400
    assert sandbox.workspace.journal.find({}) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (raw_http.request("GET", "/wp-json/fluent-cart/v2/orders?search=\xe9"), "Invalid char in url query"),
        (BROKEN["an invented method"], "Invalid method encountered"),
        (b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "Unexpected whitespace after header value"),
    ],
)
def test_the_server_says_what_is_wrong_with_the_bytes(content: bytes, reason: str, address: tuple[str, int]) -> None:
    assert raw_http.send(address, content).body == f"Bad Request: {reason}\n".encode()


@pytest.mark.parametrize("path", ["/wp-json/fluent-cart/v2/orders/1001", "/wp-json/", "/wp-json/nothing", "/_sandbox/health"])
def test_head_has_the_length_of_what_get_gets(path: str, address: tuple[str, int]) -> None:
    connection = HTTPConnection(*address, timeout=10)
    lengths = []

    for method in ("HEAD", "GET"):  # over one connection, which a body after HEAD would break
        connection.request(method, path, headers=raw_http.CREDENTIALS)
        reply = connection.getresponse()
        lengths.append((reply.status, reply.headers["content-length"], len(reply.read())))
    connection.close()

    (status, length, size), got = lengths
    assert ((status, length, int(length)), size) == (got, 0)


def basic(pair: bytes) -> str:
    return "Basic " + b64encode(pair).decode()


STRANGERS = [
    *("", "Basic", "Basic ", "Basic !!!!", "Basic " + "A" * 50_000, "Basic \xff", "Basic YQ==", "Bearer x", "Digest x"),
    *(
        basic(b""),
        basic(b":"),
        basic(b"admin"),
        basic(b"admin:"),
        basic(b"admin:\0"),
        basic(b"\xff:\xff"),
        basic(b"admin:" + b"x" * 10_000),
    ),
]
KEYS = ["", "x", "\xff", "sandbox-secret-key\xff", "SANDBOX-SECRET-KEY", "x" * 50_000]


@pytest.mark.parametrize(
    ("api", "header", "value"),
    [("fluentcart", "authorization", value) for value in STRANGERS] + [("funnelfox", "ff-secret-key", value) for value in KEYS],
    ids=lambda value: ascii(value)[:24],
)
def test_broken_credentials_are_refused(api: str, header: str, value: str, address: tuple[str, int]) -> None:
    answer = raw_http.send(address, raw_http.refund(api, GOOD[api], **{header: value}))

    assert answer.status == 401
    assert answer.document


ODD_HEADERS: list[dict[str, str]] = [
    *({"host": value} for value in ("", "\xff", "a b", "[::1", "x" * 10_000)),
    *({"origin": value} for value in ("\xff", "null", "x" * 10_000)),
    *({"content-encoding": value} for value in ("gzip", "\xff")),
    *({"accept": "\xff"}, {"cookie": "\xff"}, {"user-agent": ""}, {"x-wp-nonce": "\xff"}, {"referer": "x" * 50_000}),
    *({"x-http-method-override": value} for value in ("\xff", "GET", "BREW", "x" * 1000)),
    {f"x-{number}": "y" for number in range(90)},
]


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=lambda headers: ascii(headers)[:40])
@pytest.mark.parametrize("api", raw_http.PATHS)
def test_odd_headers_are_answered(
    api: str, headers: dict[str, str], before: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    answer = raw_http.send(address, raw_http.refund(api, b"{}", **headers))

    assert answer.status in (400, 403, 404, 422)
    assert answer.document
    assert all("\n" not in value for value in answer.headers.values())


QUERIES = [
    *("a" + "[b]" * 1000 + "=1", "&".join(f"a{number}=1" for number in range(5000)), "a" + "[" * 5000 + "=1", "]" * 5000),
    *("&" * 5000, "=&=&=", "%zz=%", "%00=%00", "%ff%fe=%ff", "refund_info=1", "refund_info[]=1", "refund_info[amount][]=1"),
    *("_method=GET", "_method[]=x", "_method=%00", "_fields[]=a", "_fields=" + "a." * 2000, "_jsonp[]=1", "_jsonp=%0d%0aX:1"),
    *("_envelope&_jsonp=a", "_pretty", "_wpnonce=1", "_wpnonce[]=1", "rest_route=/x", "rest_route[]=x", "?" * 1000, "#"),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:32])
def test_an_odd_query_is_answered(query: str, address: tuple[str, int]) -> None:
    for api, path in raw_http.PATHS.items():
        for method in ("POST", "GET", "OPTIONS"):
            answer = raw_http.send(address, raw_http.request(method, f"{path}?{query}", b"{}", JSON))

            plugin = api == "fluentcart" and b"plugin_exception" in answer.body
            assert answer.status in (200, 400, 403, 404, 405, 422) or plugin


@pytest.mark.parametrize("form", QUERIES, ids=lambda form: form[:32])
def test_an_odd_form_is_answered(form: str, before: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]) -> None:
    answer = raw_http.send(address, raw_http.refund("fluentcart", form.encode(), "application/x-www-form-urlencoded"))

    raw_http.check_refund(sandbox, "fluentcart", before, answer)


DISPOSITION = b"--x\r\nContent-Disposition: form-data; "
PARTS: dict[str, bytes] = {
    "boundaries": b"--x\r\n" * 5000,
    "nothing else": b"--x" * 300_000,
    "no name": DISPOSITION + b"\r\n\r\n1\r\n--x--",
    "a broken name": DISPOSITION + b'name="\xff\r\n\r\n\xff\r\n--x--',
    "a deep name": DISPOSITION + b'name="refund_info' + b"[a]" * 10_000 + b'"\r\n\r\n1',
    "an open name": DISPOSITION + b'name="' + b"[" * 900_000,
    "a long head": b"--x\r\n" + b"content-disposition:;name=" * 30_000,
    "nested": b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y" * 10_000,
    "a file": DISPOSITION + b'name="refund_info[amount]"; filename="a"\r\n\r\n1\r\n--x--',
}


@pytest.mark.parametrize("body", PARTS.values(), ids=PARTS)
def test_a_broken_multipart_form_is_answered(
    body: bytes, before: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data; boundary=-", "multipart/form-data; boundary="):
        answer = raw_http.send(address, raw_http.refund("fluentcart", body, kind))

        raw_http.check_refund(sandbox, "fluentcart", before, answer)


@pytest.mark.parametrize("api", raw_http.PATHS)
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"zz\r\n{}\r\n0\r\n\r\n", 400), (b"-1\r\n{}", 400), (b"100000\r\n" + b"x" * 0x100000 + b"\r\n1\r\nx\r\n0\r\n\r\n", 413)],
    ids=["no number", "a negative number", "too large"],
)
def test_a_broken_chunked_body_is_refused(api: str, body: bytes, status: int, address: tuple[str, int]) -> None:
    answer = raw_http.send(address, raw_http.request("POST", raw_http.PATHS[api], body, {**JSON, "transfer-encoding": "chunked"}))

    assert answer.status == status


@pytest.mark.parametrize("api", raw_http.PATHS)
@pytest.mark.parametrize("framing", [{"content-length": "1000"}, {"transfer-encoding": "chunked"}], ids=["length", "chunks"])
def test_half_a_request_is_not_handled(
    api: str, framing: dict[str, str], before: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    sandbox.workspace.journal.clear()
    body = GOOD[api] if "content-length" in framing else b"%x\r\n%s\r\n" % (len(GOOD[api]), GOOD[api])
    with socket.create_connection(address) as connection:
        connection.sendall(raw_http.request("POST", raw_http.PATHS[api], body, {**JSON, **framing}))

    raw_http.send(address, raw_http.request("GET", "/_sandbox/health"))

    assert sandbox.workspace.journal.find({}) == []
