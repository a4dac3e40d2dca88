"""Each scenario has the effect that its page describes, on a refund of a demo order."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from docs.generate.calls import ADMIN_KEY, Reply, send
from docs.generate.fluentcart_page import ADMIN
from docs.generate.scenarios import APIS, Effect, effects
from refund_sandbox.testing import Order, Sandbox
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Received, Receiver, listening

pytestmark = pytest.mark.memory_only

EFFECTS = list(effects())
SECRET = "whsec_scenarios"
PATIENCE_S = 20.0


@dataclass
class Refund:
    """A full refund of a demo order with a subscription, sent as a client would."""

    sandbox: Sandbox
    api: str
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float = PATIENCE_S

    def __post_init__(self) -> None:
        self.order: Order = (
            self.sandbox.funnelfox.find("3c90c3cc-0d44-4b50-8888-8dd25736052a")
            if self.api == "funnelfox"
            else self.sandbox.fluentcart.find(1006)
        )

    def send(self, **more: Any) -> Reply:
        if self.api == "funnelfox":
            body: dict[str, Any] = {"external_id": "user_456", "order_id": self.order.id, **more}
            return send(self.sandbox.url, "POST", "/your-org-id/v1/payment/refund", body, ADMIN_KEY, timeout=self.timeout)
        info = {"transaction_id": 5007, "amount": 2900, "cancelSubscription": "true", **more}
        path = "/wp-json/fluent-cart/v2/orders/1006/refund"
        return send(self.sandbox.url, "POST", path, {"refund_info": info}, ADMIN, timeout=self.timeout)

    @property
    def booked(self) -> bool:
        return bool(self.order.new_refunds())


def named(effect: Effect) -> str:
    return f"{effect.scenario}-{effect.api}"


def some(matches: Callable[[Mapping[str, Any]], bool]) -> list[Effect]:
    return [effect for effect in EFFECTS if matches(effect.fault)]


def is_plain(fault: Mapping[str, Any]) -> bool:
    return "hold" not in fault and "probability" not in fault and fault["at"] != "webhook"


def is_slow(fault: Mapping[str, Any]) -> bool:
    return "delay_ms" in fault


@pytest.mark.parametrize("effect", some(is_plain), ids=named)
def test_a_client_sees_what_the_page_says(sandbox: Sandbox, effect: Effect) -> None:
    sooner: dict[str, Any] = {"delay_ms": 100} if is_slow(effect.fault) else {}
    sandbox.fault(effect.scenario, api=effect.api, **sooner)
    refund = Refund(sandbox, effect.api, timeout=0.5 if effect.error == "timeout" else PATIENCE_S)

    reply = refund.send()

    assert (reply.status, reply.error) == (effect.status, effect.error)
    if effect.booked:
        wait_until(lambda: refund.booked)  # a client that gave up may be earlier
    assert refund.booked == effect.booked
    for name, value in effect.fault.get("reply", {}).get("headers", {}).items():
        assert {key.lower(): text for key, text in reply.headers.items()}[name.lower()] == value


@pytest.mark.parametrize("effect", some(lambda fault: "error" in fault), ids=named)
def test_the_provider_fails_as_the_page_says(sandbox: Sandbox, effect: Effect) -> None:
    sandbox.fault(effect.scenario, api=effect.api)
    refund = Refund(sandbox, effect.api)

    reply = refund.send()

    if effect.api == "funnelfox":
        assert reply.body == {}
        newest = refund.order.read()["transactions"][-1]
        assert (newest["psp_status"], newest["psp_reason_message"]) == ("FAILED", effect.fault["error"])
    else:
        part = reply.body["subscription_cancel" if effect.fault["at"] == "cancel" else "gateway_refund"]
        assert part["status"] == "failed"
        assert part["message"].endswith(effect.fault["error"])
        status = refund.order.read()["subscriptions"][0]["status"]
        assert (status == "active") == (effect.fault["at"] == "cancel")


@pytest.mark.parametrize("effect", some(lambda fault: fault["at"] in ("before", "after")), ids=named)
def test_a_scenario_hits_the_operations_that_the_page_says(sandbox: Sandbox, effect: Effect) -> None:
    sooner: dict[str, Any] = {"delay_ms": 10} if is_slow(effect.fault) else {}
    sandbox.fault(effect.scenario, api=effect.api, probability=1, times=1, **sooner)
    path = "/your-org-id/v1/search_users" if effect.api == "funnelfox" else "/wp-json/fluent-cart/v2/orders"
    method = "POST" if effect.api == "funnelfox" else "GET"

    send(sandbox.url, method, path, {}, {**ADMIN_KEY, **ADMIN})

    assert bool(sandbox.faults()) == ("operation" in effect.fault)


@pytest.mark.parametrize("api", APIS)
def test_a_share_of_the_requests_is_hit(sandbox: Sandbox, api: str) -> None:
    [effect] = [one for one in EFFECTS if one.scenario == "flaky" and one.api == api]
    sandbox.fault("flaky", api=api)
    refund = Refund(sandbox, api)

    statuses = [refund.send().status for _ in range(60)]

    assert 5 < statuses.count(effect.status) < 40
    assert len(sandbox.requests()) == 60
    assert all(not entry.refunded for entry in sandbox.requests() if entry.status == effect.status)


def test_two_refunds_wait_for_each_other(sandbox: Sandbox) -> None:
    sandbox.fault("no_lock")
    refund = Refund(sandbox, "fluentcart")
    replies: list[Reply] = []
    clients = [threading.Thread(target=lambda: replies.append(refund.send())) for _ in range(2)]
    for client in clients:
        client.start()
    wait_until(lambda: [fault["hits"] for fault in sandbox.faults()] == [2])
    assert replies == []

    sandbox.release("no_lock")
    for client in clients:
        client.join(PATIENCE_S)

    assert [reply.status for reply in replies] == [200, 200]
    assert len(refund.order.new_refunds()) == 2


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def received(sandbox: Sandbox, receiver: Receiver, api: str, scenario: str) -> list[Received]:
    """The webhooks of a full refund that a scenario hits, in the order of their arrival."""
    target = {"url": receiver.url, "signing_secret": SECRET} if api == "funnelfox" else {"request_url": receiver.url}
    sandbox.webhooks.targets(**{api: [target]})
    sandbox.fault(scenario, api=api)
    refund = Refund(sandbox, api)
    refund.send()
    sandbox.advance("5s")
    assert refund.booked
    return receiver.received


@pytest.mark.parametrize("effect", some(lambda fault: fault.get("webhook") not in (None, "wrong_signature")), ids=named)
def test_the_next_webhook_is_hit(sandbox: Sandbox, receiver: Receiver, effect: Effect) -> None:
    kind = effect.fault["webhook"]

    count = len(received(sandbox, receiver, effect.api, effect.scenario))

    assert count == {"duplicate": 3, "reorder": 2, "drop": 1}[kind]
    deliveries = sandbox.webhooks.deliveries()
    assert [one["fault"] for one in deliveries].count(kind) == (2 if kind == "duplicate" else 1)
    if kind == "reorder":
        late, usual = sorted(deliveries, key=lambda one: one["attempts"][0]["at"], reverse=True)
        assert (late["fault"], late["id"] < usual["id"]) == ("reorder", True)


def test_a_wrong_signature_is_wrong(sandbox: Sandbox, receiver: Receiver) -> None:
    webhooks = received(sandbox, receiver, "funnelfox", "webhook_wrongly_signed")

    are_right = [one.headers["ff-webhook-signature"] == signature(one.body) for one in webhooks]
    assert sorted(are_right) == [False, True]


def signature(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
