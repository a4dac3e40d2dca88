"""Addresses of customers and orders in the JSON of the plugin (groups 11 and 32)."""

from refund_sandbox.apis.fluentcart.records import Customer
from refund_sandbox.apis.fluentcart.rendering import Row, columns, iso, row
from refund_sandbox.apis.fluentcart.shop.places import country_name, state_name
from refund_sandbox.apis.fluentcart.shop.records import CustomerAddress, OrderAddress

_CUSTOMER_ADDRESS = columns(
    "id customer_id:text is_primary:text type status label name address_1 address_2 city state phone email postcode country"
)
_ORDER_ADDRESS = columns("id order_id:text type name address_1 address_2 city state postcode country")
_COMPANY = {"company_name": ""}
_TAX_NUMBERS = {"vat_number": "", "legal_registration_id": ""}

Location = CustomerAddress | OrderAddress


def customer_address(address: CustomerAddress, *, has_tax_numbers: bool) -> Row:
    """Return an address of a customer, which has no first and last name (11-097). `has_tax_numbers` since 1.4.0."""
    numbers = _TAX_NUMBERS if has_tax_numbers else {}
    formatted = {
        **_formatted(address),
        **dict.fromkeys(("first_name", "last_name", "full_name")),
        **_COMPANY,
        **numbers,
        "label": address.label,
        "phone": address.phone,
        "full_address": full_address(address),
    }
    dates = {"created_at": iso(address.created_at), "updated_at": iso(address.updated_at)}
    return {**row(address, _CUSTOMER_ADDRESS), "meta": [], **dates, "formatted_address": formatted, **_COMPANY, **numbers}


def order_address(address: OrderAddress, customer: Customer | None, *, has_tax_numbers: bool) -> Row:
    """Return an address of an order. Assumed: names and e-mail are the customer's."""
    numbers = _TAX_NUMBERS if has_tax_numbers else {}
    names = split_name(address.name)
    email = customer.email if customer else ""
    formatted = {
        **_formatted(address),
        **names,
        "email": email,
        **_COMPANY,
        **numbers,
        "label": "",
        "full_address": full_address(address),
    }
    dates = {"created_at": iso(address.created_at), "updated_at": iso(address.updated_at)}
    return {
        **row(address, _ORDER_ADDRESS),
        "meta": [],
        **dates,
        "email": email,
        **names,
        "formatted_address": formatted,
        **_COMPANY,
        **numbers,
        "phone": "",
        "label": "",
    }


def split_name(full_name: str) -> Row:
    """Return first and last name: the last word is the last name (32-001)."""
    first, _, last = full_name.strip().rpartition(" ")
    return {"first_name": first or last, "last_name": last if first else "", "full_name": full_name}


def _formatted(address: Location) -> Row:
    """Return the address with names instead of codes."""
    return {
        "country": country_name(address.country),
        "state": state_name(address.country, address.state),
        "city": address.city,
        "postcode": address.postcode,
        "address_1": address.address_1,
        "address_2": address.address_2,
        "type": address.type,
        "name": address.name,
    }


def full_address(address: Location) -> str:
    """Return the address on one line, without the postcode."""
    parts = _formatted(address)
    return ", ".join(parts[name] for name in ("address_1", "address_2", "city", "state", "country") if parts[name])
