"""Faults that never hit: they fail the test at its end, with the nearest requests."""

import pytest

from refund_sandbox.testing import Sandbox
from tests.testing.test_pytest_plugin import _REFUND, run

pytest_plugins = "pytester"

TWO_ORDERS = (
    _REFUND
    + """
def test_it(refund_sandbox):
    order, other = refund_sandbox.fluentcart.order(paid=10000), refund_sandbox.fluentcart.order(paid=5000)
    refund_sandbox.fault("gateway_declined", order=order{more})
    refund(refund_sandbox, other, 100)
"""
)


def test_a_fault_that_never_hit_fails_the_test_and_names_the_nearest_request(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TWO_ORDERS.replace("{more}", ""))

    result = run(pytester)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "1 fault never hit:",
            "  gateway_declined for order * (fluentcart, phase gateway)",
            "    #1 POST */refund: order_id is *, not *",
        ]
    )
    result.stdout.no_fnmatch_line("*workspace_client.py*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")
    result.stdout.no_fnmatch_line("*traceback*")
    report = result.stdout.str().partition("short test summary")[0]  # where CI is set, the summary repeats it
    assert report.count("  gateway_declined for order") == 1


@pytest.mark.parametrize("how", ["a parameter", "an option", "an ini file"])
def test_it_may_stay_without_a_hit(pytester: pytest.Pytester, how: str) -> None:
    pytester.makepyfile(TWO_ORDERS.replace("{more}", ", optional=True" if how == "a parameter" else ""))
    if how == "an ini file":
        pytester.makeini("[pytest]\nrefund_sandbox_unused_faults = ignore\n")

    result = run(pytester, *(["--refund-sandbox-unused-faults=ignore"] if how == "an option" else []))

    result.assert_outcomes(passed=1)


def test_a_scenario_of_two_apis_has_to_hit_one_of_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
import pytest

def test_hit(refund_sandbox):
    refund_sandbox.fault("reply_lost")
    with pytest.raises(httpx2.ReadError):
        refund(refund_sandbox, refund_sandbox.fluentcart.order(paid=100), 100)

def test_missed(refund_sandbox):
    refund_sandbox.fault("reply_lost")
"""
    )

    result = run(pytester)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["2 faults never hit:", "*no request came"])


def test_a_scenario_of_another_order_has_to_hit_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
import pytest

def test_it(refund_sandbox):
    hit, missed = refund_sandbox.fluentcart.order(paid=100), refund_sandbox.funnelfox.order(amount="1.00")
    refund_sandbox.fault("reply_lost", order=hit)
    refund_sandbox.fault("reply_lost", order=missed)
    with pytest.raises(httpx2.ReadError):
        refund(refund_sandbox, hit, 100)
"""
    )

    result = run(pytester)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["1 fault never hit:", "  reply_lost of refundPayment for order *"])


def test_a_test_that_fails_has_no_second_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _REFUND
        + """
def test_it(refund_sandbox):
    order = refund_sandbox.fluentcart.order(paid=10000)
    refund_sandbox.fault("gateway_declined", order=order)
    refund_sandbox.assert_refunded(order, 100)
"""
    )

    result = run(pytester)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*it was not refunded.", "E*Enabled faults that did not hit:", "E*gateway_declined for *"])


REASONS = {
    "another operation": (
        'refund_sandbox.fault("server_error", operation="refundOrder", order=order)',
        "operation is getOrder, not refundOrder",
    ),
    "another API": (
        'refund_sandbox.fault("server_error", api="funnelfox")',
        "api is fluentcart, not funnelfox",
    ),
    "another field": (
        'refund_sandbox.fault("gateway_declined", api="fluentcart", match={"reason": "x"})',
        "getOrder is no refund, it has no reason",
    ),
    "a refused request": (
        'refund_sandbox.fault("reply_lost", order=order); refund(refund_sandbox, order, 99999)',
        "it was refused with 422",
    ),
    "a webhook": ('refund_sandbox.fault("webhook_dropped", operation="refund/settled")', "no webhook was sent"),
    "before it was enabled": (
        'refund_sandbox.fault("server_error", order=order)',
        "it came before the fault was enabled",
    ),
    "passed": (
        'refund_sandbox.fault("server_error", operation="refundOrder", skip=2); refund(refund_sandbox, order, 100)',
        "1 more requests pass (skip)",
    ),
}


@pytest.mark.parametrize(("code", "reason"), REASONS.values(), ids=REASONS)
def test_the_text_says_why_a_request_was_not_hit(pytester: pytest.Pytester, code: str, reason: str) -> None:
    pytester.makepyfile(
        _REFUND
        + f"""
def test_it(refund_sandbox):
    order = refund_sandbox.fluentcart.order(paid=10000)
    httpx2.get(f"{{refund_sandbox.fluentcart.url}}/orders/{{order.id}}", auth=refund_sandbox.fluentcart.auth)
    {code}
"""
    )

    result = run(pytester)

    result.assert_outcomes(passed=1, errors=1)
    assert reason in result.stdout.str()


@pytest.mark.parametrize("is_running", [False, True])
def test_a_fault_in_process_has_to_hit_too(pytester: pytest.Pytester, is_running: bool) -> None:
    pytester.makepyfile('def test_it(refund_sandbox_app): refund_sandbox_app.sandbox.fault("server_error")')
    with Sandbox() as running:
        result = run(pytester, *(["--refund-sandbox-url", running.url] if is_running else []))

    result.assert_outcomes(passed=1, errors=1)


def test_a_test_that_passes_when_it_is_repeated_is_checked(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)  # as pytest-rerunfailures does
    item._initrequest()
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
""")
    pytester.makepyfile("""
runs = []

def test_it(refund_sandbox):
    refund_sandbox.fault("server_error")
    runs.append(1)
    assert len(runs) > 1
""")

    result = run(pytester)

    result.assert_outcomes(passed=1, errors=1)
