"""Isolation of tests: a workspace for each, with ids of its own, and a URL for an application that is configured once."""

import pytest

from refund_sandbox.testing import Sandbox
from tests.testing.test_pytest_plugin import _REFUND, run, run_process

pytest_plugins = "pytester"

LEFTOVER = (
    _REFUND
    + """
import pytest

left_over = []

@pytest.mark.parametrize("number", range(3))
def test_it(refund_sandbox, number):
    order = refund_sandbox.fluentcart.order(paid=10000)
    checkout = refund_sandbox.funnelfox.order(amount="9.99")
    for url, order_id, transaction_id in left_over:
        info = {"transaction_id": transaction_id, "amount": 100}
        httpx2.post(f"{url}/orders/{order_id}/refund", json={"refund_info": info}, auth=refund_sandbox.fluentcart.auth)
    left_over.append((SHOP, order.id, order.transaction_id))
    assert checkout.id not in seen
    seen.add(checkout.id)
    refund_sandbox.assert_refunded(order, 100, times=0)
    refund_sandbox.assert_no_refunds()

seen = set()
"""
)


@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.parametrize("url", ["refund_sandbox.fluentcart.url", "configured['shop']"])
def test_a_retry_of_an_earlier_test_finds_nothing(pytester: pytest.Pytester, is_running: bool, url: str) -> None:
    pytester.makeconftest(
        """
import pytest

configured = {}

@pytest.fixture(scope="session", autouse=USED)
def application(refund_sandbox_url):
    configured["shop"] = f"{refund_sandbox_url}/wp-json/fluent-cart/v2"
""".replace("USED", str("configured" in url))
    )
    pytester.makepyfile("from conftest import configured\n" + LEFTOVER.replace("SHOP", url))

    with Sandbox() as running:
        result = run(pytester, *(["--refund-sandbox-url", running.url] if is_running else []))

        result.assert_outcomes(passed=3)
        if is_running:
            left = running.client.get("/workspaces")["workspaces"]
            assert len([name for name in left if name.startswith("session")]) == 0


CONFIGURED_ONCE = """
import os
import httpx2
import pytest

@pytest.fixture(scope="session", autouse=True)
def settings(FIXTURE):
    os.environ["SHOP_URL"] = VALUE + "/wp-json/fluent-cart/v2"

@pytest.mark.parametrize("number", range(2))
def test_the_application_calls_the_sandbox_of_the_test(refund_sandbox, number):
    order = refund_sandbox.fluentcart.order(paid=10000)
    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 2500}}
    httpx2.post(f"{os.environ['SHOP_URL']}/orders/{order.id}/refund", json=body, auth=refund_sandbox.fluentcart.auth)
    refund_sandbox.assert_refunded(order, 2500)
    assert len(refund_sandbox.requests()) == 1
"""
FIXTURES = {"refund_sandbox_url": "refund_sandbox_url", "refund_sandbox_server": "refund_sandbox_server.url"}


@pytest.mark.parametrize("how", ["in this process", "an option", "a variable"])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_an_application_that_is_configured_once_calls_the_workspace_of_the_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, fixture: str, how: str
) -> None:
    pytester.makepyfile(CONFIGURED_ONCE.replace("FIXTURE", fixture).replace("VALUE", FIXTURES[fixture]))
    with Sandbox() as running:
        if how == "a variable":
            monkeypatch.setenv("REFUND_SANDBOX_URL", running.url)

        run(pytester, *(["--refund-sandbox-url", running.url] if how == "an option" else [])).assert_outcomes(passed=2)

        running.assert_no_refunds()


