"""A request that waits at a fault belongs to one state: it ends at once when the state of its workspace is replaced."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.faults import waiting
from refund_sandbox.core.workspaces import registry
from tests.support import raw_http, webhook_receiver
from tests.support.socket_calls import call
from tests.support.waiting import wait_until, wait_until_still

pytestmark = pytest.mark.every_store

Address = tuple[str, int]
ORDER = f"/funnelfox/orders/{raw_http.ORDER_ID}"
NOON = "2030-05-01T12:00:00Z"
LONG = {"delay_ms": 60_000}
LOST = (0, None)
"""Result of a request whose connection is closed without a reply."""
WAITS: dict[str, dict[str, Any]] = {
    "delayed before": {"at": "before", **LONG},
    "delayed at the gateway": {"at": "gateway", **LONG},
    "delayed after": {"at": "after", **LONG},
    "held before": {"at": "before", "hold": "door"},
    "held at the gateway": {"at": "gateway", "hold": "door"},
    "held at the gateway without a lock": {"at": "gateway", "hold": "door", "unlocked": True},
    "held after": {"at": "after", "hold": "door"},
    "hanging before": {"at": "before", "connection": "hang"},
    "hanging after": {"at": "after", "connection": "hang"},
}


@dataclass
class Shop:
    """A workspace of a sandbox, and the results of the refunds that were sent to it."""

    address: Address
    name: str
    results: list[tuple[int, Any]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def control(self, method: str, path: str, document: Any = None) -> Any:
        status, body = call(self.address, method, f"/w/{self.name}/_sandbox{path}", document)
        assert 200 <= status < 300, body
        return body

    def refund(self, amount: str = "1.00") -> tuple[int, Any]:
        body = {**raw_http.REFUNDS["funnelfox"], "amount": amount}
        return call(self.address, "POST", f"/w/{self.name}{raw_http.FUNNELFOX}", body, timeout_s=30)

    def start_refund(self, amount: str = "1.00") -> None:
        """Send a refund in a thread, and return when a fault has hit it."""
        before = self.hits()
        self.start(lambda: self.refund(amount))
        wait_until(lambda: self.hits() > before)

    def start(self, send: Callable[[], tuple[int, Any]]) -> None:
        """Send a request in a thread."""
        thread = threading.Thread(target=lambda: self.results.append(send()))
        thread.start()
        self.threads.append(thread)

    def hits(self) -> int:
        return sum(fault["hits"] for fault in self.control("GET", "/faults")["faults"])

    def join(self) -> list[tuple[int, Any]]:
        """Return the results of all refunds, which must end soon."""
        for thread in self.threads:
            thread.join(15)
        assert not any(thread.is_alive() for thread in self.threads), "a request still waits"
        return self.results

    def booked(self) -> int:
        rows = self.control("GET", ORDER)["transactions"]
        return sum(row["psp_transaction_type"] == "REFUND" for row in rows)

    def delete(self) -> None:
        assert call(self.address, "DELETE", f"/_sandbox/workspaces/{self.name}")[0] in (204, 404)


@pytest.fixture
def shop(sandbox: SandboxApp, address: Address) -> Iterator[Shop]:
    shop = open_shop(address, "team")
    yield shop
    shop.delete()


def open_shop(address: Address, name: str) -> Shop:
    """A workspace with one order of 100.00, and a snapshot of that."""
    shop = Shop(address, name)
    shop.control("PUT", "/state", raw_http.STATE)
    shop.control("POST", "/snapshots", {"name": "start"})
    return shop


def delete_and_load(shop: Shop) -> None:
    shop.delete()
    shop.control("PUT", "/state", raw_http.STATE)


REPLACEMENTS: dict[str, Callable[[Shop], Any]] = {
    "reset": lambda shop: shop.control("POST", "/reset", {}),
    "load": lambda shop: shop.control("PUT", "/state", raw_http.STATE),
    "restore": lambda shop: shop.control("POST", "/snapshots/start/restore", {}),
    "delete": delete_and_load,
}


@pytest.mark.sampled(4)
@pytest.mark.every_store(5)
@pytest.mark.parametrize("replace", REPLACEMENTS.values(), ids=REPLACEMENTS)
@pytest.mark.parametrize("fault", WAITS.values(), ids=WAITS)
def test_a_request_that_waits_ends_at_once_when_its_state_is_replaced(
    fault: dict[str, Any], replace: Callable[[Shop], Any], shop: Shop
) -> None:
    shop.control("POST", "/faults", {"api": "funnelfox", **fault, "times": None})
    shop.start_refund()

    replace(shop)

    assert shop.join() == [LOST]
    if replace is not REPLACEMENTS["reset"]:  # the fixture does not have the order
        assert shop.booked() == 0
    if "connection" not in fault:  # a reply that hangs is logged when it begins to hang
        assert shop.control("GET", "/requests")["requests"] == []


def test_a_request_that_waits_ends_with_its_evicted_workspace(
    sandbox: SandboxApp, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared store an idle workspace is closed here, and goes on: other processes may use it."""
    fault = shop.control("POST", "/faults", {"api": "funnelfox", "at": "gateway", "hold": "door"})["faults"][0]
    shop.start_refund()
    much_later = time.monotonic() + 7200

    with monkeypatch.context() as patch:
        patch.setattr(registry, "time", SimpleNamespace(monotonic=lambda: much_later))
        other = open_shop(shop.address, "evicting")

    if sandbox.workspace.store.is_shared:
        shop.control("DELETE", f"/faults/{fault['id']}")
    assert [status for status, _ in shop.join()] == [200 if sandbox.workspace.store.is_shared else 0]
    shop.control("PUT", "/state", raw_http.STATE)
    assert shop.booked() == 0
    other.delete()


