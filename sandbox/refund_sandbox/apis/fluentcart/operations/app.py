"""Operations on the site, for a client that connects: the route index and the start of the admin screen."""

from typing import Any

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY
from refund_sandbox.apis.fluentcart.wordpress import route_index, routes
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.context import Reply


def get_route_index(context: FluentCartContext) -> Reply:
    """GET /: the routes of the emulated version, without authentication (05-064)."""
    operations = routes.available_operations(context.spec, context.rules.version)
    return Reply(route_index.plugin_index(operations, context.caller.site_url))


_SHOP: dict[str, Any] = {
    "currency": STORE_CURRENCY,
    "locale": "auto",
    "currency_position": "before",
    "currency_separator": "dot",
    "decimal_separator": "dot",
    "decimal_points": 0,
    "settings_type": "global",
    "order_mode": "test",
    "is_zero_decimal": False,
    "currency_sign": "$",
}
"""Settings of the recorded shop, without its name."""


def get_app(context: FluentCartContext) -> Reply:
    """GET /app/init: the settings of the admin screen, without the plugin's version (read in the source)."""
    return Reply(_app_settings(context.caller.site_url, context.site.name))


def _app_settings(site_url: str, shop_name: str) -> dict[str, Any]:
    """Return the body of GET /app/init (36-049). The texts of the screens are left out."""
    base = f"{site_url}/wp-json/"
    path = NAMESPACE.strip("/")
    namespace, _, version = path.partition("/")
    return {
        "rest": {"base_url": base, "url": f"{base}{path}", "nonce": "", "namespace": namespace, "version": version},
        "asset_url": f"{site_url}/wp-content/plugins/fluent-cart/assets/",
        "trans": [],
        "shop": {**_SHOP, "store_name": shop_name, "weight_unit": "kg", "dimension_unit": "cm", "shipping_packages": []},
    }
