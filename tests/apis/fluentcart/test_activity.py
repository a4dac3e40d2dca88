"""The activity log: list, filters, marking and deletion."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import (
    call,
    load,
    message_of,
    paid,
    refund,
)
from tests.support.recorded_shop import read


def refund_log(sandbox: SandboxApp, client: TestClient) -> list[dict[str, Any]]:
    """Return the log of two refunds, the second without a gateway, newest first."""
    load(sandbox, paid(), paid(2, payment_method="offline_payment"))
    refund(client, 1, {"transaction_id": 10, "amount": 2500})
    refund(client, 2, {"transaction_id": 20, "amount": 2500})
    entries: list[dict[str, Any]] = read(client, "/activity")["activities"]["data"]
    return entries


def test_the_log_lists_every_entry_newest_first(sandbox: SandboxApp, client: TestClient) -> None:
    entries = refund_log(sandbox, client)

    assert [(entry["title"], entry["module_id"]) for entry in entries] == [
        ("Refund failed on Offline_payment", 2),
        ("Order Refund", 2),
        ("Order Refund", 1),
    ]
    assert (entries[0]["read_status"], entries[0]["log_type"], entries[0]["created_by"]) == ("unread", "api", "admin")
    assert "user" not in entries[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("active_view=api", 1),
        ("active_view=success", 2),
        ("active_view=warning", 1),
        ("active_view=nonsense", 3),
        ("search=not implemented", 1),
        ("search=refund failed", 1),
        ("search=nothing of the kind", 0),
        ("per_page=2", 2),
        ("sort_by=title&sort_type=asc", 3),
    ],
)
def test_the_log_can_be_filtered_searched_and_paged(query: str, count: int, sandbox: SandboxApp, client: TestClient) -> None:
    refund_log(sandbox, client)

    assert len(read(client, f"/activity?{query}")["activities"]["data"]) == count


def test_the_log_includes_users_on_request(sandbox: SandboxApp, client: TestClient) -> None:
    refund_log(sandbox, client)

    entries = read(client, "/activity?with[]=user")["activities"]["data"]

    assert {entry["user"]["display_name"] for entry in entries} == {"admin"}


def test_an_entry_is_marked_read_then_unread_then_deleted(sandbox: SandboxApp, client: TestClient) -> None:
    entry = refund_log(sandbox, client)[0]["id"]

    for status, message in (("read", "Activity Marked as Read"), ("unread", "Activity Marked as Unread")):
        assert message_of(call(client, "PUT", f"/activity/{entry}/mark-read", {"status": status})) == (200, message)
        assert read(client, "/activity")["activities"]["data"][0]["read_status"] == status
    assert message_of(call(client, "DELETE", f"/activity/{entry}")) == (200, "Activity Deleted Successfully")
    assert read(client, "/activity")["activities"]["total"] == 2


@pytest.mark.parametrize("entry", ["99999", "abc", "99999999999999999999"])
def test_an_unknown_entry_gets_the_same_reply(entry: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox)

    assert call(client, "PUT", f"/activity/{entry}/mark-read", {"status": "read"}).status_code == 200
    assert call(client, "DELETE", f"/activity/{entry}").status_code == 200
