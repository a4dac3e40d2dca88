"""Webhook events of refunds: content, signature and targets."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import (
    KEY,
    ONEOFF,
    ORDER,
    ORG,
    SUBSCRIPTION,
    USER,
    Document,
    load_state,
    order,
    refund,
    refund_rows,
)
from tests.support.funnelfox_targets import HOOK_URL, SUBSCRIBED_ORGS, deliveries, event_documents, topics

NOON = "2026-01-02T12:00:00Z"
RUNNING: Document = {"subs_id": SUBSCRIPTION, "external_id": USER, "pp_ident": "monthly"}
MONTHLY: Document = {"ident": "monthly", "currency": {"code": "USD", "minor_units": 2}, "next_price": "9.99"}


@pytest.mark.parametrize(
    ("entitlement", "fields", "expected"),
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
def test_a_refund_emits_events_of_the_money_and_the_entitlement(
    entitlement: Document, fields: Document, expected: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order(**entitlement), orgs=SUBSCRIBED_ORGS, clock=NOON)

    refund(client, **fields)

    assert topics(sandbox) == expected


@pytest.mark.parametrize("status", [["AUTORENEW_OFF"], ["EXPIRED"]])
def test_an_entitlement_without_a_change_emits_no_event(status: list[str], sandbox: SandboxApp, client: TestClient) -> None:
    load_state(
        sandbox, order(subs_id=SUBSCRIPTION), orgs=SUBSCRIBED_ORGS, clock=NOON, subscriptions=[{**RUNNING, "status": status}]
    )

    refund(client, amount="1")

    assert topics(sandbox) == ["refund/settled"]


def test_a_refund_event_has_the_fields_of_the_documentation(sandbox: SandboxApp, client: TestClient) -> None:
    users = [{"external_id": USER, "email": "user@example.test", "email_aliases": ["u@example.test"]}]
    load_state(
        sandbox,
        order(subs_id=SUBSCRIPTION, pp_ident="monthly", created_at="2026-01-01T00:00:00Z", initial_order_metadata={"a": 1}),
        orgs=SUBSCRIBED_ORGS,
        clock=NOON,
        users=users,
        price_points=[MONTHLY],
    )

    refund(client, amount="4.99")

    event = event_documents(sandbox)[0]
    (row,) = refund_rows(client)
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
    load_state(sandbox, order(), orgs=SUBSCRIBED_ORGS, clock=NOON)

    for amount in ("1", "2", "3.50"):
        refund(client, amount=amount)

    events = event_documents(sandbox)
    assert [event["amount_refunded"] for event in events] == ["1.00", "2.00", "3.50"]
    assert [event["event_timestamp"] for event in events] == sorted({event["event_timestamp"] for event in events})
    assert len({event["event_id"] for event in events}) == len({event["trx_id"] for event in events}) == 3


def test_a_later_settlement_emits_then_and_the_entitlement_at_acceptance(sandbox: SandboxApp, client: TestClient) -> None:
    later = {"funnelfox": {"settle_after": "1h"}}
    load_state(sandbox, order(subs_id=SUBSCRIPTION), orgs=SUBSCRIBED_ORGS, clock=NOON, settings=later)
    refund(client)
    at_once = topics(sandbox)

    sandbox.workspace.set_clock(datetime(2026, 1, 2, 15, tzinfo=UTC), frozen=True)

    assert at_once == ["subscription/expiration"]
    assert topics(sandbox) == ["subscription/expiration", "refund/settled"]
    assert event_documents(sandbox)[1]["refund_at"] == "2026-01-02T13:00:00.000000"


def test_failed_and_refused_refunds_emit_no_event(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(scenario="settlement_failed"), orgs=SUBSCRIBED_ORGS)

    refund(client, amount="1")
    refund(client, amount="100")

    assert topics(sandbox) == []


def test_the_body_is_signed_with_the_targets_secret(sandbox: SandboxApp, client: TestClient) -> None:
    hooks = [{"url": HOOK_URL, "signing_secret": "geheim ж"}, {"url": f"{HOOK_URL}?plain=1"}]
    load_state(sandbox, order(), orgs=[{"id": ORG, "keys": [{"key": KEY}], "webhooks": hooks}])

    refund(client)

    signed, plain = deliveries(sandbox)
    digest = hmac.new("geheim ж".encode(), signed.body.encode(), hashlib.sha256).hexdigest()
    assert signed.headers == {"Content-Type": "application/json", "ff-webhook-signature": digest}
    assert plain.headers == {"Content-Type": "application/json"}
    assert (plain.url, plain.body, plain.event_id) == (f"{HOOK_URL}?plain=1", signed.body, signed.event_id)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [({"enabled": False}, 0), ({"order_events": False, "dispute_events": False}, 1), ({}, 1)],
)
def test_a_refund_goes_to_every_enabled_target(
    switches: Document, expected: int, sandbox: SandboxApp, client: TestClient
) -> None:
    org = {"id": ORG, "keys": [{"key": KEY}], "webhooks": [{"url": HOOK_URL, **switches}]}
    rival = {"id": "rival", "webhooks": [{"url": HOOK_URL}]}
    load_state(sandbox, order(), orgs=[org, rival])

    refund(client)

    assert len(deliveries(sandbox)) == expected


@pytest.mark.parametrize(("count", "status"), [(7, 200), (8, 422)])
def test_an_organisation_has_at_most_seven_targets(count: int, status: int, client: TestClient) -> None:
    org: Any = {"id": ORG, "webhooks": [{"url": HOOK_URL}] * count}

    response = client.put("/_sandbox/state", json={"funnelfox": {"orgs": [org]}})

    assert response.status_code == status
    if status == 422:
        assert response.json()["errors"][0]["pointer"] == "/funnelfox/orgs/0/webhooks"
