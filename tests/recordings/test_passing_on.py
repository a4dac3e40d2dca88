"""The recording proxy over sockets: requests and replies that it passes on as they are."""

import gzip
import json
import ssl
import subprocess
import zlib
from pathlib import Path

import pytest

from refund_sandbox.recordings import proxy as recording_proxy
from tests.support.echo_service import PreparedService
from tests.support.recording_proxy import exchange, http_request, recording, status_of

pytestmark = pytest.mark.memory_only

PATH = "/wp-json/x/%2Fy%20z/a+b?q=%C3%A9&e[]=1&&f"
CHUNKED = {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


def split(reply: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers by lower-case name, and the body with its chunks joined."""
    head, _, body = reply.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
    return status_of(reply), headers, unchunked(body) if ("transfer-encoding", "chunked") in headers else body


def unchunked(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        found, body = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return found


def test_a_request_arrives_as_it_was_sent_but_for_host_and_connection(tmp_path: Path) -> None:
    sent = {"X-Own": "a, b", "Accept": "text/*", "Accept-Encoding": "gzip, br, zstd;q=0.5", "Keep-Alive": "5", "Te": "trailers"}
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        exchange(proxy.address, http_request("PUT", PATH, sent, b"\x00\xff raw"))

    [(method, target, headers, body)] = service.requests
    assert (method, target, body) == ("PUT", PATH, b"\x00\xff raw")
    assert headers.pop("host") == service.url.removeprefix("http://")
    assert headers == {"x-own": "a, b", "accept": "text/*", "accept-encoding": "gzip", "content-length": "6"}


def test_a_chunked_request_stays_chunked(tmp_path: Path) -> None:
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        service.reply = (201, [], [b"one", b"two"])
        status, headers, body = split(exchange(proxy.address, http_request("POST", "/upload", *CHUNKED)))

    assert service.requests[0][2]["transfer-encoding"] == "chunked"
    assert "content-length" not in service.requests[0][2]
    assert service.requests[0][3] == b"abcde"
    assert (status, body) == (201, b"onetwo")
    assert ("transfer-encoding", "chunked") in headers


REPLIES: dict[str, tuple[str, int, list[tuple[str, str]], bytes]] = {
    "gzip": ("GET", 200, [("Content-Encoding", "gzip"), ("Content-Type", "application/json")], gzip.compress(b'{"a": 1}')),
    "repeated headers": (
        "GET",
        200,
        [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Own", "\xe4\xf6")],
        b"x",
    ),
    "redirect": ("POST", 302, [("Location", "https://elsewhere.example/a?b=c")], b""),
    "error of a page": ("GET", 503, [("Content-Type", "text/html"), ("Retry-After", "120")], b"<h1>busy</h1>"),
    "no charset": ("GET", 200, [("Content-Type", "application/octet-stream")], bytes(range(256))),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_comes_back_as_it_is(name: str, tmp_path: Path) -> None:
    method, status, headers, content = REPLIES[name]
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        service.reply = (status, [*headers, ("Content-Length", str(len(content)))], content)
        found = split(exchange(proxy.address, http_request(method, "/wp-json/x", {})))

    assert found[0] == status
    assert found[2] == content
    assert set(found[1]) >= {(key.lower(), value) for key, value in headers}
    assert [key for key, _ in found[1]].count("date") == 1


@pytest.mark.parametrize(("method", "status", "length"), [("HEAD", 200, "1234"), ("GET", 204, None), ("GET", 304, None)])
def test_a_reply_without_a_body_ends(method: str, status: int, length: str | None, tmp_path: Path) -> None:
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        service.reply = (status, [("Content-Length", length)] if length else [], b"")
        found = split(exchange(proxy.address, http_request(method, "/wp-json/x", {})))

    assert (found[0], found[2]) == (status, b"")
    assert dict(found[1]).get("content-length") == length


def test_the_path_of_the_target_comes_before_that_of_the_request(tmp_path: Path) -> None:
    with PreparedService() as service, recording(f"{service.url}/shop/", tmp_path / "r.json") as proxy:
        exchange(proxy.address, http_request("GET", "/wp-json/fluent-cart/v2/orders?a=1", {}))

    assert service.requests[0][1] == "/shop/wp-json/fluent-cart/v2/orders?a=1"
    assert proxy.cases[0]["request"]["path"] == "/wp-json/fluent-cart/v2/orders?a=1"


def test_the_address_of_the_service_is_masked(tmp_path: Path) -> None:
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        body = json.dumps(
            {"url": f"{service.url}/a", "text": f"see {service.url.replace('/', chr(92) + '/')}", "q": "?u=" + service.url}
        )
        service.reply = (200, [("Location", f"{service.url}/b"), ("Content-Length", str(len(body)))], body.encode())
        exchange(proxy.address, http_request("GET", "/wp-json/x", {"Origin": service.url}))

    [case] = proxy.cases
    assert case["expect"]["body"] == {"url": "<site>/a", "text": "see <site>", "q": "?u=<site>"}
    assert case["expect"]["headers"]["Location"] == "<site>/b"
    assert service.url not in json.dumps(case)


def test_a_request_that_is_too_large_is_not_sent_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(recording_proxy, "MAX_REQUEST_BYTES", 1000)
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        reply = exchange(proxy.address, http_request("POST", "/wp-json/x", {}, b"x" * 1001))

    assert status_of(reply) == 413
    assert service.requests == []
    assert proxy.cases == []


def test_a_large_reply_is_passed_on_and_not_recorded(tmp_path: Path) -> None:
    size = recording_proxy.MAX_RECORDED_BYTES + 1
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        service.reply = (200, [("Content-Length", str(size))], b"x" * size)
        found = split(exchange(proxy.address, http_request("GET", "/wp-json/x", {})))

    assert len(found[2]) == size
    assert "omitted" in proxy.cases[0]["expect"]
    assert proxy.path.stat().st_size < 5000


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    file = tmp_path / "tls.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1".split()
    subprocess.run([*command, "-keyout", str(file), "-out", str(tmp_path / "cert.pem")], check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "cert.pem").read_text())
    return file


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate"])
def test_a_body_that_is_unpacked_to_a_huge_one_is_not_recorded(encoding: str, tmp_path: Path) -> None:
    pack = zlib.compress if encoding == "deflate" else gzip.compress
    packed = pack(b" " * 20_000_000, 1)
    bomb = gzip.compress(packed) if encoding == "gzip, gzip" else packed
    coding = {"Content-Encoding": encoding}
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        service.reply = (200, list(coding.items()), [bomb])
        _, _, body = split(exchange(proxy.address, http_request("POST", "/x", coding, bomb)))

    [case] = proxy.cases
    assert body == service.requests[0][3] == bomb
    assert len(json.dumps(case)) < 5000


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_target_with_tls_is_reached_if_its_certificate_is_trusted(is_trusted: bool, certificate: Path, tmp_path: Path) -> None:
    service = PreparedService()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    service.use_tls(context)
    with service, recording(service.url, tmp_path / "r.json", ca_file=certificate if is_trusted else None) as proxy:
        reply = exchange(proxy.address, http_request("GET", "/wp-json/x", {}))

    assert service.url.startswith("https://")
    assert status_of(reply) == (200 if is_trusted else 502)
    assert len(service.requests) == is_trusted
    assert is_trusted or proxy.cases[0]["without_reply"].startswith("not sent, ")
