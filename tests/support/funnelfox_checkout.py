"""Price points of every kind, and client helpers for purchases."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call_public, data
from tests.support.funnelfox_state import ORG, SUBSCRIPTION, USER, Document, load_state, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS

NOON = "2026-01-02T12:00:00Z"
GOOD, POOR, CHALLENGED = "pm_4242424242424242", "pm_4000000000009995", "pm_4000002500003155"
UNKNOWN = "20000000-0000-4000-8000-000000000001"
POINT: Document = {
    "ident": "monthly",
    "currency": {"code": "USD", "minor_units": 2},
    "next_price": "9.99",
    "next_period": 1,
    "next_period_duration": "months",
}
RUNNING: Document = {
    "subs_id": SUBSCRIPTION,
    "org_id": ORG,
    "external_id": USER,
    "pp_ident": "monthly",
    "status": ["RECURRING"],
    "current_period_starts_at": "2026-01-01T00:00:00.000000",
    "current_period_ends_at": "2026-02-01T00:00:00.000000",
    "next_check_at": "2026-01-31T22:00:00.000000",
}
USD = POINT["currency"]
PHASES: list[Document] = [
    POINT,
    {
        **POINT,
        "ident": "trial",
        "intro_type": "free_trial",
        "intro_free_trial_period": 7,
        "intro_free_trial_period_duration": "days",
    },
    {
        **POINT,
        "ident": "paid",
        "intro_type": "paid_trial",
        "intro_paid_trial_price": "1.00",
        "intro_paid_trial_period": 1,
        "intro_paid_trial_period_duration": "weeks",
    },
    {"ident": "guide", "currency": USD, "lifetime_price": "49"},
    {"ident": "gems", "currency": USD, "lifetime_price": "5", "features": [{"ident": "gems"}]},
    {"ident": "priceless", "currency": USD},
]
FEATURES = [{"ident": "gems", "feature_type": "consumable"}]
SESSION: Document = {"region": "default", "integration_type": "primer", "external_id": USER, "email_address": "u@example.test"}


def load_shop(sandbox: SandboxApp) -> None:
    """Load an organisation with a webhook and all price points, without orders."""
    load_state(sandbox, orgs=[*SUBSCRIBED_ORGS, {"id": "rival"}], clock=NOON, price_points=PHASES, features=FEATURES)


def open_session(client: TestClient, ident: str = "monthly", **fields: Any) -> Document:
    opened: Document = data(call_public(client, "/checkout/create_client_session", **{**SESSION, "pp_ident": ident, **fields}))
    return opened


def pay(client: TestClient, order_id: str, token: str = GOOD, **fields: Any) -> Response:
    return call_public(client, "/checkout/create_payment", order_id=order_id, payment_method_token=token, **fields)


def buy(client: TestClient, ident: str = "monthly", token: str = GOOD, **fields: Any) -> Document:
    paid: Document = data(pay(client, open_session(client, ident, **fields)["order_id"], token))
    return paid


def resume(client: TestClient, order_id: str, code: str = "1234") -> Response:
    return call_public(client, "/checkout/resume_payment", order_id=order_id, resume_token=code)


def one_click(client: TestClient, ident: str = "guide", user: str = USER) -> Response:
    return call_public(client, "/checkout/one_click", external_id=user, pp_ident=ident, client_metadata={"source": "upsell"})


def amounts(client: TestClient) -> list[tuple[str, str]]:
    return [(entry["status"], entry["amount"]) for entry in state(client)["orders"]]


def answer(status: str, order_id: str | None, message: str = "", action: str = "") -> Document:
    return {
        "action_required_token": action,
        "checkout_status": status,
        "failed_message_for_user": message,
        "order_id": order_id,
    }
