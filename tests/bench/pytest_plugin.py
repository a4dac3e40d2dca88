"""Time that tests spend on the sandbox: start of the session's server, a reset, a test, and 200 tests in eight workers.

Run it with `.venv/bin/python -m tests.bench.pytest_plugin [ROUNDS]`. It prints medians. Each start is a new process.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from refund_sandbox.testing import Sandbox
from tests.bench.servers import as_installed
from tests.support.pytest_plugin_args import PLUGIN

_START = """
import pytest, time
started, busy = time.perf_counter(), time.process_time()
from refund_sandbox.testing import Sandbox
with Sandbox() as sandbox:
    sandbox.reset()
    print(time.perf_counter() - started, time.process_time() - busy)
"""
_TESTS = """
import json
import urllib.request
import pytest

@pytest.mark.parametrize("number", range(200))
def test_it(refund_sandbox, number):
    order = refund_sandbox.fluentcart.order(paid=10000)
    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 100 + number}}
    url = f"{refund_sandbox.fluentcart.url}/orders/{order.id}/refund"
    headers = {**refund_sandbox.fluentcart.headers, "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers))
    refund_sandbox.assert_refunded(order, 100 + number)
"""

_EACH = """
import asyncio
import httpx2
import pytest

client = httpx2.Client()

@pytest.mark.parametrize("number", range(200))
def test_http(refund_sandbox, number):
    order = refund_sandbox.fluentcart.order(paid=10000)
    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 100 + number}}
    url = f"{refund_sandbox.fluentcart.url}/orders/{order.id}/refund"
    client.post(url, json=body, headers=refund_sandbox.fluentcart.headers)
    refund_sandbox.assert_refunded(order, 100 + number)

@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner

@pytest.mark.parametrize("number", range(200))
def test_in_process(refund_sandbox_app, loop, number):
    sandbox = refund_sandbox_app.sandbox
    order = sandbox.fluentcart.order(paid=10000)
    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 100 + number}}
    url = f"{sandbox.fluentcart.url}/orders/{order.id}/refund"
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(refund_sandbox_app))
    loop.run(client.post(url, json=body, headers=sandbox.fluentcart.headers))
    sandbox.assert_refunded(order, 100 + number)
"""
_DURATIONS = """
import collections, statistics
durations = collections.defaultdict(float)

def pytest_runtest_logreport(report):
    durations[report.nodeid] += report.duration

def pytest_terminal_summary(terminalreporter):
    for name in ("test_http", "test_in_process"):
        times = [seconds for node, seconds in durations.items() if name in node]
        terminalreporter.write_line(f"median {name} {statistics.median(times) * 1000:.3f}")
"""


def each_test() -> dict[str, float]:
    """Return the median milliseconds of a test in one process: fixture, order, refund, `assert_refunded`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_refunds.py").write_text(_EACH)
        (Path(folder) / "conftest.py").write_text(_DURATIONS)
        command = [sys.executable, "-m", "pytest", "-q", *PLUGIN]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=as_installed())
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("median")]
    return {name: float(took) for _, name, took in lines}


def ready() -> tuple[float, float]:
    """Return seconds until a session's server has answered its first request, with imports, and seconds of CPU time."""
    command = [sys.executable, "-c", _START]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=as_installed())
    took, busy = map(float, done.stdout.split())
    return took, busy


def resets(count: int) -> list[float]:
    """Return the seconds of each reset, sorted. Before each one, the state has changed."""
    took = []
    with Sandbox() as sandbox:
        for _ in range(count):
            sandbox.fault("flaky")
            started = time.perf_counter()
            sandbox.reset()
            took.append(time.perf_counter() - started)
    return sorted(took)


def two_hundred_tests(*, shared: bool) -> float:
    """Return seconds for 200 tests in eight workers, on one server or on one per worker."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as server:
        (Path(folder) / "test_refunds.py").write_text(_TESTS)
        where = ["--refund-sandbox-url", server.url] if shared else []
        command = [sys.executable, "-m", "pytest", "-q", "-n", "8", *PLUGIN, *where]
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - started


def main(rounds: int, say: Callable[[str], object]) -> None:
    """Print medians."""
    starts = [ready() for _ in range(rounds + 1)][1:]  # the first one warms up
    took, busy = (statistics.median(column) for column in zip(*starts, strict=True))
    say(f"session's server ready   {took * 1000:8.0f} ms (processor {busy * 1000:.0f} ms)")
    each = resets(300)
    say(f"reset                    {statistics.median(each) * 1000:8.2f} ms (99 % within {each[296] * 1000:.2f} ms)")
    rounds_of_tests = [each_test() for _ in range(rounds)]
    for name, title in {"test_http": "a test over HTTP", "test_in_process": "a test in process"}.items():
        say(f"{title:24} {statistics.median(one[name] for one in rounds_of_tests):8.2f} ms")
    say(f"200 tests, one server    {two_hundred_tests(shared=True):8.1f} s")
    say(f"200 tests, a server each {two_hundred_tests(shared=False):8.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, lambda line: sys.stdout.write(line + "\n"))
