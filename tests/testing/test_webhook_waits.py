"""Waiting for webhooks: each event is returned once, by topic, order and mark. Events on demand, and targets as URLs."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from refund_sandbox.app import APIS
from refund_sandbox.testing import CallRejected, FluentCartTopic, FunnelFoxOrder, FunnelFoxTopic, Sandbox
from tests.support.webhook_receiver import Receiver, listening


@pytest.fixture
def receiver(sandbox: Sandbox) -> Iterator[Receiver]:
    """A receiver that takes 50 ms, as endpoint of both APIs."""
    with listening(slow=0.05) as receiver:
        sandbox.webhooks.targets(funnelfox=[receiver.url], fluentcart=receiver.url)
        yield receiver


def refund(sandbox: Sandbox, order: FunnelFoxOrder, amount: str) -> None:
    body = {"external_id": order.external_id, "order_id": order.id, "amount": amount}
    httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers).raise_for_status()


def test_each_wait_returns_the_webhook_of_the_last_refund(sandbox: Sandbox, receiver: Receiver) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    returned = []

    for amount in ("0.01", "0.02", "0.03"):
        refund(sandbox, order, amount)
        returned.append(sandbox.webhooks.wait_for(FunnelFoxTopic.REFUND_SETTLED)["body"]["amount_refunded"])

    assert returned == ["0.01", "0.02", "0.03"]


def test_two_events_are_returned_one_after_the_other(sandbox: Sandbox, receiver: Receiver) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    refund(sandbox, order, "0.01")
    refund(sandbox, order, "0.02")

    returned = [sandbox.webhooks.wait_for("refund/settled")["body"]["amount_refunded"] for _ in range(2)]

    assert returned == ["0.01", "0.02"]
    with pytest.raises(AssertionError, match=r"no webhook refund/settled was delivered within 0\.05 s\."):
        sandbox.webhooks.wait_for("refund/settled", timeout=0.05)


def test_an_event_with_two_endpoints_is_returned_once(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhooks.targets(funnelfox=[receiver.url, f"{receiver.url}/2"])
    refund(sandbox, sandbox.funnelfox.order(amount="9.99"), "0.01")
    receiver.wait_for(2)

    sandbox.webhooks.wait_for("refund/settled")

    with pytest.raises(AssertionError):
        sandbox.webhooks.wait_for("refund/settled", timeout=0.2)


def test_a_wait_is_for_one_order_and_since_a_mark(sandbox: Sandbox, receiver: Receiver) -> None:
    first, second = sandbox.funnelfox.order(amount="9.99"), sandbox.funnelfox.order(amount="9.99")
    refund(sandbox, first, "0.01")
    refund(sandbox, second, "0.02")

    assert sandbox.webhooks.wait_for("refund/settled", order=second)["body"]["order_id"] == second.id
    assert [one["body"]["order_id"] for one in sandbox.webhooks.deliveries(order=second.id)] == [second.id]
    receiver.wait_for(2)
    mark = sandbox.webhooks.mark()
    refund(sandbox, second, "0.03")
    assert sandbox.webhooks.wait_for("refund/settled", after=mark)["body"]["amount_refunded"] == "0.03"
    assert sandbox.webhooks.wait_for("refund/settled", order=first.id)["body"]["amount_refunded"] == "0.01"


def test_a_webhook_that_is_sent_again_is_waited_for_again(sandbox: Sandbox, receiver: Receiver) -> None:
    refund(sandbox, sandbox.funnelfox.order(amount="9.99"), "0.01")
    delivery = sandbox.webhooks.wait_for("refund/settled")

    sandbox.webhooks.replay(delivery["id"])

    again = sandbox.webhooks.wait_for("refund/settled")
    assert (again["id"], len(again["attempts"])) == (delivery["id"], 2)


def test_after_a_reset_events_count_again(sandbox: Sandbox, receiver: Receiver) -> None:
    for _ in range(2):
        sandbox.reset(seed=7)
        sandbox.freeze("2026-01-02")
        sandbox.webhooks.targets(funnelfox=[receiver.url])
        refund(sandbox, sandbox.funnelfox.order(amount="9.99"), "0.01")

        assert sandbox.webhooks.wait_for("refund/settled")["body"]["amount_refunded"] == "0.01"


def test_a_misspelt_topic_is_not_waited_for(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"Unknown topic 'refund/setled'\. Did you mean 'refund/settled'\?"):
        sandbox.webhooks.wait_for("refund/setled")


@pytest.mark.parametrize(("api", "topics"), [("funnelfox", FunnelFoxTopic), ("fluentcart", FluentCartTopic)])
def test_every_topic_is_a_constant(api: str, topics: Any) -> None:
    assert [topic.value for topic in topics] == list(APIS[api].webhooks.TOPICS)


def test_the_webhook_comes_before_a_late_reply(sandbox: Sandbox, receiver: Receiver) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    sandbox.fault("reply_late", order=order)

    with pytest.raises(httpx2.ReadTimeout):
        body = {"external_id": order.external_id, "order_id": order.id, "amount": "4.99"}
        httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers, timeout=0.5)

    assert sandbox.webhooks.wait_for("refund/settled", order=order)["body"]["amount_refunded"] == "4.99"
    sandbox.assert_refunded(order, "4.99")


def test_the_webhook_comes_before_a_held_reply(sandbox: Sandbox, receiver: Receiver) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    sandbox.fault(at="after", operation="refundPayment", hold="reply", order=order)

    with pytest.raises(httpx2.ReadTimeout):
        body = {"external_id": order.external_id, "order_id": order.id}
        httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers, timeout=0.3)

    assert sandbox.webhooks.wait_for("refund/settled", order=order)


def test_an_event_is_sent_without_a_request(sandbox: Sandbox, receiver: Receiver) -> None:
    order = sandbox.fluentcart.order(paid=10000)

    (delivery,) = sandbox.webhooks.trigger(FluentCartTopic.ORDER_FULLY_REFUNDED, order=order)

    assert delivery["body"]["order"]["id"] == order.id
    assert sandbox.webhooks.wait_for(FluentCartTopic.ORDER_FULLY_REFUNDED, order=order)["id"] == delivery["id"]
    sandbox.assert_no_refunds()
    with pytest.raises(CallRejected, match="does not have what oneoff/granted is about"):
        sandbox.webhooks.trigger("oneoff/granted", order=sandbox.funnelfox.order(subscription=True))


def test_a_dispute_is_opened(sandbox: Sandbox, receiver: Receiver) -> None:
    order, shop_order = sandbox.funnelfox.order(amount="9.99"), sandbox.fluentcart.order(paid=10000)

    order.dispute()
    shop_order.dispute()

    assert sandbox.webhooks.wait_for(FunnelFoxTopic.DISPUTE_OPENED, order=order)["body"]["order_id"] == order.id
    assert [row["transaction_type"] for row in shop_order.read()["transactions"]] == ["charge", "dispute"]


def test_a_target_is_a_url_or_an_object_with_one(sandbox: Sandbox) -> None:
    targets = sandbox.webhooks.targets(
        funnelfox=["http://127.0.0.1:9/a", {"url": "http://127.0.0.1:9/b", "signing_secret": "x"}],
        fluentcart={"url": "http://127.0.0.1:9/c"},
    )

    assert [one["url"] for one in targets["funnelfox"]] == ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]
    assert [one["request_url"] for one in targets["fluentcart"]] == ["http://127.0.0.1:9/c"]


FROZEN = """
import sys, time
import httpx2
from refund_sandbox.testing import Sandbox
from tests.support.webhook_receiver import listening

def check():
    with Sandbox() as sandbox, listening() as receiver:
        sandbox.webhooks.targets(funnelfox=[receiver.url])
        order = sandbox.funnelfox.order(amount="9.99")
        body = {"external_id": order.external_id, "order_id": order.id}
        httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers)
        assert sandbox.webhooks.wait_for("refund/settled")["state"] == "delivered"
        try:
            sandbox.webhooks.wait_for("refund/settled", timeout=0.2)
        except AssertionError as error:
            print("ended", str(error)[:60])
"""
LIBRARIES = {
    "freezegun": "from freezegun import freeze_time\nwith freeze_time('2026-01-02'):\n    check()",
    "time_machine": "import time_machine\nwith time_machine.travel('2026-01-02', tick=False):\n    check()",
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_wait_ends_while_time_is_frozen(library: str) -> None:
    pytest.importorskip(library)

    command = [sys.executable, "-c", FROZEN + LIBRARIES[library]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.stdout.startswith("ended no webhook refund/settled was delivered"), done.stderr
