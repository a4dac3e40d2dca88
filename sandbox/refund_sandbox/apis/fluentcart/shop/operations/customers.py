"""Operations on customers, their addresses and their WordPress users (group 32)."""

from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import customer_views, errors, models, php
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash, resource_error
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ORDERS, Customer
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import addresses, fields, labelling, labels, new_customers
from refund_sandbox.apis.fluentcart.shop.records import (
    CUSTOMER_ADDRESSES,
    ORDER_ADDRESSES,
    CustomerAddress,
    OrderAddress,
    new_id,
)
from refund_sandbox.apis.fluentcart.shop.rules import customers
from refund_sandbox.apis.fluentcart.site_records import USERS, User
from refund_sandbox.core.context import Reply

_NOT_FOUND = "Customer not found, please reload the page and try again!"
_ORPHANS = (
    "has orders. The live plugin deletes the rows of these orders and leaves their transactions, so that they cannot be "
    "refunded. With live validation the sandbox does so too."
)


def create_customer(context: FluentCartContext) -> Reply:
    """POST /customers."""
    customer = new_customers.create(context)
    extras = customer_views.customer_extras(customer, context.caller.site_url)
    created = customers.render_new(customer, context.document, extras)
    new_customers.create_user(context, customer)
    return Reply({"message": "Customer created successfully!", "data": created})


def update_customer(context: FluentCartContext) -> Reply:
    """PUT /customers/{customer_id}: what is not sent is emptied (32-032)."""
    customers.check(context.document, context.transaction.all(CUSTOMERS), context.rules)
    customer = _find(context)
    if customer is None:
        raise resource_error(400, _NOT_FOUND)
    changed = customers.update(customer, context.document, context.rules, context.time)
    context.transaction.put(CUSTOMERS, changed)
    return Reply({"message": "Customer updated successfully!", "data": context.reader.customer(changed)})


def _find(context: FluentCartContext) -> Customer | None:
    return context.find(CUSTOMERS, context.params["customer_id"])


def update_additional_info(context: FluentCartContext) -> Reply:
    """PUT /customers/{customer_id}/additional-info: the labels only (32-052 to 32-059)."""
    customer = _find(context)
    if customer is None:
        raise resource_error(404, _NOT_FOUND)
    sent = context.document.get("labels", [])
    if not isinstance(sent, php.ARRAY):
        raise PluginCrash("count(): Argument #1 ($value) must be of type Countable|array")
    label_ids = [php.to_int(entry) for entry in php.values_of(sent)]
    if not label_ids and not labels.selected(context.transaction, models.CUSTOMER, customer.id):
        raise resource_error(400, "Customer does not have any changes to update.")
    labelling.select(context, models.CUSTOMER, customer.id, label_ids)
    return Reply({"message": "Customer updated successfully!", "data": True})


def _address_row(context: FluentCartContext, address: CustomerAddress) -> Row:
    return addresses.customer_address(address, has_tax_numbers=context.rules.numeric_tax_behavior)


def _addresses_of(context: FluentCartContext, customer_id: int) -> list[CustomerAddress]:
    return context.transaction.where(CUSTOMER_ADDRESSES, "customer_id", customer_id)


def create_customer_address(context: FluentCartContext) -> Reply:
    """POST /customers/{customer_id}/address. The customer is not checked (32-083). The first of its type is primary."""
    customers.check_address(context.document)
    missing = next((name for name in ("type", "label") if context.document.get(name) is None), None)
    if missing and context.rules.generic_errors:
        raise PluginCrash(f"Column '{missing}' cannot be null")
    number = php.as_id(context.params["customer_id"]) or 0
    address = customers.make_address(context.document, new_id(context.transaction, CUSTOMER_ADDRESSES), number, context.time)
    is_first = not any(row.is_primary for row in _addresses_of(context, number) if row.type == address.type)
    address = replace(address, is_primary=1) if is_first else address
    context.transaction.put(CUSTOMER_ADDRESSES, address)
    if address.is_primary:
        _copy_to_order(context, create=True)
    row = customers.render_new_address(address, _address_row(context, address), is_first=is_first)
    return Reply({"message": customers.address_message(address.type, "created"), "data": row})


def _copy_to_order(context: FluentCartContext, *, create: bool) -> None:
    """Copy the sent address to the order in `order_id`: to its address of that type, or as a new one (32-084, 32-086)."""
    order_id, store = php.to_int(context.document.get("order_id")), context.transaction
    if not order_id:
        return
    columns = customers.order_columns(context.document)
    rows = [row for row in store.where(ORDER_ADDRESSES, "order_id", order_id) if row.type == columns["type"]]
    for row in rows[:1]:
        store.put(ORDER_ADDRESSES, replace(row, updated_at=context.time, **columns))
    if create and not rows:
        dates = {"created_at": context.time, "updated_at": context.time}
        store.put(ORDER_ADDRESSES, OrderAddress(new_id(store, ORDER_ADDRESSES), order_id, **columns, **dates))


def update_customer_address(context: FluentCartContext) -> Reply:
    """PUT /customers/{customer_id}/address: the address in the body, whatever the customer in the path is (32-091)."""
    customers.check_address(context.document)
    if php.is_empty(context.document.get("id")):
        raise resource_error(403, "Please edit a valid address!")
    address = context.find(CUSTOMER_ADDRESSES, context.document["id"])
    if address is None:
        raise resource_error(404, "Address not found, please reload the page and try again!")
    changed = customers.update_address(address, context.document, context.time)
    context.transaction.put(CUSTOMER_ADDRESSES, changed)
    _copy_to_order(context, create=False)
    return Reply({"message": customers.address_message(address.type, "updated"), "data": _address_row(context, changed)})


