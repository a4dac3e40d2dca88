"""Anchor day of a subscription: it is billed on the day on which it began, or on the last day of a shorter month."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, set_clock, subscription
from tests.support.funnelfox_checkout import POINT, RUNNING
from tests.support.funnelfox_state import SUBSCRIPTION, load_state


def load(sandbox: SandboxApp, starts: str, ends: str, count: int = 1, unit: str = "months", **fields: Any) -> None:
    point = {**POINT, "next_period": count, "next_period_duration": unit}
    period = {"current_period_starts_at": f"{starts}T12:00:00.000000", "current_period_ends_at": f"{ends}T12:00:00.000000"}
    subscriptions = [{**RUNNING, **period, "next_check_at": f"{ends}T10:00:00.000000", **fields}]
    load_state(sandbox, clock=f"{starts}T13:00:00Z", subscriptions=subscriptions, price_points=[point])


def ends_until(sandbox: SandboxApp, client: TestClient, count: int) -> list[str]:
    """Renew a subscription, and return the ends of its next periods."""
    ends = []
    for _ in range(count):
        set_clock(sandbox, subscription(client)["current_period_ends_at"])
        ends.append(subscription(client)["current_period_ends_at"][:10])
    return ends


SERIES = {
    "31st": ("2025-12-31", "2026-01-31", 1, "months", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]),
    "31st, first in February": ("2026-01-31", "2026-02-28", 1, "months", ["2026-03-31", "2026-04-30", "2026-05-31"]),
    "30th": ("2025-12-30", "2026-01-30", 1, "months", ["2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"]),
    "29th": ("2025-12-29", "2026-01-29", 1, "months", ["2026-02-28", "2026-03-29", "2026-04-29"]),
    "29th of a leap year": ("2023-12-31", "2024-01-31", 1, "months", ["2024-02-29", "2024-03-31"]),
    "28th": ("2025-12-28", "2026-01-28", 1, "months", ["2026-02-28", "2026-03-28", "2026-04-28"]),
    "last of February": ("2026-01-28", "2026-02-28", 1, "months", ["2026-03-28", "2026-04-28"]),
    "quarters": ("2025-08-31", "2025-11-30", 3, "months", ["2026-02-28", "2026-05-31", "2026-08-31", "2026-11-30"]),
    "half years": ("2025-08-31", "2026-02-28", 6, "months", ["2026-08-31", "2027-02-28", "2027-08-31"]),
    "years": ("2024-02-29", "2025-02-28", 1, "years", ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]),
    "28 days": ("2026-01-31", "2026-02-28", 28, "days", ["2026-03-28", "2026-04-25"]),
    "weeks": ("2026-01-31", "2026-02-28", 4, "weeks", ["2026-03-28"]),
}


@pytest.mark.parametrize(("starts", "ends", "count", "unit", "then"), SERIES.values(), ids=SERIES)
def test_a_subscription_keeps_its_day(
    starts: str, ends: str, count: int, unit: str, then: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, starts, ends, count, unit)

    assert ends_until(sandbox, client, len(then)) == then


def test_the_day_survives_an_export_and_an_import(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, "2025-08-31", "2025-11-30", 3)
    ends_until(sandbox, client, 1)

    sandbox.workspace.load(client.get("/_sandbox/state").json())

    assert subscription(client)["anchor_day"] == 31
    assert ends_until(sandbox, client, 2) == ["2026-05-31", "2026-08-31"]


def test_a_deferred_subscription_has_the_day_of_its_new_end(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, "2026-01-31", "2026-02-20")

    assert call(client, "/subscription/defer", subs_id=SUBSCRIPTION, defer_till="2026-02-28T12:00:00Z").status_code == 200

    assert ends_until(sandbox, client, 2) == ["2026-03-28", "2026-04-28"]


def test_a_resumed_subscription_has_the_day_of_its_new_end(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, "2026-01-31", "2026-02-28")
    assert call(client, "/subscription/pause", subs_id=SUBSCRIPTION).status_code == 200
    set_clock(sandbox, "2026-02-05T13:00:00")

    assert call(client, "/subscription/resume", subs_id=SUBSCRIPTION).status_code == 200

    assert subscription(client)["current_period_ends_at"][:10] == "2026-03-05"
    assert ends_until(sandbox, client, 2) == ["2026-04-05", "2026-05-05"]


@pytest.mark.parametrize("day", [0, 32, 1.5, "31"])
def test_a_day_that_no_month_has_is_refused(day: Any, client: TestClient) -> None:
    document = {"funnelfox": {"subscriptions": [{**RUNNING, "anchor_day": day}]}}

    reply = client.put("/_sandbox/state", json=document)

    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/funnelfox/subscriptions/0/anchor_day"
