"""The command `orders`: the orders of the APIs."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.api_lookup import find_apis, find_order, order_path
from refund_sandbox.cli.output import as_json, connected, print_json, print_table
from refund_sandbox.core.money import to_text

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Row = tuple[Any, ...]
Summary = Mapping[str, Any]
_COLUMNS = ("api", "order", "paid", "refunded", "refundable", "currency", "state")
_PER_PAGE = 200


@click.command()
@click.argument("order", required=False)
@click.option("--api", metavar="NAME", help="Only orders of this API.")
@as_json
@connected
def orders(client: "Client", order: str | None, api: str | None, as_json: bool) -> None:
    """List the orders, newest first, or show one ORDER with its transactions.

    \b
    Examples:
      refund-sandbox orders
      refund-sandbox orders 1001 --json
    """
    if order is not None:
        name, document = find_order(client, order, api)
        if as_json:
            print_json(document)
        else:
            show_order(client, name, order)
        return
    listed = {name: _read_summaries(client, name) for name in find_apis(client, api)}
    if as_json:
        print_json({name: list(summaries) for name, summaries in listed.items()})
        return
    print_table(_COLUMNS, (_row(name, one) for name, summaries in listed.items() for one in summaries), empty="No orders.")


def show_order(client: "Client", api: str, order: str) -> None:
    """Print an order with its transactions."""
    summary = client.get(f"/{api}/orders", id=order)["orders"][0]
    transactions = client.get(f"{order_path(api, order)}/transactions")["transactions"]
    rows = (
        (row["id"], row["title"], to_text(row["amount"], summary["decimals"]), row["state"], row["at"]) for row in transactions
    )
    print_table(_COLUMNS, [_row(api, summary)], empty="")
    click.echo()
    print_table(("transaction", "type", "amount", "state", "at"), rows, empty="No transactions.")


def _read_summaries(client: "Client", api: str) -> Iterator[Summary]:
    """Yield the summaries of all orders, page by page."""
    page, total = 1, 1
    while (page - 1) * _PER_PAGE < total:
        listed = client.get(f"/{api}/orders", page=page, per_page=_PER_PAGE)
        yield from listed["orders"]
        page, total = page + 1, listed["total"]


def _row(api: str, order: Summary) -> Row:
    amounts = (to_text(order[name], order["decimals"]) for name in ("paid", "refunded", "left"))
    return (api, order["id"], *amounts, order["currency"], order["state"])
