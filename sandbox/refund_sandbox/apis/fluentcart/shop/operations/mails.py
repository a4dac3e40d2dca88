"""Reads of e-mail notifications, and widgets of an order (group 37)."""

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.shop import mail_notifications, short_codes
from refund_sandbox.core.context import Reply


def get_notification(context: FluentCartContext) -> Reply:
    """GET /email-notification/{notification}: 422 for an unknown one."""
    notification = mail_notifications.NOTIFICATIONS.get(context.params["notification"])
    if notification is None:
        raise errors.refused("Notification Details not found")
    extras = {"has_fluent_pdf": False, "fonts_ready": False, "setup_url": "", "pdf_templates": []}
    return Reply({"data": notification, "shortcodes": short_codes.groups(), **extras})


def get_mail_settings(context: FluentCartContext) -> Reply:
    """GET /email-notification/get-settings (37-148)."""
    return Reply(mail_notifications.mail_settings(context.site.name))


def list_widgets(context: FluentCartContext) -> Reply:
    """GET /widgets: 422 for the page of any order that was tried (37-163); other pages have no widgets (measured in 1.5.2)."""
    if context.caller.query.get("filter") in ("fluent_cart_single_order_page", "single_order_page"):
        raise errors.refused("Order not found")
    return Reply({"widgets": []})
