"""Payment methods of the recorded shop, as its administration reads them (group 36)."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.rendering import Row

_TEXTS = {"description": "<description>", "logo": "<logo>", "icon": "<icon>"}
"""Texts and pictures of the plugin's screens are left out, as in the recordings."""
_CDN = "https://addons-cdn.fluentcart.com"
_REPOSITORY = "https://fluentcart.com/fluentcart-addons"
_SWITCH = {"switch_payment_method": {"supported_gateways": ["stripe", "paypal"]}}
_FIRST_FEATURES = ["payment", "refund", "webhook", "custom_payment", "card_update"]
_FEATURES = {
    "stripe": [*_FIRST_FEATURES, _SWITCH, "dispute_handler", "subscriptions", "zero_recurring", "subscriptions"],
    "paypal": [*_FIRST_FEATURES, _SWITCH, "dispute_handler", "subscriptions", "subscriptions"],
}
_ADDONS = (
    ("Paystack", "paystack", "#0fa958"),
    ("Razorpay", "razorpay", "#0fa958"),
    ("Mercado Pago", "mercado_pago", "#009EE3"),
    ("Flutterwave", "flutterwave", "#F5A623"),
    ("SSLCommerz", "sslcommerz", "#0b9e48"),
)
_PRO = (("Paddle", "paddle", "#7c3aed"), ("Mollie", "mollie", "#7c3aed"), ("Authorize.Net", "authorize_dot_net", "#0066cc"))
METHODS = ("stripe", "paypal", "offline_payment")
"""Payment methods without an add-on."""


def gateways(site_url: str, active: frozenset[str]) -> list[Row]:
    """Return the payment methods, those of add-ons that are not installed too (36-009)."""
    return [
        *_own_gateways(site_url, active),
        *(_addon(site_url, title, route, color) for title, route, color in _ADDONS),
        *(_pro(title, route, color) for title, route, color in _PRO),
        _square(),
        {
            **_gateway("Airwallex", "airwallex", "#6c5ce7"),
            "logo_light": f"{_images(site_url)}/airwallex-logo-light.svg",
            "upcoming": True,
        },
    ]


def _gateway(title: str, route: str, color: str) -> Row:
    return {"title": title, "route": route, **_TEXTS, "brand_color": color, "status": False}


def _images(site_url: str) -> str:
    return f"{site_url}/wp-content/plugins/fluent-cart/assets/images/payment-methods"


def _own_gateways(site_url: str, active: frozenset[str]) -> list[Row]:
    def own(title: str, route: str, color: str) -> Row:
        return {**_gateway(title, route, color), "slug": route, "status": route in active, "upcoming": False}

    return [
        {
            **own("Card", "stripe", "#635bff"),
            "label": "Stripe",
            "admin_title": "Stripe",
            "supported_features": _features("stripe"),
        },
        {**own("PayPal", "paypal", "#60cdff"), "label": "PayPal", "supported_features": _features("paypal")},
        {
            **own("Cash", "offline_payment", "#136196"),
            "logo_light": f"{_images(site_url)}/offline-payment-light.svg",
        },
    ]


def _features(route: str) -> Row:
    """Return features as a PHP array: those with a name keep it, the others are numbered."""
    features: Row = {}
    for feature in _FEATURES[route]:
        features.update(feature if isinstance(feature, Mapping) else {str(sum(key.isdecimal() for key in features)): feature})
    return features


def _addon_status(slug: str, link: str, repository: str) -> Row:
    status = {"is_installed": False, "is_active": False, "plugin_slug": slug, "plugin_file": f"{slug}/{slug}.php"}
    source = {"type": "cdn", "link": link, "slug": slug, "repo_link": repository}
    return {"is_addon": True, "addon_status": status, "addon_source": source}


def _addon(site_url: str, title: str, route: str, color: str) -> Row:
    slug = f"{route.replace('_', '-')}-for-fluent-cart"
    named = {"label": title, "admin_title": title} if route == "sslcommerz" else {}
    light = {"logo_light": f"{_images(site_url)}/flutterwave-logo-light.svg"} if route == "flutterwave" else {}
    repository = f"{_REPOSITORY}/" if route == "sslcommerz" else _REPOSITORY
    status = _addon_status(slug, f"{_CDN}/{slug}.zip", repository)
    return {**_gateway(title, route, color), "slug": route, **named, **light, **status}


