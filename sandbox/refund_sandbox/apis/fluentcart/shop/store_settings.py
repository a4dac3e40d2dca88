"""Settings of the recorded shop, as its administration reads them (group 36)."""

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


def storage_drivers() -> Row:
    """Return where files of products can be, by name (read in the source). Texts and pictures are left out."""
    bucket = {"has_bucket": True, "instance": _instance("s3", "S3", "#4f94d4"), "need_reconfigure": True, "buckets": []}
    pro = {"has_bucket": True, "requires_pro": True, "upgrade_url": "https://fluentcart.com/pricing/", "instance": {}}
    return {
        "local": {
            **_driver("Local", "local", "#136196", is_active=True),
            "has_bucket": False,
            "instance": _instance("local", "Local", "#136196"),
        },
        "s3": {**_driver("S3", "s3", "#4f94d4", is_active=False), **bucket},
        "r2": {**_driver("Cloudflare R2", "", "#f38020", is_active=False), **pro},
    }


def _driver(title: str, route: str, color: str, *, is_active: bool) -> Row:
    texts = {"description": "<description>", "logo": "<logo>", "dark_logo": None}
    return {"title": title, "route": route, **texts, "status": is_active, "brand_color": color}


def _instance(slug: str, title: str, color: str) -> Row:
    """Return the object of the plugin's code, which its list of drivers shows by accident."""
    return {"slug": slug, "title": title, "brandColor": color}


def active_drivers() -> Row:
    """Return the drivers that are in use."""
    active = {name: driver for name, driver in storage_drivers().items() if driver["status"]}
    return {name: {key: value for key, value in driver.items() if key != "instance"} for name, driver in active.items()}


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
