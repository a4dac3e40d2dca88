"""The clock is frozen, set and advanced; due work is executed in order, on every store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support import raw_http
from tests.support.control_calls import advance, create_order, refund_funnelfox

pytestmark = pytest.mark.every_store

NOON = "2030-05-01T12:00:00Z"


@pytest.fixture
def frozen(client: TestClient) -> TestClient:
    """The clock is frozen at noon, and FunnelFox settles refunds after an hour."""
    client.put("/_sandbox/settings", json={"funnelfox": {"settle_after": "1h"}})
    clock(client, now=NOON, frozen=True)
    return client


def clock(client: TestClient, **change: Any) -> dict[str, Any]:
    reply = client.put("/_sandbox/clock", json=change)
    assert reply.status_code == 200, reply.text
    shown: dict[str, Any] = reply.json()
    return shown


def ahead(shown: dict[str, Any]) -> timedelta:
    """Return the time between real time and a clock."""
    return datetime.fromisoformat(shown["now"]) - datetime.now(UTC)


def test_the_clock_shows_real_time(client: TestClient) -> None:
    shown = client.get("/_sandbox/clock").json()

    assert (shown["frozen"], shown["ahead_seconds"]) == (False, 0)
    assert abs(ahead(shown)) < timedelta(seconds=5)


def test_a_frozen_clock_stands_still_until_it_is_advanced(frozen: TestClient) -> None:
    assert frozen.get("/_sandbox/clock").json() == {"now": NOON, "frozen": True, "ahead_seconds": 0}
    assert advance(frozen, "36h")["now"] == "2030-05-03T00:00:00Z"
    assert frozen.get("/_sandbox/clock").json()["now"] == "2030-05-03T00:00:00Z"
    assert frozen.get("/_sandbox/state").json()["clock"] == "2030-05-03T00:00:00Z"


def test_a_running_clock_is_advanced_and_continues(client: TestClient) -> None:
    shown = advance(client, "2d")

    assert not shown["frozen"]
    assert abs(ahead(shown) - timedelta(days=2)) < timedelta(seconds=5)
    assert abs(ahead(client.get("/_sandbox/clock").json()) - timedelta(days=2)) < timedelta(seconds=5)


def test_a_clock_is_set_and_runs_or_returns_to_real_time(client: TestClient) -> None:
    assert clock(client, now=NOON, frozen=False)["now"].startswith("2030-05-01T12:00:0")
    assert clock(client, frozen=True)["now"].startswith("2030-05-01T12:00:")
    assert abs(ahead(clock(client, now=None, frozen=False))) < timedelta(seconds=5)


def test_every_timestamp_comes_from_the_clock(frozen: TestClient) -> None:
    body = {"refund_info": {"transaction_id": 129237, "amount": 100}}
    frozen.post(raw_http.FLUENTCART, json=body, headers=raw_http.CREDENTIALS)

    row = frozen.get("/_sandbox/fluentcart/orders/1001").json()["transactions"][-1]
    assert row["created_at"] == "2030-05-01 12:00:00"
    assert frozen.get("/_sandbox/requests").json()["requests"][0]["at"] == NOON


def refunded_order(client: TestClient) -> dict[str, Any]:
    order = create_order(client, "funnelfox")
    assert refund_funnelfox(client, order).status_code == 200
    return order


def row_of(client: TestClient, order: dict[str, Any]) -> dict[str, Any]:
    rows = client.get(f"/_sandbox/funnelfox/orders/{order['order_id']}").json()["transactions"]
    found: dict[str, Any] = rows[-1]
    return found


def test_due_work_is_executed_at_its_time(frozen: TestClient) -> None:
    first = refunded_order(frozen)
    advance(frozen, "30m")
    second = refunded_order(frozen)
    assert [row_of(frozen, order)["psp_status"] for order in (first, second)] == ["PENDING", "PENDING"]

    advance(frozen, "45m")
    assert [row_of(frozen, order)["psp_status"] for order in (first, second)] == ["SETTLED", "PENDING"]
    advance(frozen, "10d")

    rows = [row_of(frozen, order) for order in (first, second)]
    assert [row["psp_date"] for row in rows] == ["2030-05-01T13:00:00.000000", "2030-05-01T13:30:00.000000"]


def test_setting_the_clock_executes_due_work(frozen: TestClient) -> None:
    order = refunded_order(frozen)

    clock(frozen, now="2030-05-02T00:00:00Z")

    assert row_of(frozen, order)["psp_date"] == "2030-05-01T13:00:00.000000"


REFUSED: dict[str, tuple[str, str, Any, str]] = {
    "no time": ("PUT", "/clock", {}, ""),
    "milliseconds": ("PUT", "/clock", {"now": 1767322800000}, "/now"),
    "more seconds than a calendar has": ("PUT", "/clock", {"now": 1e30}, "/now"),
    "an empty time": ("PUT", "/clock", {"now": ""}, "/now"),
    "a time that is none": ("PUT", "/clock", {"now": "noon"}, "/now"),
    "a time beyond the next hundred years": ("PUT", "/clock", {"now": "2500-01-01T00:00:00Z"}, "/now"),
    "a time before the last hundred years": ("PUT", "/clock", {"now": "0002-01-01T00:00:00Z"}, "/now"),
    "frozen in words": ("PUT", "/clock", {"frozen": "yes"}, "/frozen"),
    "another field": ("PUT", "/clock", {"time": NOON}, ""),
    "no duration": ("POST", "/clock/advance", {}, "/by"),
    "a duration that is none": ("POST", "/clock/advance", {"by": "soon"}, "/by"),
    "a duration beyond all calendars": ("POST", "/clock/advance", {"by": "999999d"}, "/by"),
    "a negative duration": ("POST", "/clock/advance", {"by": "-1h"}, "/by"),
}


@pytest.mark.every_store(10)
@pytest.mark.parametrize(("method", "path", "document", "pointer"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_time_is_refused(method: str, path: str, document: Any, pointer: str, frozen: TestClient) -> None:
    reply = frozen.request(method, f"/_sandbox{path}", json=document)

    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert frozen.get("/_sandbox/clock").json()["now"] == NOON


MOMENTS = {
    "2030-05-01": "2030-05-01T00:00:00Z",
    "20300501": "2030-05-01T00:00:00Z",
    "2030-05-01 12:30": "2030-05-01T12:30:00Z",
    "2030-05-01 12:30:05": "2030-05-01T12:30:05Z",
    "2030-05-01T12:30:05": "2030-05-01T12:30:05Z",
    "2030-05-01T12:30:05+02:00": "2030-05-01T10:30:05Z",
    "1903955405": "2030-05-02T12:30:05Z",
    1903955405: "2030-05-02T12:30:05Z",
    1903955405.5: "2030-05-02T12:30:05.500000Z",
}


@pytest.mark.memory_only
@pytest.mark.parametrize(("now", "instant"), MOMENTS.items(), ids=map(str, MOMENTS))
def test_a_time_may_be_written_as_people_do(now: Any, instant: str, frozen: TestClient) -> None:
    reply = frozen.put("/_sandbox/clock", json={"now": now})

    assert (reply.status_code, reply.json().get("now")) == (200, instant), reply.text


DURATIONS = {
    "1h30m": 5400, "2w": 1_209_600, "30 days": 2_592_000, "1 day 2 hours": 93_600, "1.5h": 5400, "1 hour and 30 minutes": 5400,
    "1h, 30m": 5400, "PT1H30M": 5400, "P2D": 172_800, "90S": 90, "10 min": 600, "1500ms": 1.5, "0.5s": 0.5,
}  # fmt: skip


@pytest.mark.memory_only
@pytest.mark.parametrize(("by", "seconds"), DURATIONS.items(), ids=DURATIONS)
def test_a_duration_may_be_written_as_people_do(by: str, seconds: float, client: TestClient) -> None:
    client.put("/_sandbox/clock", json={"now": "2030-05-01", "frozen": True})

    now = client.post("/_sandbox/clock/advance", json={"by": by}).json()["now"]

    assert datetime.fromisoformat(now) == datetime(2030, 5, 1, tzinfo=UTC) + timedelta(seconds=seconds)
