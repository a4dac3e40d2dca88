"""The pytest plugin, in pytest runs of its own."""

import subprocess
import sys

import httpcore2  # noqa: F401  # pytester forgets modules that are first imported within it; httpx2 would see two of this one
import pytest

from refund_sandbox.testing import Sandbox
from tests.support.pytest_plugin_args import PLUGIN

pytest_plugins = "pytester"

_REFUND = """
import httpx2

def refund(sandbox, order, amount):
    info = {"transaction_id": order.transaction_id, "amount": amount}
    url = f"{sandbox.fluentcart.url}/orders/{order.id}/refund"
    return httpx2.post(url, json={"refund_info": info}, auth=sandbox.fluentcart.auth)
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest: in this process, or in another one if it starts workers."""
    if "-n" not in arguments:
        return pytester.runpytest_inprocess("-q", *PLUGIN, *arguments)
    return run_process(pytester, "-p", "xdist.plugin", *arguments)


def run_process(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest in a process of its own, with the plugin alone."""
    command = (sys.executable, "-m", "pytest", "-q", "-p", "refund_sandbox.pytest_plugin", *arguments)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.run(*command, timeout=150)


def test_each_test_starts_at_the_demo_state_in_a_workspace_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
urls = set()

def test_one(refund_sandbox):
    urls.add(refund_sandbox.url)
    assert refund(refund_sandbox, refund_sandbox.fluentcart.find(1001), 100).status_code == 200
    refund_sandbox.fault("flaky", optional=True)

def test_two(refund_sandbox):
    urls.add(refund_sandbox.url)
    refund_sandbox.assert_no_refunds()
    assert refund_sandbox.fluentcart.find(1001).refunds() == []
    assert refund_sandbox.faults() == []
    assert len(urls) == 2
    assert len({url.partition("/w/")[0] for url in urls}) == 1
"""
    )

    run(pytester).assert_outcomes(passed=2)


OTHER = """
names = set()

def use(refund_sandbox):
    other = refund_sandbox.workspace("other")
    assert other.settings()["validation"] == "strict"
    other.settings(validation="live")
    other.fluentcart.order(paid=100)
    names.add(other.client.workspace)
    assert refund_sandbox.workspace("other") is other
    assert other.url != refund_sandbox.url

def test_one(refund_sandbox):
    use(refund_sandbox)

def test_two(refund_sandbox):
    use(refund_sandbox)
    assert len(names) == 2

def test_three(refund_sandbox):
    assert not names & set(refund_sandbox.client.get("/workspaces")["workspaces"])
"""


def test_a_second_workspace_of_a_test_belongs_to_it_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHER)

    run(pytester).assert_outcomes(passed=3)


def test_a_second_workspace_belongs_to_its_test_in_a_running_sandbox_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OTHER)

    with Sandbox() as sandbox:
        run(pytester, "--refund-sandbox-url", sandbox.url).assert_outcomes(passed=3)

        assert sandbox.client.get("/workspaces")["workspaces"] == ["default"]


def test_a_fault_that_never_hits_in_a_second_workspace_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
def test_it(refund_sandbox):
    refund_sandbox.workspace("other").fault("reply_lost", api="fluentcart")

def test_deleted(refund_sandbox):
    refund_sandbox.workspace("other").delete()
"""
    )

    run(pytester).assert_outcomes(passed=2, errors=1)


def test_a_failed_assertion_shows_the_requests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
def test_it(refund_sandbox):
    order = refund_sandbox.fluentcart.find(1001)
    refund(refund_sandbox, order, 100)
    refund_sandbox.assert_refunded(order, 200)
"""
    )

    result = run(pytester)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*should be refunded once (200); it was refunded once (100).",
            "E*#1 POST /wp-json/fluent-cart/v2/orders/1001/refund *",
            "E*new transaction *: a refund of 100",
        ]
    )


def test_a_conftest_sets_the_options(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
import pytest

@pytest.fixture(scope="session")
def refund_sandbox_options():
    return {"validation": "live", "fluentcart_version": "1.3.25", "fixture": "empty"}
""")
    pytester.makepyfile("""
def test_it(refund_sandbox):
    settings = refund_sandbox.settings()
    assert (settings["validation"], settings["fluentcart"]["version"]) == ("live", "1.3.25")
    assert refund_sandbox.state()["fluentcart"]["orders"] == []
""")

    run(pytester).assert_outcomes(passed=1)


def test_in_process_it_is_the_same_state(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import asyncio
import httpx2

def test_it(refund_sandbox, refund_sandbox_app):
    async def call():
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(refund_sandbox_app)) as client:
            return await client.get(refund_sandbox.fluentcart.url + "/orders/1001", auth=refund_sandbox.fluentcart.auth)

    assert asyncio.run(call()).json()["order"]["id"] == 1001
    assert len(refund_sandbox.requests()) == 1
""")

    run(pytester).assert_outcomes(passed=1)


