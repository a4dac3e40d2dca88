"""Rules of customers and their addresses: request fields in, records out, or errors (group 32)."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.records import Customer
from refund_sandbox.apis.fluentcart.rendering import Row, iso
from refund_sandbox.apis.fluentcart.rules.order_creation import NewRecord
from refund_sandbox.apis.fluentcart.shop import fields
from refund_sandbox.apis.fluentcart.shop.addresses import split_name
from refund_sandbox.apis.fluentcart.shop.fields import Fields, text_or_null
from refund_sandbox.apis.fluentcart.shop.places import COUNTRIES, STATE_OPTIONAL, STATES
from refund_sandbox.apis.fluentcart.shop.records import CustomerAddress
from refund_sandbox.apis.fluentcart.versions import Rules

STATUSES = ("active", "inactive")
_LOCATION = ("country", "city", "state", "postcode")
_RULES = {
    "full_name": "required|sanitizeText|maxLength:255",
    "city": "nullable|sanitizeText",
    "email": "required|sanitizeText|email|maxLength:255",
}
_TEXTS = {
    "full_name.required": "Full Name is required.",
    "email.required": "Email is required.",
    "email.email": "Email must be a valid email address.",
}
_ADDRESS_RULES = {
    "country": "required|sanitizeText",
    "label": "nullable|sanitizeText|maxLength:15",
    "name": "required|sanitizeText|maxLength:255",
    "email": "required|sanitizeText|email|maxLength:255",
    "address_1": "required|sanitizeText",
    "address_2": "nullable|sanitizeText",
    "city": "required|sanitizeText|maxLength:255",
    "is_primary": "nullable|numeric",
    "company_name": "nullable|sanitizeText|maxLength:255",
}
_ADDRESS_TEXTS = {
    "country.required": "Country field is required.",
    "name.required": "Name field is required.",
    "email.required": "Email field is required.",
    "email.email": "Email must be a valid email address.",
    "address_1.required": "Street Address field is required.",
    "city.required": "City field is required.",
}


def check(document: Fields, others: Iterable[Customer], rules: Rules) -> None:
    """Raise a refusal that lists all problems.

    The e-mail address must be new, but for the customer whose `id` is sent (32-035).
    """
    if "notes" in document and document["notes"] is None and rules.generic_errors:
        raise PluginCrash("Column 'notes' cannot be null")
    problems = fields.check(document, _RULES, _TEXTS)
    own, email = php.to_int(document.get("id")), php.to_text(document.get("email")).strip().lower()
    if email and any(other.email.lower() == email and other.id != own for other in others):
        problems.setdefault("email", {})["exist"] = "Email already exists."
    errors.check_fields(problems)


def make(document: Fields, new: NewRecord, user_id: int | None) -> Customer:
    """Return a new customer. Statistics that are sent have no effect (32-002)."""
    name = split_name(fields.text(document, "full_name"))
    location: dict[str, Any] = {key: text_or_null(document, key) for key in _LOCATION}
    aov = text_or_null(document, "aov")
    return Customer(
        id=new.id,
        uuid=new.uuid,
        email=fields.text(document, "email"),
        first_name=name["first_name"],
        last_name=name["last_name"],
        user_id=php.to_int(document["user_id"]) if user_id is None and "user_id" in document else user_id,
        status=text_or_null(document, "status"),
        purchase_value=[],
        aov=_decimal(aov),
        notes=fields.text(document, "notes"),
        created_at=new.now,
        updated_at=new.now,
        **location,
    )


def _decimal(text: str | None) -> str | None:
    """Return a number as the database stores it, with two decimals (32-002)."""
    return php.decimal_column(text, 18, 2) if php.is_numeric(text) and text is not None else None


def render_new(customer: Customer, document: Fields, extras: Row) -> Row:
    """Return a new customer as the reply has it: the columns that were just set (32-001)."""
    names = ("email", "user_id", "first_name", "last_name", "status", "aov", "notes", *_LOCATION, "purchase_value", "uuid")
    row = {name: getattr(customer, name) for name in names}
    dates = {"updated_at": iso(customer.updated_at), "created_at": iso(customer.created_at)}
    return {**row, "aov": text_or_null(document, "aov"), **dates, "id": customer.id, **extras}


def update(customer: Customer, document: Fields, rules: Rules, now: str) -> Customer:
    """Return the customer as sent. What is not sent is emptied: null since 1.4.0, "" before, if it had a value (32-032)."""
    name = split_name(fields.text(document, "full_name"))
    location: dict[str, Any] = {key: text_or_null(document, key) for key in ("status", *_LOCATION)}
    if not rules.generic_errors:
        emptied = {key: None if getattr(customer, key) is None else "" for key in location}
        location = {key: emptied[key] if value is None else value for key, value in location.items()}
    user_id = php.to_int(document["user_id"]) if "user_id" in document else customer.user_id
    return replace(
        customer,
        first_name=name["first_name"],
        last_name=name["last_name"],
        email=customer.email if customer.user_id else fields.text(document, "email"),
        user_id=user_id,
        aov=_decimal(text_or_null(document, "aov")) if "aov" in document else customer.aov,
        notes=fields.text(document, "notes"),
        updated_at=now,
        **location,
    )


def check_address(document: Fields) -> None:
    """Raise a refusal that lists all problems (32-070 to 32-082). The postcode is not checked (32-077)."""
    problems = fields.check(document, _ADDRESS_RULES, _ADDRESS_TEXTS)
    country, state = document.get("country"), document.get("state")
    if not (isinstance(country, str) and country in COUNTRIES):
        problems.setdefault("country", {})["1"] = "Invalid country code."
    if php.is_empty(state):
        if not isinstance(country, str) or country not in STATE_OPTIONAL:
            problems.setdefault("state", {})["required"] = "State is required."
    elif isinstance(country, str) and STATES.get(country) and not (isinstance(state, str) and state in STATES[country]):
        problems.setdefault("state", {})["invalid"] = "Invalid state code."
    errors.check_fields(problems)


def make_address(document: Fields, address_id: int, customer_id: int, now: str) -> CustomerAddress:
    """Return a new address as sent. Raise PluginCrash without a type (read in the facts)."""
    return CustomerAddress(id=address_id, customer_id=customer_id, created_at=now, updated_at=now, **_address_columns(document))


def _address_columns(document: Fields) -> dict[str, Any]:
    names = ("type", "label", "name", "address_1", "address_2", "city", "state", "phone", "email", "postcode", "country")
    return {
        **{name: text_or_null(document, name) for name in names},
        "status": text_or_null(document, "status") or "active",
        "is_primary": php.to_int(document.get("is_primary")),
    }


def render_new_address(address: CustomerAddress, row: Row, *, is_first: bool) -> Row:
    """Return a new address as the reply has it: `is_primary` is text only where the plugin set it (32-064, 32-081)."""
    primary = "1" if is_first else address.is_primary
    return {**row, "is_primary": primary, "customer_id": str(address.customer_id)}


def update_address(address: CustomerAddress, document: Fields, now: str) -> CustomerAddress:
    """Return the address as sent; it is not primary unless that is sent (32-086), and the database makes null a label of ""."""
    columns = _address_columns(document)
    return replace(address, updated_at=now, **columns | {"label": columns["label"] or ""})


def order_columns(document: Fields) -> dict[str, Any]:
    """Return the columns of an order's address, from the address of a customer."""
    names = ("type", "name", "address_1", "address_2", "city", "state", "postcode", "country")
    return {name: text_or_null(document, name) for name in names}


def address_message(kind: str | None, verb: str) -> str:
    """Return the text of a saved address; every type but billing is shipping (32-081)."""
    return f"{'Billing' if kind == 'billing' else 'Shipping'} address {verb} successfully!"
