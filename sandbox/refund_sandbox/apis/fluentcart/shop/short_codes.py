"""Placeholders that e-mails of the shop may contain (37-149). The titles are left out, and most placeholders of orders."""

from collections.abc import Iterable

from refund_sandbox.apis.fluentcart.rendering import Row

_ORDER = "id status total_amount total_amount_formatted total_refund invoice_no payment_method payment_status created_at note"
_USER = "ID display_name first_name last_name user_email user_login"
_ADDRESS = "address_1 city postcode company_name phone state country address_2"
_TRANSACTION = "total total_formatted refund_amount refund_amount_formatted payment_method card_last_4 card_brand status currency"
_SETTINGS = (
    "store_name store_logo store_address store_address2 store_country store_state store_city store_postcode company_name "
    "legal_registration_id seller_vat_id seller_tax_id"
)
_LICENSE = "sl key status product_name variant limit activation_count expiration_date"


def groups() -> dict[str, Row]:
    """Return the placeholders by what they are about."""
    billing = _codes("order.billing", ["full_name", "email", *_ADDRESS.split()])
    shipping = _codes("order.shipping", ["full_name", "label", *_ADDRESS.split()])
    general = [*_codes("wp", ["admin_email", "site_url", "site_title"]), *_codes("user", _USER.split())]
    return {
        "order": _group("order", _codes("order", _ORDER.split())),
        "general": _group("wp", general),
        "customer": _group("customer", [*billing, *shipping]),
        "transaction": _group("transaction", _codes("transaction", _TRANSACTION.split())),
        "settings": {**_group("settings", _codes("settings", _SETTINGS.split())), "group": "settings"},
        "license": _group("license", _codes("license", _LICENSE.split())),
    }


def _codes(prefix: str, names: Iterable[str]) -> list[str]:
    return [f"{{{{{prefix}.{name}}}}}" for name in names]


def _group(key: str, codes: list[str]) -> Row:
    return {"title": key.capitalize(), "key": key, "shortcodes": dict.fromkeys(codes, "")}