def test_the_variable_for_the_url_is_read_and_the_option_wins(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile("def test_it(refund_sandbox): print(refund_sandbox.url)")
    with Sandbox(admin_token="secret") as running:
        monkeypatch.setenv("REFUND_SANDBOX_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("REFUND_SANDBOX_TOKEN", "secret")

        refused = run(pytester)
        passed = run(pytester, "-s", "--refund-sandbox-url", running.url)

        refused.assert_outcomes(errors=1)
        passed.assert_outcomes(passed=1)
        passed.stdout.fnmatch_lines([f"*{running.url}/w/test-it-*"])


def test_the_ids_of_a_test_repeat(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
def test_it(refund_sandbox):
    first = refund_sandbox.fluentcart.order().id, refund_sandbox.funnelfox.order().id
    refund_sandbox.reset()
    assert (refund_sandbox.fluentcart.order().id, refund_sandbox.funnelfox.order().id) == first
    print("ids", first)

def test_other(refund_sandbox):
    print("ids", (refund_sandbox.fluentcart.order().id, refund_sandbox.funnelfox.order().id))
""")

    def ids(result: pytest.RunResult) -> list[str]:
        result.assert_outcomes(passed=2)
        return [line.partition("ids ")[2] for line in result.outlines if "ids " in line]

    first, second = ids(run(pytester, "-s")), ids(run(pytester, "-s"))
    assert first == second
    assert first[0] != first[1]


def test_a_request_that_waits_when_its_test_ends_books_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
import threading

urls = []

def test_one(refund_sandbox):
    order = refund_sandbox.fluentcart.order(paid=10000)
    refund_sandbox.fault(at="gateway", hold="it", order=order)
    waiting = threading.Thread(target=lambda: refund_quietly(refund_sandbox, order), daemon=True)
    waiting.start()
    while not refund_sandbox.faults()[0]["hits"]:
        pass
    urls.append((refund_sandbox, waiting))

def refund_quietly(sandbox, order):
    try:
        refund(sandbox, order, 100)
    except httpx2.HTTPError:
        pass

def test_two(refund_sandbox):
    old, waiting = urls[0]
    waiting.join(10)
    assert not waiting.is_alive()
    refund_sandbox.assert_no_refunds()
    old.assert_no_refunds()
"""
    )

    run_process(pytester).assert_outcomes(passed=2)


def test_a_client_in_process_uses_the_workspace_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import asyncio
import httpx2

def test_it(refund_sandbox_app, refund_sandbox):
    order = refund_sandbox.funnelfox.order(amount="9.99")

    async def call():
        transport = httpx2.ASGITransport(refund_sandbox_app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://billing.test") as client:
            body = {"external_id": order.external_id, "order_id": order.id}
            return await client.post("/your-org-id/v1/payment/refund", json=body, headers=refund_sandbox.funnelfox.headers)

    assert asyncio.run(call()).json() == {}
    refund_sandbox.assert_refunded(order, "9.99")
    assert refund_sandbox_app.sandbox is refund_sandbox
""")

    run(pytester).assert_outcomes(passed=1)


def test_the_options_hold_in_a_running_sandbox_too(pytester: pytest.Pytester) -> None:
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
    with Sandbox() as running:
        run(pytester, "--refund-sandbox-url", running.url).assert_outcomes(passed=1)


def test_the_url_of_the_session_comes_before_the_workspace_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(refund_sandbox, request): request.getfixturevalue('refund_sandbox_url')")

    result = run(pytester)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*UsageError: Request refund_sandbox_url before refund_sandbox*"])


@pytest.mark.parametrize("is_running", [False, True])
def test_a_test_that_uses_the_session_alone_has_fresh_data(pytester: pytest.Pytester, is_running: bool) -> None:
    pytester.makepyfile("""
import pytest

@pytest.fixture(scope="session")
def server(refund_sandbox_server):
    return refund_sandbox_server

@pytest.mark.parametrize("number", range(2))
def test_it(server, number):
    assert len(server.state()["fluentcart"]["orders"]) == 18
    server.fluentcart.order(paid=1000)

def test_a_fault_that_never_hits(server):
    server.fault("server_error")

def test_after_it(server):
    assert server.faults() == []
""")

    with Sandbox() as running:
        result = run(pytester, *(["--refund-sandbox-url", running.url] if is_running else []))

    result.assert_outcomes(passed=4, errors=1)
