"""`orders`: what the ledger holds."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.output import as_json, connected, show, table

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Row = tuple[Any, ...]
Order = Mapping[str, Any]
APIS = click.Choice(("funnelfox", "fluentcart"))
_COLUMNS = ("api", "order", "paid", "refunded", "currency", "status")


@click.command()
@click.argument("order", required=False)
@click.option("--api", type=APIS, help="Only this API's.")
@as_json
@connected
def orders(client: "Client", order: str | None, api: str | None, as_json: bool) -> None:
    """List the orders, or show one ORDER with its transactions.

    \b
    Examples:
      refund-sandbox orders
      refund-sandbox orders 1001 --json
    """
    if order is not None:
        show_order(api or api_of(order), read_order(client, api or api_of(order), order), as_json=as_json)
        return
    state = client.get("/state")
    found = {name: state[name]["orders"] for name in APIS.choices if api in (None, name)}
    if as_json:
        show(found)
        return
    rows = (_ROWS[name](one) for name, listed in found.items() for one in listed)
    table(_COLUMNS, rows, empty="There are no orders.")


def api_of(order: str) -> str:
    """Whose order an id means: FluentCart's are numbers."""
    return "fluentcart" if order.isdigit() else "funnelfox"


def read_order(client: "Client", api: str, order: str) -> dict[str, Any]:
    """An order as in the state document. Raises CallRejected where there is none."""
    from urllib.parse import quote

    document: dict[str, Any] = client.get(f"/{api}/orders/{quote(order, safe='')}")
    return document


def show_order(api: str, order: Order, *, as_json: bool) -> None:
    """An order with its transactions."""
    if as_json:
        show(order)
        return
    table(_COLUMNS, [_ROWS[api](order)], empty="")
    click.echo()
    table(("transaction", "kind", "amount", "status", "at"), _TRANSACTIONS[api](order), empty="It has no transactions.")


def _funnelfox_row(order: Order) -> Row:
    from refund_sandbox.testing import FunnelFoxOrder

    refunds = FunnelFoxOrder.refunds_in(order)
    refunded = sum((Decimal(refund.amount) for refund in refunds), Decimal(0))
    return "funnelfox", order["order_id"], order["amount"], refunded, order["currency_code"], order["status"]


def _fluentcart_row(order: Order) -> Row:
    columns = ("id", "total_paid", "total_refund", "currency", "payment_status")
    return ("fluentcart", *(order[name] for name in columns))


def _funnelfox_transactions(order: Order) -> Iterator[Row]:
    columns = ("trx_id", "psp_transaction_type", "amount", "psp_status", "trx_created_at")
    return (tuple(row[name] for name in columns) for row in order["transactions"])


def _fluentcart_transactions(order: Order) -> Iterator[Row]:
    columns = ("id", "transaction_type", "total", "status", "created_at")
    return (tuple(row[name] for name in columns) for row in order["transactions"])


_ROWS: Mapping[str, Callable[[Order], Row]] = {"funnelfox": _funnelfox_row, "fluentcart": _fluentcart_row}
_TRANSACTIONS: Mapping[str, Callable[[Order], Iterator[Row]]] = {
    "funnelfox": _funnelfox_transactions,
    "fluentcart": _fluentcart_transactions,
}