def make_primary_address(context: FluentCartContext) -> Reply:
    """POST /customers/{customer_id}/address/make-primary.

    An unknown id is refused, yet the former primary address is not primary any more: that change is saved.
    """
    number, kind = php.as_id(context.params["customer_id"]) or 0, context.text("type")
    address_id = php.to_int(context.document.get("addressId"))
    of_type = [row for row in _addresses_of(context, number) if row.type == kind]
    for row in of_type:
        is_primary = int(row.id == address_id)
        if is_primary or row.is_primary:
            context.transaction.put(CUSTOMER_ADDRESSES, replace(row, is_primary=is_primary, updated_at=context.time))
    if not any(row.id == address_id for row in of_type):
        return Reply(resource_error(400, "Address set as primary failed.").body, 500)
    return Reply({"message": "Address successfully set as the primary", "data": ""})


def delete_customer_address(context: FluentCartContext) -> Reply:
    """DELETE /customers/{customer_id}/address: the address in the body."""
    address_id = fields.get(context.document, "address.id")
    if php.is_empty(address_id):
        raise resource_error(403, "Please use a valid address ID!")
    address = context.find(CUSTOMER_ADDRESSES, address_id)
    if address is None:
        raise resource_error(404, "Address not found in database, failed to remove.")
    if address.is_primary:
        raise resource_error(403, "Primary address cannot be deleted!")
    if len(_addresses_of(context, address.customer_id)) <= 1:
        raise resource_error(403, "At least one address must remain. Address deletion failed!")
    context.transaction.delete(CUSTOMER_ADDRESSES, address.id)
    return Reply({"message": "Address successfully deleted.", "data": ""})


def list_attachable_users(context: FluentCartContext) -> Reply:
    """GET /customers/attachable-user: the WordPress users without a customer. Assumed: the display name is the login."""
    taken = {customer.user_id for customer in context.transaction.all(CUSTOMERS)}
    users = enumerate(context.transaction.all(USERS), start=1)
    rows = [{"ID": number, "display_name": user.login, "user_email": user.email} for number, user in users if number not in taken]
    return Reply({"users": rows})


def attach_user(context: FluentCartContext) -> Reply:
    """POST /customers/{customer_id}/attachable-user: `user_id` as text."""
    user_id = _check_user(context)
    customer = _find(context)
    if customer is None:
        raise errors.refused("Customer not found.")
    if customer.user_id and _user(context, customer.user_id):
        raise errors.refused("Can not attach user")
    context.transaction.put(CUSTOMERS, replace(customer, user_id=user_id, updated_at=context.time))
    return Reply({"message": "User attached successfully"})


def _user(context: FluentCartContext, number: int) -> User | None:
    users = context.transaction.all(USERS)
    return users[number - 1] if 0 < number <= len(users) else None


def _check_user(context: FluentCartContext) -> int:
    texts = {"user_id.required": "User is required."}
    problems = fields.check(context.document, {"user_id": "required|string|maxLength:50"}, texts)
    number = abs(php.to_int(context.document.get("user_id")))
    if _user(context, number) is None:
        problems.setdefault("user_id", {})["3"] = "User not found."
    elif any(customer.user_id == number for customer in context.transaction.all(CUSTOMERS)):
        problems.setdefault("user_id", {})["3"] = "User already linked to a customer."
    errors.check_fields(problems)
    return number


def detach_user(context: FluentCartContext) -> Reply:
    """POST /customers/{customer_id}/detach-user. 1.3.25 stores the user 0."""
    customer = _find(context)
    if customer is None:
        raise errors.refused("Customer not found.")
    nobody = None if context.rules.generic_errors else 0
    context.transaction.put(CUSTOMERS, replace(customer, user_id=nobody, updated_at=context.time))
    return Reply({"message": "User detached successfully"})


def bulk_change_customers(context: FluentCartContext) -> Reply:
    """POST /customers/do-bulk-action: `delete_customers` and `change_customer_status`."""
    numbers = fields.ids(context.document, "customer_ids")
    if not numbers:
        raise resource_error(403, "Customers selection is required")
    found = [customer for customer in (context.transaction.get(CUSTOMERS, number) for number in numbers) if customer]
    action = context.document.get("action")
    if action == "delete_customers":
        return _delete(context, found)
    if action == "change_customer_status":
        return _change_status(context, found)
    raise resource_error(400, "Selected action is invalid")


def _delete(context: FluentCartContext, found: list[Customer]) -> Reply:
    """Delete customers and the rows of their orders. Transactions and items stay, so a refund is then 404 (33-214).

    Strict validation refuses to orphan them, and says so.
    """
    if not found:
        raise resource_error(400, "Customer update failed.")
    for customer in found:
        own = context.transaction.where(ORDERS, "customer_id", customer.id)
        if own and context.validation == "strict":
            raise errors.invalid_fields({"customer_ids": {"orders": f"Customer {customer.id} {_ORPHANS}"}})
        for order in own:
            context.transaction.delete(ORDERS, order.id)
        context.transaction.delete(CUSTOMERS, customer.id)
    return Reply({"message": "Selected Customers has been deleted permanently", "data": ""})


def _change_status(context: FluentCartContext, found: list[Customer]) -> Reply:
    status: Any = context.document.get("new_status")
    if php.is_empty(status):
        raise resource_error(403, "Please select status")
    if status not in customers.STATUSES:
        raise resource_error(403, "Provided customer status is not valid")
    for customer in found:
        if customer.status != status:
            context.transaction.put(CUSTOMERS, replace(customer, status=status, updated_at=context.time))
    return Reply({"message": "Customer Status has been changed", "data": ""})
