"""Comparison with a shop: what is read of it, and the requests that it answers or must refuse."""

import re
from typing import Any, Literal

from refund_sandbox.apis.fluentcart import live_cases, live_state
from refund_sandbox.apis.fluentcart.live_shop import MOUNT, WORDPRESS, LiveShop
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.masks import GENERAL_MASKS, Masks
from refund_sandbox.core.verification import Query, Send, Subject

CREDENTIALS: Literal["user"] = "user"
_PHP_PLACES = {r"(/|<path>)[^ ]*?([A-Za-z]+\.php)": r"<path>/\2", r"on line \d+": "on line #"}
MASKS = Masks(
    ignored=frozenset({"user", "display_item_name", "variation_identifier"}),
    varying=frozenset({"other_info", "meta", "config", "yoy_growth"}),
    texts=_PHP_PLACES,
    headers=("content-type", "allow"),
)
REFUND_MASKS = Masks(
    fields=frozenset({"id", "uuid", "created_at", "updated_at", "vendor_charge_id", "url", "refunded_at", "settled_at"}),
    ignored=MASKS.ignored | {"activities"},
    texts={**GENERAL_MASKS.texts, **_PHP_PLACES, r"\b(re|pi)_[A-Za-z0-9_]+": r"\1_#"},
    headers=MASKS.headers,
)


def base_url(url: str) -> str:
    """Return the URL of the plugin's API. That of the site or of WordPress's API is completed."""
    url = url.rstrip("/")
    if url.endswith(NAMESPACE):
        return url
    return f"{url.removesuffix(WORDPRESS)}{MOUNT}"


def explore(query: Query, send: Send) -> Subject:
    """Read an order with everything around it, and find the version."""
    shop = LiveShop(query, send)
    version = shop.version
    section = {
        "site": {"name": shop.name, "url": shop.site_url},
        "users": [shop.user_document],
        "webhooks": [],
        "payment_settings": {},
        **live_state.read_section(shop.orders, shop.rows, shop.addresses),
    }
    refund = shop.refund_case() if query.refund else None
    return Subject(
        facts={
            "Version": f"{version.number}, {version.source}; compared with {version.profile}",
            "Order": f"{shop.order['id']}, read with {len(shop.orders) + len(shop.rows) - 1} others",
        },
        settings={"validation": "live", "fluentcart": {"version": version.profile}},
        section=section,
        mount=MOUNT,
        cases=[*shop.reads(), *shop.refused()],
        untried=list(shop.untried()),
        refund=refund,
        after_refund=[live_cases.read("The order after the refund", "getOrder", shop.order_path, shop.headers)] if refund else (),
        headers=shop.headers,
    )


def gateway_faults(body: Any) -> list[dict[str, Any]]:
    """Return the refusals of the payment gateway, from the two parts of a reply that have its message."""
    parts = body if isinstance(body, dict) else {}
    faults = ((at, parts.get(name)) for at, name in (("gateway", "gateway_refund"), ("cancel", "subscription_cancel")))
    return [
        {"at": at, "error": message}
        for at, part in faults
        if isinstance(part, dict) and part.get("status") == "failed" and (message := _gateway_message(part.get("message")))
    ]


def _gateway_message(text: Any) -> str:
    """Return the message of the payment gateway, which follows the plugin's own words."""
    message = re.sub(r"^ERROR processing refund on [^:]*: ", "", text) if isinstance(text, str) else ""
    return "" if message.endswith("is not implemented for this payment gateway.") else message
