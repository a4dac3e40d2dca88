"""Request log in the control API: the last requests of any kind, without secrets."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.site_records import User
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import Change
from tests.support import raw_http
from tests.support.control_calls import logged_requests

pytestmark = pytest.mark.memory_only


def refund(client: TestClient, api: str, content: bytes | None = None, headers: Mapping[str, str] | None = None) -> int:
    body = json.dumps(raw_http.REFUNDS[api]).encode() if content is None else content
    sent = {"content-type": "application/json", **raw_http.CREDENTIALS, **(headers or {})}
    return client.post(raw_http.PATHS[api], content=body, headers=sent).status_code


@pytest.fixture
def busy(sandbox: SandboxApp, client: TestClient) -> TestClient:
    """Four requests: a refund of each API, a refused one, and one to an unknown path."""
    raw_http.arrange(sandbox)
    sandbox.workspace.journal.clear()
    refund(client, "funnelfox")
    refund(client, "fluentcart")
    refund(client, "funnelfox", b"{")
    client.get("/your-org-id/v1/nothing?a=b")
    return client


def test_a_request_is_shown_with_its_answer(busy: TestClient) -> None:
    entry = logged_requests(busy, status=200, api="funnelfox")[0]

    assert (entry["api"], entry["operation"], entry["method"]) == ("funnelfox", "refundPayment", "POST")
    assert (entry["path"], entry["order"], entry["status"]) == (raw_http.FUNNELFOX, raw_http.ORDER_ID, 200)
    assert entry["request"]["body"] == raw_http.REFUNDS["funnelfox"]
    assert entry["reply"]["body"] == {}
    assert entry["warnings"] == []
    assert busy.get(f"/_sandbox/requests/{entry['id']}").json() == entry


def test_a_request_to_an_unknown_path_is_shown_with_its_query(busy: TestClient) -> None:
    entry = logged_requests(busy)[0]

    assert (entry["operation"], entry["path"], entry["status"]) == (None, "/your-org-id/v1/nothing?a=b", 404)


def test_a_secret_of_a_changed_record_is_hidden(busy: TestClient, sandbox: SandboxApp) -> None:
    user = User("ann", "a@example.test", "hush-4711")
    changes = (Change("fluentcart.user", "ann", None, user), Change("fluentcart.user", "ann", user, replace(user, login="bob")))
    changed = Change("fluentcart.user", "ann", user, replace(user, application_password="hush-4712"))
    facts = RequestMetadata(datetime.now(UTC), "fluentcart", None, None, 1, (), (), (*changes, changed))

    sandbox.workspace.journal.record(Request("GET", "/", "", {}, b""), Reply({}), facts)

    shown = logged_requests(busy)[0]["changes"]
    assert "hush" not in json.dumps(shown)
    assert shown[0]["after"]["application_password"] == "***"


def test_the_newest_request_comes_first(busy: TestClient) -> None:
    ids = [entry["id"] for entry in logged_requests(busy)]

    assert len(ids) == 4
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    ("filters", "statuses"),
    [
        ({"api": "fluentcart"}, [200]),
        ({"api": "funnelfox"}, [404, 400, 200]),
        ({"status": 400}, [400]),
        ({"operation": "refundPayment"}, [400, 200]),
        ({"order": "1001"}, [200]),
        ({"api": "funnelfox", "status": 200}, [200]),
        ({"limit": 2}, [404, 400]),
        ({"limit": 0}, []),
        ({"api": "other"}, []),
    ],
)
def test_the_journal_is_filtered(filters: dict[str, Any], statuses: list[int], busy: TestClient) -> None:
    assert [entry["status"] for entry in logged_requests(busy, **filters)] == statuses


def test_since_shows_only_newer_requests(busy: TestClient) -> None:
    known = logged_requests(busy)[1]["id"]

    assert [entry["id"] for entry in logged_requests(busy, since=known)] == [known + 1]
    assert [entry["id"] for entry in logged_requests(busy, before=known, limit=2)] == [known - 1, known - 2]


def test_secrets_are_not_shown(busy: TestClient) -> None:
    refund(busy, "fluentcart", headers={"cookie": "a=s3cret", "x-wp-nonce": "s3cret", "proxy-authorization": "s3cret"})

    shown = busy.get("/_sandbox/requests").text
    assert all(secret not in shown for secret in ("s3cret", *raw_http.CREDENTIALS.values()))
    assert logged_requests(busy)[0]["request"]["headers"]["authorization"] == "***"
    assert logged_requests(busy)[0]["request"]["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", None),
        (b"a=b&c=d", "a=b&c=d"),
        (b'{"a":', '{"a":'),
        (b"[NaN]", "[NaN]"),
        (b"[1e999]", "[1e999]"),
        (b'{"a":1,"a":2}', '{"a":1,"a":2}'),
        (b'"\\ud800"', '"\\ud800"'),
        (b"caf\xe9", "caf\ufffd"),
        (b"\xff\xfe{\x00}\x00", "\ufffd\ufffd{\x00}\x00"),
        (b"[" * 5000, "[" * 5000),
        (b"[" * 900 + b"]" * 900, "[" * 900 + "]" * 900),
        (b"7" * 5000, "7" * 5000),
    ],
    ids=lambda value: str(value)[:16],
)
def test_a_body_that_is_not_json_is_shown_as_text(content: bytes, shown: Any, busy: TestClient) -> None:
    refund(busy, "funnelfox", content)

    assert logged_requests(busy)[0]["request"]["body"] == shown


def test_a_long_body_is_cut(busy: TestClient) -> None:
    refund(busy, "funnelfox", b"x" * 100_000)

    assert logged_requests(busy)[0]["request"]["body"] == "x" * 16 * 1024


def test_a_violation_of_the_spec_is_noted(sandbox: SandboxApp, client: TestClient) -> None:
    raw_http.arrange(sandbox, validation="live")

    refund(client, "fluentcart", b'{"refund_info":{"transaction_id":"5001","amount":100}}')

    assert logged_requests(client)[0]["warnings"] == ["/refund_info/transaction_id must be of type integer"]


def test_a_full_journal_drops_the_oldest_request() -> None:
    client = TestClient(build(Settings(journal_size=2)).app)
    for path in ("a", "b", "c"):
        client.get(f"/your-org-id/v1/{path}")

    assert [entry["path"][-1] for entry in logged_requests(client)] == ["c", "b"]
    assert client.get("/_sandbox/requests/1").status_code == 404


def test_ids_continue_after_the_journal_is_cleared(busy: TestClient) -> None:
    last = logged_requests(busy)[0]["id"]

    assert busy.delete("/_sandbox/requests").status_code == 204

    assert logged_requests(busy) == []
    refund(busy, "funnelfox")
    assert logged_requests(busy)[0]["id"] == last + 1
