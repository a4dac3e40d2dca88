"""Invalid checkout sessions and payment methods in a state document."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_checkout import GOOD, UNKNOWN, load_shop
from tests.support.funnelfox_state import USER, Document


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_shop(sandbox)


ANSWER = {"action_required_token": "", "checkout_status": "succeeded", "failed_message_for_user": "", "order_id": None}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"order_id": "x"}, "/order_id"),
        ({"answers": {"t": 5}}, "/answers/t"),
        ({"answers": {"t": {**ANSWER, "checkout_status": "done"}}}, "/answers/t/checkout_status"),
        ({"client_token": None}, "/client_token"),
    ],
)
def test_an_invalid_session_is_refused(fields: Document, pointer: str, client: TestClient) -> None:
    session = {"order_id": UNKNOWN, "client_token": "ct_1", **fields}

    response = client.put("/_sandbox/state", json={"funnelfox": {"checkouts": [session]}})

    assert response.status_code == 422
    assert [problem["pointer"] for problem in response.json()["errors"]] == [f"/funnelfox/checkouts/0{pointer}"]


@pytest.mark.parametrize("times", [["soon"], ["2026-01-02T12:00:00Z", "late"]])
def test_an_invalid_payment_method_is_refused(times: list[str], client: TestClient) -> None:
    method = {"id": "1", "external_id": USER, "token": GOOD, "charges": times}

    response = client.put("/_sandbox/state", json={"funnelfox": {"payment_methods": [method]}})

    assert [problem["pointer"] for problem in response.json()["errors"]] == [
        f"/funnelfox/payment_methods/0/charges/{len(times) - 1}"
    ]
