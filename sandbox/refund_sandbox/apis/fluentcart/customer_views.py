"""Customers and addresses in the JSON of the plugin (group 11)."""

import hashlib

from refund_sandbox.apis.fluentcart.records import Customer, Order
from refund_sandbox.apis.fluentcart.rendering import Row, columns, iso, row

CUSTOMER = columns(
    "id user_id:text contact_id:text email first_name last_name status purchase_value purchase_count:text ltv:text "
    "first_purchase_date last_purchase_date aov notes uuid country city state postcode created_at:iso updated_at:iso"
)

_COUNTRIES = {"US": "United States (US)"}  # Assumed: only this one was recorded; other countries show their code
_STATES = {("US", "CA"): "California"}


def customer_row(customer: Customer) -> Row:
    return row(customer, CUSTOMER)


def customer_extras(customer: Customer, url: str) -> Row:
    """Return the fields that the plugin appends to a customer; `url` is the site's URL."""
    digest = hashlib.sha256(customer.email.strip().lower().encode("utf-8", "replace")).hexdigest()
    user = customer.user_id
    return {
        "full_name": customer.full_name,
        "photo": f"https://secure.gravatar.com/avatar/{digest}?s=100&#038;d=mm&#038;r=g",
        "country_name": _country(customer),
        "formatted_address": {**_location(customer), **_name(customer)},
        "user_link": f"{url}/wp-admin/user-edit.php?user_id={user}" if user else "",
    }


def order_address(order: Order, customer: Customer) -> Row:
    """Return the billing address of an order. Assumed: it is the customer's address, as orders store none here."""
    extras = {"email": customer.email, "company_name": "", "label": "", "full_address": _full_address(customer)}
    return {
        "id": order.id,
        "order_id": str(order.id),
        **_address(customer),
        "meta": [],
        "created_at": iso(order.created_at),
        "updated_at": iso(order.created_at),
        "email": customer.email,
        **_name(customer),
        "formatted_address": {**_formatted_address(customer), **_name(customer), **extras},
        "company_name": "",
        "phone": "",
        "label": "",
    }


def customer_address(customer: Customer) -> Row:
    """Return the customer's own billing address, which has no first and last name (11-097)."""
    no_names = dict.fromkeys(("first_name", "last_name", "full_name"))
    extras = {"company_name": "", "label": "Home", "phone": "", "full_address": _full_address(customer)}
    return {
        "id": customer.id,
        "customer_id": str(customer.id),
        "is_primary": "1",
        "status": "active",
        "label": "Home",
        **_address(customer),
        "phone": "",
        "email": customer.email,
        "meta": [],
        "created_at": iso(customer.created_at),
        "updated_at": iso(customer.updated_at),
        "formatted_address": {**_formatted_address(customer), **no_names, **extras},
        "company_name": "",
    }


def _name(customer: Customer) -> Row:
    return {"first_name": customer.first_name, "last_name": customer.last_name, "full_name": customer.full_name}


def _address(customer: Customer) -> Row:
    return {
        "type": "billing",
        "name": customer.full_name,
        "address_1": "",
        "address_2": "",
        "city": customer.city,
        "state": customer.state,
        "postcode": customer.postcode,
        "country": customer.country,
    }


def _formatted_address(customer: Customer) -> Row:
    """Return the address with names instead of codes."""
    return {**_location(customer), "address_1": "", "address_2": "", "type": "billing", "name": customer.full_name}


def _location(customer: Customer) -> Row:
    state = _STATES.get((customer.country or "", customer.state or ""), customer.state)
    return {"country": _country(customer), "state": state, "city": customer.city, "postcode": customer.postcode}


def _country(customer: Customer) -> str:
    return _COUNTRIES.get(customer.country or "", customer.country or "")


def _full_address(customer: Customer) -> str:
    location = _location(customer)
    return ", ".join(location[part] for part in ("city", "state", "country") if location[part])
