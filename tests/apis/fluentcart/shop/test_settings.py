"""Payment methods, stored feeds of integrations, and the crashes of orders and products that no state avoids."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, paid

STRIPE = {"stripe": {"is_active": "yes", "test_secret_key": "sk_stored"}}
FEED = {"id": 401, "meta_key": "webhook", "meta_value": {"name": "To the back office", "enabled": "yes"}}


@pytest.mark.parametrize(("validation", "shown"), [("live", "sk_stored"), ("strict", "<secret>")])
def test_strict_validation_masks_stored_secrets(validation: str, shown: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings={"validation": validation}, payment_settings=STRIPE)

    for path in ("/settings/payment-methods?method=stripe", "/settings/payment-methods/connect/info?method=stripe"):
        assert call(client, "GET", path).json()["settings"]["test_secret_key"] == shown


def test_a_feed_is_turned_off_and_deleted(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), integration_feeds=[FEED])

    off = call(client, "POST", "/integration/global-feeds/change-status/401", {"status": "no"})
    gone = call(client, "DELETE", "/integration/global-feeds/401")

    assert off.json()["meta"] == {"name": "To the back office", "enabled": "no"}
    assert (gone.status_code, gone.json()["id"]) == (200, "401")
    assert call(client, "DELETE", "/integration/global-feeds/401").status_code == 404


@pytest.mark.parametrize("path", ["/integration/global-settings", "/integration/global-feeds/settings", "/widgets"])
def test_what_needs_an_integration_is_refused(path: str, client: TestClient) -> None:
    assert call(client, "GET", path).status_code == 422
