"""The refund as people and tools send it: the fields of its form, and the request."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from refund_sandbox.apis.funnelfox.records import ORDERS, ORGS, TRANSACTIONS, Order
from refund_sandbox.core.api_views import ClientRequest, FormField, RefundRecord
from refund_sandbox.stores.protocol import ReadTransaction

OPERATION = "refundPayment"
REFUND_RECORD = RefundRecord(TRANSACTIONS.name, "psp_transaction_type", "REFUND", "amount", {"psp_status": "FAILED"})
MINOR_RECORDS: Sequence[str] = ()
_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}


def fields(transaction: ReadTransaction, _settings: Any, order_id: str) -> list[FormField]:
    """Return the fields of a refund. The amount is decimal text."""
    order = _order(transaction, order_id)
    hint = "Empty: the full refundable amount."
    return [
        FormField("amount", "amount", hint=hint, decimals=order.decimals, option="amount"),
        FormField("external_id", "text", value=order.external_id, required=True),
        FormField("reason", "text", option="reason"),
        FormField("comment", "text"),
        FormField("soft_refund", "flag", label="soft_refund: keep the subscription", option="soft"),
    ]


def build_request(transaction: ReadTransaction, _settings: Any, order_id: str, values: Mapping[str, str]) -> ClientRequest:
    """Return the request with the first enabled admin key of the order's organisation."""
    order = _order(transaction, order_id)
    org = transaction.get(ORGS, order.org_id)
    key = next((key.key for key in org.keys if key.enabled and key.group == "admin"), "") if org else ""
    body: dict[str, Any] = {"external_id": values.get("external_id"), "order_id": order.order_id}
    body |= {name: values.get(name) for name in ("amount", "reason", "comment")}
    body["soft_refund"] = _BOOLEANS.get(values.get("soft_refund", ""), values.get("soft_refund"))
    sent = {name: value for name, value in body.items() if value not in (None, "")}
    headers = {"Content-Type": "application/json", "ff-secret-key": key}
    return ClientRequest("POST", f"/{quote(order.org_id, safe='')}/v1/payment/refund", headers, sent)


def _order(transaction: ReadTransaction, order_id: str) -> Order:
    order = transaction.get(ORDERS, order_id.lower())
    assert order
    return order
