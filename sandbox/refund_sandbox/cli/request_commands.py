"""The command `requests`: the request log."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.amounts import format_money
from refund_sandbox.cli.api_lookup import find_apis
from refund_sandbox.cli.completion_values import complete_apis, complete_orders
from refund_sandbox.cli.entry_list import Document, EntryList, Row
from refund_sandbox.cli.output import as_json, connected, print_json, time_of_day, without_none

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


@click.command()
@click.argument("request_id", required=False, type=int)
@click.option("--follow", is_flag=True, help="Stream new requests (Ctrl-C to stop).")
@click.option("--api", metavar="NAME", help="Only requests to this API.", shell_complete=complete_apis)
@click.option("--operation", help="Only requests of this operation, such as refundOrder.")
@click.option("--order", help="Only requests about this order.", shell_complete=complete_orders)
@click.option("--status", type=int, help="Only requests with this status of the reply.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of entries.")
@as_json
@connected
def requests(client: "Client", request_id: int | None, as_json: bool, **options: Any) -> None:
    """List requests, or show the request REQUEST_ID. The list has the oldest first, and one request its reply.

    \b
    Examples:
      refund-sandbox requests --order 1001
      refund-sandbox requests --follow --json
    """
    if request_id is not None:
        _show_request(client, client.get(f"/requests/{request_id}"), as_json=as_json)
        return
    find_apis(client, options["api"])
    filters = without_none({name: options[name] for name in ("api", "operation", "order", "status")})
    if options["follow"]:
        _requests(client).follow(client, filters, as_json=as_json)
        return
    newest_first = client.get("/requests", limit=options["limit"], **filters)["requests"]
    _requests(client).show(newest_first[::-1], as_json=as_json, is_filtered=bool(filters))


def _show_request(client: "Client", entry: Document, *, as_json: bool) -> None:
    from refund_sandbox.testing.logged_requests import read_logged_request

    if as_json:
        print_json(entry)
    else:
        click.echo(str(read_logged_request(entry, client)))


def _requests(client: "Client") -> EntryList:
    return EntryList(
        event="request",
        columns=("id", "at", "status", "method", "path", "ms", "notes"),
        widths=(5, 8, 6, 6, 46, 8, 0),
        row=partial(_row, client),
        noun="requests",
    )


def _row(client: "Client", entry: Document) -> Row:
    columns = (entry["id"], time_of_day(entry["at"]), entry["status"], entry["method"], entry["path"], entry["duration_ms"])
    return (*columns, _notes(client, entry))


def _notes(client: "Client", entry: Document) -> str:
    """Return the faults that hit a request, a lost reply, the booked refund and the warnings."""
    notes = [fault["scenario"] or f"fault {fault['id']}" for fault in entry["faults"]]
    if entry["connection"]:
        notes.append(f"reply lost ({entry['connection']})")
    if refund := _booked_refund(client, entry):
        notes.append(refund)
    notes += [f"warning: {warning}" for warning in entry["warnings"]]
    return ", ".join(notes)


def _booked_refund(client: "Client", entry: Document) -> str:
    """Return `refund of 25.00 USD booked`, without the amount if the order is gone; an empty text without a refund."""
    from refund_sandbox.testing.logged_requests import is_booked

    record = client.apis()[entry["api"]]["refund_record"]
    new = [one["after"] for one in entry["changes"] if one["record"] == record["record"] and one["before"] is None]
    amounts = [refund[record["amount"]] for refund in new if is_booked(record, refund)]
    if not amounts:
        return ""
    orders = client.get(f"/{entry['api']}/orders", id=entry["order"])["orders"] if entry["order"] else []
    return f"refund of {format_money(sum(amounts), orders[0])} booked" if orders else "refund booked"
