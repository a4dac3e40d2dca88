"""Lines on stderr for each request, by log level."""

import pickle
import re
import socket

import pytest

from refund_sandbox.server.access_log import AccessLog
from refund_sandbox.server.uvicorn_server import APP_FACTORY, configure
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_process import Process, serving
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only
ORDER = "/wp-json/fluent-cart/v2/orders/1001"
OPEN = {"connection": "keep-alive"}
LINE = re.compile(r"INFO: +([A-Z]+ .+) \d+\.\d ms")


def use(process: Process) -> None:
    """Send requests that are answered directly, by ASGI, and not at all."""
    for method, path in (
        ("GET", f"{ORDER}?_wpnonce=topsecret&a=b"),
        ("GET", f"{ORDER}%2F"),
        ("HEAD", "/_sandbox/health?token=x"),
    ):
        assert raw_http.send(process.address, raw_http.request(method, path, headers=OPEN)).status
    assert call(process.address, "POST", "/_sandbox/faults", {"at": "before", "connection": "close"})[0] == 201
    assert raw_http.exchange(process.address, [raw_http.refund("funnelfox", b"{}")]) == []


def lines(process: Process) -> list[str]:
    """Return the lines for requests, without durations."""
    return LINE.findall(process.logged())


@pytest.mark.parametrize("level", ["info", "debug"])
def test_each_request_is_one_line_with_status_and_duration(level: str) -> None:
    with serving("--log-level", level) as process:
        use(process)
        wait_until(lambda: "no reply" in process.logged())

        assert lines(process) == [
            "GET /wp-json/fluent-cart/v2/orders/1001?_wpnonce=***&a=b 403",
            "GET /wp-json/fluent-cart/v2/orders/1001%2F 404",
            "HEAD /_sandbox/health?token=*** 200",
            "POST /_sandbox/faults 201",
            "POST /your-org-id/v1/payment/refund no reply",
        ]
        assert process.is_silent(), process.logged()


def test_by_default_nothing_is_logged() -> None:
    with serving() as process:
        use(process)

        assert process.logged() == ""


def test_a_stream_is_logged_when_it_ends() -> None:
    with serving("--log-level", "info") as process:
        with socket.create_connection(process.address, timeout=10) as connection:
            connection.sendall(raw_http.request("GET", "/_sandbox/events", headers=OPEN))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            assert lines(process) == []

        wait_until(lambda: lines(process) == ["GET /_sandbox/events 200"])


def test_processes_that_build_their_own_application_log_too() -> None:
    config = pickle.loads(pickle.dumps(configure(APP_FACTORY, Settings(log_level="info"), factory=True)))  # noqa: S301
    config.load()

    assert isinstance(config.loaded_app, AccessLog)
