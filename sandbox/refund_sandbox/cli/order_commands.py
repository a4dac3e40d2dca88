"""The commands `orders …`: list, show and create orders."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.amounts import format_money
from refund_sandbox.cli.api_lookup import find_apis, find_order, order_path
from refund_sandbox.cli.completion_values import complete_apis, complete_orders, complete_states
from refund_sandbox.cli.groups import DefaultCommandGroup
from refund_sandbox.cli.output import as_json, connected, print_json, print_table, without_none
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.cli.values import read_assignment
from refund_sandbox.suggestions import unknown

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Row = tuple[Any, ...]
Summary = Mapping[str, Any]
_COLUMNS = ("api", "order", "customer", "paid", "refunded", "refundable", "state")
_PER_PAGE = 50
_MAX_PER_PAGE = 200


@click.group(cls=DefaultCommandGroup)
def orders() -> None:
    """List the orders, show one ORDER, or create one. The list has the newest first, and one ORDER its transactions.

    \b
    Examples:
      refund-sandbox orders
      refund-sandbox orders --search doe --state paid
      refund-sandbox orders --limit 5 --page 2
      refund-sandbox orders 1001 --json
      refund-sandbox orders create
    """


@orders.command("list", hidden=True)
@click.argument("order", required=False, shell_complete=complete_orders)
@click.option("--api", metavar="NAME", help="Only orders of this API.", shell_complete=complete_apis)
@click.option("--search", metavar="TEXT", help="Only orders with this text in their id or their customer.")
@click.option("--state", help="Only orders in this state, such as paid or refunded.", shell_complete=complete_states)
@click.option("--page", type=click.IntRange(min=1), help="Page of the list. [default: 1; with --json all pages]")
@click.option(
    "--limit",
    type=click.IntRange(1, _MAX_PER_PAGE),
    help=f"Maximum number of orders of each API on a page. [default: {_PER_PAGE}]",
)
@as_json
@connected
def list_orders(client: "Client", order: str | None, api: str | None, as_json: bool, **options: Any) -> None:
    """List the orders, newest first, or show one ORDER with its transactions."""
    if order is not None:
        name, document = find_order(client, order, api)
        if as_json:
            print_json(document)
        else:
            show_order(client, name, order)
        return
    names = find_apis(client, api)
    _check_state(client, names, options["state"])
    filters = without_none({name: options[name] for name in ("search", "state")})
    page, limit = options["page"], options["limit"] or _PER_PAGE
    if as_json and page is None and options["limit"] is None:
        print_json({name: list(_read_all(client, name, filters)) for name in names})
        return
    pages = {name: client.get(f"/{name}/orders", page=page or 1, per_page=limit, **filters) for name in names}
    if as_json:
        print_json({name: listed["orders"] for name, listed in pages.items()})
        return
    empty = "No matching orders." if filters or page else "No orders."
    print_table(_COLUMNS, (_row(name, one) for name, listed in pages.items() for one in listed["orders"]), empty=empty)
    _print_rest(pages)


@orders.command("create")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--api", metavar="NAME", help="API of the order. Default: the first one.", shell_complete=complete_apis)
@as_json
@connected
def create_order(client: "Client", fields: tuple[str, ...], api: str | None, as_json: bool) -> None:
    """Create an order. A FIELD is one of the state document; all that is missing gets a default.

    A VALUE is JSON, or text as it is. A number with a decimal point is text, as amounts are in JSON APIs.

    \b
    Examples:
      refund-sandbox orders create
      refund-sandbox orders create scenario=gateway_declined
    """
    name = find_apis(client, api)[0]
    created = client.post(f"/{name}/orders", dict(map(read_assignment, fields)))
    if as_json:
        print_json(created)
    else:
        show_order(client, name, str(created[client.apis()[name]["order_id_field"]]))


def show_order(client: "Client", api: str, order: str) -> None:
    """Print an order with its transactions."""
    summary = read_summary(client, api, order)
    transactions = client.get(f"{order_path(api, order)}/transactions")["transactions"]
    rows = ((row["id"], row["title"], format_money(row["amount"], summary), row["state"], row["at"]) for row in transactions)
    print_table(_COLUMNS, [_row(api, summary)], empty="")
    click.echo()
    print_table(("transaction", "type", "amount", "state", "at"), rows, empty="No transactions.")


def read_summary(client: "Client", api: str, order: str) -> Summary:
    """Return the summary of an order that exists."""
    summary: Summary = client.get(f"/{api}/orders", id=order)["orders"][0]
    return summary


def _read_all(client: "Client", api: str, filters: Mapping[str, str]) -> Iterator[Summary]:
    """Yield the summaries of all orders, page by page."""
    page, total = 1, 1
    while (page - 1) * _MAX_PER_PAGE < total:
        listed = client.get(f"/{api}/orders", page=page, per_page=_MAX_PER_PAGE, **filters)
        yield from listed["orders"]
        page, total = page + 1, listed["total"]


def _row(api: str, order: Summary) -> Row:
    amounts = (format_money(order[name], order) for name in ("paid", "refunded", "left"))
    return (api, order["id"], order["customer"], *amounts, order["state"])


def _print_rest(pages: Mapping[str, Any]) -> None:
    """Print on stderr that there are more orders than the page shows."""
    for name, listed in pages.items():
        page, last = listed["page"], -(-listed["total"] // listed["per_page"])
        if page < last:
            click.echo(f"{name}: page {page} of {last} ({listed['total']} orders). Next: --page {page + 1}", err=True)


def _check_state(client: "Client", names: Iterable[str], state: str | None) -> None:
    """Raise InputError for a state that no order can have."""
    known = list(dict.fromkeys(one for name in names for one in client.apis()[name]["order_states"]))
    if state is not None and state not in known:
        raise InputError(unknown("state", state, known))
