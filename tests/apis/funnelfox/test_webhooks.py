"""FunnelFox's webhooks on real sockets: signatures, retries on the sandbox's clock, restarts."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core import request_run
from refund_sandbox.core.webhooks import attempts, delivery, outbox
from refund_sandbox.core.webhooks.outbox import ATTEMPTS, DELIVERIES, Delivery, ScheduledAttempt
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import StoreError
from tests.support import raw_http
from tests.support.control_calls import advance, create_order, deliveries, enable_fault, refund_funnelfox, set_targets
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Received, Receiver, listening

pytestmark = pytest.mark.every_store

SECRET = "whsec_1"
NOON = "2030-05-01T12:00:00Z"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def webhook_client(client: TestClient, receiver: Receiver) -> TestClient:
    """Client of a sandbox with an empty state, a frozen clock, and one target with a secret."""
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    set_targets(client, "funnelfox", {"url": receiver.url, "signing_secret": SECRET})
    client.put("/_sandbox/clock", json={"now": NOON, "frozen": True})
    return client


def refund(client: TestClient, **more: Any) -> dict[str, Any]:
    """Create an order, refund it and return it."""
    order = create_order(client, "funnelfox", subscription=True)
    assert refund_funnelfox(client, order, **more).json() == {}
    return order


def is_signed(received: Received, secret: str = SECRET) -> bool:
    signature = hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    return received.headers["ff-webhook-signature"] == signature


def topics(received: list[Received]) -> list[str]:
    documents = [json.loads(one.body) for one in received]
    return [f"{document['event_type']}/{document['subtype']}" for document in documents]


def test_a_full_refund_is_delivered_and_signed(webhook_client: TestClient, receiver: Receiver) -> None:
    order = refund(webhook_client)

    received = receiver.wait_for(2)

    assert topics(received) == ["refund/settled", "subscription/expiration"]
    assert all(is_signed(one) for one in received)
    document = json.loads(received[0].body)
    assert (document["order_id"], document["amount_refunded"]) == (order["order_id"], "9.99")
    assert received[0].headers["content-type"] == "application/json"


def test_a_refund_is_booked_together_with_its_event_in_the_outbox_or_not_at_all(
    webhook_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = create_order(webhook_client, "funnelfox", subscription=True)
    before = webhook_client.get("/_sandbox/state").content

    def fail(*_: Any) -> bool:
        raise StoreError("the database is gone")

    monkeypatch.setattr(request_run, "emit_events", fail)
    reply = refund_funnelfox(webhook_client, order)

    assert reply.status_code == 503
    assert webhook_client.get("/_sandbox/state").content == before


def test_an_attempt_that_two_processes_have_found_is_claimed_once(lasting_url: str) -> None:
    with listening(slow=5) as slow:
        sandbox, client = started(lasting_url)
        client.post("/_sandbox/reset", json={"fixture": "empty"})
        set_targets(client, "funnelfox", {"url": slow.url})
        attempt = ScheduledAttempt(10**6, "2026-01-01T00:00:00.000000Z", slow.url)
        with sandbox.workspace.store.transaction() as transaction:
            transaction.put(DELIVERIES, Delivery(attempt.id, "e", "funnelfox", "refund/settled", slow.url, {}, "{}", NOON))
            transaction.put(ATTEMPTS, attempt)

        claims = [attempts.claim(sandbox.workspace, attempt) for _ in range(2)]

        assert [claim is not None for claim in claims] == [True, False]
        sandbox.close()


def test_a_partial_and_a_soft_refund_are_delivered(webhook_client: TestClient, receiver: Receiver) -> None:
    refund(webhook_client, amount="1.00")
    assert topics(receiver.wait_for(2)) == ["refund/settled", "subscription/unsubscription"]

    refund(webhook_client, soft_refund=True)
    assert topics(receiver.wait_for(3))[2:] == ["refund/settled"]


def test_without_a_secret_nothing_is_signed(webhook_client: TestClient, receiver: Receiver) -> None:
    set_targets(webhook_client, "funnelfox", {"url": receiver.url})
    refund(webhook_client)

    assert "ff-webhook-signature" not in receiver.wait_for(1)[0].headers


def test_every_enabled_target_receives_the_event(webhook_client: TestClient, receiver: Receiver) -> None:
    with listening() as second, listening() as silent:
        off = {"url": silent.url, "enabled": False}
        set_targets(webhook_client, "funnelfox", {"url": receiver.url}, {"url": second.url, "signing_secret": "other"}, off)
        refund(webhook_client, soft_refund=True)

        assert is_signed(second.wait_for(1)[0], "other")
        receiver.wait_for(1)
        assert silent.received == []


def test_a_refused_refund_emits_no_event(webhook_client: TestClient, receiver: Receiver) -> None:
    order = refund(webhook_client, soft_refund=True)
    receiver.wait_for(1)
    body = {"external_id": order["external_id"], "order_id": order["order_id"]}

    assert webhook_client.post(raw_http.FUNNELFOX, json=body, headers=raw_http.CREDENTIALS).status_code == 400

    assert len(deliveries(webhook_client)) == 1


def test_a_failed_delivery_is_retried_as_configured(webhook_client: TestClient, receiver: Receiver) -> None:
    webhook_client.put("/_sandbox/settings", json={"webhooks": {"first_retry": "10s", "longest_retry": "30s", "retries": 4}})
    receiver.statuses = [500, 503, 404, 500]
    refund(webhook_client, soft_refund=True)
    receiver.wait_for(1)
    wait_until(lambda: len(deliveries(webhook_client)[0]["attempts"]) == 1)

    advance(webhook_client, "5m")

    received = receiver.wait_for(5)
    (delivery,) = deliveries(webhook_client)
    assert delivery["state"] == "delivered"
    assert [attempt["at"][14:19] for attempt in delivery["attempts"]] == ["00:00", "00:10", "00:30", "01:00", "01:30"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 503, 404, 500, 200]
    assert len({one.body for one in received}) == 1
    assert all(is_signed(one) for one in received)


def test_a_target_that_never_replies_fails_after_the_last_retry(webhook_client: TestClient, receiver: Receiver) -> None:
    webhook_client.put("/_sandbox/settings", json={"webhooks": {"first_retry": "1s", "retries": 2}})
    receiver.statuses = [500] * 10
    refund(webhook_client, soft_refund=True)
    receiver.wait_for(1)

    advance(webhook_client, "1h")

    (delivery,) = deliveries(webhook_client)
    assert (delivery["state"], len(delivery["attempts"]), delivery["due"]) == ("failed", 3, None)


@pytest.mark.slow
def test_an_unreachable_target_slows_no_request_and_no_other_target(webhook_client: TestClient, receiver: Receiver) -> None:
    webhook_client.put("/_sandbox/settings", json={"webhooks": {"timeout": "3s"}})
    with listening(slow=60) as slow:
        set_targets(webhook_client, "funnelfox", {"url": slow.url}, {"url": "http://127.0.0.1:1/nobody"}, {"url": receiver.url})
        refund(webhook_client, soft_refund=True)
        receiver.wait_for(1)
        assert deliveries(webhook_client)[0]["attempts"] == []

        wait_until(lambda: len(deliveries(webhook_client)[0]["attempts"]) == 1)
    attempt_errors = [delivery["attempts"][0]["error"] for delivery in deliveries(webhook_client)]
    assert "ReadTimeout" in attempt_errors[0]
    assert "ConnectError" in attempt_errors[1]
    assert attempt_errors[2] is None


def test_a_target_that_hangs_delays_no_other_workspace(webhook_client: TestClient, receiver: Receiver) -> None:
    other = TestClient(webhook_client.app, base_url="http://testserver/w/other")
    other.post("/_sandbox/reset", json={"fixture": "empty"})
    set_targets(other, "funnelfox", {"url": receiver.url})
    other.put("/_sandbox/clock", json={"now": NOON, "frozen": True})
    with listening(slow=60) as slow:
        set_targets(webhook_client, "funnelfox", {"url": slow.url})
        refund(webhook_client, soft_refund=True)
        slow.wait_for(1)

        refund(other, soft_refund=True)
        receiver.wait_for(1)
        refund(other, soft_refund=True)
        advance(other, "1h")

        assert len(receiver.received) == 2
        assert deliveries(webhook_client)[0]["attempts"] == []


def test_a_delivery_in_progress_at_a_reset_does_not_affect_later_ones(webhook_client: TestClient, receiver: Receiver) -> None:
    with listening(slow=60) as slow:
        set_targets(webhook_client, "funnelfox", {"url": slow.url})
        for _ in range(3):
            refund(webhook_client, soft_refund=True)
        slow.wait_for(1)

        webhook_client.post("/_sandbox/reset", json={"fixture": "empty"})
        set_targets(webhook_client, "funnelfox", {"url": receiver.url})
        refund(webhook_client, soft_refund=True)
        slow.close()

        receiver.wait_for(1)
        wait_until(lambda: deliveries(webhook_client)[0]["state"] == "delivered")
        assert [len(delivery["attempts"]) for delivery in deliveries(webhook_client)] == [1]
        assert len(slow.received) == 1


def test_the_result_of_an_attempt_that_is_gone_is_not_stored(webhook_client: TestClient, receiver: Receiver) -> None:
    receiver.statuses = [500] * 10
    with listening(slow=60) as slow:
        set_targets(webhook_client, "funnelfox", {"url": slow.url})
        refund(webhook_client, soft_refund=True)
        slow.wait_for(1)
        webhook_client.post("/_sandbox/reset", json={"fixture": "empty"})
        webhook_client.put("/_sandbox/clock", json={"now": NOON, "frozen": True})
        set_targets(webhook_client, "funnelfox", {"url": receiver.url})
        refund(webhook_client, soft_refund=True)
        wait_until(lambda: deliveries(webhook_client)[0]["attempts"])

        slow.close()  # it replies 200 to the attempt of before
        time.sleep(0.5)

        (delivery,) = deliveries(webhook_client)
        assert (delivery["state"], [attempt["status"] for attempt in delivery["attempts"]]) == ("pending", [500])


def test_a_delivery_is_sent_again(webhook_client: TestClient, receiver: Receiver) -> None:
    refund(webhook_client, soft_refund=True)
    (first,) = receiver.wait_for(1)
    wait_until(lambda: deliveries(webhook_client)[0]["state"] == "delivered")

    assert (
        webhook_client.post(f"/_sandbox/webhooks/deliveries/{deliveries(webhook_client)[0]['id']}/replay", json={}).status_code
        == 202
    )

    assert receiver.wait_for(2)[1].body == first.body
    assert webhook_client.post("/_sandbox/webhooks/deliveries/999/replay", json={}).status_code == 404


def test_a_webhook_comes_twice(webhook_client: TestClient, receiver: Receiver) -> None:
    enable_fault(webhook_client, scenario="webhook_duplicate")
    refund(webhook_client, soft_refund=True)

    first, second = receiver.wait_for(2)
    assert first.body == second.body


def test_a_webhook_is_wrongly_signed(webhook_client: TestClient, receiver: Receiver) -> None:
    enable_fault(webhook_client, scenario="webhook_wrongly_signed")
    refund(webhook_client)

    assert [is_signed(one) for one in receiver.wait_for(2)] == [False, True]


def test_a_webhook_never_comes(webhook_client: TestClient, receiver: Receiver) -> None:
    enable_fault(webhook_client, scenario="webhook_dropped", operation="refund/settled")
    refund(webhook_client)

    assert topics(receiver.wait_for(1)) == ["subscription/expiration"]
    advance(webhook_client, "1d")
    assert len(receiver.received) == 1
    assert [one["state"] for one in deliveries(webhook_client)] == ["dropped", "delivered"]


def test_a_webhook_comes_after_the_one_that_follows_it(webhook_client: TestClient, receiver: Receiver) -> None:
    enable_fault(webhook_client, scenario="webhook_reordered")
    refund(webhook_client)
    receiver.wait_for(1)

    advance(webhook_client, "1m")

    assert topics(receiver.wait_for(2)) == ["subscription/expiration", "refund/settled"]


def test_settlements_emit_when_due(webhook_client: TestClient, receiver: Receiver) -> None:
    webhook_client.put("/_sandbox/settings", json={"funnelfox": {"settle_after": "2h"}})
    refund(webhook_client, soft_refund=True)
    assert deliveries(webhook_client) == []

    advance(webhook_client, "1d")

    (delivery,) = deliveries(webhook_client)
    assert (delivery["topic"], delivery["created_at"][:16]) == ("refund/settled", "2030-05-01T14:00")
    receiver.wait_for(1)


def test_bad_targets_are_refused_and_change_nothing(webhook_client: TestClient) -> None:
    before = webhook_client.get("/_sandbox/webhooks/targets").json()

    wrong: list[Any] = [[{}], [{"url": 7}], [{"url": "http://x"}] * 8, [{"url": "http://x", "org_id": "nobody"}], {}]
    for targets in wrong:
        reply = webhook_client.put("/_sandbox/webhooks/targets", json={"funnelfox": targets})
        assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")

    assert webhook_client.get("/_sandbox/webhooks/targets").json() == before


@pytest.fixture(params=["sqlite", "postgresql"])
def lasting_url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


def started(url: str) -> tuple[SandboxApp, TestClient]:
    sandbox = build(Settings(store=url))
    return sandbox, TestClient(sandbox.app)


def test_nothing_is_lost_on_a_restart(lasting_url: str) -> None:
    with listening(statuses=[500, 500]) as receiver:
        sandbox, client = started(lasting_url)
        client.post("/_sandbox/reset", json={"fixture": "empty"})
        set_targets(client, "funnelfox", {"url": receiver.url, "signing_secret": SECRET})
        client.put("/_sandbox/clock", json={"now": NOON, "frozen": True})
        refund(client)
        first = receiver.wait_for(2)
        wait_until(lambda: all(one["attempts"] for one in deliveries(client)))
        sandbox.close()

        sandbox, client = started(lasting_url)
        advance(client, "1h")
        received = receiver.wait_for(4)
        assert [one["state"] for one in deliveries(client)] == ["delivered", "delivered"]
        sandbox.close()

    assert {one.body for one in received[2:]} == {one.body for one in first}
    assert len({json.loads(one.body)["event_id"] for one in received}) == 2
    assert all(is_signed(one) for one in received)


def test_an_attempt_that_another_process_sends_is_left_to_it(lasting_url: str) -> None:
    with listening(slow=2) as slow:
        sandbox, client = started(lasting_url)
        client.post("/_sandbox/reset", json={"fixture": "empty"})
        set_targets(client, "funnelfox", {"url": slow.url})
        refund(client, soft_refund=True)
        slow.wait_for(1)

        other_sandbox, _ = started(lasting_url)  # it looks for deliveries that the last process did not send
        wait_until(lambda: deliveries(client)[0]["state"] == "delivered")

        assert len(slow.received) == 1
        other_sandbox.close()
        sandbox.close()


def test_the_attempts_of_a_target_are_due_in_the_order_of_their_times(sandbox: SandboxApp) -> None:
    times = {1: "2000-01-01T00:00:02", 2: "2000-01-01T00:00:01", 3: "2000-01-01T00:00:03"}
    with sandbox.workspace.store.transaction() as transaction:
        for number, due in times.items():
            transaction.put(ATTEMPTS, ScheduledAttempt(number, f"{due}.000000+00:00", "http://127.0.0.1:1/"))

    found = attempts.find_due(sandbox.workspace)

    assert [one.id for one in found.by_url["http://127.0.0.1:1/"]] == [2, 1, 3]


def test_an_event_of_a_process_that_ends_before_it_sends_is_sent_by_another_one(
    lasting_url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_CHECK_INTERVAL_S", 0.1)
    sandbox, client = started(lasting_url)
    client.post("/_sandbox/reset", json={"fixture": "empty"})
    set_targets(client, "funnelfox", {"url": receiver.url})
    ending, client_of_ending = started(lasting_url)
    ending.delivery_worker.close()

    refund(client_of_ending, soft_refund=True)

    receiver.wait_for(1)
    ending.close()
    sandbox.close()


@pytest.mark.slow
def test_a_delivery_in_progress_at_a_shutdown_is_sent_again(lasting_url: str) -> None:
    with listening(slow=30) as stuck:
        sandbox, client = started(lasting_url)
        client.post("/_sandbox/reset", json={"fixture": "empty"})
        client.put("/_sandbox/settings", json={"webhooks": {"timeout": "1s", "first_retry": "1s"}})
        set_targets(client, "funnelfox", {"url": stuck.url})
        refund(client, soft_refund=True)
        stuck.wait_for(1)
        sandbox.close()
        stuck.slow = 0

        sandbox, client = started(lasting_url)
        stuck.wait_for(2)
        sandbox.close()

    assert stuck.received[0].body == stuck.received[1].body


@pytest.mark.parametrize("dropped", [False, True])
def test_the_number_of_undelivered_deliveries_is_limited(
    dropped: bool, webhook_client: TestClient, sandbox: SandboxApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_DELIVERIES", 8)
    set_targets(webhook_client, "funnelfox", {"url": "http://127.0.0.1:9/nobody", "signing_secret": SECRET})
    if dropped:
        enable_fault(webhook_client, at="webhook", webhook="drop", times=None)
    for _ in range(20):
        refund(webhook_client)

    wait_until(lambda: all(one["attempts"] or one["state"] == "dropped" for one in deliveries(webhook_client)))
    with sandbox.workspace.store.read_only() as transaction:
        assert len(transaction.all(outbox.DELIVERIES)) == 8
        assert len(transaction.all(outbox.ATTEMPTS)) == (0 if dropped else 8)
