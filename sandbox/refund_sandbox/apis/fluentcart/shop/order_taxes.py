"""Tax of an order, as the read of a whole order shows it since 1.5.2. Source: reads of a running 1.5.2."""

from collections.abc import Mapping, Sequence

from refund_sandbox.apis.fluentcart.records import Order
from refund_sandbox.apis.fluentcart.rendering import Row, columns, row
from refund_sandbox.apis.fluentcart.shop.records import ORDER_TAX_RATES, OrderTaxRate
from refund_sandbox.stores.protocol import ReadTransaction

_COLUMNS = columns(
    "id order_id:text tax_rate_id:text shipping_tax:text order_tax:text total_tax:text meta:array filed_at created_at:iso "
    "updated_at:iso"
)
_INCLUSIVE = 2
"""Value of `tax_behavior` of an order whose prices include the tax."""


def render(tax: OrderTaxRate) -> Row:
    """Return a tax row with its rate. The sandbox has no tax rates."""
    return {**plain(tax), "tax_rate": None}


def plain(tax: OrderTaxRate) -> Row:
    return row(tax, _COLUMNS)


def rates(store: ReadTransaction, order: Order) -> list[Row]:
    """Return the tax rows of an order."""
    return [render(tax) for tax in store.where(ORDER_TAX_RATES, "order_id", order.id)]


def plain_rates(store: ReadTransaction, order: Order) -> list[Row]:
    """Return the tax rows of an order without their rates, as after a change of its shipping status."""
    return [plain(tax) for tax in store.where(ORDER_TAX_RATES, "order_id", order.id)]


def fields(store: ReadTransaction, order: Order) -> Row:
    """Return the fields about tax and business customers of a whole order; an order without tax has a short summary."""
    taxes = store.where(ORDER_TAX_RATES, "order_id", order.id)
    is_inclusive = order.tax_behavior == _INCLUSIVE
    lines = [_line(tax, inclusive=is_inclusive) for tax in taxes if tax.order_tax]
    shipping_lines = [_shipping_line(tax) for tax in taxes if tax.shipping_tax]
    folded = [_folded_line(tax, inclusive=is_inclusive) for tax in taxes if tax.total_tax]
    shown: Row = {"taxRateLines": lines, "shippingTaxLines": shipping_lines, "foldedRateLines": folded}
    is_taxed = bool(folded or order.tax_total or order.shipping_tax)
    short: Row = {"shouldRender": False, **shown, "includedInPrices": 0}
    return {
        "business_info": [],
        "is_b2b_order": False,
        "display_tax_lines": lines,
        "display_shipping_tax_lines": shipping_lines,
        "is_reverse_charge_tax_order": False,
        "tax_summary": _summary(order, taxes, shown, inclusive=is_inclusive) if is_taxed else short,
    }


def _summary(order: Order, taxes: Sequence[OrderTaxRate], lines: Row, *, inclusive: bool) -> Row:
    """Return the totals, in minor units, and the lines. Rows that contradict the order's tax leave no tax of its products."""
    of_rows = sum(tax.order_tax for tax in taxes)
    products, shipping = order.tax_total or of_rows, order.shipping_tax
    if taxes and products != of_rows:
        products = 0
    return {
        "shouldRender": True,
        "isReverseCharge": False,
        "inclusiveTax": products if inclusive else 0,
        "exclusiveTax": 0 if inclusive else products,
        "taxRateLines": lines["taxRateLines"],
        "feeTaxLines": [],
        "feeTaxLineRows": [],
        "inclusiveFeeTax": 0,
        "shippingTax": shipping,
        "shippingTaxLines": lines["shippingTaxLines"],
        "payableTax": 0 if inclusive else products + shipping,
        "totalOrderTax": products + shipping,
        "isShippingInclusive": inclusive,
        "reversedTaxTotal": 0,
        "reversedShippingTax": 0,
        "rcPriceMode": "",
        "rcShippingAdjustment": 0,
        "rcTotalAdjustment": 0,
        "showRcShippingRow": False,
        "foldedRateLines": lines["foldedRateLines"],
        "includedInPrices": products + shipping if inclusive else 0,
    }


def _label(tax: OrderTaxRate) -> str:
    label = tax.meta.get("label") if isinstance(tax.meta, Mapping) else None
    return str(label or "Tax")


def _line(tax: OrderTaxRate, *, inclusive: bool) -> Row:
    amounts = {"order_tax": tax.order_tax, "total_tax": tax.total_tax}
    rate = {"rate_id": tax.tax_rate_id, "rate_percent": 0, "taxable_amount": 0}
    return {"label": _label(tax), "rate_label": _label(tax), **amounts, **rate, "inclusive": inclusive}


def _shipping_label(tax: OrderTaxRate) -> str:
    return f"{_label(tax)} on shipping"


def _shipping_line(tax: OrderTaxRate) -> Row:
    return {"label": _shipping_label(tax), "shipping_tax": tax.shipping_tax, "rate_id": tax.tax_rate_id, "rate_percent": 0}


def _folded_line(tax: OrderTaxRate, *, inclusive: bool) -> Row:
    label = _label(tax) if tax.order_tax else _shipping_label(tax)
    return {"label": label, "base": 0, "tax": tax.total_tax, "inclusive": inclusive}
