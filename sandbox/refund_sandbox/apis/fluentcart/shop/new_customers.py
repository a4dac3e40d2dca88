"""Creation of a customer, with the WordPress user that belongs to it."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import resource_error
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, Customer
from refund_sandbox.apis.fluentcart.rules.order_creation import NewRecord
from refund_sandbox.apis.fluentcart.shop.records import new_id
from refund_sandbox.apis.fluentcart.shop.rules import customers
from refund_sandbox.apis.fluentcart.site_records import USERS, User


def create(context: FluentCartContext) -> Customer:
    """Save and return the customer of a request. An e-mail address of a WordPress user links that user (32-024)."""
    store = context.transaction
    others = store.all(CUSTOMERS)
    customers.check(context.document, others, context.rules)
    email = context.text("email").lower()
    if any(other.email.lower() == email for other in others):  # the id of the owner was sent
        raise resource_error(400, "Customer already exists.")
    users = enumerate(store.all(USERS), start=1)
    user_id = next((number for number, user in users if user.email.lower() == email), None)
    new = NewRecord(new_id(store, CUSTOMERS), context.ids.hex(32), context.time)
    customer = customers.make(context.document, new, user_id)
    store.put(CUSTOMERS, customer)
    return customer


def create_user(context: FluentCartContext, customer: Customer) -> None:
    """With `wp_user` yes, add a WordPress user. The reply does not have it yet (32-025)."""
    if context.document.get("wp_user") != "yes" or customer.user_id:
        return
    login = customer.email.partition("@")[0]
    if context.transaction.get(USERS, login) is None:
        context.transaction.put(USERS, User(login, customer.email))
        count = len(context.transaction.all(USERS))
        context.transaction.put(CUSTOMERS, replace(customer, user_id=count))
