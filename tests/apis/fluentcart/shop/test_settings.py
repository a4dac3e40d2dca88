"""Payment methods, stored feeds of integrations, and the crashes of orders and products that no state avoids."""

from typing import Any

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


@pytest.mark.parametrize(
    "path", ["/integration/global-settings", "/integration/global-feeds/settings", "/widgets?filter=single_order_page"]
)
def test_what_needs_an_integration_is_refused(path: str, client: TestClient) -> None:
    assert call(client, "GET", path).status_code == 422


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/settings/mcp", ["mcp_enabled", "adapter_available", "toolkit_installed", "can_auto_install"]),
        ("/settings/storage-drivers", ["drivers"]),
        ("/settings/storage-drivers/active-drivers", ["drivers"]),
        ("/settings/confirmation/shortcode", ["data"]),
        ("/email-notification/get-short-codes", ["data"]),
        ("/tax/rates", ["tax_rates"]),
        ("/tax/rates/country/rates/IE", ["tax_rates", "settings", "tax_enabled"]),
        ("/tax/configuration/settings", ["settings", "store_country"]),
    ],
)
def test_a_setting_that_needs_no_data_is_read(path: str, keys: list[str], client: TestClient) -> None:
    reply = call(client, "GET", path)

    assert reply.status_code == 200, reply.text
    assert list(reply.json())[: len(keys)] == keys


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("stripe", "notice payment_mode provider setup_guide checkout_mode webhook_desc test_active_methods live_active_methods"),
        ("paypal", "notice payment_mode provider webhook_info_test webhook_info_live is_pro_item"),
    ],
)
def test_the_form_of_a_payment_method_has_its_fields(method: str, fields: str, client: TestClient) -> None:
    form = call(client, "GET", f"/settings/payment-methods?method={method}").json()["fields"]

    assert list(form) == fields.split()
    assert [tab["value"] for tab in form["payment_mode"]["schema"]] == ["live", "test"]


def test_a_notification_names_the_placeholders_of_e_mails(client: TestClient) -> None:
    one = call(client, "GET", "/email-notification/order_refunded_customer").json()

    assert one["shortcodes"] == call(client, "GET", "/email-notification/get-short-codes").json()["data"]["shortcodes"]
    assert "order" in one["shortcodes"]


def test_files_can_be_stored_in_three_places(client: TestClient) -> None:
    drivers, active = (
        call(client, "GET", f"/settings/storage-drivers{path}").json()["drivers"] for path in ("", "/active-drivers")
    )

    assert {name: driver["status"] for name, driver in drivers.items()} == {"local": True, "s3": False, "r2": False}
    assert drivers["local"]["instance"] == {"slug": "local", "title": "Local", "brandColor": "#136196"}
    assert active == {"local": {key: value for key, value in drivers["local"].items() if key != "instance"}}


def test_1_3_25_has_no_settings_of_agents(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, settings={"fluentcart": {"version": "1.3.25"}})

    assert call(client, "GET", "/settings/mcp").status_code == 404


def test_other_pages_have_no_widgets(client: TestClient) -> None:
    """Measured in 1.5.2."""
    assert call(client, "GET", "/widgets?filter=other").json() == {"widgets": []}


def test_the_start_of_the_admin_screen_has_the_settings_of_the_shop(client: TestClient) -> None:
    """The keys of 36-049, with the values of a running 1.5.2."""
    shop = call(client, "GET", "/app/init").json()["shop"]

    assert list(shop)[:6] == "currency locale currency_position currency_separator decimal_separator decimal_points".split()
    assert list(shop)[6:10] == ["settings_type", "order_mode", "is_zero_decimal", "currency_sign"]
    assert list(shop)[10:] == ["store_name", "weight_unit", "dimension_unit", "shipping_packages"]


COUPON = {
    "title": "New",
    "code": "NEW",
    "type": "fixed",
    "amount": 5,
    "status": "active",
    "notes": "",
    "stackable": "no",
    "show_on_checkout": "no",
    "conditions": {},
    "priority": 1,
}


def test_a_coupon_that_was_just_saved_has_its_dates_as_objects(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2: a day begins at midnight."""
    load(sandbox, settings={"fluentcart": {"version": "1.5.2"}})

    saved = call(client, "POST", "/coupons", {**COUPON, "start_date": "2026-12-01", "end_date": "2027-01-01"}).json()["data"]

    assert saved["start_date"] == {"date": "2026-12-01 00:00:00.000000", "timezone_type": 3, "timezone": "UTC"}
    assert call(client, "GET", "/coupons").json()["coupons"]["data"][0]["end_date"] == "2027-01-01 00:00:00"


@pytest.mark.parametrize("change", [{"order_uuid": "unknown"}, {"coupon_code": ["NEW"]}])
def test_a_coupon_of_an_unknown_order_crashes(change: dict[str, Any], sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, paid(uuid="known"), settings={"validation": "live", "fluentcart": {"version": "1.5.2"}})
    document = {
        "id": 1,
        "coupon_code": "NEW",
        "order_uuid": "known",
        "order_items": [{"id": 100, "unit_price": 1, "quantity": 1}],
    }

    assert call(client, "POST", "/coupons/cancel", {**document, **change}).status_code == 500
    assert call(client, "POST", "/coupons/cancel", document).status_code == 200
    assert call(client, "POST", "/coupons/cancel", {**document, "order_items": "x"}).status_code == 422
