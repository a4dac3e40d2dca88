"""CORS: a page on another port can call what it could call of the live services, and nothing else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.console.conftest import Visitor
from tests.support.browser import control

pytestmark = pytest.mark.memory_only
_FETCH = """async ([url, method, headers, body, credentials]) => {
  const type = { 'Content-Type': 'application/json' };
  const options = { method, headers: { ...type, ...headers }, body: body && JSON.stringify(body), credentials };
  const reply = await fetch(url, options).catch(() => null);
  return reply && [reply.status, await reply.text()];
}"""


class _FrontEnd(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Front end</title><main>Front end</main>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def front_end() -> Iterator[str]:
    """URL of a front end on another port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _FrontEnd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(visit: Visitor, front_end: str, page_errors: list[str]) -> Iterator[Page]:
    """The front end in a browser. The browser logs an error for each refused request."""
    yield visit(base=front_end, ready="main")
    page_errors.clear()


def call(page: Page, url: str, body: Any = None, credentials: str = "include", **headers: str) -> list[Any] | None:
    """Return status and text, or None if the browser blocks the reply."""
    method = "GET" if body is None else "POST"
    reply: list[Any] | None = page.evaluate(_FETCH, [url, method, headers, body, credentials])
    return reply


@pytest.mark.slow
def test_fluentcart_is_called_with_credentials(page: Page, url: str) -> None:
    login = {"Authorization": page.evaluate("'Basic ' + btoa('admin:demo DEMO 1234 demo DEMO 5678')")}
    orders = f"{url}/wp-json/fluent-cart/v2/orders"

    listed = call(page, orders, **login)
    refunded = call(page, f"{orders}/1001/refund", {"refund_info": {"transaction_id": 129237, "amount": 2500}}, **login)

    assert listed is not None
    assert refunded is not None
    assert (listed[0], refunded[0]) == (200, 200)
    assert "Refund processed on Stripe" in refunded[1]


_MANY = """async (url) => {
  const numbers = [...Array(40).keys()];
  const calls = numbers.map((number) => fetch(`${url}/w/e${number}/wp-json/`, { mode: 'no-cors' }).catch(() => null));
  return (await Promise.all(calls)).length;
}"""


def test_a_page_elsewhere_refunds_nothing_and_creates_no_workspace(
    front_end: str, visit: Visitor, url: str, page_errors: list[str]
) -> None:
    workspaces = control(url, "GET", "/workspaces")["workspaces"]
    elsewhere = visit(base=front_end.replace("127.0.0.1", "elsewhere.example"), ready="main")
    login = {"Authorization": elsewhere.evaluate("'Basic ' + btoa('admin:demo DEMO 1234 demo DEMO 5678')")}
    refund = {"refund_info": {"transaction_id": 129237, "amount": 2500}}

    assert call(elsewhere, f"{url}/wp-json/fluent-cart/v2/orders/1001/refund", refund, **login) is None
    assert elsewhere.evaluate(_MANY, url) == 40
    page_errors.clear()
    assert control(url, "GET", "/fluentcart/orders/1001")["total_refund"] == 0
    assert control(url, "GET", "/workspaces")["workspaces"] == workspaces


def test_a_page_under_a_rebound_name_is_refused(visit: Visitor, url: str, page_errors: list[str]) -> None:
    rebound = url.replace("127.0.0.1", "elsewhere.example")
    page = visit("_sandbox/health", base=rebound, ready="body")

    reply = call(page, f"{rebound}/wp-json/fluent-cart/v2/orders", credentials="omit")

    page_errors.clear()
    assert reply is not None
    assert reply[0] == 403


def test_a_scenario_is_sent_by_a_page(page: Page, url: str) -> None:
    login = {"Authorization": page.evaluate("'Basic ' + btoa('admin:demo DEMO 1234 demo DEMO 5678')")}

    reply = call(page, f"{url}/wp-json/fluent-cart/v2/orders", **login, **{"X-Sandbox-Scenario": "rate_limited"})

    assert reply is not None
    assert reply[0] == 429


def test_only_public_operations_of_funnelfox_are_called(page: Page, url: str) -> None:
    key = {"ff-secret-key": "sandbox-secret-key"}
    public = call(page, f"{url}/your-org-id/v1/price_points", {}, credentials="omit")
    secret = call(page, f"{url}/your-org-id/v1/payment/refund", {}, credentials="omit", **key)

    assert public is not None
    assert public[0] == 200
    assert secret is None


def test_the_control_api_is_not_called(page: Page, url: str) -> None:
    assert call(page, f"{url}/_sandbox/state") is None
    assert call(page, f"{url}/_sandbox/reset", {"fixture": "empty"}) is None
    assert call(page, f"{url}/_sandbox/reset", {"fixture": "empty"}, **{"Content-Type": "text/plain"}) is None

    assert control(url, "GET", "/fluentcart/orders")["total"] == 18
