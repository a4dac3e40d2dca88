"""The pages about the refunds list every code that the code has for them."""

import ast
import re
from pathlib import Path

import pytest

from docs.generate import fluentcart_page, funnelfox_page
from refund_sandbox.apis import fluentcart, funnelfox
from refund_sandbox.testing import Sandbox
from tests.docs.test_scenarios_page import Refund
from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only

OF_OTHER_OPERATIONS = {
    "action_not_available",
    "double_purchase",
    "feature_exists",
    "invalid_date",
    "invalid_price",
    "invalid_value",
    "nothing_to_resume",
    "order_not_cancellable",
    "organization_not_found",
    "payment_failed",
    "payment_limit_exceeded",
    "price_point_exists",
    "price_point_not_found",
    "session_not_found",
    "strategy_not_available",
    "subscription_not_found",
    "user_not_found",
}
INJECTED = {"bad_gateway", "timeout"}  # described below the table


def words(package: str, *names: str) -> set[str]:
    """The texts in modules of a package that look like a code."""
    found = set()
    for name in names:
        for node in ast.walk(ast.parse((Path(package) / name).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", node.value):
                found.add(node.value)
    return found


def test_the_page_about_funnelfox_lists_every_code_of_a_refund() -> None:
    listed = {case.name for case in funnelfox_page.ERRORS}
    known = words(funnelfox.__path__[0], "errors.py")

    fields = {"api_exception", "client_token", "order_id", "pp_ident", "payment_method_token", "error_status", "ff_secret_key"}
    assert known - fields - OF_OTHER_OPERATIONS - INJECTED - listed == set()


def test_the_page_about_fluentcart_lists_every_code() -> None:
    page = (ROOT / "docs" / "reference" / "fluentcart-refund.md").read_text()
    known = {word for word in words(fluentcart.__path__[0], "errors.py") if word.startswith(("rest_", "sandbox_", "plugin_"))}

    of_reads = {"rest_callback_invalid", "rest_cannot_view_plugins"}
    assert {word for word in known if f"`{word}`" not in page} <= of_reads
    assert len(fluentcart_page.ERRORS) > 15


@pytest.mark.parametrize(
    ("status", "code"), [(403, "forbidden"), (418, "internal_error"), (502, "bad_gateway"), (504, "timeout")]
)
def test_a_fault_with_another_status_has_the_code_that_the_page_says(status: int, code: str) -> None:
    with Sandbox() as sandbox:
        sandbox.fault(at="before", reply={"status": status})

        reply = Refund(sandbox, "funnelfox").send()

        assert (reply.status, reply.body["error"][0]["code"]) == (status, code)
