"""Lines on stdout of `serve` for each request."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.server.request_lines import RequestLines
from tests.support import raw_http
from tests.support.server_process import Process, serving
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only
ORDER = "/wp-json/fluent-cart/v2/orders/1001"
OPEN = {"connection": "keep-alive"}
LINE = re.compile(r"^\d\d:\d\d:\d\d (.+?) \d+\.\d ms(.*)$", re.MULTILINE)


def use(process: Process) -> None:
    """Send requests that are answered directly, by ASGI, by no API, and not at all."""
    for method, path in (
        ("GET", f"{ORDER}?_wpnonce=topsecret&a=b"),
        ("GET", f"/w/mine{ORDER}%2F"),
        ("HEAD", "/_sandbox/health?token=x"),
        ("GET", "/docs"),
        ("POST", "/v1/payment/refund"),
    ):
        assert raw_http.send(process.address, raw_http.request(method, path, headers=OPEN)).status
    assert call(process.address, "POST", "/_sandbox/faults", {"scenario": "reply_lost", "api": "funnelfox"})[0] == 201
    order = raw_http.STATE["funnelfox"]["orders"][0]["order_id"]
    body = json.dumps({"order_id": order, "external_id": "user_456"}).encode()
    assert raw_http.exchange(process.address, [raw_http.refund("funnelfox", body)]) == []


def lines(process: Process) -> list[tuple[str, str]]:
    """Return the lines for requests, without time and duration."""
    return LINE.findall(process.printed())


def test_each_request_is_one_line_with_status_order_and_fault() -> None:
    with serving() as process:
        use(process)
        wait_until(lambda: "no reply" in process.printed())

        order = raw_http.STATE["funnelfox"]["orders"][0]["order_id"]
        assert lines(process) == [
            (f"GET {ORDER}?_wpnonce=***&a=b 403", "  order 1001"),
            (f"GET /w/mine{ORDER}%2F 404", ""),
            ("POST /v1/payment/refund 404", ""),
            ("POST /your-org-id/v1/payment/refund no reply", f"  order {order}  fault reply_lost  connection reset"),
        ]
        assert process.logged() == ""


def test_the_lines_can_be_json() -> None:
    with serving("--log-format", "json") as process:
        use(process)
        wait_until(lambda: '"reset"' in process.printed())
        documents: list[dict[str, Any]] = [json.loads(line) for line in process.printed().splitlines()[1:]]

    last = documents[-1]
    assert (last["method"], last["path"], last["status"]) == ("POST", "/your-org-id/v1/payment/refund", None)
    assert (last["faults"], last["connection"], last["workspace"]) == (["reply_lost"], "reset", "default")
    assert [one["workspace"] for one in documents] == ["default", "mine", "default", "default"]
    assert "topsecret" not in str(documents)
    assert documents[0]["ms"] >= 0


@pytest.mark.parametrize("flags", [("--quiet",), ("--quiet", "--log-level", "debug")])
def test_a_quiet_server_prints_no_lines(flags: tuple[str, ...]) -> None:
    with serving(*flags) as process:
        use(process)
        with serving() as loud:  # whose lines show that time enough has passed
            use(loud)
            wait_until(lambda: "no reply" in loud.printed())

        assert lines(process) == []


@pytest.mark.slow
def test_processes_that_build_their_own_application_print_lines_too(tmp_path: Path) -> None:
    with serving("--workers", "2", "--store", f"sqlite:///{tmp_path / 'sandbox.db'}") as process:
        wait_until(lambda: raw_http.send(process.address, raw_http.request("GET", ORDER, headers=OPEN)).status)

        wait_until(lambda: lines(process))
        os.kill(process.pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())  # no worker is left


def test_a_request_does_not_control_the_terminal() -> None:
    with serving() as process:
        body = json.dumps({"order_id": "\x1b[2J\nforged", "external_id": "x"}).encode()
        raw_http.send(process.address, raw_http.refund("funnelfox", body))
        wait_until(lambda: lines(process))

        assert lines(process)[0][1] == r"  order \x1b[2j\nforged"


@pytest.mark.parametrize(("variables", "has_colors"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colors(variables: dict[str, str], has_colors: bool) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=follower, stderr=follower, env={**os.environ, **variables}) as process:
        os.close(follower)
        shown = b""
        while b"#/requests" not in shown:
            shown += os.read(leader, 65536)
        port = int(re.search(rb"listening on http://127.0.0.1:(\d+)", shown)[1])  # type: ignore[index]
        raw_http.send(("127.0.0.1", port), raw_http.request("GET", ORDER, headers=OPEN))
        while b"order 1001" not in shown:
            shown += os.read(leader, 65536)
        process.terminate()

    assert (b"\x1b[33m" in shown) == has_colors


def test_a_reader_that_stops_does_not_stop_the_server() -> None:
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        wait_until(lambda: "Request log" in process.stdout.readline())  # type: ignore[union-attr]
        process.stdout.close()
        for _ in range(3):
            raw_http.send(("127.0.0.1", port), raw_http.request("GET", ORDER, headers=OPEN))
        process.terminate()

        assert (process.wait(10), process.stderr.read()) == (0, "")


def wait(event: threading.Event) -> None:
    event.wait(30)


def test_a_slow_reader_holds_no_bodies_in_memory() -> None:
    is_read = threading.Event()
    lines = RequestLines(lambda _: wait(is_read), as_json=False, color=False)
    body = b"x" * 100_000
    references = sys.getrefcount(body)
    request = Request("POST", raw_http.FUNNELFOX, "", {}, body)
    metadata = RequestMetadata(datetime.now(UTC), "funnelfox", None, None, 1, (), (), ())
    for _ in range(10):
        lines.add("default", request, Reply({}), metadata)

    del request

    assert sys.getrefcount(body) == references
    is_read.set()
    lines.close()
