"""State with every field of every record: import, export, and the same behaviour in every store."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support.funnelfox_calls import call, call_public, data, set_clock
from tests.support.funnelfox_checkout import CHALLENGED, POOR, RUNNING, UNKNOWN, buy, load_shop, open_session, resume
from tests.support.funnelfox_state import KEY, ONEOFF, ORG, USER, Document, covers, state

pytestmark = pytest.mark.every_store

WHOLE: Document = {
    "orgs": [
        {
            "id": ORG,
            "keys": [{"key": KEY}],
            "webhooks": [{"url": "https://example.test/", "signing_secret": "s", "order_events": False, "dispute_events": False}],
        }
    ],
    "users": [{"external_id": USER, "email": "u@example.test", "email_aliases": []}],
    "features": [{"ident": "premium", "feature_type": "lifetime"}],
    "price_points": [
        {
            "ident": "monthly",
            "intro_type": "paid_trial",
            "features": [{"ident": "premium"}],
            "intro_paid_trial_price": "1",
            "intro_paid_trial_period": 3,
            "intro_paid_trial_period_duration": "days",
            "next_price": "9.99",
            "descriptor": "ACME",
            "pp_version": 2,
            "earlier": [{"pp_version": 1, "next_price": "8.99"}],
        }
    ],
    "subscriptions": [
        {
            **RUNNING,
            "pp_version": 1,
            "status": ["RECURRING", "PAUSED"],
            "is_active": False,
            "next_check_at": None,
            "paused_at": "2026-01-05T00:00:00.000000",
            "retry_step": 2,
            "discount_percent": 20,
            "discount_iterations": 3,
        }
    ],
    "oneoffs": [{"oneoff_id": ONEOFF, "org_id": ORG, "external_id": USER}],
    "payment_methods": [
        {
            "id": "1",
            "external_id": USER,
            "token": "pm_1",
            "is_vaulted": False,
            "saved_at": "2026-01-01T00:00:00.000000",
            "charges": ["2026-01-01T00:00:00.000000"],
        }
    ],
    "checkouts": [
        {
            "order_id": UNKNOWN,
            "client_token": "ct_1",
            "org_id": ORG,
            "external_id": USER,
            "email": "u@example.test",
            "pp_ident": "monthly",
            "region": "eu",
            "integration_type": "stripe",
            "country_code": "DE",
            "client_metadata": {"deep": [1, None]},
            "created_at": "2026-01-01T00:00:00.000000",
            "pay_with": "pm_1",
            "action_required_token": "3ds_1",
            "answers": {
                "pm_1": {
                    "action_required_token": "3ds_1",
                    "checkout_status": "processing",
                    "failed_message_for_user": "",
                    "order_id": UNKNOWN,
                }
            },
        }
    ],
}


def test_a_complete_section_is_exported_unchanged(client: TestClient) -> None:
    assert client.put("/_sandbox/state", json={"funnelfox": WHOLE}).status_code == 200

    first = client.get("/_sandbox/state").json()
    client.put("/_sandbox/state", json=first)

    assert covers(first["funnelfox"], WHOLE)
    assert client.get("/_sandbox/state").json() == first


def test_a_state_behaves_the_same_after_a_move_to_another_store(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)
    buy(client, "paid")
    buy(client, "guide", POOR)
    waiting = buy(client, "gems", CHALLENGED)["order_id"]
    open_session(client, "trial")
    subs_id = state(client)["subscriptions"][0]["subs_id"]
    call(client, "/discount", subs_id=subs_id, percent=50, count_of_iterations=1)
    other = build(Settings(check_replies=True))
    other.workspace.load(sandbox.workspace.dump())
    moved = TestClient(other.app)
    assert state(moved) == state(client)

    outcomes = []
    for app, caller in ((sandbox, client), (other, moved)):
        resumed = data(resume(caller, waiting))
        set_clock(app, "2026-02-20T00:00:00")
        listed = data(call_public(caller, "/my_assets", external_id=USER))
        paid = [(order["status"], order["amount"], order["created_at"]) for order in state(caller)["orders"]]
        outcomes.append((resumed, [entry["status"] for entry in listed["subscriptions"]], paid))

    assert outcomes[0] == outcomes[1]
    assert ("settled", "5.00", "2026-01-09T10:00:00.000000") in outcomes[0][2]
