"""The sandbox as a guest in somebody's process: it leaves no trace, and works beside forks, gevent, trio and its exit."""

import asyncio
import subprocess
import sys
import time
from typing import Any

import httpx2
import pytest

from refund_sandbox.testing import FunnelFoxOrder, InProcess, Sandbox
from tests.support.waiting import wait_until


def run_script(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own. Warnings are errors."""
    return subprocess.run([sys.executable, "-W", "error", *arguments, "-c", code], capture_output=True, text=True, timeout=60)


SNAPSHOT = """
import asyncio, gc, logging, os, signal, sys, threading, warnings
import httpx2

def snapshot():
    loggers = {
        name: (logger.level, list(logger.handlers), list(logger.filters), logger.propagate, logger.disabled)
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    root = logging.root.level, list(logging.root.handlers)
    signals = {one: signal.getsignal(one) for one in signal.valid_signals() if one not in (signal.SIGKILL, signal.SIGSTOP)}
    policy = type(asyncio.events._event_loop_policy)
    collector = gc.get_threshold(), gc.isenabled()
    return loggers, root, signals, dict(os.environ), policy, list(warnings.filters), collector, sys.excepthook

def refund(sandbox):
    order = sandbox.funnelfox.order(amount="9.99")
    body = {"external_id": order.external_id, "order_id": order.id}
    httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers)
    sandbox.assert_refunded(order, "9.99")

import refund_sandbox.app, refund_sandbox.server.uvicorn_server, refund_sandbox.control.routing
from refund_sandbox.testing import Sandbox
"""


def test_loggers_signals_environment_and_event_loop_policy_stay_as_they_are() -> None:
    done = run_script(
        SNAPSHOT
        + """
before = snapshot()
with Sandbox() as sandbox:
    refund(sandbox)
    during = snapshot()
after = snapshot()
assert {name: state for name, state in after[0].items() if name not in before[0] and state != (0, [], [], True, False)} == {}
after = {name: state for name, state in after[0].items() if name in before[0]}, *after[1:]
names = ("loggers", "root logger", "signals", "environment", "policy", "warnings", "gc", "excepthook")
print([name for name, one, two in zip(names, before, after) if one != two])
print([name for name, one, two in zip(names[1:], before[1:], during[1:]) if one != two])
print([threading.current_thread().name, *[one.name for one in threading.enumerate()][1:]])
"""
    )

    assert (done.stdout, done.stderr) == ("[]\n[]\n['MainThread']\n", "")


def test_its_start_and_end_are_not_in_the_log_of_the_application() -> None:
    done = run_script(SNAPSHOT + "logging.basicConfig(level=logging.INFO)\nwith Sandbox() as sandbox: sandbox.state()")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "end",
    ["", "sandbox.webhooks.targets(funnelfox=['http://127.0.0.1:9/']); refund(sandbox)", "sys.exit(3)"],
    ids=["the end of the script", "a webhook in progress", "an exit"],
)
def test_a_sandbox_that_nobody_stops_ends_with_the_interpreter(end: str) -> None:
    started = time.monotonic()

    done = run_script(SNAPSHOT + f"sandbox = Sandbox().start()\nrefund(sandbox)\n{end}")

    assert done.stderr == ""
    assert done.returncode == (3 if "exit" in end else 0)
    assert time.monotonic() - started < 20


def test_forked_children_have_connections_of_their_own() -> None:
    done = run_script(
        SNAPSHOT
        + """
import time
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads
with Sandbox() as sandbox:
    remote = Sandbox.at(sandbox.url)
    order = sandbox.fluentcart.order(paid=10000)
    same = remote.fluentcart.find(order.id)
    children = []
    for number in range(4):
        pid = os.fork()
        if pid == 0:
            for _ in range(30):
                assert order.refunds() == [] and same.read()["id"] == order.id
            sandbox.fluentcart.order(id=900 + number)
            os._exit(0)
        children.append(pid)
    statuses = [os.waitpid(pid, 0)[1] for pid in children]
    print(statuses, [sandbox.fluentcart.find(900 + number).id for number in range(4)])
"""
    )

    assert (done.stdout, done.stderr) == ("[0, 0, 0, 0] [900, 901, 902, 903]\n", "")


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_where_threads_are_replaced_the_start_says_at_once_what_to_do(library: str) -> None:
    pytest.importorskip(library)
    patch = {"gevent": "from gevent import monkey; monkey.patch_all()", "eventlet": "import eventlet; eventlet.monkey_patch()"}
    command = [sys.executable, "-c", f"{patch[library]}\nfrom refund_sandbox.testing import Sandbox\nSandbox().start()"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert f"RuntimeError: {library} has replaced the threads of this process" in done.stderr
    assert "Start `refund-sandbox serve` and use Sandbox.at(URL)" in done.stderr


def test_a_running_sandbox_is_used_under_gevent() -> None:
    pytest.importorskip("gevent")
    with Sandbox() as running:
        code = f"""
from gevent import monkey; monkey.patch_all()
from refund_sandbox.testing import Sandbox
print(Sandbox.at({running.url!r}).fluentcart.find(1001).id)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.stdout == "1001\n", done.stderr


async def refund(sandbox: Sandbox, order: FunnelFoxOrder, **options: Any) -> Any:
    """Refund an order in process."""
    transport = httpx2.ASGITransport(InProcess(sandbox))
    async with httpx2.AsyncClient(transport=transport, headers=sandbox.funnelfox.headers, **options) as client:
        body = {"external_id": order.external_id, "order_id": order.id}
        reply = await client.post(f"{sandbox.funnelfox.url}/payment/refund", json=body)
        return reply.json()


@pytest.mark.parametrize("fault", [{"delay_ms": 50}, {"reply": {"status": 200, "body": {}}, "delay_ms": 50}])
def test_a_client_in_process_may_run_under_trio(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    trio = pytest.importorskip("trio")
    order = sandbox.funnelfox.order(amount="9.99")
    sandbox.fault(at="before", order=order, **fault)

    assert trio.run(refund, sandbox, order) == {}


@pytest.mark.parametrize("at", ["before", "gateway", "after"])
@pytest.mark.parametrize("wait", [{"delay_ms": 2000}, {"hold": "it"}])
def test_a_client_in_process_gives_up_at_its_timeout_and_the_request_goes_on(
    sandbox: Sandbox, at: str, wait: dict[str, Any]
) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    sandbox.fault(at=at, operation="refundPayment", order=order, **wait)

    with pytest.raises(httpx2.ReadTimeout):
        asyncio.run(refund(sandbox, order, timeout=0.2))

    assert not sandbox.requests()
    if "hold" in wait:
        sandbox.release("it")
    wait_until(sandbox.requests)
    sandbox.assert_refunded(order, "9.99")


def test_a_client_in_process_with_enough_time_waits(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    sandbox.fault(at="before", delay_ms=100, order=order)

    assert asyncio.run(refund(sandbox, order, timeout=20)) == {}


def test_other_requests_in_process_are_served_while_one_waits(sandbox: Sandbox) -> None:
    held, other = sandbox.funnelfox.order(amount="9.99"), sandbox.funnelfox.order(amount="9.99")
    sandbox.fault(at="gateway", hold="it", order=held)

    async def both() -> list[Any]:
        waiting = asyncio.create_task(refund(sandbox, held))
        while not sandbox.faults()[0]["hits"]:
            await asyncio.sleep(0.01)
        replies = [await refund(sandbox, other)]
        sandbox.release("it")
        return [*replies, await waiting]

    assert asyncio.run(both()) == [{}, {}]
    sandbox.assert_refunded(held, "9.99")


def test_a_test_client_with_a_lifespan_does_not_stop_the_sandbox(sandbox: Sandbox) -> None:
    from starlette.testclient import TestClient

    for _ in range(2):
        with TestClient(InProcess(sandbox)) as client:
            assert client.get("/_sandbox/health").json()["status"] == "ok"
