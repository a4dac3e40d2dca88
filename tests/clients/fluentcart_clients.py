"""Independent clients of FluentCart: the requests that they send, and how they read the replies.

They follow vcode-sh/fchub-plugins (fluentcart-mcp 1.1.0 and 2.0.0: src/api/client.ts, capabilities.ts, test-connection.ts,
src/tools/orders-refunds.ts), projectaaron/all-in-one-mcp-… (fluentmcp: src/core/http.ts, verify.ts) and the node-wpapi package
(autodiscovery).
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from httpx2 import Client, Response

LOGIN = "Basic " + b64encode(b"admin:demo DEMO 1234 demo DEMO 5678").decode()
API = "/wp-json/fluent-cart/v2"


class Failed(Exception):
    """Error that a client raises instead of returning a reply, with the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def number(value: Any) -> float | None:
    """A number, or text that is one: both occur in the plugin's replies."""
    if isinstance(value, str) and value.strip():
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


class Mcp:
    """fluentcart-mcp: one try for each request, and the message of a refusal."""

    def __init__(self, http: Client) -> None:
        self._http = http

    def send(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        headers = {"Authorization": LOGIN, "Content-Type": "application/json", "Accept": "application/json"}
        query = {name.replace("with_", "with[]"): str(value) for name, value in params.items()}
        reply = self._http.request(method, f"{API}{path}", json=body, params=query, headers={**headers, "X-Request-Id": "1"})
        if not reply.is_success:
            raise Failed(reply.status_code, reply.json().get("message", reply.reason_phrase))
        return reply.json()

    def connects(self) -> bool:
        """The connection test of both versions: any 200 will do."""
        headers = {"Authorization": LOGIN, "Accept": "application/json"}
        return self._http.get(f"{API}/app/init", headers=headers).status_code == 200

    def capabilities(self) -> set[str]:
        """Operations in the public index, such as `POST /orders/{param}/refund`. 2.0.0 offers a tool only if they are there."""
        reply = self._http.get("/wp-json/", headers={"Accept": "application/json"})
        assert reply.status_code == 200
        index = reply.json()
        assert "fluent-cart/v2" in index["namespaces"]
        return set(_operations(index["routes"]))

    def refund_first_charge(self, order_id: int, amount: float, **more: Any) -> Any:
        """Refund as 1.1.0 does: the first succeeded charge of the order, and the amount as the user typed it."""
        charge = self._charges(self._order(order_id))[0]
        info = {"transaction_id": charge["id"], "amount": amount, **more}
        return self.send("POST", f"/orders/{order_id}/refund", {"refund_info": info})

    def guarded_refund(self, order_id: int, amount: int, reason: str) -> Mapping[str, Any]:
        """Refund as 2.0.0 does: check the amount against the order, refund its only charge, and read the order again."""
        order = self._order(order_id)
        (charge,) = self._charges(order)
        paid, refunded = number(order["total_paid"]), number(order["total_refund"]) or 0
        assert paid is not None
        assert amount <= paid - refunded
        assert charge["payment_mode"] == "test"
        info = {"transaction_id": number(charge["id"]), "amount": amount, "reason": reason}
        self.send("POST", f"/orders/{order_id}/refund", {"refund_info": info})
        after = self._order(order_id)
        return {name: number(after[name]) for name in ("total_paid", "total_refund")} | {"status": after["payment_status"]}

    def _order(self, order_id: int) -> Any:
        return self.send("GET", f"/orders/{order_id}")["order"]

    @staticmethod
    def _charges(order: Any) -> list[Any]:
        rows = order["transactions"]
        return [row for row in rows if row["transaction_type"] == "charge" and row["status"] == "succeeded"]


def _operations(routes: Mapping[str, Any]) -> Iterator[str]:
    for path, route in routes.items():
        if path.startswith("/fluent-cart/v2/"):
            for endpoint in route["endpoints"]:
                for method in endpoint["methods"]:
                    yield f"{method} {_canonical(path.removeprefix('/fluent-cart/v2'))}"


def _canonical(pattern: str) -> str:
    """Replace each named group, whose pattern can have brackets with parentheses and slashes inside."""
    return re.sub(r"\(\?P<\w+>(?:\[[^\]]*\][+*]?|[^()\[\]])*\)", "{param}", pattern)


class FluentMcp:
    """fluentmcp: refusals of the server before it acts are tried again, other failures of writes are not."""

    retried = (429,)

    def __init__(self, http: Client) -> None:
        self._http = http

    def send(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        reply = self._try(method, path, body, query)
        for _ in range(3):
            if reply.status_code not in self.retried:
                break
            reply = self._try(method, path, body, query)
        if not reply.is_success:
            raise Failed(reply.status_code, reply.json().get("message", ""))
        return reply.json()

    def _try(self, method: str, path: str, body: Any, query: Mapping[str, Any] | None) -> Response:
        headers = {"Accept": "application/json", "Authorization": LOGIN}
        return self._http.request(method, f"{API}{path}", json=body, params=query, headers=headers)

    def verify_setup(self) -> str:
        """The tool to run first: the namespaces of the site, and one harmless read."""
        index = self._http.get("/wp-json/", params={"_fields": "namespaces"}, headers={"Authorization": LOGIN}).json()
        if "fluent-cart/v2" not in index["namespaces"]:
            return "plugin_missing"
        try:
            self.send("GET", "/labels", query={"per_page": 1})
        except Failed as failed:
            return {401: "auth_failed", 403: "auth_failed", 404: "plugin_missing"}.get(failed.status, "error")
        return "ok"


def discover_wordpress(http: Client, site: str = "/") -> Any:
    """Find the REST API from any page of the site, by its `Link` header, and return the index."""
    links = http.head(site).headers["Link"]
    link = re.search(r'<([^>]*)>;\s*rel="https://api\.w\.org/"', links)
    assert link
    return http.get(link[1]).json()


def override(http: Client, method: str, path: str, body: Any) -> Response:
    """Send a request as the plugin's own screen does: POST with the method in a header, and a timestamp against caches."""
    headers = {"Authorization": LOGIN, "X-HTTP-Method-Override": method, "Content-Type": "application/json"}
    return http.post(f"{API}{path}", params={"query_timestamp": "1764430000000"}, json=body, headers=headers)
