"""Bodies of the operations that read one record."""

from refund_sandbox.apis.fluentcart import errors, models, php, rendering
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Customer
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import labels
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.stores.protocol import PageQuery

_REMINDED = ("pending", "partially_paid", "failed")
"""Payment statuses of orders whose customers can be reminded to pay (read in the source)."""
_FIRST_RECORD = PageQuery(0, 1)


def order(reader: Reader, order_id: str) -> Row:
    """Return the body of GET /orders/{order_id}. Id 0 is the first order: the plugin drops the condition (11-070)."""
    key = php.as_id(order_id) if php.is_numeric(order_id) else None
    record = reader.store.get(ORDERS, key) if key else None
    if key == 0:
        record = next(iter(reader.store.page(ORDERS, _FIRST_RECORD)[0]), None)
    if record is None:
        raise errors.entity_not_found("Order not found", "Back to orders", "/orders")
    has_taxes = reader.rules.tax_fields
    return {
        "order": reader.whole_order(record),
        "discount_meta": "",
        "shipping_meta": "",
        **({"checkout_shipping": None} if has_taxes else {}),
        "order_settings": {"reverse_charge_price_mode": "fixed"} if has_taxes else [],
        "selected_labels": labels.selected(reader.store, models.ORDER, record.id),
        "tax_id": "",
        "can_send_payment_reminder": record.payment_status in _REMINDED and record.total_amount > record.total_paid,
    }


def transactions(reader: Reader, order_id: str) -> Row:
    """Return the whole order (11-073). The path accepts any text, PHP only numbers (11-075)."""
    if reader.crashes and not php.is_numeric(order_id):
        view = "FluentCart\\Api\\Resource\\OrderResource::view(): Argument #1 ($id) must be of type int, string given"
        raise PluginCrash(f"{view}, called in <path>/OrderController.php on line 581")
    return order(reader, order_id)


def transaction(reader: Reader, order_id: str, transaction_id: str) -> Row:
    """Return the whole order, since 1.6.1 with the requested transaction only (22-002). Before, any id was accepted (11-080)."""
    if not reader.rules.own_transaction:
        return transactions(reader, order_id)
    record = reader.store.get(TRANSACTIONS, php.as_id(transaction_id) or 0)
    if record is None or record.order_id != php.as_id(order_id):
        raise errors.entity_not_found("Transaction not found", "Back to orders", "/orders")
    body = order(reader, order_id)
    return {**body, "order": {**body["order"], "transactions": [rendering.transaction_row(record, reader.rules)]}}


def subscription(reader: Reader, subscription_id: str) -> Row:
    record = reader.store.get(SUBSCRIPTIONS, php.as_id(subscription_id) or 0)
    if record is None:
        raise errors.entity_not_found("Subscription not found", "Back to Subscription list", "/subscriptions")
    return {
        "subscription": reader.whole_subscription(record),
        "selected_labels": labels.selected(reader.store, models.SUBSCRIPTION, record.id),
        "reminder_permissions": {"canSendRenewal": False, "canSendTrialEnd": False},
    }


def get_customer(reader: Reader, customer_id: str) -> Customer:
    """Return a customer, or raise a refusal; an id that is not a number has its own."""
    if not customer_id.isdecimal():
        raise errors.refused("You are not authorized to view this customer")
    customer = reader.store.get(CUSTOMERS, php.as_id(customer_id) or 0)
    if customer is None:
        raise errors.entity_not_found("Customer not found", "Back to Customer List", "/customers")
    return customer


def customer_orders(reader: Reader, customer_id: str) -> Row:
    """Return all orders of a customer; null for an unknown one (11-132). Assumed: oldest first."""
    customer = reader.store.get(CUSTOMERS, php.as_id(customer_id) or 0)
    return {"data": {"data": reader.orders_with_items_of(customer) if customer else None}}


def customer_addresses(reader: Reader, query: ListQuery, customer_id: str) -> Row:
    """Return the customer's addresses of a type, by default billing; an unknown customer has none (32-094)."""
    return {"addresses": reader.customer_addresses(php.as_id(customer_id) or 0, query.text("type") or "billing")}
