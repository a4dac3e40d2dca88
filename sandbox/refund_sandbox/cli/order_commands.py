"""The command `orders`: the orders of both APIs."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.output import as_json, connected, print_json, print_table

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Row = tuple[Any, ...]
Order = Mapping[str, Any]
APIS = click.Choice(("funnelfox", "fluentcart"))
_COLUMNS = ("api", "order", "paid", "refunded", "currency", "status")


@click.command()
@click.argument("order", required=False)
@click.option("--api", type=APIS, help="Only orders of this API.")
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
        name = api or api_of(order)
        show_order(name, read_order(client, name, order), as_json=as_json)
        return
    state = client.get("/state")
    listed = {name: state[name]["orders"] for name in APIS.choices if api in (None, name)}
    if as_json:
        print_json(listed)
        return
    rows = (_ROWS[name](one) for name, orders in listed.items() for one in orders)
    print_table(_COLUMNS, rows, empty="No orders.")


def api_of(order: str) -> str:
    """Return the API of an order id: FluentCart's ids are numbers."""
    return "fluentcart" if order.isdigit() else "funnelfox"


def read_order(client: "Client", api: str, order: str) -> dict[str, Any]:
    """Return an order as in the state document. Raises CallRejected for an unknown id."""
    from urllib.parse import quote

    document: dict[str, Any] = client.get(f"/{api}/orders/{quote(order, safe='')}")
    return document


def show_order(api: str, order: Order, *, as_json: bool) -> None:
    """Print an order with its transactions."""
    if as_json:
        print_json(order)
        return
    print_table(_COLUMNS, [_ROWS[api](order)], empty="")
    click.echo()
    print_table(("transaction", "type", "amount", "status", "at"), _TRANSACTIONS[api](order), empty="No transactions.")


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