def test_on_a_shared_server_each_test_has_its_own_workspace_that_is_deleted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
import pytest

@pytest.mark.parametrize("name", ["one", "two", "wörld / x"])
def test_it(refund_sandbox, name):
    refund_sandbox.assert_no_refunds()
    refund(refund_sandbox, refund_sandbox.fluentcart.find(1001), 100)
    assert "/w/test-it-" in refund_sandbox.url
"""
    )
    with Sandbox(admin_token="secret") as server:
        run(pytester, "--refund-sandbox-url", server.url, "--refund-sandbox-token", "secret").assert_outcomes(passed=3)

        server.assert_no_refunds()
        assert server.client.get("/workspaces")["workspaces"] == ["default"]


def test_a_shared_server_that_does_not_answer_is_an_error_of_one_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(refund_sandbox): pass")

    result = run(pytester, "--refund-sandbox-url", "http://127.0.0.1:1")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["E*Unreachable: No sandbox answers at http://127.0.0.1:1: Connection refused. Start one with: refund-sandbox serve"]
    )


_ISOLATED_TESTS = (
    _REFUND
    + """
import pytest

@pytest.mark.parametrize("number", range(COUNT))
def test_it(refund_sandbox, number):
    order = refund_sandbox.fluentcart.order(paid=10000)
    other = refund_sandbox.funnelfox.order(amount="9.99")
    assert refund(refund_sandbox, order, 100 + number).status_code == 200
    refund_sandbox.assert_refunded(order, 100 + number)
    refund_sandbox.assert_refunded(other, "9.99", times=0)
    assert len(refund_sandbox.requests()) == 1
"""
)


@pytest.mark.slow
def test_eight_workers_share_one_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_ISOLATED_TESTS.replace("COUNT", "200"))
    with Sandbox() as server:
        run(pytester, "-n", "8", "--refund-sandbox-url", server.url).assert_outcomes(passed=200)

        server.assert_no_refunds()


@pytest.mark.slow
def test_workers_have_a_server_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_ISOLATED_TESTS.replace("COUNT", "10"))

    run(pytester, "-n", "2").assert_outcomes(passed=10)


@pytest.mark.slow
def test_pytest_works_without_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(refund_sandbox): pass")

    result = pytester.runpytest_subprocess("-q", "-p", "no:refund_sandbox")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'refund_sandbox' not found"])


def test_a_project_may_have_a_package_of_its_own_called_sandbox(pytester: pytest.Pytester) -> None:
    (pytester.mkpydir("sandbox") / "shop.py").write_text("ORDER = 1001\n")
    pytester.makepyfile("""
from sandbox.shop import ORDER

def test_it(refund_sandbox):
    assert refund_sandbox.fluentcart.find(ORDER).id == ORDER
""")

    run_process(pytester).assert_outcomes(passed=1)


def test_nothing_is_imported_before_a_fixture_is_requested() -> None:
    late = ("starlette", "uvicorn", "refund_sandbox.app", "http.client", "refund_sandbox.testing")
    script = f"import sys, refund_sandbox.pytest_plugin; print([name for name in {late} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_what_an_earlier_test_has_not_closed_is_reported(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import gc
import socket

def test_that_leaves_a_socket_in_a_reference_cycle():
    gc.disable()
    cycle = [socket.socket()]
    cycle.append(cycle)

def test_it(refund_sandbox):
    pass
"""
    )

    result = run_process(pytester, "-W", "always::ResourceWarning")

    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*ResourceWarning: unclosed <socket*"])


def test_a_mistake_in_a_call_is_shown_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
def test_it(refund_sandbox):
    refund_sandbox.fault("replylost")
""")

    result = run(pytester)

    result.stdout.fnmatch_lines([">*fault(*", "E*CallRejected: /scenario: Unknown scenario 'replylost'.*"])
    result.stdout.no_fnmatch_line("*control_client.py:*")
