"""Customers in the JSON of the plugin (group 11)."""

import hashlib

from refund_sandbox.apis.fluentcart.records import Customer
from refund_sandbox.apis.fluentcart.rendering import Row, columns
from refund_sandbox.apis.fluentcart.shop.places import country_name, state_name

CUSTOMER = columns(
    "id user_id:text contact_id:text email first_name last_name status purchase_value purchase_count:text ltv:text "
    "first_purchase_date last_purchase_date aov notes uuid country city state postcode created_at:iso updated_at:iso"
)


def customer_extras(customer: Customer, url: str) -> Row:
    """Return the fields that the plugin appends to a customer; `url` is the site's URL."""
    digest = hashlib.sha256(customer.email.strip().lower().encode("utf-8", "replace")).hexdigest()
    user, country = customer.user_id, country_name(customer.country)
    return {
        "full_name": customer.full_name,
        "photo": f"https://secure.gravatar.com/avatar/{digest}?s=100&#038;d=mm&#038;r=g",
        "country_name": country,
        "formatted_address": {
            "country": country,
            "state": state_name(customer.country, customer.state),
            "city": customer.city,
            "postcode": customer.postcode,
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "full_name": customer.full_name,
        },
        "user_link": f"{url}/wp-admin/user-edit.php?user_id={user}" if user else "",
    }
