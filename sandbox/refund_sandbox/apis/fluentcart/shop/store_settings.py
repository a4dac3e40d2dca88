"""Settings of the recorded shop, as its administration reads them (group 36)."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.rendering import Row

STORE: Row = {
    "reminders_enabled": "no",
    "yearly_renewal_reminders_enabled": "yes",
    "yearly_renewal_reminder_days": "30",
    "trial_end_reminders_enabled": "yes",
    "trial_end_reminder_days": "3",
    "monthly_renewal_reminders_enabled": "no",
    "monthly_renewal_reminder_days": "7",
    "quarterly_renewal_reminders_enabled": "no",
    "quarterly_renewal_reminder_days": "14",
    "half_yearly_renewal_reminders_enabled": "no",
    "half_yearly_renewal_reminder_days": "21",
    "legal_registration_id": "",
    "seller_vat_id": "",
    "seller_tax_id": "",
    "note_for_user_account_creation": "An user account will be created",
    "checkout_button_text": "Checkout",
    "view_cart_button_text": "View Cart",
    "cart_button_text": "Add To Cart",
    "popup_button_text": "View Product",
    "out_of_stock_button_text": "Not Available",
    "currency_position": "before",
    "decimal_separator": "dot",
    "checkout_method_style": "logo",
    "enable_modal_checkout": "no",
    "require_logged_in": "no",
    "show_cart_icon_in_nav": "no",
    "show_cart_icon_in_body": "yes",
    "additional_address_field": "yes",
    "hide_coupon_field": "no",
    "user_account_creation_mode": "all",
    "checkout_page_id": "",
    "custom_payment_page_id": "",
    "registration_page_id": "",
    "login_page_id": "",
    "cart_page_id": "",
    "receipt_page_id": "",
    "shop_page_id": "",
    "customer_profile_page_id": "",
    "customer_profile_page_slug": "",
    "currency": "USD",
    "store_address1": "",
    "store_address2": "",
    "store_city": "",
    "store_country": "",
    "store_postcode": "",
    "store_state": "",
    "show_relevant_product_in_single_page": "yes",
    "show_relevant_product_in_modal": "",
    "order_mode": "test",
    "variation_view": "both",
    "variation_columns": "masonry",
    "enable_early_payment_for_installment": "yes",
    "modules_settings": [],
    "min_receipt_number": "1",
    "inv_prefix": "INV-",
    "weight_unit": "kg",
    "dimension_unit": "cm",
    "show_email_footer": "yes",
}
"""Settings of the store, without its name."""

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
    """Return the fields of a payment method's form. Assumed, except for offline payments: their keys, from the source."""
    names = {
        "stripe": ("notice", "payment_mode", "provider", "setup_guide", "checkout_mode", "webhook_desc"),
        "paypal": ("notice", "payment_mode", "provider"),
        "offline_payment": ("cod_description",),
    }
    return {name: {"value": "", "label": "", "type": "html_attr"} for name in names[method]}


def connect_info(settings: Row) -> Row:
    """Return what the button that connects a payment method needs (36-022)."""
    redirects = {"live_redirect": "", "test_redirect": "", "image_url": ""}
    return {"connect_config": redirects, "test_account": False, "live_account": False, "settings": settings}


def _module(title: str, **settings: Row) -> Row:
    row: Row = {"title": title, "description": "", "type": "component", "component": "ModuleSettings"}
    return {**row, "settings": settings} if settings else row


def modules(*, stock_management: bool) -> Row:
    """Return the modules of the plugin (36-024). Stock management follows the site."""
    advanced = {"label": "", "default": "yes" if stock_management else "no"}
    schema = {
        "turnstile": _module("Turnstile"),
        "stock_management": _module("Stock management", enable_advanced_inventory=advanced),
        "mcp": _module("MCP"),
    }
    form = {
        "title": "Features",
        "type": "section",
        "class": "",
        "disable_nesting": True,
        "columns": {"default": 1, "md": 1},
        "schema": schema,
    }
    settings = {"turnstile": {"active": "no", "site_key": "", "secret_key": ""}}
    return {"fields": {"modules_settings": form}, "settings": settings}


