"""Requests to compare with a shop. Those that it must refuse name an order that does not exist, or are invalid twice."""

from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec.json import encode

from refund_sandbox.core.record_fields import rows_with
from refund_sandbox.core.verification import Case, Untried

Headers = Mapping[str, str]
Row = Mapping[str, Any]
_JSON = {"Content-Type": "application/json"}
_MAX_TRANSACTIONS = 5

_PERMISSIONS = {
    "orders/view": ("/orders", "GET"),
    "orders/create": ("/orders", "POST"),
    "orders/manage": ("/orders/{order}", "POST"),
    "orders/delete": ("/orders/{order}", "DELETE"),
    "orders/manage_statuses": ("/orders/{order}/statuses", "PUT"),
    "orders/can_refund": ("/orders/{order}/refund", "POST"),
    "subscriptions/view": ("/subscriptions", "GET"),
    "customers/view": ("/customers", "GET"),
    "customers/manage": ("/customers", "POST"),
}
"""A path and a method that a permission allows. OPTIONS, which changes nothing, names the allowed methods (05-042)."""


def read(name: str, operation: str, path: str, headers: Headers) -> Case:
    return Case(name, operation, "read", "GET", path, headers)


def options(path: str, headers: Headers) -> Case:
    return Case("", "", "read", "OPTIONS", path, headers)


def granted(order: Any, allowed: Callable[[str], Collection[str]]) -> Iterator[str]:
    """Yield the permissions of a user. `allowed` returns the methods that the user may call at a path."""
    for permission, (path, method) in _PERMISSIONS.items():
        if method in allowed(path.format(order=order)):
            yield permission


def reads_of_order(order: Row, headers: Headers) -> Iterator[Case]:
    number = order["id"]
    yield read("The order", "getOrder", f"/orders/{number}", headers)
    yield read("The order with a slash at the end", "getOrder", f"/orders/{number}/", headers)
    yield read("A list of orders by id", "listOrders", f"/orders?search={quote(f'id = {number}')}", headers)
    yield read("The transactions of the order", "listTransactions", f"/orders/{number}/transactions", headers)
    for row in rows_with(order.get("transactions"), "id")[:_MAX_TRANSACTIONS]:
        path = f"/orders/{number}/transactions/{row['id']}"
        yield read(f"Transaction {row['id']}", "getTransaction", path, headers)


def reads_of_subscriptions(order: Row, headers: Headers) -> Iterator[Case]:
    for row in rows_with(order.get("subscriptions"), "id"):
        yield read(f"Subscription {row['id']}", "getSubscription", f"/subscriptions/{row['id']}", headers)


def reads_of_customer(customer: Any, headers: Headers, *, has_all_orders: bool) -> Iterator[Case]:
    yield read("The customer", "getCustomer", f"/customers/{customer}", headers)
    yield read("A list of customers by id", "listCustomers", f"/customers?search={quote(f'id = {customer}')}", headers)
    path = f"/customers/{customer}/address?type=billing"
    yield read("The billing addresses of the customer", "listCustomerAddresses", path, headers)
    if has_all_orders:
        yield read("The orders of the customer", "listCustomerOrders", f"/customers/{customer}/orders", headers)


def refused(unknown: int, headers: Headers) -> Iterator[Case]:
    """Yield changes of an order or a subscription that does not exist."""
    refund = f"/orders/{unknown}/refund"
    valid = {"refund_info": {"transaction_id": unknown, "amount": 1}}
    yield _refused("A refund of an unknown order", "refundOrder", "POST", refund, headers, valid)
    yield _refused("A refund of an unknown order without fields", "refundOrder", "POST", refund, headers, {})
    yield _refused("A refund with invalid JSON", "refundOrder", "POST", refund, headers, b"{bad")
    nothing = {"refund_info": {"transaction_id": unknown, "amount": 0}}
    yield _refused("A refund with PUT", "refundOrder", "PUT", refund, headers, nothing)
    path = f"/orders/x{unknown}/refund"  # PHP could read it as 0, which GET takes for the first order (11-070)
    yield _refused("A refund of an order id that is no number", "refundOrder", "POST", path, headers, nothing)
    status = {"action": "change_order_status", "statuses": {"order_status": "completed"}}
    yield _refused("A status of an unknown order", "updateOrderStatuses", "PUT", f"/orders/{unknown}/statuses", headers, status)
    paid = {"payment_method": "offline_payment"}
    yield _refused("An unknown order paid", "markOrderAsPaid", "POST", f"/orders/{unknown}/mark-as-paid", headers, paid)
    path = f"/orders/{unknown}/subscriptions/{unknown}/cancel"
    yield _refused("A cancellation in an unknown order", "cancelSubscription", "PUT", path, headers, {"cancel_reason": "other"})


def unknown_reads(unknown: int, headers: Headers) -> Iterator[Case]:
    """Yield reads of an order, a subscription and a customer that do not exist."""
    yield read("An unknown order", "getOrder", f"/orders/{unknown}", headers)
    yield read("The transactions of an unknown order", "listTransactions", f"/orders/{unknown}/transactions", headers)
    yield read("An unknown subscription", "getSubscription", f"/subscriptions/{unknown}", headers)
    yield read("An unknown customer", "getCustomer", f"/customers/{unknown}", headers)
    yield read("An unknown path", "", f"/sandbox-{unknown}", headers)


def refused_of_order(order: int, unknown: int, headers: Headers) -> Iterator[Case]:
    """Yield refunds of a real order, each with two reasons to refuse it: no such transaction, and no amount."""
    path = f"/orders/{order}/refund"
    for name, info in (
        ("A refund of 0 of an unknown transaction", {"transaction_id": unknown, "amount": 0}),
        ("A refund of an unknown transaction without an amount", {"transaction_id": unknown}),
        ("A refund of 0 without a transaction", {"transaction_id": "", "amount": 0}),
    ):
        yield _refused(name, "refundOrder", "POST", path, headers, {"refund_info": info})


def unauthorized(unknown: int, login: str) -> Iterator[Case]:
    """Yield requests without a login and with a wrong password: only one, since shops lock out who guesses."""
    wrong = {"Authorization": "Basic " + b64encode(f"{login}:wrong wrong wrong wrong wrong wron".encode()).decode()}
    valid = {"refund_info": {"transaction_id": unknown, "amount": 1}}
    refund = f"/orders/{unknown}/refund"
    yield read("An order without a login", "getOrder", f"/orders/{unknown}", {})
    yield read("A list of orders without a login", "listOrders", "/orders", {})
    yield _refused("A refund without a login", "refundOrder", "POST", refund, {}, valid)
    yield _refused("A refund with a wrong password", "refundOrder", "POST", refund, wrong, valid)


def _refused(name: str, operation: str, method: str, path: str, headers: Headers, body: Any) -> Case:
    content = body if isinstance(body, bytes) else encode(body)
    return Case(name, operation, "refused", method, path, {**headers, **_JSON}, content)


UNTRIED = (
    Untried("The list of routes", "getRouteIndex", "the sandbox lists only the routes that it serves"),
    Untried("Shipping methods", "listShippingMethods", "no read shows what they depend on"),
    Untried("Sales by day and hour", "getReportByDayAndHour", "its days are texts or numbers, as the shop's sales have it"),
)
