"""State documents from replies of the live service: reports, payments and assets become orders and what they bought."""

from collections.abc import Iterable, Mapping
from typing import Any

from refund_sandbox.apis.funnelfox.records import (
    PRICE_FIELDS,
    Feature,
    Oneoff,
    Order,
    PricePoint,
    Subscription,
    Transaction,
)
from refund_sandbox.core.record_fields import fitting_fields

Row = Mapping[str, Any]
Document = dict[str, Any]


def price_points(rows: Iterable[Row]) -> list[Document]:
    return [_price_point(row) for row in rows if isinstance(row.get("ident"), str)]


def features(rows: Iterable[Row]) -> list[Document]:
    return [fitting_fields(Feature, row) for row in rows if isinstance(row.get("ident"), str)]


def entitlement(row: Row, org: str, customer: str) -> Document:
    """Return a subscription or a one-off of a customer."""
    record = Subscription if "subs_id" in row else Oneoff
    point = row.get("price_point")
    ident = point.get("ident", "") if isinstance(point, Mapping) else ""
    return {**fitting_fields(record, row), "org_id": org, "external_id": customer, "pp_ident": ident}


def order(rows: Iterable[Row], org: str, customer: str, payment: Row, idents: Mapping[str, str]) -> Document:
    """Return an order from its rows of the report. `payment` is its row of the history, `idents` names price points by asset."""
    transactions = [_transaction(row) for row in rows]
    sale = next((row for row in rows if row.get("psp_transaction_type") == "SALE"), next(iter(rows)))
    assets = {name: payment.get(name) or sale.get(f"meta_{name}") for name in ("subs_id", "oneoff_id")}
    steps = {"iteration": sale.get("meta_subs_iteration"), "retry_step": sale.get("meta_retry_step")}
    known = {**sale, **assets, **steps, "initial_order_metadata": sale.get("meta_client")}
    ident = next((idents[str(number)] for number in assets.values() if number in idents), "")
    return {
        **fitting_fields(Order, known),
        "org_id": org,
        "external_id": customer,
        "pp_ident": ident,
        "amount": _amount(payment.get("amount") or sale.get("amount")),
        "created_at": payment.get("created_at") or sale.get("trx_created_at") or "",
        "transactions": transactions,
    }


def _transaction(row: Row) -> Document:
    types = {"psp_transaction_type": "SALE", "psp_status": "SETTLED"}
    return {**types, **fitting_fields(Transaction, row), "amount": _amount(row.get("amount"))}


def _amount(value: Any) -> str:
    """Return an amount without a sign, which records do not have."""
    return str(value if value is not None else "0").lstrip("-")


def _price_point(row: Row) -> Document:
    """Return a price point. Prices are text in records, whatever the reply has."""
    prices = {name: str(row[name]) for name in PRICE_FIELDS if row.get(name) is not None}
    return fitting_fields(PricePoint, {**row, **prices})
