"""Replies that are the same for every request: parts of the shop that the sandbox does not have.

Source: the recordings in brackets, else the plugin's code. Texts and pictures are left out.
"""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.shop import mail_notifications, product_views, short_codes, store_settings
from refund_sandbox.core.api import Operation
from refund_sandbox.core.context import Reply

_VAT = {
    "require_vat_number": "no",
    "local_reverse_charge": "yes",
    "reverse_charge_price_mode": "fixed",
    "vat_reverse_excluded_categories": [],
    "country_wise_vat": [],
}
_TAXES = {
    "tax_inclusion": "included",
    "tax_calculation_basis": "shipping",
    "tax_rounding": "item",
    "checkout_tax_breakdown_display": "itemized",
    "tax_display_label": "Tax",
    "enable_tax": "no",
    "price_suffix_included": "",
    "price_suffix_excluded": "",
    "eu_vat_settings": _VAT,
}
"""The defaults, with the taxes off."""
_SALES = "".join(f"<li><span>{period}</span><span></span></li>" for period in ("All time", "Last 30 days", "This month"))
_ROLES = ("Editor", "Author", "Contributor")
"""Roles of WordPress that may get permissions; none has any."""

_BODIES: Mapping[str, Any] = {
    "listShippingMethods": {"shipping_methods": [], "other_shipping_methods": []},  # the shop ships nothing (11-082)
    "getCustomerStats": {"widgets": []},  # no widgets without an add-on, for any id (11-135, 11-162)
    "getCouponSettings": {"show_on_checkout": False},  # 35-023
    # The plugin looks for the product's id among those of variations, in orders with the status of a transaction.
    "getPricingWidgets": {"widgets": [{"title": "Quick Sales Overview", "body": f"<ul>{_SALES}</ul>"}]},
    "listRelatedProducts": {"products": []},  # products have no terms (31-111)
    "listUpgradePaths": {"data": []},
    "getProductTerms": {"taxonomies": product_views.TERMS},
    "getExcerptLength": {"count": 55},
    "listStorageDrivers": {"drivers": store_settings.storage_drivers()},
    "listActiveStorageDrivers": {"drivers": store_settings.active_drivers()},
    "getConfirmationCodes": {"data": short_codes.groups()},
    "listAddons": store_settings.addons(),
    "listFeedFields": {"merge_fields": []},  # 36-044
    "listFeedOptions": {"options": []},
    "getPermissions": {"roles": {"capability": False, "roles": [{"name": name, "key": name.lower()} for name in _ROLES]}},
    "listTaxClasses": {"classes": [], "max_classes": 6, "next_builtin": {"slug": "reduced", "title": "Reduced"}},  # 37-090
    "listTaxRates": {"tax_rates": [], "country_enabled_map": {"EU": True}},
    "listCountryTaxRates": {"tax_rates": [], "settings": [], "tax_enabled": True},
    "getTaxSettings": {"settings": _TAXES, "store_country": ""},
    "getCountryTaxId": {"tax_data": {"tax_id": ""}},  # 37-095
    "listTaxOverrides": {"overrides": []},  # 37-096
    "listNotifications": {"data": mail_notifications.NOTIFICATIONS},  # 37-075
    "getDigestSettings": mail_notifications.DIGEST_SETTINGS,  # 37-151
    "getShortCodes": {"data": mail_notifications.short_codes_of_mails()},  # 37-149
}


def _operation(body: Any) -> Operation:
    def handle(_context: FluentCartContext) -> Reply:
        return Reply(body)

    return Operation(handle, reads_only=True)


FIXED_REPLIES: Mapping[str, Operation] = {name: _operation(body) for name, body in _BODIES.items()}
