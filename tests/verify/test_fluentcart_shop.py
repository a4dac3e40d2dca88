"""FluentCart: the sandbox compared with other servers in its place."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart.live_version import nearest
from refund_sandbox.apis.fluentcart.recording import PASSWORD
from refund_sandbox.apis.fluentcart.versions import VERSIONS
from refund_sandbox.testing import Sandbox
from refund_sandbox.verify.report import Report, Row
from tests.support.fluentcart_calls import BASE
from tests.support.live_service import Answer, Received, Recordings, forward, serving, with_body
from tests.support.paths import RECORDINGS
from tests.verify.conftest import Verify

pytestmark = pytest.mark.memory_only

USER = "admin:demo DEMO 1234 demo DEMO 5678"


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    """Another sandbox, which stands for the shop."""
    with Sandbox(validation="live", orders=3) as shop:
        yield shop


def differing(report: Report) -> dict[str, list[str]]:
    """The paths of all differences by behaviour."""
    return {row.name: [one.path for one in row.differences] for row in report.rows if row.outcome == "differs"}


def row_of(report: Report, name: str) -> Row:
    return next(row for row in report.rows if row.name == name)


@pytest.mark.sampled(7)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("order", ["1001", "1003", "1004", "1006", "1008", "1013"])
def test_a_shop_of_the_same_version_has_no_difference(version: str, order: str, shop: Sandbox, verify: Verify) -> None:
    shop.settings(fluentcart={"version": version})

    report = verify("fluentcart", shop.url, user=USER, order=order)

    assert differing(report) == {}
    assert report.counts["alike"] > 25
    assert report.subject["Version"] == f"{version}, from the list of plugins; compared with {version}"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "permissions",
    [
        ["orders/view"],
        ["orders/view", "customers/view", "subscriptions/view", "orders/can_refund"],
        ["orders/view", "orders/can_refund", "orders/manage", "orders/manage_statuses", "orders/delete"],
    ],
)
def test_a_user_who_may_not_do_everything_has_no_difference(permissions: list[str], shop: Sandbox, verify: Verify) -> None:
    shop.reset()
    state = shop.client.get("/state")
    state["fluentcart"]["users"] = [{"login": "worker", "application_password": "abcd", "permissions": permissions}]
    shop.client.put("/state", state)

    report = verify("fluentcart", shop.url, user="worker:abcd", order="1006", version="1.6.5")

    assert differing(report) == {}


def test_the_newest_order_is_read_if_none_is_named(shop: Sandbox, verify: Verify) -> None:
    shop.reset()

    report = verify("fluentcart", shop.url + "/wp-json", user=USER)

    assert report.subject["Order"].startswith(shop.client.get("/fluentcart/orders")["orders"][0]["id"])


def test_another_version_is_found_to_differ(shop: Sandbox, verify: Verify) -> None:
    shop.reset()
    shop.settings(fluentcart={"version": "1.3.25"})

    report = verify("fluentcart", shop.url, user=USER, order="1001", version="1.6.5")

    assert "body.order.transactions[0].refundable" in differing(report)["The order"]
    assert report.has_measured_difference


def test_nothing_is_booked_and_only_unknown_or_doubly_invalid_orders_are_written_to(shop: Sandbox, verify: Verify) -> None:
    shop.reset()
    before = shop.client.get("/state")
    with serving(lambda received: forward(shop.url, received)) as service:
        verify("fluentcart", service.url, user=USER, order="1001")

    assert shop.client.get("/state") == before
    writes = [one for one in service.requests if one.method != "GET"]
    assert len(writes) > 8
    for one in writes:
        number = one.path.split("/orders/")[1].split("/")[0].lstrip("x")
        if number == "1001" or "/x" in one.path:
            info = json.loads(one.content)["refund_info"]
            assert not info.get("amount")
            assert str(info["transaction_id"]) == "" or int(info["transaction_id"]) >= 900_000_000
        else:
            assert int(number) >= 900_000_000
    assert sum("authorization" in one.headers and b"wrong" in _password(one) for one in service.requests) == 1


def _password(received: Received) -> bytes:
    return base64.b64decode(received.headers["authorization"].removeprefix("Basic "))


Change = Callable[[Answer], Answer]


def body(change: Callable[[Any], Any]) -> Change:
    """A change of the body of the order."""

    def changed(document: Any) -> Any:
        change(document["order"])
        return document

    return lambda answer: with_body(answer, changed)


def header(name: str, value: str | None) -> Change:
    def changed(answer: Answer) -> Answer:
        headers = {key: old for key, old in answer.headers.items() if key.lower() != name}
        return answer._replace(headers=headers if value is None else {**headers, name: value})

    return changed


PLANTED: dict[str, tuple[Change, str]] = {
    "status": (lambda answer: answer._replace(status=202), "status"),
    "content type": (header("content-type", "text/html"), "headers.content-type"),
    "charset": (header("content-type", "application/json"), "headers.content-type"),
    "no content type": (header("content-type", None), "headers.content-type"),
    "allowed methods": (header("allow", "GET, POST"), "headers.allow"),
    "no JSON": (lambda answer: answer._replace(content=b"<html>"), "body"),
    "empty": (lambda answer: answer._replace(content=b""), "body"),
    "more fields": (body(lambda order: order.update(loyalty_points=5)), "body.order.loyalty_points"),
    "missing field": (body(lambda order: order.pop("receipt_url")), "body.order.receipt_url"),
    "missing in a list": (body(lambda order: order["transactions"][0].pop("url")), "body.order.transactions[0].url"),
    "number as text": (body(lambda order: order.update(subtotal=str(order["subtotal"]))), "body.order.subtotal"),
    "text as number": (body(lambda order: order.update(total_paid=int(order["total_paid"]))), "body.order.total_paid"),
    "boolean as number": (body(lambda order: order.update(has_missing_licenses=0)), "body.order.has_missing_licenses"),
    "null as text": (body(lambda order: order.update(order_operation="")), "body.order.order_operation"),
    "object as list": (body(lambda order: order.update(custom_checkout_url=[])), "body.order.custom_checkout_url"),
    "order of a list": (body(lambda order: order["transactions"].reverse()), "body.order.transactions.order"),
    "letter case": (body(lambda order: order.update(receipt_url=order["receipt_url"].upper())), "body.order.receipt_url"),
    "a link": (
        body(lambda order: order["transactions"][0].update(url="https://pay.example/1")),
        "body.order.transactions[0].url",
    ),
    "refundable": (body(lambda order: order["transactions"][0].update(refundable=1)), "body.order.transactions[0].refundable"),
}
"""Changes of GET /orders/1004, with the difference that they make. The state of the sandbox is read from such a reply, too."""
UNREADABLE = ("no JSON", "empty")
"""Changes after which the state of the order is not known, so that all of its reads differ."""


def changing(shop: Sandbox, path: str, change: Change) -> Callable[[Received], Answer]:
    """Return a service that answers as the shop does, with a change in the reply to GET of one path."""

    def answer(received: Received) -> Answer:
        reply = forward(shop.url, received)
        return change(reply) if (received.method, received.path) == ("GET", f"{BASE}{path}") else reply

    return answer


@pytest.mark.sampled(6)
@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_difference_is_found_and_no_other_one(kind: str, shop: Sandbox, verify: Verify) -> None:
    shop.reset()
    change, path = PLANTED[kind]

    with serving(changing(shop, "/orders/1004", change)) as service:
        report = verify("fluentcart", service.url, user=USER, order="1004")

    found = differing(report)
    assert path in found.pop("The order")
    assert found == {} or kind in UNREADABLE


def test_a_read_that_crashes_the_plugin_is_not_sent(shop: Sandbox, verify: Verify) -> None:
    with serving(lambda received: forward(shop.url, received)) as service:
        report = verify("fluentcart", service.url, user=USER, order="1001")

    row = row_of(report, "The form of /products/variants")
    assert (row.outcome, row.reason) == ("not tried", "the service is known to fail without parameters")
    assert f"{BASE}/products/variants" not in [one.path for one in service.requests]


FORMS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "/settings/store": (lambda settings: settings.pop("store_name"), "body.settings.store_name"),
    "/reports/dashboard-stats": (lambda stats: stats.update(total=1), "body.dashBoardStats.total"),
    "/coupons": (lambda page: page.update(total=str(page["total"])), "body.coupons.total"),
    "/address-info/countries": (lambda countries: countries[0].pop("name"), "body.data[0].name"),
}
"""A change of the only object or list in a reply, and the difference that it makes."""


@pytest.mark.sampled(2)
@pytest.mark.parametrize("path", FORMS)
def test_a_planted_difference_of_a_form_is_found_and_no_other_one(path: str, shop: Sandbox, verify: Verify) -> None:
    shop.reset()
    change, place = FORMS[path]

    def changed(document: dict[str, Any]) -> Any:
        change(document[place.split(".")[1].partition("[")[0]])
        return document

    with serving(changing(shop, path, lambda reply: with_body(reply, changed))) as service:
        report = verify("fluentcart", service.url, user=USER, order="1004")

    assert differing(report) == {f"The form of {path}": [place]}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("method", "ending", "change", "name", "path"),
    [
        ("POST", "/refund", lambda body: {**body, "message": "No such order"}, "A refund of an unknown order", "body.message"),
        ("GET", "", lambda body: {**body, "code": "not_found"}, "An unknown order", "body.code"),
        ("PUT", "/statuses", lambda body: {**body, "code": "rest_forbidden"}, "A status of an unknown order", "body.code"),
    ],
)
def test_a_planted_difference_of_a_refusal_is_found(
    method: str, ending: str, change: Any, name: str, path: str, shop: Sandbox, verify: Verify
) -> None:
    shop.reset()

    def answer(received: Received) -> Answer:
        reply = forward(shop.url, received)
        unknown = received.path.removeprefix(f"{BASE}/orders/").removesuffix(ending)
        is_wanted = received.method == method and unknown.isdigit() and len(unknown) == 9 and reply.status in (403, 404)
        return with_body(reply, change) if is_wanted else reply

    with serving(answer) as service:
        report = verify("fluentcart", service.url, user=USER, order="1004")

    assert differing(report)[name] == [path]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_shop_is_no_difference(status: int, shop: Sandbox, verify: Verify) -> None:
    shop.reset()

    def answer(received: Received) -> Answer:
        is_read = received.path.startswith(f"{BASE}/customers/11/address")
        return Answer(status, {}, b"busy") if is_read else forward(shop.url, received)

    with serving(answer) as service:
        report = verify("fluentcart", service.url, user=USER, order="1001")

    assert differing(report) == {}
    assert row_of(report, "The billing addresses of the customer").reason == f"the live service answered {status}"


def test_a_refund_that_the_shop_reports_and_does_not_book_is_found(shop: Sandbox, verify: Verify) -> None:
    shop.reset()
    shop.settings(fluentcart={"version": "1.6.5"})
    snapshot = shop.client.get("/state")

    def answer(received: Received) -> Answer:
        reply = forward(shop.url, received)
        if received.path.endswith("/orders/1001/refund") and b"550" in received.content:
            shop.client.put("/state", snapshot)
        return reply

    with serving(answer) as service:
        report = verify("fluentcart", service.url, user=USER, order="1001", refund=("1001", "5.50"))

    assert list(differing(report)) == ["The order after the refund"]
    assert "body.order.total_refund" in differing(report)["The order after the refund"]


@pytest.mark.parametrize("path", ["/orders/", "/subscriptions/"])
def test_a_shop_that_knows_every_order_gets_no_change(path: str, shop: Sandbox, verify: Verify) -> None:
    shop.reset()

    def answer(received: Received) -> Answer:
        reply = forward(shop.url, received)
        return reply._replace(status=200) if f"{path}9" in received.path and received.method == "GET" else reply

    with serving(answer) as service:
        report = verify("fluentcart", service.url, user=USER, order="1001")

    assert [one for one in service.requests if one.method != "GET"] == []
    assert row_of(report, "All requests that the shop must refuse").outcome == "not tried"


def recorded(*groups: str) -> list[Any]:
    cases = [case for group in groups for case in json.loads(next(Path(RECORDINGS).glob(f"{group}_*.json")).read_text())]
    return [case for case in cases if not case["name"].startswith("AFTER")]


@pytest.mark.parametrize("order", ["1001", "1002"])
def test_a_recorded_shop_differs_only_in_what_is_known(order: str, verify: Verify) -> None:
    authorization = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    with serving(Recordings(recorded("05", "10", "11", "13", "14"), authorization)) as service:
        report = verify("fluentcart", service.url, user=f"admin:{PASSWORD}", order=order, version="1.3.25")

    assert differing(report) == {}
    assert report.counts["alike"] >= 12


@pytest.mark.parametrize(
    ("number", "profile"),
    [
        ("1.3.0", "1.3.25"),
        ("1.3.26", "1.3.25"),
        ("1.4.0", "1.5.2"),
        ("1.5.0", "1.5.2"),
        ("1.5.9", "1.5.2"),
        ("1.6.1", "1.5.2"),
        ("1.6.2", "1.6.2"),
        ("1.6.3", "1.6.2"),
        ("1.6.4", "1.6.5"),
        ("1.6.5", "1.6.5"),
        ("2.0", "1.6.5"),
    ],
)
def test_the_nearest_version_counts_amounts_in_the_same_unit(number: str, profile: str) -> None:
    assert nearest(number) == profile