@pytest.mark.parametrize("first", ["ann", "bob"])
def test_a_release_lets_go_only_the_requests_of_its_workspace(first: str, sandbox: SandboxApp, address: Address) -> None:
    """Ids of faults come from the seed, so both workspaces have the same."""
    shops = {name: open_shop(address, name) for name in ("ann", "bob")}
    for shop in shops.values():
        shop.control("POST", "/faults", {"api": "funnelfox", "at": "before", "hold": "door"})
        shop.start_refund()
    (other,) = shops.keys() - {first}

    shops[first].control("POST", "/faults/door/release")

    assert shops[first].join() == [(200, {})]
    assert (shops[first].booked(), shops[other].booked()) == (1, 0)
    assert (shops[first].hits(), shops[other].hits()) == (0, 1)
    shops[other].control("POST", "/faults/door/release")
    assert shops[other].join() == [(200, {})]
    for shop in shops.values():
        shop.delete()


def test_a_workspace_of_the_same_name_holds_and_releases_its_own_requests(shop: Shop) -> None:
    shop.control("POST", "/faults", {"api": "funnelfox", "at": "before", "hold": "door"})
    shop.start_refund()
    delete_and_load(shop)
    again = Shop(shop.address, shop.name)
    again.control("POST", "/faults", {"api": "funnelfox", "at": "before", "hold": "door"})
    again.start_refund()

    assert shop.join() == [LOST]
    assert again.booked() == 0
    again.control("POST", "/faults/door/release")

    assert again.join() == [(200, {})]
    assert again.booked() == 1


@pytest.mark.memory_only
def test_a_request_that_nobody_releases_continues_by_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_MAX_HOLD_S", 0.2)
    shop.control("POST", "/faults", {"api": "funnelfox", "at": "gateway", "hold": "door"})

    assert shop.refund() == (200, {})

    assert shop.booked() == 1


@pytest.mark.memory_only
def test_requests_that_a_fault_holds_continue_in_the_order_of_their_arrival(shop: Shop) -> None:
    shop.control("POST", "/faults", {"api": "funnelfox", "at": "before", "hold": "door", "times": 5})
    for number in range(1, 6):
        shop.start_refund(f"{number}.00")

    shop.control("POST", "/faults/door/release")

    shop.join()
    rows = [row for row in shop.control("GET", ORDER)["transactions"] if row["psp_transaction_type"] == "REFUND"]
    assert [row["amount"] for row in rows] == ["1.00", "2.00", "3.00", "4.00", "5.00"]


@pytest.mark.parametrize("replace", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_an_advance_of_the_clock_ends_with_the_state_that_it_began_with(replace: Callable[[Shop], Any], shop: Shop) -> None:
    shop.control("PUT", "/settings", {"funnelfox": {"settle_after": "1h"}})
    with webhook_receiver.listening(slow=webhook_receiver.WAIT_S) as receiver:
        shop.control("PUT", "/webhooks/targets", {"funnelfox": [{"url": receiver.url}]})
        shop.control("PUT", "/clock", {"now": NOON, "frozen": True})
        assert shop.refund()[0] == 200
        shop.start(lambda: call(shop.address, "POST", f"/w/{shop.name}/_sandbox/clock/advance", {"by": "30d"}))
        wait_until(lambda: shop.control("GET", "/clock")["now"] == "2030-05-01T13:00:00Z")
        receiver.wait_for(1)  # the advance waits for the endpoint

        replace(shop)
        receiver.close()

        [(status, _)] = shop.join()
    assert status == 409
    clock = shop.control("GET", "/clock")
    assert (clock["frozen"], clock["ahead_seconds"]) == (False, 0)


def test_a_deleted_workspace_sends_no_webhooks(shop: Shop) -> None:
    """Neither its retries, nor those of a new workspace of its name that has no endpoints."""
    with webhook_receiver.listening(statuses=[500] * 100) as receiver:
        shop.control("PUT", "/settings", {"webhooks": {"retries": 100, "first_retry": "1s", "longest_retry": "1s"}})
        shop.control("PUT", "/webhooks/targets", {"funnelfox": [{"url": receiver.url}]})
        shop.refund()
        receiver.wait_for(2)

        shop.delete()

        shop.control("GET", "/clock")
        wait_until_still(lambda: len(receiver.received), still_s=2.5)
