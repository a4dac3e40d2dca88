"""A reply that the spec forbids raises an error if replies are checked, and is sent otherwise."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.funnelfox import webhooks
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.api import Operation
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import BrokenReply
from refund_sandbox.settings import Settings
from tests.support import raw_http

pytestmark = pytest.mark.memory_only

BROKEN = {
    "another status": (Reply({}, 201), "refundPayment answered 201, which the spec does not declare"),
    "a body of another type": (
        Reply([]),
        "refundPayment answered 200 with a body that the spec forbids: / must be of type object",
    ),
    "an error without its list": (
        Reply({"status": "error", "req_id": "4euAd4PZ", "error": []}, 400),
        "refundPayment answered 400 with a body that the spec forbids: /error must have at least 1 entries",
    ),
}


def refund(sandbox: SandboxApp) -> Any:
    return TestClient(sandbox.app).post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=raw_http.CREDENTIALS)


def answer_with(sandbox: SandboxApp, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    """Replace the handler by one with this reply."""
    raw_http.arrange(sandbox)

    def handle(call: Context) -> Reply:
        return reply

    monkeypatch.setitem(sandbox.workspace.apis["funnelfox"].descriptor.operations, "refundPayment", Operation(handle))


@pytest.mark.parametrize(("reply", "words"), BROKEN.values(), ids=BROKEN)
def test_the_error_of_a_broken_reply_names_the_violation(reply: Reply, words: str, sandbox: SandboxApp) -> None:
    (operation,) = [one for one in sandbox.workspace.apis["funnelfox"].spec.operations if one.operation_id == "refundPayment"]

    with pytest.raises(BrokenReply) as broken:
        operation.check_reply(reply.status, reply.body)

    assert str(broken.value).startswith(words)


@pytest.mark.parametrize(("reply", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_reply_stops_a_sandbox_that_checks(reply: Reply, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = build(Settings(check_replies=True))
    answer_with(sandbox, monkeypatch, reply)

    with pytest.raises(BrokenReply):
        refund(sandbox)


def test_an_unchecked_sandbox_sends_the_broken_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = build(Settings())
    answer_with(sandbox, monkeypatch, Reply({"more": 1}, 201))

    reply = refund(sandbox)

    assert (reply.status_code, reply.json()["data"]) == (201, {"more": 1})


def test_a_bug_of_the_sandbox_is_reported_in_the_format_of_the_api(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = build(Settings())
    raw_http.arrange(sandbox)

    def handle(call: Context) -> Reply:
        raise ZeroDivisionError

    monkeypatch.setitem(sandbox.workspace.apis["funnelfox"].descriptor.operations, "refundPayment", Operation(handle))

    reply = refund(sandbox)

    assert (reply.status_code, reply.json()["error"][0]["code"]) == (500, "internal_error")
    assert "ZeroDivisionError" not in reply.text
    assert "This is a bug of the sandbox" in caplog.text


AFTER: dict[str, dict[str, Any]] = {
    "another reply": {"reply": {"status": 502}},
    "no reply": {"connection": "close"},
    "a delay": {"delay_ms": 1, "reply": {"status": 502}},
}


@pytest.mark.parametrize("effect", AFTER.values(), ids=AFTER)
def test_an_event_that_fails_undoes_the_refund_and_the_fault_after_it(
    effect: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault says that everything is booked, so it must not hit a request that was undone."""
    client = TestClient(build(Settings()).app)
    client.put("/_sandbox/state", json=raw_http.STATE)
    targets = client.put("/_sandbox/webhooks/targets", json={"funnelfox": [{"url": "http://127.0.0.1:1/"}]}).json()
    client.post("/_sandbox/faults", json={"api": "funnelfox", "at": "after", **effect})
    before = client.get("/_sandbox/state").json()

    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "build_events", lambda work: 1 / 0)
        reply = client.post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=raw_http.CREDENTIALS)

    assert targets["funnelfox"]
    assert (reply.status_code, reply.json()["error"][0]["code"]) == (500, "internal_error")
    assert client.get("/_sandbox/state").json() == before
    assert client.get("/_sandbox/webhooks/deliveries").json() == {"deliveries": []}
    (entry,) = client.get("/_sandbox/requests").json()["requests"]
    assert (entry["status"], entry["connection"], entry["changes"]) == (500, None, [])
    (fault,) = client.get("/_sandbox/faults").json()["faults"]
    assert (fault["times"], fault["hits"]) == (1, 0)
