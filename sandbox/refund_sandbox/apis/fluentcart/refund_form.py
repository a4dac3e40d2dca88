"""The refund as people and tools send it: the fields of its form, and the request."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart.listing import auth_headers
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    DECIMALS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Order,
    Transaction,
)
from refund_sandbox.apis.fluentcart.settings import FluentCartSettings
from refund_sandbox.apis.fluentcart.site_records import USERS
from refund_sandbox.apis.fluentcart.versions import RULES
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission
from refund_sandbox.core.api_views import ClientRequest, FormField, RefundRecord
from refund_sandbox.core.money import to_text
from refund_sandbox.stores.protocol import ReadTransaction

OPERATION = "refundOrder"
REFUND_RECORD = RefundRecord(TRANSACTIONS.name, "transaction_type", "refund", "total")
MINOR_RECORDS: Sequence[str] = (ACTIVITIES.name, CUSTOMERS.name, ITEMS.name)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_BOOLEANS = (("", "not sent"), ("false", "false"), ("true", "true"))


def fields(transaction: ReadTransaction, settings: FluentCartSettings, order_id: str) -> list[FormField]:
    """Return the fields of a refund. The amount is in the units of the version."""
    order = _order(transaction, order_id)
    decimals = 0 if RULES[settings.version].minor_units else DECIMALS
    hint = f"FluentCart {settings.version} counts {'major' if decimals else 'minor'} units."
    amount = to_text(max(order.total_paid - order.total_refund, 0), decimals)
    rows = transaction.where(TRANSACTIONS, "order_id", order.id)
    found = [
        FormField("amount", "amount", value=amount, hint=hint, required=True, decimals=decimals, option="amount"),
        _charge_field([row for row in rows if row.transaction_type == "charge"]),
        FormField("reason", "text", option="reason"),
    ]
    if any(row.subscription_id for row in rows) or transaction.where(SUBSCRIPTIONS, "parent_order_id", order.id):
        found.append(FormField("cancelSubscription", "choice", choices=_BOOLEANS, option="cancel"))
    if transaction.where(ITEMS, "order_id", order.id):
        found.append(FormField("manageStock", "choice", choices=_BOOLEANS))
    return found


def _charge_field(charges: Sequence[Transaction]) -> FormField:
    choices = tuple((str(row.id), f"{row.id}: {to_text(row.total, DECIMALS)} {row.currency}") for row in charges)
    return FormField("transaction_id", "choice", value=choices[0][0] if choices else "", required=True, choices=choices)


def build_request(
    transaction: ReadTransaction, _settings: FluentCartSettings, order_id: str, values: Mapping[str, str]
) -> ClientRequest:
    """Return the request of the first user who may refund. With `manageStock`, all items return to stock."""
    order = _order(transaction, order_id)
    user = next((user for user in transaction.all(USERS) if has_permission(user.permissions, "orders/can_refund")), None)
    info: dict[str, Any] = {name: _number(values[name]) for name in ("transaction_id", "amount") if values.get(name)}
    info |= {name: values[name] for name in ("reason", "cancelSubscription", "manageStock") if values.get(name)}
    if info.get("manageStock") == "true":
        items = transaction.where(ITEMS, "order_id", order.id)
        info["refunded_items"] = [{"id": item.id, "restore_quantity": item.quantity} for item in items]
    headers = {"Content-Type": "application/json", **(auth_headers(user) if user else {})}
    return ClientRequest("POST", f"/wp-json/fluent-cart/v2/orders/{order.id}/refund", headers, {"refund_info": info})


def _number(text: str) -> int | float | str:
    """Return the number that a JSON body has. Other text stays text."""
    if not _NUMBER.fullmatch(text):
        return text
    if "." not in text:
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() else number


def _order(transaction: ReadTransaction, order_id: str) -> Order:
    order = transaction.get(ORDERS, int(order_id))
    assert order
    return order
