"""A reply says nothing wrong about the ledger, wherever the connection to PostgreSQL breaks."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import CommitUnknown, Unavailable
from refund_sandbox.stores.sql import libpq_link
from tests.support import raw_http
from tests.support.round_trips import RoundTrips, count_round_trips

pytestmark = pytest.mark.slow  # each test fills a database of its own

UNKNOWN = "the change may have been made or not"


@dataclass(frozen=True)
class Shop:
    """A sandbox behind a proxy that can break its connections, with one order of 100.00, a refund and a fault."""

    sandbox: SandboxApp
    proxy: RoundTrips
    client: TestClient

    def control(self, method: str, path: str, document: Any = None) -> Any:
        return self.client.request(method, f"/w/team/_sandbox{path}", json=document if document is not None else {})

    def refund(self) -> int:
        body, headers = raw_http.REFUNDS["funnelfox"], raw_http.CREDENTIALS
        return self.client.post(f"/w/team{raw_http.FUNNELFOX}", json=body, headers=headers).status_code

    def seen(self) -> dict[str, Any]:
        """Return what a reset replaces."""
        return {path: self.control("GET", path).json() for path in ("/state", "/faults", "/requests", "/webhooks/deliveries")}


@pytest.fixture
def shop(empty_postgresql: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(libpq_link, "_MAX_PREPARED", 0)  # every statement shows its text to the proxy
    with count_round_trips(empty_postgresql) as proxy, closing(build(Settings(store=proxy.url))) as sandbox:
        shop = Shop(sandbox, proxy, TestClient(sandbox.app))
        shop.control("PUT", "/state", raw_http.STATE)
        shop.control("POST", "/snapshots", {"name": "start"})
        assert shop.refund() == 200
        shop.control("POST", "/faults", {"at": "cancel", "error": "No."})
        shop.client.get("/_sandbox/clock")  # stores that the default workspace is in use
        yield shop


@pytest.mark.parametrize(
    "table", ["sandbox_workspace", "sandbox_fault", "sandbox_delivery", "sandbox_request", "funnelfox_order"]
)
def test_a_reset_that_breaks_off_changes_nothing(table: str, shop: Shop) -> None:
    before = shop.seen()
    marker = "INSERT INTO" if table == "sandbox_workspace" else "DELETE FROM"

    shop.proxy.break_at(f"{marker} {table}".encode(), is_forwarded=False)
    reply = shop.control("POST", "/reset")

    assert reply.status_code == 503
    assert shop.seen() == before
    assert shop.control("POST", "/reset").status_code == 200
    after = shop.seen()
    assert all(after[path] != before[path] for path in ("/state", "/faults", "/requests"))


CHANGES: dict[str, Callable[[Shop], Any]] = {
    "save": lambda shop: shop.control("POST", "/snapshots", {"name": "other"}),
    "restore": lambda shop: shop.control("POST", "/snapshots/start/restore"),
    "delete a snapshot": lambda shop: shop.control("DELETE", "/snapshots/start"),
    "delete": lambda shop: shop.client.delete("/_sandbox/workspaces/team"),
    "load": lambda shop: shop.control("PUT", "/state", raw_http.STATE),
    "settings": lambda shop: shop.control("PUT", "/settings", {"validation": "live"}),
    "fault": lambda shop: shop.control("POST", "/faults", {"at": "cancel", "error": "No."}),
}


@pytest.mark.parametrize("is_forwarded", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_whose_commit_is_unknown_is_reported_as_unknown(
    change: Callable[[Shop], Any], is_forwarded: bool, shop: Shop
) -> None:
    shop.control("GET", "/requests")  # writes the request log, so that no other transaction commits

    shop.proxy.break_at(b"COMMIT", is_forwarded=is_forwarded)
    reply = change(shop)

    assert reply.status_code == 503
    assert UNKNOWN in reply.json()["detail"]
    assert "retry-after" not in reply.headers


def test_a_clock_that_is_set_before_its_tasks_fail_is_not_reported_as_unchanged(shop: Shop) -> None:
    shop.control("PUT", "/settings", {"funnelfox": {"settle_after": "1h"}})
    assert shop.refund() == 200
    shop.control("GET", "/requests")

    shop.proxy.break_at(b"DELETE FROM sandbox_task", is_forwarded=False)
    reply = shop.control("PUT", "/clock", {"now": "2090-01-01T00:00:00Z", "frozen": True})

    assert reply.status_code == 503
    assert UNKNOWN in reply.json()["detail"]
    assert shop.control("GET", "/clock").json()["now"] == "2090-01-01T00:00:00Z"


def test_an_advance_that_breaks_off_is_not_reported_as_unchanged(shop: Shop) -> None:
    shop.control("PUT", "/settings", {"funnelfox": {"settle_after": "1h"}})
    assert shop.refund() == 200
    shop.control("GET", "/requests")

    shop.proxy.break_at(b"DELETE FROM sandbox_task", is_forwarded=False)
    reply = shop.control("POST", "/clock/advance", {"by": "2h"})

    assert reply.status_code == 503
    assert UNKNOWN in reply.json()["detail"]


def test_a_booked_refund_is_not_refused_because_its_use_of_the_workspace_is_not_stored(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace notes once a minute that it is in use, after the commit of a request."""
    workspace = shop.sandbox.workspaces.open("team")
    store_use = type(workspace).store_use

    def store_use_without_database(self: Any) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(type(self.store), "transaction", fail)
            self._use_stored_at = 0
            store_use(self)

    def fail(_store: Any) -> Any:
        raise Unavailable("PostgreSQL: gone")

    monkeypatch.setattr(type(workspace), "store_use", store_use_without_database)

    assert shop.refund() == 200


def test_an_entry_of_the_request_log_whose_commit_is_unknown_is_not_written_twice(shop: Shop) -> None:
    journal = shop.sandbox.workspaces.open("team").journal
    first = [entry.id for entry in journal.find({})]
    assert shop.refund() == 200

    shop.proxy.break_at(b"INSERT INTO sandbox_request", is_forwarded=True)
    with pytest.raises(CommitUnknown):
        journal.find({})

    found = [entry.id for entry in journal.find({})]
    assert len(found) == len(first) + 1
    assert shop.refund() == 200
    assert len(journal.find({})) == len(first) + 2
