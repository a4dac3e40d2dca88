"""What webhooks are told of refunds, how, and which targets."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import KEY, ONEOFF, ORDER, ORG, SUBSCRIPTION, USER, Document, begin, order, refund, refunds
from tests.support.funnelfox_targets import HOOK, LISTENING, deliveries, told, topics

NOON = "2026-01-02T12:00:00Z"
RUNNING: Document = {"subs_id": SUBSCRIPTION, "external_id": USER, "pp_ident": "monthly"}
MONTHLY: Document = {"ident": "monthly", "currency": {"code": "USD", "minor_units": 2}, "next_price": "9.99"}


@pytest.mark.parametrize(
    ("bought", "asked", "expected"),
    [
        ({"subs_id": SUBSCRIPTION}, {}, ["refund/settled", "subscription/expiration"]),
        ({"oneoff_id": ONEOFF}, {}, ["refund/settled", "oneoff/revoked"]),
        ({"subs_id": SUBSCRIPTION}, {"amount": "4.99"}, ["refund/settled", "subscription/unsubscription"]),
        ({"oneoff_id": ONEOFF}, {"amount": "4.99"}, ["refund/settled"]),
        ({"subs_id": SUBSCRIPTION}, {"soft_refund": True}, ["refund/settled"]),
        ({"oneoff_id": ONEOFF}, {"soft_refund": True}, ["refund/settled"]),
        ({}, {}, ["refund/settled"]),
    ],
)
def test_a_refund_tells_of_the_money_and_of_what_is_lost(
    bought: Document, asked: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    begin(sandbox, order(**bought), orgs=LISTENING, clock=NOON)

    refund(client, **asked)

    assert topics(sandbox) == expected


@pytest.mark.parametrize("status", [["AUTORENEW_OFF"], ["EXPIRED"]])
def test_what_is_over_already_is_not_told_again(status: list[str], sandbox: SandboxApp, client: TestClient) -> None:
    begin(sandbox, order(subs_id=SUBSCRIPTION), orgs=LISTENING, clock=NOON, subscriptions=[{**RUNNING, "status": status}])

    refund(client, amount="1")

    assert topics(sandbox) == ["refund/settled"]


def test_a_refund_event_has_the_fields_of_the_documentation(sandbox: SandboxApp, client: TestClient) -> None:
    users = [{"external_id": USER, "email": "user@example.test", "email_aliases": ["u@example.test"]}]
    begin(
        sandbox,
        order(subs_id=SUBSCRIPTION, pp_ident="monthly", created_at="2026-01-01T00:00:00Z", initial_order_metadata={"a": 1}),
        orgs=LISTENING,
        clock=NOON,
        users=users,
        price_points=[MONTHLY],
    )

    refund(client, amount="4.99")

    event = told(sandbox)[0]
    (row,) = refunds(client)
    assert event["user"] == users[0]
    assert {name: event[name] for name in ("event_type", "subtype", "is_livemode", "external_id", "order_id", "trx_id")} == {
        "event_type": "refund",
        "subtype": "settled",
        "is_livemode": False,
        "external_id": USER,
        "order_id": ORDER,
        "trx_id": row["trx_id"],
    }
    assert (event["amount_refunded"], event["currency_code"], event["subs_id"]) == ("4.99", "USD", SUBSCRIPTION)
    assert event["refund_at"] == event["created_at"] == "2026-01-02T12:00:00.000000"
    shown = event["order"]
    assert (shown["amount"], shown["status"], shown["psp"], shown["decline_reason"]) == ("9.99", "settled", "STRIPE", None)
    assert (shown["created_at"], shown["initial_order_metadata"]) == ("2026-01-01T00:00:00.000000", {"a": 1})
    assert event["subscription"]["price_point"]["next_price"] == "9.99"
    assert event["subscription"]["status"] == ["AUTORENEW_OFF"]


def test_every_refund_has_an_event_of_its_own_amount_and_time(sandbox: SandboxApp, client: TestClient) -> None:
    begin(sandbox, order(), orgs=LISTENING, clock=NOON)

    for amount in ("1", "2", "3.50"):
        refund(client, amount=amount)

    events = told(sandbox)
    assert [event["amount_refunded"] for event in events] == ["1.00", "2.00", "3.50"]
    assert [event["event_timestamp"] for event in events] == sorted({event["event_timestamp"] for event in events})
    assert len({event["event_id"] for event in events}) == len({event["trx_id"] for event in events}) == 3


def test_a_refund_that_settles_later_is_told_then_and_what_is_lost_at_once(sandbox: SandboxApp, client: TestClient) -> None:
    later = {"funnelfox": {"settle_after": "1h"}}
    begin(sandbox, order(subs_id=SUBSCRIPTION), orgs=LISTENING, clock=NOON, settings=later)
    refund(client)
    at_once = topics(sandbox)

    sandbox.workspace.services.clock.set(datetime(2026, 1, 2, 15, tzinfo=UTC))
    client.get("/_sandbox/state")

    assert at_once == ["subscription/expiration"]
    assert topics(sandbox) == ["subscription/expiration", "refund/settled"]
    assert told(sandbox)[1]["refund_at"] == "2026-01-02T13:00:00.000000"


def test_nothing_is_told_of_a_refund_that_fails_or_is_refused(sandbox: SandboxApp, client: TestClient) -> None:
    begin(sandbox, order(scenario="settlement_failed"), orgs=LISTENING)

    refund(client, amount="1")
    refund(client, amount="100")

    assert topics(sandbox) == []


def test_the_body_is_signed_with_the_targets_secret(sandbox: SandboxApp, client: TestClient) -> None:
    hooks = [{"url": HOOK, "signing_secret": "geheim ж"}, {"url": f"{HOOK}?plain=1"}]
    begin(sandbox, order(), orgs=[{"id": ORG, "keys": [{"key": KEY}], "webhooks": hooks}])

    refund(client)

    signed, plain = deliveries(sandbox)
    digest = hmac.new("geheim ж".encode(), signed.body.encode(), hashlib.sha256).hexdigest()
    assert signed.headers == {"Content-Type": "application/json", "ff-webhook-signature": digest}
    assert plain.headers == {"Content-Type": "application/json"}
    assert (plain.url, plain.body, plain.event_id) == (f"{HOOK}?plain=1", signed.body, signed.event_id)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [({"enabled": False}, 0), ({"order_events": False, "dispute_events": False}, 1), ({}, 1)],
)
def test_a_refund_goes_to_every_enabled_target(
    switches: Document, expected: int, sandbox: SandboxApp, client: TestClient
) -> None:
    org = {"id": ORG, "keys": [{"key": KEY}], "webhooks": [{"url": HOOK, **switches}]}
    rival = {"id": "rival", "webhooks": [{"url": HOOK}]}
    begin(sandbox, order(), orgs=[org, rival])

    refund(client)

    assert len(deliveries(sandbox)) == expected


@pytest.mark.parametrize(("count", "status"), [(7, 200), (8, 422)])
def test_an_organisation_has_at_most_seven_targets(count: int, status: int, client: TestClient) -> None:
    org: Any = {"id": ORG, "webhooks": [{"url": HOOK}] * count}

    response = client.put("/_sandbox/state", json={"funnelfox": {"orgs": [org]}})

    assert response.status_code == status
    if status == 422:
        assert response.json()["errors"][0]["pointer"] == "/funnelfox/orgs/0/webhooks"