def _pro(title: str, route: str, color: str) -> Row:
    upgrade = {"upgrade_url": ""} if route == "mollie" else {}
    return {**_gateway(title, route, color), "slug": route, "requires_pro": True, **upgrade, "supported_features": []}


def _square() -> Row:
    link, repository = "https://fluentcart.com/?fluent-cart=get_license_version", "https://fluentcart.com/pricing/"
    status = _addon_status("square-for-fluent-cart", link, repository)
    return {**_gateway("Square", "square", "#3e4348"), "slug": "square", **status, "requires_pro": True}


_STRIPE = {
    "is_active": "no",
    "provider": "connect",
    "define_test_keys": True,
    "define_live_keys": False,
    "test_publishable_key": "",
    "test_secret_key": "",
    "test_webhook_secret": "",
    "live_publishable_key": "",
    "live_secret_key": "",
    "live_webhook_secret": "",
    "payment_mode": "live",
    "checkout_mode": "onsite",
    "live_is_encrypted": "no",
    "test_is_encrypted": "no",
    "secure": "yes",
}
_PAYPAL = {
    "is_active": "no",
    "provider": "connect",
    "define_test_keys": True,
    "define_live_keys": False,
    "payment_mode": "live",
    "live_email_address": "",
    "test_email_address": "",
    "checkout_mode": "paypal_pro",
    "test_client_id": "",
    "live_client_id": "",
    "test_client_secret": "",
    "live_client_secret": "",
    "notify_method": "webhook",
    "test_webhook_id": "",
    "live_webhook_id": "",
    "test_webhook_events": [],
    "live_webhook_events": [],
    "disable_ipn_verification": "no",
}
_OFFLINE = {"is_active": "no", "payment_mode": "live", "checkout_label": "Cash"}
_DEFAULTS: Mapping[str, Row] = {"stripe": _STRIPE, "paypal": _PAYPAL, "offline_payment": _OFFLINE}
_MASK = "<secret>"


def method_settings(method: str, stored: Mapping[str, Any], *, shows_secrets: bool) -> Row:
    """Return the settings of a payment method. The plugin shows stored secrets that are not encrypted (36-067)."""
    settings = {**_DEFAULTS[method], **stored}
    if shows_secrets:
        return settings
    return {name: _MASK if "secret" in name and value else value for name, value in settings.items()}


def method_fields(method: str) -> Row:
    """Return the fields of a payment method's form (36-017; read in the source). Their texts are left out."""
    return {name: {"value": "", "label": "", "type": kind, **more} for name, (kind, more) in _FORMS[method].items()}


def _tabs() -> Row:
    return {"schema": [{"type": "tab", "label": "", "value": mode, "schema": []} for mode in ("live", "test")]}


_FORMS: Mapping[str, Mapping[str, tuple[str, Row]]] = {
    "stripe": {
        "notice": ("notice", {}),
        "payment_mode": ("tabs", _tabs()),
        "provider": ("provider", {"value": "connect"}),
        "setup_guide": ("html_attr", {"visible": "no"}),
        "checkout_mode": (
            "radio",
            {"value": "onsite", "options": {"onsite": "", "hosted": ""}, "tooltip": "", "description": ""},
        ),
        "webhook_desc": ("html_attr", {}),
        **{f"{mode}_active_methods": ("active_methods", {"value": []}) for mode in ("test", "live")},
    },
    "paypal": {
        "notice": ("notice", {}),
        "payment_mode": ("tabs", _tabs()),
        "provider": ("provider", {"value": "connect"}),
        **{f"webhook_info_{mode}": ("webhook_info", {"info": False, "mode": mode}) for mode in ("test", "live")},
        "is_pro_item": ("validate", {"value": "no"}),
    },
    "offline_payment": {"cod_description": ("html_attr", {})},
}
"""Payment method → field → its type, and what differs from an empty field."""


def connect_info(settings: Row) -> Row:
    """Return what the button that connects a payment method needs (36-022)."""
    redirects = {"live_redirect": "", "test_redirect": "", "image_url": ""}
    return {"connect_config": redirects, "test_account": False, "live_account": False, "settings": settings}
