"""Helpers for the console's tests: requests of other clients, and servers on a socket."""

import json
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import httpx2
from playwright.sync_api import Page

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.fluentcart_calls import AUTH, BASE
from tests.support.server_thread import Listening, listen

_ADMIN = {"login": AUTH[0], "application_password": AUTH[1], "permissions": ["super_admin"]}
_HTTP = httpx2.Client(timeout=60, limits=httpx2.Limits(max_keepalive_connections=0))
FUNNELFOX = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def refund(url: str, order: int = 1001, charge: int = 129237, amount: int = 2500, **info: Any) -> httpx2.Response:
    """Refund part of a FluentCart order as another client."""
    body = {"refund_info": {"transaction_id": charge, "amount": amount, **info}}
    return _HTTP.post(f"{url}{BASE}/orders/{order}/refund", json=body, auth=AUTH)


def control(url: str, method: str, path: str, document: Any = None, **headers: str) -> Any:
    """Send a control request that must succeed, and return its document."""
    reply = _HTTP.request(method, f"{url}/_sandbox{path}", json=document, headers=headers)
    assert reply.is_success, reply.text
    return reply.json() if reply.content else None


def fill(served: "Served", orders: int, requests: int) -> None:
    """Load `orders` paid orders, and refund the first `requests` of them one by one over one connection."""
    charges = [{"id": number, "total": 9900, "vendor_charge_id": f"pi_{number}"} for number in range(1, orders + 1)]
    paid = [{"id": charge["id"], "total_paid": charge["total"], "transactions": [charge]} for charge in charges]
    control(served.url, "PUT", "/state", {"fluentcart": {"users": [_ADMIN], "orders": paid}})
    with closing(HTTPConnection("127.0.0.1", served.port)) as connection:
        for number in range(1, requests + 1):
            body = json.dumps({"refund_info": {"transaction_id": number, "amount": 100}})
            path = f"/wp-json/fluent-cart/v2/orders/{number}/refund"
            connection.request("POST", path, body, {**raw_http.CREDENTIALS, "Content-Type": "application/json"})
            connection.getresponse().read()


_SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  do { await frame(); await frame(); } while (window.requestsInFlight);
}"""
COUNT_REQUESTS = """
  window.requestsInFlight = 0;
  const send = window.fetch;
  window.fetch = (...request) => {
    window.requestsInFlight += 1;
    return send(...request).finally(() => { window.requestsInFlight -= 1; });
  };
"""
"""Script of a page that `settle` waits for."""


def settle(page: Page) -> None:
    """Wait until the page has rendered the replies to what it has requested."""
    page.evaluate(_SETTLED)


@dataclass(frozen=True)
class Served:
    """A sandbox on a socket, for one test or module."""

    sandbox: SandboxApp
    listening: Listening

    @property
    def url(self) -> str:
        return self.listening.url

    @property
    def port(self) -> int:
        return self.listening.address[1]

    def stop(self) -> None:
        self.listening.stop()
        self.sandbox.close()


def serve(port: int = 0, settings: Settings | None = None) -> Served:
    """Start a sandbox, on any free port by default."""
    settings = settings or Settings()
    sandbox = build(settings)
    return Served(sandbox, listen(sandbox.app, settings, port))
