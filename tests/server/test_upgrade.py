"""A request with `Upgrade` is answered as if the header were not there (RFC 9110 7.8). Java's HttpClient sends it by default."""

import json
from collections.abc import Iterator, Mapping

import pytest
import uvicorn

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_thread import Listening, listen

NEVER_TESTED = "0.999.0"
UPGRADES: Mapping[str, dict[str, str]] = {
    "h2c": {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAMAAABkAAQAAP__"},
    "TLS": {"connection": "Upgrade", "upgrade": "TLS/1.2"},
    "WebSocket": {"connection": "keep-alive, Upgrade", "upgrade": "websocket", "sec-websocket-key": "MTIz"},
}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module", params=[uvicorn.__version__, NEVER_TESTED])
def listening(request: pytest.FixtureRequest) -> Iterator[Listening]:
    """A sandbox on the installed uvicorn, and on one of an unknown version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn, "__version__", request.param)
        sandbox = build(Settings())
        listening = listen(sandbox.app)
    yield listening
    listening.stop()
    sandbox.close()


@pytest.fixture(autouse=True)
def one_order_in_each_api(listening: Listening) -> None:
    state = raw_http.request("PUT", "/_sandbox/state", json.dumps(raw_http.STATE).encode(), JSON)
    assert raw_http.send(listening.address, state).status == 200


def refund(api: str, headers: Mapping[str, str]) -> bytes:
    return raw_http.refund(api, json.dumps(raw_http.REFUNDS[api]).encode(), **headers)


@pytest.mark.parametrize("api", raw_http.REFUNDS)
@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_a_refund_with_upgrade_is_booked(api: str, upgrade: dict[str, str], listening: Listening) -> None:
    (answer,) = raw_http.exchange(listening.address, [refund(api, upgrade)], count=1)

    assert answer.status == 200
    assert "upgrade" not in answer.headers


def test_a_request_for_asgi_with_upgrade_has_its_body(listening: Listening) -> None:
    order = raw_http.request("POST", "/_sandbox/fluentcart/orders", b'{"paid": 5000}', {**JSON, **UPGRADES["h2c"]})

    (answer,) = raw_http.exchange(listening.address, [order], count=1)

    assert answer.status == 201
    assert answer.document["total_paid"] == 5000


@pytest.mark.parametrize("size", [10, 300, 100_000])
def test_requests_with_and_without_upgrade_are_answered_in_their_order(size: int, listening: Listening) -> None:
    reads = [raw_http.request("GET", f"/_sandbox/requests?{name}", headers=UPGRADES["h2c"]) for name in ("a", "b")]
    refunds = [refund("funnelfox", headers) for headers in (UPGRADES["TLS"], {"connection": "keep-alive"}, UPGRADES["h2c"])]
    content = b"".join([refunds[0], reads[0], refunds[1], refunds[2], reads[1]])

    answers = raw_http.exchange(
        listening.address, [content[start : start + size] for start in range(0, len(content), size)], count=5
    )

    assert [answer.status for answer in answers] == [200, 400, 200, 200, 400]
    assert ["'a'" in answers[1].body.decode(), "'b'" in answers[4].body.decode()] == [True, True]


def test_a_body_in_chunks_after_upgrade_is_complete(listening: Listening) -> None:
    body = json.dumps(raw_http.REFUNDS["funnelfox"]).encode()
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    headers = {**UPGRADES["h2c"], "transfer-encoding": "chunked"}

    (answer,) = raw_http.exchange(listening.address, [raw_http.refund("funnelfox", chunks, **headers)], count=1)

    assert (answer.status, answer.document) == (200, {})


def test_the_last_request_of_a_connection_may_have_upgrade(listening: Listening) -> None:
    headers = {"connection": "Upgrade, close", "upgrade": "h2c"}

    (answer,) = raw_http.exchange(listening.address, [refund("funnelfox", headers)])

    assert answer.status == 200
    assert answer.headers.get("connection", "close") == "close"  # earlier versions of uvicorn close without a word


def test_connect_is_refused(listening: Listening) -> None:
    answers = raw_http.exchange(listening.address, [b"CONNECT example.test:443 HTTP/1.1\r\nhost: example.test\r\n\r\n"], count=1)

    assert [answer.status // 100 for answer in answers] == [4]