def storage_drivers() -> list[Row]:
    """Return where files of products can be. Assumed: the keys that no source names."""
    drivers = (("Local", "local", True, "#136196"), ("Amazon S3", "s3", False, "#ff9900"))
    return [
        {"title": title, "route": route, **_TEXTS, "status": is_active, "brand_color": color, "has_bucket": route != "local"}
        for title, route, is_active, color in drivers
    ]


_PLUGINS = ("fluent-crm", "fluent-smtp", "fluent-community", "fluent-security", "fluentform", "fluent-support")


def addons() -> Row:
    """Return the plugins that FluentCart works with (36-038). None is installed."""
    common: Row = {"title": "", "logo": "<logo>", "description": "<description>", "enabled": False, "categories": ["core"]}
    pro = {"is_pro": True, "is_pro_active": False}
    return {
        "addons": {
            **{name: {"installable": name, **common, "title": name} for name in _PLUGINS},
            "webhook": {**common, "title": "Webhook", **pro},
            "wp_user": {**common, "title": "WordPress user", **pro},
        }
    }


_NOTIFICATIONS = {
    "order_paid_admin": "pre_header active attach_pdf_template",
    "order_paid_customer": "active attach_pdf_template",
    "subscription_renewal_customer": "active attach_pdf_template",
    "subscription_renewal_admin": "pre_header active attach_pdf_template",
    "subscription_canceled_customer": "active",
    "subscription_canceled_admin": "pre_header active",
    "order_refunded_admin": "active attach_pdf_template",
    "order_refunded_customer": "active attach_pdf_template",
    "order_shipped_customer": "active attach_pdf_template",
    "order_delivered_customer": "active attach_pdf_template",
    "order_placed_admin": "manage_toggle toggle_label pre_header attach_pdf_template",
    "order_placed_customer": "manage_toggle toggle_label attach_pdf_template",
    "invoice_reminder_overdue_customer": "manage_toggle toggle_label",
    "subscription_renewal_reminder_customer": "active",
    "subscription_renewal_reminder_admin": "pre_header active",
    "subscription_trial_end_reminder_customer": "active",
    "subscription_trial_end_reminder_admin": "pre_header active",
}
"""Notification → the keys that not all of them have."""
_IN_SETTINGS = ("active", "attach_pdf_template")


def notifications() -> dict[str, Row]:
    """Return the e-mail notifications (37-075). Their texts are left out."""
    return {name: _notification(name, extra.split()) for name, extra in _NOTIFICATIONS.items()}


def _notification(name: str, extra: list[str]) -> Row:
    settings = {"active": "yes"} if "active" in extra else {}
    attached = {"attach_pdf_template": ""} if "attach_pdf_template" in extra else {}
    return {
        "event": name,
        "group": name.partition("_")[0],
        "group_label": name.partition("_")[0].title(),
        "title": name.replace("_", " ").capitalize(),
        "description": "<description>",
        "recipient": "admin" if name.endswith("_admin") else "customer",
        "smartcode_groups": [],
        "template_path": name.replace("_", "."),
        "is_async": False,
        **{key: "" for key in extra if key not in _IN_SETTINGS},
        "settings": {**settings, "subject": "", "is_default_body": "yes", "email_body": "", **attached},
        "name": name,
    }


_USER_CODES = ("wp.admin_email", "wp.site_url", "wp.site_title")
_USER_FIELDS = ("ID", "display_name", "first_name", "last_name", "user_email", "user_login")


def mail_settings(shop_name: str) -> Row:
    """Return the settings of e-mails, and the placeholders that they may contain (37-148)."""
    codes = (*_USER_CODES, *(f"user.{name}" for name in _USER_FIELDS))
    general = {"title": "General", "key": "wp", "shortcodes": {f"{{{{{code}}}}}": code for code in codes}}
    data = {
        "from_name": shop_name,
        "from_email": "",
        "reply_to_name": "",
        "reply_to_email": "",
        "email_footer": "",
        "show_email_footer": "yes",
        "admin_email": "",
        "notification_config": [],
    }
    return {"data": data, "shortcodes": [general]}


def digest_settings() -> Row:
    """Return the settings of the digest by e-mail (37-151)."""
    daily = {"enabled": "no", "send_hour": 9}
    return {
        "data": {
            "enabled": "no",
            "recipients": "",
            "send_when_empty": "no",
            "daily": daily,
            "weekly": {**daily, "send_dow": 1},
            "monthly": daily,
        }
    }
