"""Requests to compare with the live service. Those that it must refuse name a user and an order that were made up at random."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from msgspec.json import encode
from msgspec.structs import replace

from refund_sandbox.core.verification import Case

Headers = Mapping[str, str]
_JSON = {"Content-Type": "application/json"}
_EPOCH = "2000-01-01T00:00:00Z"


def key_header(key: str) -> Headers:
    return {**_JSON, "ff-secret-key": key}


def read(name: str, operation: str, path: str, headers: Headers, body: Mapping[str, Any]) -> Case:
    return Case(name, operation, "read", "POST", path, {**_JSON, **headers}, encode(body))


def transactions(order: str, headers: Headers) -> Case:
    body = {"last_transaction_date": _EPOCH, "order_id": order}
    return read("The transactions of the order", "reportTransactions", "/transaction_report", headers, body)


def first_transaction(headers: Headers) -> Case:
    body = {"last_transaction_date": _EPOCH, "limit": 1}
    return read("The first transaction", "reportTransactions", "/transaction_report", headers, body)


def price_points() -> Case:
    return read("All price points", "listPricePoints", "/price_points", {}, {})


def features() -> Case:
    return read("All features", "listFeatures", "/features", {}, {})


def assets(customer: str) -> Case:
    return read("What the customer owns", "listAssets", "/my_assets", {}, {"external_id": customer})


def payments(customer: str, headers: Headers) -> Case:
    return read("The payments of the customer", "listPayments", "/payments_history", headers, {"external_id": customer})


def subscriptions(customer: str, headers: Headers) -> Case:
    body = {"external_id": customer}
    return read("The subscriptions of the customer", "searchSubscriptions", "/subscription/search", headers, body)


def refused(headers: Headers) -> Iterator[Case]:
    """Yield invalid reads and changes of what does not exist. Nobody has a random UUID as user and as order."""
    user, unknown = f"sandbox-verify-{uuid4()}", str(uuid4())
    yield from _invalid_reads(user, unknown, headers)
    for name, body in (
        ("A refund of an unknown order", {"external_id": user, "order_id": unknown, "amount": "1.00"}),
        ("A refund of an unknown order in full", {"external_id": user, "order_id": unknown}),
        ("A refund without an order", {"external_id": user, "amount": "1.00"}),
        ("A refund without fields", {}),
        ("A refund of an order id that is no UUID", {"external_id": user, "order_id": "1001", "amount": "1.00"}),
        ("A refund of an amount that is no number", {"external_id": user, "order_id": unknown, "amount": "much"}),
    ):
        yield _refused(name, "refundPayment", "/payment/refund", headers, body)
    yield Case("A refund with invalid JSON", "refundPayment", "refused", "POST", "/payment/refund", headers, b"{bad")
    body = {"external_id": user, "order_id": unknown}
    yield _refused("A cancellation of an unknown order", "cancelPayment", "/payment/cancel", headers, body)
    subscription = {"external_id": user, "subs_id": unknown}
    for path, operation in (("disable_autorenew", "disableAutorenew"), ("enable_autorenew", "enableAutorenew")):
        yield _refused(f"{path} of an unknown subscription", operation, f"/subscription/{path}", headers, subscription)
    yield _refused("A pause without a subscription", "pauseSubscription", "/subscription/pause", headers, {"external_id": user})
    yield Case("A path with GET", "refundPayment", "read", "GET", "/payment/refund", headers)
    yield Case("An unknown path", "", "read", "GET", f"/sandbox-verify-{unknown}", headers)


def _invalid_reads(user: str, unknown: str, headers: Headers) -> Iterator[Case]:
    yield replace(transactions(unknown, headers), name="The transactions of an unknown order")
    report, date = "/transaction_report", "last_transaction_date"
    yield read("Transactions without a date", "reportTransactions", report, headers, {})
    yield read("Transactions since a date that is none", "reportTransactions", report, headers, {date: "yesterday"})
    yield read("A page of too many transactions", "reportTransactions", report, headers, {date: _EPOCH, "limit": 501})
    yield read("What an unknown customer owns", "listAssets", "/my_assets", {}, {"external_id": user})
    yield read("What nobody owns", "listAssets", "/my_assets", {}, {})
    yield read("The payments of an unknown customer", "listPayments", "/payments_history", headers, {"external_id": user})
    yield read("An unknown price point", "listPricePoints", "/price_points", {}, {"ident": user[:36]})


def unauthorized() -> Iterator[Case]:
    """Yield requests without a key and with a wrong one."""
    body = {"external_id": f"sandbox-verify-{uuid4()}", "order_id": str(uuid4())}
    yield _refused("A refund without a key", "refundPayment", "/payment/refund", _JSON, body)
    yield _refused("A refund with a wrong key", "refundPayment", "/payment/refund", key_header("sandbox-verify-wrong-key"), body)
    yield read("Payments without a key", "listPayments", "/payments_history", {}, {"external_id": body["external_id"]})


def refund(customer: str, order: str, amount: str, headers: Headers, title: str) -> Case:
    body = {"external_id": customer, "order_id": order, "amount": amount}
    return Case(title, "refundPayment", "refund", "POST", "/payment/refund", headers, encode(body))


def _refused(name: str, operation: str, path: str, headers: Headers, body: Mapping[str, Any]) -> Case:
    return Case(name, operation, "refused", "POST", path, headers, encode(body))
