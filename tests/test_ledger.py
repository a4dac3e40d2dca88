"""Any sequence of calls, faults, clock moves, snapshots and restarts keeps the ledger right: a model that only counts agrees.

`pytest --longer 30 tests/test_ledger.py` tries more sequences.
"""

import copy
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from starlette.testclient import TestClient

from sandbox.app import build
from sandbox.settings import Settings
from tests import longer, raw

ORDERS = 3
PAID = 5000
FAULTS: tuple[dict[str, Any], ...] = (
    {"at": "before", "reply": {"status": 503}},
    {"at": "after", "reply": {"status": 502, "body": "lost"}},
    {"at": "after", "connection": "reset"},
    {"at": "gateway", "error": "No."},
    {"at": "gateway", "delay_ms": 0},
)
APIS = st.sampled_from(["funnelfox", "fluentcart"])
NUMBERS = st.integers(0, ORDERS - 1)
AMOUNTS = st.one_of(st.integers(-1, PAID + 1), st.sampled_from([1, PAID // 2, PAID]))


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


class Ledger(RuleBasedStateMachine):
    """`refunded` is the model: minor units by API and order. `kept` is the model as it was when the snapshot was kept."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.refunded = {api: [0] * ORDERS for api in ("funnelfox", "fluentcart")}
        self.kept: dict[str, list[int]] | None = None
        self.failing: list[tuple[int, int]] = []
        self.start()

    def start(self) -> None:
        self.sandbox = build(Settings(store=f"sqlite:///{Path(self.folder.name) / 'world.db'}", check_replies=True))
        self.client = TestClient(self.sandbox.app)

    def teardown(self) -> None:
        self.sandbox.close()
        self.folder.cleanup()

    @initialize()
    def fill(self) -> None:
        """Orders of 50.00 in each API; FunnelFox settles after an hour, so that refunds are reserved first."""
        boxes = [{"order_id": uuid(n), "external_id": "u", "amount": "50.00", "subs_id": uuid(n + 100)} for n in range(ORDERS)]
        carts = [
            {"id": n + 1, "total_paid": PAID, "transactions": [{"id": n + 1, "total": PAID, "vendor_charge_id": f"pi_ok_{n}"}]}
            for n in range(ORDERS)
        ]
        world = {"clock": "2030-01-01T00:00:00Z", "funnelfox": {"orders": boxes}, "fluentcart": {"orders": carts}}
        self.control("PUT", "state", {**world, "settings": {"funnelfox": {"settle_after": "1h"}}})

    def control(self, method: str, path: str, document: Any = None) -> Any:
        reply = self.client.request(method, f"/_sandbox/{path}", json=document if document is not None else {})
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    @rule(api=APIS, number=NUMBERS, amount=AMOUNTS)
    def refund(self, api: str, number: int, amount: int) -> None:
        """What was booked is what the journal's reply or the ledger says; the model only counts what is allowed."""
        before = self.control("GET", "state")[api]
        armed = {fault["at"] for fault in self.control("GET", "faults")["faults"] if fault["api"] == api}
        path, body = self.request(api, number, amount)
        try:
            status = self.client.post(path, json=body, headers=raw.CREDENTIALS).status_code
        except ConnectionResetError:
            status = 0
        is_allowed = 0 < amount <= PAID - self.refunded[api][number]
        if "before" in armed:
            assert (status, self.control("GET", "state")[api]) == (503, before)
        elif not is_allowed:
            assert status in (400, 422)
            assert self.control("GET", "state")[api] == before
        else:
            assert status in ((0, 502) if "after" in armed else (200,))
            self.book(api, number, amount, declined="gateway" in armed)

    def request(self, api: str, number: int, amount: int) -> tuple[str, dict[str, Any]]:
        if api == "fluentcart":
            info = {"transaction_id": number + 1, "amount": amount}
            return f"/wp-json/fluent-cart/v2/orders/{number + 1}/refund", {"refund_info": info}
        text = f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"
        return raw.FUNNELFOX, {"external_id": "u", "order_id": uuid(number), "amount": text}

    def book(self, api: str, number: int, amount: int, *, declined: bool) -> None:
        """A refund that FunnelFox's provider declines is reserved until it fails an hour later."""
        self.refunded[api][number] += amount
        if declined and api == "funnelfox" and "No." in self.reasons(number):
            self.failing.append((number, amount))

    def reasons(self, number: int) -> list[Any]:
        rows = self.control("GET", f"funnelfox/orders/{uuid(number)}")["transactions"]
        return [rows[-1]["psp_reason_message"]]

    @rule(api=APIS, fault=st.sampled_from(FAULTS))
    def arm(self, api: str, fault: dict[str, Any]) -> None:
        """One fault an API at a time, so that the model knows which one hits."""
        self.control("DELETE", "faults")
        self.control("POST", "faults", {**fault, "api": api, "operation": OPERATIONS[api]})

    @rule()
    def wait(self) -> None:
        """Two hours pass: what was reserved settles, or fails and is free again."""
        self.control("POST", "clock/advance", {"by": "2h"})
        for number, amount in self.failing:
            self.refunded["funnelfox"][number] -= amount
        self.failing = []

    @rule()
    def restart(self) -> None:
        self.sandbox.close()
        self.start()

    @precondition(lambda self: not self.failing)
    @rule()
    def keep(self) -> None:
        self.control("POST", "snapshots", {"name": "one"})
        self.kept = copy.deepcopy(self.refunded)

    @precondition(lambda self: self.kept is not None)
    @rule()
    def restore(self) -> None:
        self.control("POST", "snapshots/one/restore")
        assert self.kept is not None
        self.refunded, self.failing = copy.deepcopy(self.kept), []

    @invariant()
    def the_ledger_agrees(self) -> None:
        """No order gives back more than was paid, and every place that shows a refund shows the same."""
        world = self.control("GET", "state")
        for number, order in enumerate(world["fluentcart"]["orders"]):
            rows = [row["total"] for row in order["transactions"] if row["transaction_type"] == "refund"]
            assert sum(rows) == order["total_refund"] == self.refunded["fluentcart"][number] <= PAID
        for number, order in enumerate(world["funnelfox"]["orders"]):
            rows = [
                row for row in order["transactions"] if row["psp_transaction_type"] == "REFUND" and row["psp_status"] != "FAILED"
            ]
            assert sum(round(float(row["amount"]) * 100) for row in rows) == self.refunded["funnelfox"][number] <= PAID


OPERATIONS = {"funnelfox": "refundPayment", "fluentcart": "refundOrder"}

TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=15 * longer.times,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
