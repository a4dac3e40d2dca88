"""E-mails of the recorded shop: notifications, and their settings (group 37)."""

from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import short_codes

_EXTRAS = {
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
_DAILY = {"enabled": "no", "send_hour": 9}


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


NOTIFICATIONS = {name: _notification(name, extra.split()) for name, extra in _EXTRAS.items()}
"""The e-mail notifications (37-075). A refund has one for the customer and one for the shop."""
DIGEST_SETTINGS: Row = {
    "data": {
        "enabled": "no",
        "recipients": "",
        "send_when_empty": "no",
        "daily": _DAILY,
        "weekly": {**_DAILY, "send_dow": 1},
        "monthly": _DAILY,
    }
}


def short_codes_of_mails() -> Row:
    """Return the templates of e-mails, and the placeholders that they may contain."""
    templates = [{"path": name, "label": row["title"]} for name, row in NOTIFICATIONS.items()]
    return {"email_templates": templates, "shortcodes": short_codes.groups(), "buttons": {"View Order": ""}}


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
