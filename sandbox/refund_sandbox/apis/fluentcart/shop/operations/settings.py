"""Reads of settings, and stored feeds of integrations (group 36)."""

from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import payment_methods, places, store_settings
from refund_sandbox.apis.fluentcart.shop.records import INTEGRATION_FEEDS, PAYMENT_SETTINGS, IntegrationFeed
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.core.context import Reply

_UNKNOWN_METHOD = "No valid payment method found!"


def _requested(context: FluentCartContext, name: str) -> str:
    return sanitize_text(context.caller.query.get(name))


def get_store_settings(context: FluentCartContext) -> Reply:
    """GET /settings/store: the settings, and null for the form of every tab (36-003). The recorded forms are not served."""
    names = {"store_name": context.site.name, "company_name": context.site.name}
    fields = {_requested(context, "settings_name"): None}
    return Reply({"settings": {**names, **store_settings.STORE}, "fields": fields})


def list_payment_methods(context: FluentCartContext) -> Reply:
    """GET /settings/payment-methods/all."""
    stored = context.transaction.all(PAYMENT_SETTINGS)
    active = frozenset(row.method for row in stored if row.settings.get("is_active") == "yes")
    return Reply({"gateways": payment_methods.gateways(context.caller.site_url, active)})


def _settings_of(context: FluentCartContext) -> tuple[str, Row]:
    """Return the requested payment method and its settings. With strict validation, secrets are masked."""
    method = _requested(context, "method")
    if method not in payment_methods.METHODS:
        raise errors.Refusal(423, {"message": _UNKNOWN_METHOD})
    record = context.transaction.get(PAYMENT_SETTINGS, method)
    stored = record.settings if record else {}
    return method, payment_methods.method_settings(method, stored, shows_secrets=context.validation == "live")


def get_payment_method(context: FluentCartContext) -> Reply:
    """GET /settings/payment-methods?method= (36-017, 36-018)."""
    method, settings = _settings_of(context)
    return Reply({"settings": settings, "fields": payment_methods.method_fields(method)})


def get_connect_info(context: FluentCartContext) -> Reply:
    """GET /settings/payment-methods/connect/info?method= (36-022)."""
    return Reply(payment_methods.connect_info(_settings_of(context)[1]))


def list_modules(context: FluentCartContext) -> Reply:
    """GET /settings/modules (36-024)."""
    return Reply(store_settings.modules(stock_management=context.site.stock_management))


def get_mcp_settings(context: FluentCartContext) -> Reply:
    """GET /settings/mcp, since 1.5.2: always off. Read in the source. Assumed: the number of tools."""
    site, user = context.caller.site_url, context.caller.user
    return Reply(
        {
            "mcp_enabled": False,
            "adapter_available": False,
            "toolkit_installed": False,
            "can_auto_install": False,
            "toolkit_download_url": "https://github.com/WPManageNinja/fluent-toolkit",
            "endpoint_url": f"{site}/wp-json/fluent-cart/mcp",
            "tools_count": 0,
            "app_passwords_url": f"{site}/wp-admin/profile.php#application-passwords-section",
            "plugins_url": f"{site}/wp-admin/plugins.php",
            "current_user_login": user.login if user else "",
            "is_local_dev": True,
        }
    )


def get_integration_settings(context: FluentCartContext) -> Reply:
    """GET /integration/global-settings: no integration is installed (36-039, 36-040)."""
    key = _requested(context, "settings_key")
    raise errors.Refusal(422, {"settings": [], "settings_key": key, "message": f"Sorry! No integration failed found with: {key}"})


def list_feeds(context: FluentCartContext) -> Reply:
    """GET /integration/global-feeds: feeds of integrations that are not installed are not listed."""
    url = f"{context.caller.site_url}/wp-admin/admin.php?page=fluent-cart#/integrations"
    return Reply({"feeds": [], "available_integrations": [], "all_module_config_url": url})


def get_feed_settings(_context: FluentCartContext) -> Reply:
    """GET /integration/global-feeds/settings (36-042)."""
    raise errors.refused("Integration not found")


def _feed(context: FluentCartContext) -> IntegrationFeed:
    sent = context.params["integration_id"]
    feed = context.find(INTEGRATION_FEEDS, sent)
    if feed is None:
        raise errors.model_not_found("Meta", str(sent))
    return feed


def change_feed_status(context: FluentCartContext) -> Reply:
    """POST /integration/global-feeds/change-status/{integration_id}: anything but `yes` turns it off."""
    feed = _feed(context)
    meta = {**feed.meta_value, "enabled": "yes" if context.document.get("status") == "yes" else "no"}
    context.transaction.put(INTEGRATION_FEEDS, replace(feed, meta_value=meta))
    return Reply({"message": "Integration status updated successfully.", "meta": meta})


def delete_feed(context: FluentCartContext) -> Reply:
    """DELETE /integration/global-feeds/{integration_id} (36-075)."""
    feed = _feed(context)
    context.transaction.delete(INTEGRATION_FEEDS, feed.id)
    return Reply({"message": "Integration has been deleted successfully.", "id": str(feed.id)})


def _require_user(context: FluentCartContext) -> None:
    if context.caller.user is None:
        raise errors.forbidden(logged_in=False)


def list_countries(context: FluentCartContext) -> Reply:
    """GET /address-info/countries: for every user with a login (36-056, 36-059)."""
    _require_user(context)
    return Reply({"data": [{"value": code, "name": name} for code, name in places.COUNTRIES.items()]})


def get_country_info(context: FluentCartContext) -> Reply:
    """GET /address-info/get-country-info?country_code=."""
    _require_user(context)
    code = _requested(context, "country_code")
    states = [{"value": state, "name": name} for state, name in places.STATES.get(code, {}).items()]
    form: Any = places.ADDRESS_FORMATS.get(code, [])
    return Reply({"country_code": code, "country_name": places.country_name(code), "states": states, "address_locale": form})
