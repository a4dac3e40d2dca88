"""CORS: pages of any origin may call public operations only."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_checkout import load_shop
from tests.support.funnelfox_state import KEY, ORG


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_shop(sandbox)


@pytest.mark.parametrize("path", ["price_points", "features", "my_assets", "checkout/create_payment", "checkout/one_click"])
def test_pages_of_other_origins_may_call_public_operations(path: str, client: TestClient) -> None:
    preflight = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, x-a",
    }

    allowed = client.options(f"/{ORG}/v1/{path}", headers=preflight)
    answered = client.post(f"/{ORG}/v1/{path}", json={}, headers={"origin": "https://shop.example"})

    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == answered.headers["access-control-allow-origin"] == "*"
    assert allowed.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert allowed.headers["access-control-allow-headers"] == "content-type, x-a"


@pytest.mark.parametrize("path", ["payment/refund", "pp/create", "nothing"])
def test_pages_of_other_origins_may_not_call_secret_operations(path: str, client: TestClient) -> None:
    allowed = client.options(f"/{ORG}/v1/{path}", headers={"access-control-request-method": "POST"})
    answered = client.post(f"/{ORG}/v1/{path}", json={}, headers={"ff-secret-key": KEY})

    assert allowed.status_code in (404, 405)
    assert "access-control-allow-origin" not in {**allowed.headers, **answered.headers}
