"""What the console's tests do beside the browser: calls of other clients, and servers of their own."""

import json
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import httpx2

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_thread import Listening, listen

_ADMIN = {"login": "admin", "application_password": "demo DEMO 1234 demo DEMO 5678", "permissions": ["super_admin"]}
FUNNELFOX = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def refund(url: str, order: int = 1001, charge: int = 129237, amount: int = 2500, **info: Any) -> httpx2.Response:
    """Another client refunds a part of a FluentCart order."""
    body = {"refund_info": {"transaction_id": charge, "amount": amount, **info}}
    login = ("admin", "demo DEMO 1234 demo DEMO 5678")
    return httpx2.post(f"{url}/wp-json/fluent-cart/v2/orders/{order}/refund", json=body, auth=login)


def control(url: str, method: str, path: str, document: Any = None, **headers: str) -> Any:
    """A control call that must succeed; its document."""
    reply = httpx2.request(method, f"{url}/_sandbox{path}", json=document, headers=headers)
    assert reply.is_success, reply.text
    return reply.json() if reply.content else None


def fill(served: "Served", orders: int, requests: int) -> None:
    """A shop of so many paid orders, and as many refunds of them, one after the other over one connection."""
    charges = [{"id": number, "total": 9900, "vendor_charge_id": f"pi_{number}"} for number in range(1, orders + 1)]
    paid = [{"id": charge["id"], "total_paid": charge["total"], "transactions": [charge]} for charge in charges]
    control(served.url, "PUT", "/state", {"fluentcart": {"users": [_ADMIN], "orders": paid}})
    with closing(HTTPConnection("127.0.0.1", served.port)) as connection:
        for number in range(1, requests + 1):
            body = json.dumps({"refund_info": {"transaction_id": number, "amount": 100}})
            path = f"/wp-json/fluent-cart/v2/orders/{number}/refund"
            connection.request("POST", path, body, {**raw_http.CREDENTIALS, "Content-Type": "application/json"})
            connection.getresponse().read()


@dataclass(frozen=True)
class Served:
    """A sandbox of a test's own, on a socket."""

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
    """Starts one, at any free port or a given one."""
    settings = settings or Settings()
    sandbox = build(settings)
    return Served(sandbox, listen(sandbox.app, settings, port))
