"""Example requests of the control API, one for each operation, in an order in which each has something to show."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from docs.generate.calls import ADMIN_KEY, NOW, Reply, send
from docs.generate.fluentcart_page import ADMIN
from docs.generate.receiver import receiver
from docs.generate.shortened import shortened
from refund_sandbox.testing import Sandbox

_REFUND = {"refund_info": {"transaction_id": 129237, "amount": 2500}}
_ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


@dataclass(frozen=True)
class Example:
    """A request and its reply. `path` has its query."""

    method: str
    path: str
    body: Any
    reply: Reply


_HOOK = "http://127.0.0.1:9000/hook"
_STATE = {"id": 1, "total_paid": 10000, "transactions": [{"id": 10, "total": 10000, "vendor_charge_id": "pi_ok_1"}]}
_CALLS: tuple[tuple[str, str, str, Any], ...] = (
    ("getHealth", "GET", "/health", None),
    ("putClock", "PUT", "/clock", {"now": NOW, "frozen": True}),
    ("getClock", "GET", "/clock", None),
    ("getSettings", "GET", "/settings", None),
    ("putSettings", "PUT", "/settings", {"funnelfox": {"settle_after": "2h"}}),
    ("listScenarios", "GET", "/scenarios", None),
    ("addFault", "POST", "/faults", {"scenario": "gateway_declined", "match": {"order_id": 1002}}),
    ("listFaults", "GET", "/faults", None),
    ("", "POST", "/faults", {"api": "fluentcart", "at": "after", "hold": "my_hold"}),
    ("releaseFault", "POST", "/faults/my_hold/release", {}),
    ("removeFault", "DELETE", "/faults/{fault}", None),
    ("clearFaults", "DELETE", "/faults", None),
    ("putTargets", "PUT", "/webhooks/targets", {"funnelfox": [{"url": _HOOK, "signing_secret": "secret"}]}),
    ("getTargets", "GET", "/webhooks/targets", None),
    ("saveSnapshot", "POST", "/snapshots", {"name": "before"}),
    ("listSnapshots", "GET", "/snapshots", None),
    ("", "REFUND", "", None),
    ("listRequests", "GET", "/requests?operation=refundOrder&limit=1", None),
    ("getRequest", "GET", "/requests/1", None),
    ("getArchive", "GET", "/requests.har?limit=1", None),
    ("advanceClock", "POST", "/clock/advance", {"by": "2h"}),
    ("listDeliveries", "GET", "/webhooks/deliveries?topic=refund/settled&limit=1", None),
    ("replayDelivery", "POST", "/webhooks/deliveries/1/replay", {}),
    ("triggerWebhook", "POST", "/funnelfox/webhooks/trigger", {"topic": "subscription/renewing"}),
    ("openDispute", "POST", f"/funnelfox/orders/{_ORDER}/dispute", {}),
    ("clearRequests", "DELETE", "/requests", None),
    ("restoreSnapshot", "POST", "/snapshots/before/restore", {}),
    ("deleteSnapshot", "DELETE", "/snapshots/before", None),
    ("listApis", "GET", "/apis", None),
    ("getCredentials", "GET", "/funnelfox/credentials", None),
    ("listOrders", "GET", "/fluentcart/orders?per_page=1", None),
    ("addOrder", "POST", "/fluentcart/orders", {"paid": 5000, "refunded": 2000, "subscription": True}),
    ("getOrder", "GET", f"/funnelfox/orders/{_ORDER}", None),
    ("listTransactions", "GET", f"/funnelfox/orders/{_ORDER}/transactions", None),
    ("listRelatedRecords", "GET", "/fluentcart/orders/1001/related", None),
    ("compareReports", "GET", "/fluentcart/reports", None),
    ("getRefundForm", "GET", f"/funnelfox/orders/{_ORDER}/refund-form", None),
    ("buildRefundRequest", "POST", f"/funnelfox/orders/{_ORDER}/refund-form", {"values": {"amount": "1.00"}}),
    ("getState", "GET", "/state", None),
    (
        "putState",
        "PUT",
        "/state",
        {
            "fluentcart": {
                "orders": [
                    {"id": 1, "total_paid": 10000, "transactions": [{"id": 10, "total": 10000, "vendor_charge_id": "pi_ok_1"}]}
                ]
            }
        },
    ),
    ("listWorkspaces", "GET", "/workspaces", None),
    ("deleteWorkspace", "DELETE", "/workspaces/mine", None),
    ("reset", "POST", "/reset", {}),
)

_METRICS = Example(
    *("GET", "/_sandbox/metrics", None),
    Reply(
        200,
        {},
        """refund_sandbox_requests_total{api="fluentcart",operation="refundOrder",process="71",status="200"} 3.0
refund_sandbox_refunds_total{api="fluentcart",process="71"} 3.0
refund_sandbox_faults_hit_total{at="gateway",process="71",scenario="gateway_declined"} 1.0
refund_sandbox_request_seconds_bucket{api="fluentcart",le="0.001",process="71"} 2.0
refund_sandbox_deliveries{api="funnelfox",state="delivered"} 2.0
refund_sandbox_workspaces 1.0""",
    ),
)
"""Part of a reply. The extra `metrics` need not be installed where the pages are generated."""


def examples() -> Mapping[str, Example]:
    """The example of each operation, by its operationId."""
    with Sandbox() as running, receiver() as hook:
        running.workspace("mine").state()
        return {**dict(_run(running, hook)), "streamEvents": _events(running), "getMetrics": _METRICS}


def _run(running: Sandbox, hook: str) -> Iterator[tuple[str, Example]]:
    fault = ""
    for operation, method, path, body in _CALLS:
        if method == "REFUND":
            _refund_both(running)
            continue
        path = path.replace("{fault}", fault)
        sent = json.loads(json.dumps(body).replace(_HOOK, hook))
        reply = send(running.url, method, f"/_sandbox{path}", sent)
        if not 200 <= (reply.status or 0) < 300:
            raise AssertionError(f"{method} {path}: {reply}")
        if operation == "addFault":
            fault = reply.body["faults"][0]["id"]
        if operation:
            yield operation, Example(method, f"/_sandbox{path}", body, _at_usual_urls(reply, running.url, hook))


def _at_usual_urls(reply: Reply, url: str, hook: str) -> Reply:
    text = json.dumps(reply.body).replace(hook, _HOOK).replace(url.removeprefix("http://"), "127.0.0.1:8000")
    return replace(reply, body=json.loads(text))


def _refund_both(running: Sandbox) -> None:
    send(running.url, "POST", "/wp-json/fluent-cart/v2/orders/1001/refund", _REFUND, ADMIN)
    refund = {"external_id": "user_456", "order_id": _ORDER, "amount": "4.99"}
    send(running.url, "POST", "/your-org-id/v1/payment/refund", refund, ADMIN_KEY)


def _events(running: Sandbox) -> Example:
    """The event of a refund, as it is sent."""
    running.freeze(NOW)
    parts = urlsplit(running.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("GET", "/_sandbox/events")
    response = connection.getresponse()
    response.readline()
    _refund_both(running)
    lines = _first_event(response)
    connection.close()
    return Example("GET", "/_sandbox/events", None, Reply(response.status, {}, "\n".join(lines)))


def _first_event(response: http.client.HTTPResponse) -> list[str]:
    lines: list[str] = []
    while not lines or not lines[-1].startswith("data: "):
        line = response.readline().decode().strip()
        lines += [line] if line else []
    data = shortened(json.loads(lines[-1].removeprefix("data: ")), 3)
    return [*lines[:-1], f"data: {json.dumps(data, ensure_ascii=False)}"]
