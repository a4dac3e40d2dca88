"""The official browser SDK in four versions against the default start: its exact requests, and how it reads the replies.

Requests and readers follow adaptyteam/funnelfox-billing-js: src/api-client.ts and src/api.ts of 0.1.1, 0.2.0, 0.4.5 and 0.5.2.
"""

from typing import NamedTuple

import httpx2
import pytest

from tests.support.funnelfox_state import Document
from tests.support.refunding_clients import BrowserSdk, Failed

pytestmark = pytest.mark.memory_only
ORG, USER, EMAIL = "your-org-id", "buyer", "buyer@example.test"
GOOD, POOR, CHALLENGED = "pm_4242424242424242", "pm_4000000000009995", "pm_4000002500003155"


class Version(NamedTuple):
    """Differences between the versions. `one_click` is the path below the organisation, None where there is no method."""

    name: str
    one_click: str | None = None


VERSIONS = (
    Version("0.1.1", "/v1/checkout/one_click"),
    Version("0.2.0"),
    Version("0.4.5"),
    Version("0.5.2", f"/billing/{ORG}/v1/checkout/one_click"),
)
WITH_ONE_CLICK = [version for version in VERSIONS if version.one_click]


class Sdk(BrowserSdk):
    """The SDK of one version, which sends its fields only."""

    def __init__(self, http: httpx2.Client, version: Version) -> None:
        super().__init__(http, ORG)
        self._version = version

    def create_payment(self, order_id: str, token: str) -> tuple[str, str, str]:
        payload = {"order_id": order_id, "payment_method_token": token}
        return self._outcome(self.request("/v1/checkout/create_payment", payload))

    def update_session(self, order_id: str, client_token: str, price: str) -> Document:
        """Return the whole reply: the SDK checks nothing but the status of HTTP."""
        payload = {"order_id": order_id, "client_token": client_token, "pp_ident": price}
        return self.request("/v1/checkout/update_client_session", payload)

    def one_click(self, price: str, user: str) -> Document:
        """Return the whole reply, which the caller reads."""
        assert self._version.one_click
        return self.request(self._version.one_click, {"pp_ident": price, "external_id": user, "client_metadata": {}})


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def sdk(request: pytest.FixtureRequest, http: httpx2.Client) -> Sdk:
    return Sdk(http, request.param)


@pytest.fixture(params=WITH_ONE_CLICK, ids=lambda version: version.name)
def one_click_sdk(request: pytest.FixtureRequest, http: httpx2.Client) -> Sdk:
    return Sdk(http, request.param)


def test_a_buyer_changes_the_price_and_pays_with_3d_secure(sdk: Sdk) -> None:
    order_id, client_token = sdk.create_client_session("coins_499", USER, EMAIL)

    updated = sdk.update_session(order_id, client_token, "premium_monthly_999")
    kind, waiting, action = sdk.create_payment(order_id, CHALLENGED)
    done = sdk.resume_payment(waiting, f"{action}:1234")

    assert (updated, kind, waiting) == ({}, "action_required", order_id)
    assert done == ("succeeded", order_id, "")


def test_a_declined_card_is_reported_with_its_message(sdk: Sdk) -> None:
    order_id, _ = sdk.create_client_session("coins_499", USER, EMAIL)

    with pytest.raises(Failed, match=r"^Your card has insufficient funds\.$"):
        sdk.create_payment(order_id, POOR)


def test_a_double_purchase_is_reported_with_its_code(sdk: Sdk) -> None:
    order_id, _ = sdk.create_client_session("premium_monthly_999", USER, EMAIL)
    sdk.create_payment(order_id, GOOD)

    with pytest.raises(Failed) as failed:
        sdk.create_client_session("premium_monthly_999", USER, EMAIL)

    assert failed.value.code == "double_purchase"


def test_a_saved_card_buys_with_one_click(one_click_sdk: Sdk) -> None:
    order_id, _ = one_click_sdk.create_client_session("coins_499", USER, EMAIL)
    one_click_sdk.create_payment(order_id, GOOD)

    reply = one_click_sdk.one_click("premium_monthly_999", USER)
    again = one_click_sdk.one_click("premium_monthly_999", USER)

    assert (reply["status"], reply["data"]["checkout_status"]) == ("success", "succeeded")
    assert (again["status"], again["error"][0]["code"]) == ("error", "double_purchase")


def test_a_buyer_without_a_card_does_not_seem_to_have_bought(one_click_sdk: Sdk) -> None:
    reply = one_click_sdk.one_click("coins_499", "nobody")

    assert reply["status"] == "error"
    assert "double_purchase" not in [item["code"] for item in reply["error"]]
