"""Webhook targets that hang, drip, redirect or answer without end: they cost their own delivery, and nobody else's time."""

import gc
import signal
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from refund_sandbox.apis.funnelfox.records import ORGS
from refund_sandbox.app import SandboxApp
from tests.support import raw_http
from tests.support.control_calls import advance, create_order, deliveries, refund_funnelfox, set_targets
from tests.support.hostile_targets import (
    HEAD,
    Answer,
    dripping,
    dripping_head,
    endless,
    hostile_target,
    redirecting_to,
    silent,
)
from tests.support.server_process import Process, serving
from tests.support.socket_calls import call
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Receiver, listening

pytestmark = pytest.mark.every_store
REFUND = {"external_id": "user_456", "order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "amount": "0.01"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def within(client: TestClient, workspace: str) -> TestClient:
    """Client of another workspace, with an empty state."""
    other = TestClient(client.app, base_url=f"http://testserver/w/{workspace}")
    other.post("/_sandbox/reset", json={"fixture": "empty"})
    return other


def notify(client: TestClient, *urls: str) -> None:
    """Refund an order, with these targets."""
    set_targets(client, "funnelfox", *({"url": url} for url in urls))
    refund_funnelfox(client, create_order(client, "funnelfox"), soft_refund=True)


def attempts(client: TestClient) -> list[list[Any]]:
    return [[attempt["status"] or attempt["error"] for attempt in one["attempts"]] for one in deliveries(client)]


@pytest.mark.parametrize("answer", [endless, dripping])
def test_a_delivery_ends_with_the_head_of_the_reply(answer: Answer, client: TestClient) -> None:
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    with hostile_target(answer) as target:
        notify(client, target.url)
        wait_until(lambda: attempts(client) == [[200]])

        advance(client, "1s")

        assert attempts(client) == [[200]]


@pytest.mark.parametrize("answer", [dripping_head, silent])
def test_the_whole_attempt_has_a_deadline(answer: Answer, client: TestClient) -> None:
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    client.put("/_sandbox/settings", json={"webhooks": {"timeout": "1s"}})
    with hostile_target(answer) as target:
        notify(client, target.url)

        wait_until(lambda: attempts(client) == [["ReadTimeout: no reply within 1 s"]])


@pytest.mark.memory_only
def test_an_endless_reply_fills_no_memory() -> None:
    with serving() as process, hostile_target(endless) as target:
        notify_process(process, target.url)
        before = process.memory()
        wait_until(lambda: set(states_of(process)) == {"delivered"})
        time.sleep(0.5)  # in which 1 GiB could arrive

        assert process.memory(peak=True) < before + 40


@pytest.mark.memory_only
def test_the_server_stops_at_once_beside_a_silent_target() -> None:
    with serving() as process, hostile_target(silent) as target:
        notify_process(process, target.url)
        wait_until(lambda: target.requests)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(20)

        assert time.monotonic() - started < 9
        assert process.is_silent(), process.logged()


def notify_process(process: Process, url: str) -> None:
    call(process.address, "PUT", "/_sandbox/webhooks/targets", {"funnelfox": [{"url": url}]})
    assert call(process.address, "POST", raw_http.FUNNELFOX, REFUND)[0] == 200


def states_of(process: Process) -> list[str]:
    found = call(process.address, "GET", "/_sandbox/webhooks/deliveries")[1]["deliveries"]
    return [one["state"] for one in found]


def test_many_silent_targets_delay_no_other_workspace(client: TestClient, receiver: Receiver) -> None:
    with hostile_target(silent) as target:
        for number in range(12):
            notify(within(client, f"silent-{number}"), *(f"{target.url}{part}" for part in range(7)))
        wait_until(lambda: len(target.requests) == 12 * 7)
        other = within(client, "other")
        started = time.monotonic()
        notify(other, receiver.url)
        receiver.wait_for(1)
        advance(other, "1h")

        assert time.monotonic() - started < 9
        for number in range(12):
            client.delete(f"/_sandbox/workspaces/silent-{number}", headers={"content-type": "application/json"})


def test_a_silent_target_does_not_delay_later_events_of_another_one(client: TestClient, receiver: Receiver) -> None:
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    with hostile_target(silent) as target:
        notify(client, target.url, receiver.url)
        receiver.wait_for(1)
        wait_until(lambda: target.requests)

        notify(client, target.url, receiver.url)

        wait_until(lambda: len(receiver.received) == 2, 9)
        client.post("/_sandbox/reset", json={"fixture": "empty"})


@pytest.mark.memory_only
def test_an_advance_ends_although_each_webhook_causes_another_one() -> None:
    def refund_again(connection: socket.socket, closed: threading.Event) -> None:
        if not closed.is_set():
            call(process.address, "POST", raw_http.FUNNELFOX, REFUND)
        connection.sendall(HEAD)

    with serving() as process, hostile_target(refund_again) as target:
        notify_process(process, target.url)

        status, _ = call(process.address, "POST", "/_sandbox/clock/advance", {"by": "1s"}, timeout_s=5)

        assert status == 200
        begun = len(target.requests)
        wait_until(lambda: len(target.requests) > begun)


@pytest.mark.parametrize("url", ["http://a..b/", f"http://{'a' * 64}.example/", "http://[::1/", "http://127.0.0.1:99999/"])
def test_a_url_that_cannot_be_used_fails_like_a_target_that_is_down(url: str, client: TestClient, sandbox: SandboxApp) -> None:
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    put_target_without_checks(sandbox, client, url)
    refund_funnelfox(client, create_order(client, "funnelfox"), soft_refund=True)

    advance(client, "1s")

    (tried,) = attempts(client)
    assert len(tried) == 1
    assert isinstance(tried[0], str)


def put_target_without_checks(sandbox: SandboxApp, client: TestClient, url: str) -> None:
    """Store a target as an earlier version may have done."""
    set_targets(client, "funnelfox", {"url": "http://127.0.0.1:1/"})
    with sandbox.workspace.store.transaction() as transaction:
        for org in transaction.all(ORGS):
            transaction.put(ORGS, replace(org, webhooks=[replace(webhook, url=url) for webhook in org.webhooks]))


def test_the_longest_settings_of_retries_are_usable(client: TestClient) -> None:
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    longest = {"first_retry": "999999d", "longest_retry": "1s", "retries": 100}
    assert client.put("/_sandbox/settings", json={"webhooks": longest}).status_code == 200
    notify(client, "http://127.0.0.1:1/")

    advance(client, "5m")

    assert [(one["state"], len(one["attempts"])) for one in deliveries(client)] == [("failed", 101)]


@pytest.mark.parametrize("timeout", ["61s", "2m", "999999d"])
def test_a_target_has_at_most_a_minute(timeout: str, client: TestClient) -> None:
    reply = client.put("/_sandbox/settings", json={"webhooks": {"timeout": timeout}})

    assert reply.status_code == 422
    assert reply.json()["errors"] == [
        {"pointer": "/webhooks/timeout", "reason": "must be a duration of at most 60s, such as 10s"}
    ]


def test_a_redirect_is_not_followed_and_delivers_nothing(client: TestClient, receiver: Receiver) -> None:
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    with hostile_target(redirecting_to(receiver.url)) as target:
        notify(client, target.url)

        wait_until(lambda: attempts(client) == [[307]])

    assert receiver.received == []
    assert deliveries(client)[0]["state"] == "pending"


@pytest.mark.memory_only
def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    with hostile_target(silent) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with serving() as process:
            notify_process(process, receiver.url)
            receiver.wait_for(1)

            assert proxy.requests == []


def test_a_deleted_workspace_sends_nothing_more(client: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    with listening(statuses=[500] * 100) as receiver:
        for number in range(5):
            other = within(client, f"gone-{number}")
            other.put("/_sandbox/settings", json={"webhooks": {"first_retry": "1s", "longest_retry": "1s"}})
            notify(other, receiver.url)
        receiver.wait_for(5)

        for number in range(5):
            assert client.delete(f"/_sandbox/workspaces/gone-{number}", headers=json_type).status_code == 204
        count = len(receiver.received)
        time.sleep(1.5)  # longer than the time to a retry

        assert len(receiver.received) == count


@pytest.mark.memory_only
def test_a_deleted_workspace_leaves_memory(client: TestClient, sandbox: SandboxApp) -> None:
    notify(within(client, "gone"), "http://127.0.0.1:1/")
    workspace = weakref.ref(sandbox.workspaces.open("gone"))

    client.delete("/_sandbox/workspaces/gone", headers={"content-type": "application/json"})

    wait_until(lambda: not gc.collect() or workspace() is None)
    wait_until(lambda: workspace() is None)
