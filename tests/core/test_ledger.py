"""Random sequences of requests, faults, clock changes, snapshots and restarts: the ledger agrees with a simple model.

`pytest --longer 30 tests/core/test_ledger.py` tries more sequences.
"""

import copy
import json
import tempfile
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.versions import RULES, VERSIONS, Version
from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support import budget, raw_http
from tests.support.store_servers import serving

pytestmark = pytest.mark.memory_only
ORDERS = 3
PAID = 5000
OPERATIONS = {"funnelfox": "refundPayment", "fluentcart": "refundOrder"}
SHOP = "/wp-json/fluent-cart/v2"
FAULTS: tuple[dict[str, Any], ...] = (
    {"at": "before", "reply": {"status": 503}},
    {"at": "after", "reply": {"status": 502, "body": "lost"}},
    *({"at": "after", "connection": kind} for kind in ("reset", "close")),
    {"at": "gateway", "error": "No."},
    {"at": "gateway", "delay_ms": 0},
)
BEHAVIOURS = [{"validation": mode, "fluentcart": {"version": version}} for mode in ("strict", "live") for version in VERSIONS]
APIS = st.sampled_from(["funnelfox", "fluentcart"])
NUMBERS = st.integers(0, ORDERS - 1)
AMOUNTS = st.one_of(st.integers(-1, PAID + 1), st.sampled_from([1, PAID // 2, PAID]))
MISTAKES = ("a stranger", "an unknown order", "no JSON", "no object", "an unknown scenario", "too large")


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def text(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def minor(amount: str) -> int:
    return round(float(amount) * 100)


class Ledger(RuleBasedStateMachine):
    """`refunded` is the model: minor units by API and order. `saved` is the model at the time of the snapshot.

    The sandbox runs in this process; a restart is a new application on the same file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = f"sqlite:///{Path(self.folder.name) / 'sandbox.db'}"
        self.refunded = {api: [0] * ORDERS for api in OPERATIONS}
        self.saved: dict[str, list[int]] | None = None
        self.failing: list[tuple[int, int]] = []
        self.start()

    def start(self) -> None:
        self.sandbox = build(Settings(store=self.store, check_replies=True))
        self.client = TestClient(self.sandbox.app)

    def stop(self) -> None:
        self.sandbox.close()

    def send(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of a call; the status 0 where the connection broke."""
        try:
            reply = self.client.request(method, path, content=content, headers=headers)
        except ConnectionResetError:
            return 0, b""
        return reply.status_code, reply.content

    def teardown(self) -> None:
        self.stop()
        self.folder.cleanup()

    @initialize()
    def fill(self) -> None:
        """Orders of 50.00 in each API; FunnelFox settles after an hour, so that refunds are reserved first."""
        boxes = [{"order_id": uuid(n), "external_id": "u", "amount": "50.00", "subs_id": uuid(n + 100)} for n in range(ORDERS)]
        carts = [
            {"id": n + 1, "total_paid": PAID, "transactions": [{"id": n + 1, "total": PAID, "vendor_charge_id": f"pi_ok_{n}"}]}
            for n in range(ORDERS)
        ]
        state = {"clock": "2030-01-01T00:00:00Z", "funnelfox": {"orders": boxes}, "fluentcart": {"orders": carts}}
        self.control("PUT", "state", {**state, "settings": {"funnelfox": {"settle_after": "1h"}}})

    def control(self, method: str, path: str, document: Any = None) -> Any:
        return self.ask(method, f"/_sandbox/{path}", {} if document is None else document)

    def ask(self, method: str, path: str, document: Any) -> Any:
        """The answer to a call that must be accepted."""
        headers = {"content-type": "application/json", **raw_http.CREDENTIALS}
        status, content = self.send(method, path, b"" if method == "GET" else json.dumps(document).encode(), headers)
        assert 200 <= status < 300, (method, path, status, content)
        return json.loads(content) if content else None

    def state(self) -> Any:
        return self.control("GET", "state")

    @rule(api=APIS, number=NUMBERS, amount=AMOUNTS)
    def refund(self, api: str, number: int, amount: int) -> None:
        """The ledger and the replies in the journal agree with the model, which only counts what is allowed."""
        before = self.state()
        enabled = {fault["at"] for fault in self.control("GET", "faults")["faults"] if fault["api"] == api}
        path, body = self.request(api, number, amount, before["settings"]["fluentcart"]["version"])
        status, _ = self.send(
            "POST", path, json.dumps(body).encode(), {"content-type": "application/json", **raw_http.CREDENTIALS}
        )
        is_allowed = 0 < amount <= PAID - self.refunded[api][number]
        if "before" in enabled:
            assert (status, self.state()) == (503, before)
        elif not is_allowed:
            assert status in (400, 422)
            assert self.state() == before
        else:
            assert status in ((0, 502) if "after" in enabled else (200,))
            self.book(api, number, amount, declined="gateway" in enabled)

    def request(self, api: str, number: int, amount: int, version: Version) -> tuple[str, dict[str, Any]]:
        if api == "fluentcart":
            info = {"transaction_id": number + 1, "amount": amount if RULES[version].minor_units else amount / 100}
            return f"{SHOP}/orders/{number + 1}/refund", {"refund_info": info}
        return raw_http.FUNNELFOX, {"external_id": "u", "order_id": uuid(number), "amount": text(amount)}

    def book(self, api: str, number: int, amount: int, *, declined: bool) -> None:
        """A refund that FunnelFox's provider declines is reserved until it fails an hour later."""
        self.refunded[api][number] += amount
        if declined and api == "funnelfox" and "No." in self.reasons(number):
            self.failing.append((number, amount))

    def reasons(self, number: int) -> list[Any]:
        rows = self.control("GET", f"funnelfox/orders/{uuid(number)}")["transactions"]
        return [rows[-1]["psp_reason_message"]]

    @rule(api=APIS, number=NUMBERS, mistake=st.sampled_from(MISTAKES))
    def mistake(self, api: str, number: int, mistake: str) -> None:
        """An invalid refund changes nothing, in either API."""
        before = self.state()
        version = before["settings"]["fluentcart"]["version"]
        path, body = self.request(api, number + (ORDERS if mistake == "an unknown order" else 0), 1, version)
        headers = {"content-type": "application/json", **({} if mistake == "a stranger" else raw_http.CREDENTIALS)}
        headers |= {"x-sandbox-scenario": "nobody_knows"} if mistake == "an unknown scenario" else {}
        content = {"no JSON": b'{"amount": 1', "no object": b"[1]", "too large": json.dumps({**body, "x": "y" * 2**20}).encode()}

        status, _ = self.send("POST", path, content.get(mistake, json.dumps(body).encode()), headers)

        assert 400 <= status < 500 or status == 503
        assert self.state() == before

    @rule(api=APIS, fault=st.sampled_from(FAULTS))
    def enable_fault(self, api: str, fault: dict[str, Any]) -> None:
        """One fault an API at a time, so that the model knows which one hits."""
        self.control("DELETE", "faults")
        self.control("POST", "faults", {**fault, "api": api, "operation": OPERATIONS[api]})

    @rule(behaviour=st.sampled_from(BEHAVIOURS))
    def behave(self, behaviour: dict[str, Any]) -> None:
        """Change the validation and the version."""
        self.control("PUT", "settings", {**behaviour, "funnelfox": {"settle_after": "1h"}})

    @rule()
    def wait(self) -> None:
        """Two hours pass: what was reserved settles, or fails and is free again."""
        self.control("POST", "clock/advance", {"by": "2h"})
        for number, amount in self.failing:
            self.refunded["funnelfox"][number] -= amount
        self.failing = []

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    @precondition(lambda self: not self.failing)
    @rule()
    def save(self) -> None:
        self.control("POST", "snapshots", {"name": "one"})
        self.saved = copy.deepcopy(self.refunded)

    @precondition(lambda self: self.saved is not None)
    @rule()
    def restore(self) -> None:
        self.control("POST", "snapshots/one/restore")
        assert self.saved is not None
        self.refunded, self.failing = copy.deepcopy(self.saved), []

    @invariant()
    def the_ledger_agrees(self) -> None:
        """No order gives back more than was paid, and its rows, its sums and the model say the same."""
        state = self.state()
        for number, order in enumerate(state["fluentcart"]["orders"]):
            rows = [row["total"] for row in order["transactions"] if row["transaction_type"] == "refund"]
            assert sum(rows) == order["total_refund"] == self.refunded["fluentcart"][number] <= PAID
        for number, order in enumerate(state["funnelfox"]["orders"]):
            rows = [
                row for row in order["transactions"] if row["psp_transaction_type"] == "REFUND" and row["psp_status"] != "FAILED"
            ]
            assert sum(minor(row["amount"]) for row in rows) == self.refunded["funnelfox"][number] <= PAID

    @rule()
    def read(self) -> None:
        """The reads of the APIs and the order list agree with the ledger, and no read changes it."""
        before = self.state()
        for api, model in self.refunded.items():
            listed = {order["id"]: order for order in self.control("GET", f"{api}/orders")["orders"]}
            for number, refunded in enumerate(model):
                order = listed[str(number + 1) if api == "fluentcart" else uuid(number)]
                assert (order["refunded"] + order["pending"], order["left"]) == (refunded, PAID - refunded)
        shown = {order["id"]: int(order["total_refund"]) for order in self.ask("GET", f"{SHOP}/orders", None)["orders"]["data"]}
        assert shown == {number + 1: refunded for number, refunded in enumerate(self.refunded["fluentcart"])}
        for number in shown:
            order = self.ask("GET", f"{SHOP}/orders/{number}", None)["order"]
            rows = [row["total"] for row in order["transactions"] if row["transaction_type"] == "refund"]
            assert sum(map(int, rows)) == int(order["total_refund"]) == shown[number]
        self.funnelfoxs_reads_agree()
        assert self.state() == before

    def funnelfoxs_reads_agree(self) -> None:
        """The payments show what has settled, the report also what is reserved and what has failed."""
        report = self.ask("POST", "/your-org-id/v1/transaction_report", {"last_transaction_date": "2020-01-01T00:00:00Z"})["data"]
        payments = self.ask("POST", "/your-org-id/v1/payments_history", {"external_id": "u"})["data"]["payments"]
        for number, refunded in enumerate(self.refunded["funnelfox"]):
            rows = [
                row
                for row in report["transactions"]
                if row["order_id"] == uuid(number) and row["psp_transaction_type"] == "REFUND"
            ]
            settled = sum(minor(row["amount"]) for row in rows if row["psp_status"] == "SETTLED")
            pending = sum(minor(row["amount"]) for row in rows if row["psp_status"] == "PENDING")
            (shown,) = [minor(row["refunded"]) for row in payments if row["order_id"] == uuid(number)]
            assert (shown, settled + pending) == (settled, refunded)


class ServedLedger(Ledger):
    """The sandbox is a process of its own; a restart kills it."""

    def start(self) -> None:
        self.running = ExitStack()
        self.server = self.running.enter_context(serving(self.store))

    def stop(self) -> None:
        self.running.close()

    def send(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = HTTPConnection(*self.server.address, timeout=20)
        try:
            connection.request(method, path, content, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except (OSError, HTTPException):
            return 0, b""
        finally:
            connection.close()


TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=budget.examples(10),
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestServedLedger = ServedLedger.TestCase
TestServedLedger.settings = settings(TestLedger.settings, max_examples=budget.examples(2))
