"""FunnelFox: the sandbox compared with other servers in its place."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from refund_sandbox.core.verification import LiveServiceError
from refund_sandbox.testing import Sandbox
from tests.support.live_service import NO_REPLY, RESET, Answer, LiveService, Received, forward, serving, with_body
from tests.verify.conftest import Verify
from tests.verify.test_fluentcart_shop import differing, row_of

pytestmark = pytest.mark.memory_only

KEY = "sandbox-secret-key"
PATH = "/your-org-id/v1"
SUBSCRIPTION = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
ORDERS = (SUBSCRIPTION, *(f"00000000-0000-4000-8000-0000000000{number:02}" for number in (2, 3, 4, 5, 6, 7, 8, 9)))


@pytest.fixture(scope="module")
def service() -> Iterator[Sandbox]:
    """Another sandbox, which stands for the live service."""
    with Sandbox(validation="live", orders=3) as service:
        yield service


def options(service: Sandbox, order: str = SUBSCRIPTION) -> dict[str, Any]:
    customer = service.client.get(f"/funnelfox/orders/{order}")["external_id"]
    return {"key": KEY, "order": order, "customer": customer}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("order", ORDERS)
def test_a_service_in_the_same_state_has_no_difference(order: str, service: Sandbox, verify: Verify) -> None:
    service.reset()

    report = verify("funnelfox", service.url + PATH, **options(service, order))

    assert differing(report) == {}
    assert report.counts["alike"] >= 29


def test_without_an_order_and_a_customer_the_first_order_is_read(service: Sandbox, verify: Verify) -> None:
    service.reset()

    report = verify("funnelfox", service.url + PATH, key=KEY)

    assert differing(report) == {}
    assert report.subject["Order"] != "none"
    assert row_of(report, "Assets and payments of a customer").reason == "needs --customer"


def test_nothing_is_booked_and_no_known_order_or_user_is_named_in_a_change(service: Sandbox, verify: Verify) -> None:
    service.reset()
    before = service.client.get("/state")
    with serving(lambda received: forward(service.url, received)) as counting:
        verify("funnelfox", counting.url + PATH, **options(service))

    assert service.client.get("/state") == before
    reads = ("price_points", "features", "my_assets", "payments_history", "transaction_report", "search")
    changes = [one for one in counting.requests if one.method == "POST" and not one.path.endswith(reads)]
    assert len(changes) > 10
    known = (SUBSCRIPTION, options(service)["customer"])
    assert not any(name.encode() in one.content for one in changes for name in known)


Change = Callable[[Any], Any]


def _first(rows: Any, **fields: Any) -> None:
    rows["transactions"][0].update(fields)


PLANTED: dict[str, tuple[str, Callable[[Answer], Answer], str, str]] = {}


def planted(kind: str, path: str, change: Callable[[Any], None], name: str, place: str) -> None:
    """Add a change of the body of one operation."""

    def changed(body: Any) -> Any:
        change(body.get("data", body))
        return body

    PLANTED[kind] = path, lambda answer: with_body(answer, changed), name, place


REPORT = ("/transaction_report", "The transactions of the order")
planted("status text", REPORT[0], lambda data: _first(data, status="SETTLED"), REPORT[1], "body.data.transactions[0].status")
planted("amount as number", REPORT[0], lambda data: _first(data, amount=9.99), REPORT[1], "body.data.transactions[0].amount")
planted("null", REPORT[0], lambda data: _first(data, region=None), REPORT[1], "body.data.transactions[0].region")
planted("more fields", REPORT[0], lambda data: _first(data, mcc="5815"), REPORT[1], "body.data.transactions[0].mcc")
planted("missing", REPORT[0], lambda data: data["transactions"][0].pop("psp"), REPORT[1], "body.data.transactions[0].psp")
planted("order", "/price_points", lambda data: data["price_points"].reverse(), "All price points", "body.data.price_points.order")
planted("length", "/features", lambda data: data["features"].pop(), "All features", "body.data.features.length")
planted("flag", "/my_assets", lambda data: data["subscriptions"][0].update(is_active=1), "What the customer owns", "is_active")
PLANTED["status"] = "/features", lambda answer: answer._replace(status=201), "All features", "status"
PLANTED["content type"] = (
    "/features",
    lambda answer: answer._replace(headers={**answer.headers, "content-type": "text/plain"}),
    "All features",
    "headers.content-type",
)
PLANTED["no envelope"] = "/features", lambda answer: with_body(answer, lambda body: body["data"]), "All features", "body.data"


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_difference_is_found_and_no_other_one(kind: str, service: Sandbox, verify: Verify) -> None:
    service.reset()
    ending, change, name, place = PLANTED[kind]
    seen: list[bytes] = []

    def answer(received: Received) -> Answer:
        """Change the reply, and leave the first one of a kind whose change is a state of its own."""
        reply = forward(service.url, received)
        is_wanted = received.path.endswith(ending) and reply.status == 200
        seen.extend([received.content] if is_wanted else [])
        is_first = kind in ("status text", "length", "order") and seen.count(received.content) == 1
        return change(reply) if is_wanted and not is_first else reply

    with serving(answer) as changing:
        report = verify("funnelfox", changing.url + PATH, **options(service))

    assert list(differing(report)) == [name]
    assert any(place in path for path in differing(report)[name])


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("field", "value"), [("code", "not_found"), ("msg", "No."), ("type", "error"), ("loc", ["order_id"])])
def test_a_planted_difference_of_a_refused_refund_is_found(field: str, value: Any, service: Sandbox, verify: Verify) -> None:
    service.reset()

    def changed(body: Any) -> Any:
        body["error"][0][field] = value
        return body

    def answer(received: Received) -> Answer:
        reply = forward(service.url, received)
        is_wanted = received.path.endswith("/payment/refund") and b"order_not_found" in reply.content
        return with_body(reply, changed) if is_wanted else reply

    with serving(answer) as changing:
        report = verify("funnelfox", changing.url + PATH, **options(service))

    assert set(differing(report)) == {"A refund of an unknown order", "A refund of an unknown order in full"}
    assert not report.has_measured_difference


def refunds_sent(counting: LiveService) -> list[Received]:
    return [one for one in counting.requests if SUBSCRIPTION.encode() in one.content and one.path.endswith("/payment/refund")]


def refunded(service: Sandbox) -> int:
    return int(service.client.get("/funnelfox/orders", id=SUBSCRIPTION)["orders"][0]["refunded"])


def test_a_named_refund_is_sent_once_and_booked(service: Sandbox, verify: Verify) -> None:
    service.reset()
    with serving(lambda received: forward(service.url, received)) as counting:
        report = verify("funnelfox", counting.url + PATH, refund=(SUBSCRIPTION, "4.99"), **options(service))

    assert differing(report) == {}
    assert [json.loads(one.content)["amount"] for one in refunds_sent(counting)] == ["4.99"]
    assert refunded(service) == 499


@pytest.mark.sampled(3)
@pytest.mark.parametrize("failure", [RESET, NO_REPLY, Answer(502, {}, b"Bad Gateway"), Answer(504, {}, b"")])
def test_a_refund_that_fails_on_the_way_is_not_sent_again(failure: Answer, service: Sandbox, verify: Verify) -> None:
    service.reset()

    def answer(received: Received) -> Answer:
        reply = forward(service.url, received)
        return failure if received.path.endswith("/payment/refund") and SUBSCRIPTION.encode() in received.content else reply

    with serving(answer) as counting:
        report = verify("funnelfox", counting.url + PATH, refund=(SUBSCRIPTION, "4.99"), **options(service))

    assert report.counts["unknown"] == 1
    assert row_of(report, f"Refund 4.99 USD of order {SUBSCRIPTION}").outcome == "unknown"
    assert len(refunds_sent(counting)) == 1
    assert refunded(service) == 499


def test_the_first_accepted_change_ends_all_others(service: Sandbox, verify: Verify) -> None:
    service.reset()

    def answer(received: Received) -> Answer:
        is_refund = received.path.endswith("/payment/refund") and received.method == "POST"
        return Answer(200, {"content-type": "application/json"}, b"{}") if is_refund else forward(service.url, received)

    with serving(answer) as accepting:
        report = verify("funnelfox", accepting.url + PATH, **options(service))

    assert sum(one.path.endswith("/payment/refund") and one.method == "POST" for one in accepting.requests) == 1
    assert row_of(report, "A refund without an order").reason.startswith("The live service accepted what it should refuse.")


@pytest.mark.parametrize(
    ("path", "more", "error"),
    [
        ("", {}, "It ends with the organisation and /v1"),
        (PATH.replace("your", "another"), {}, "with 401. Check --base-url and --key."),
        (PATH, {"key": "wrong"}, "with 401. Check --base-url and --key."),
        (PATH, {"order": "00000000-0000-4000-8000-000000000099"}, "has no transactions of order"),
        (PATH, {"refund": (SUBSCRIPTION, "0"), "customer": "user_456"}, "Invalid amount '0'."),
        (PATH, {"refund": (SUBSCRIPTION, "1")}, "add --customer."),
    ],
)
def test_a_wrong_option_is_named(path: str, more: dict[str, Any], error: str, service: Sandbox, verify: Verify) -> None:
    with pytest.raises(LiveServiceError, match=error):
        verify("funnelfox", service.url + path, **{"key": KEY, **more})
