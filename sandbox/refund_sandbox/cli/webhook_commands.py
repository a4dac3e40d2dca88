"""The command `webhooks`: deliveries and endpoints."""

from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.entry_list import Document, EntryList, Row
from refund_sandbox.cli.output import as_json, connected, print_json, print_table, time_of_day, without_none

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

_STATES = click.Choice(("pending", "delivered", "failed", "dropped"))


@click.command()
@click.option("--follow", is_flag=True, help="Stream new deliveries (Ctrl-C to stop).")
@click.option("--replay", type=int, metavar="ID", help="Resend the delivery with this id.")
@click.option("--targets", is_flag=True, help="List webhook endpoints instead.")
@click.option("--topic", help="Only deliveries of this topic, such as refund/settled.")
@click.option("--state", type=_STATES, help="Only deliveries in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of entries.")
@as_json
@connected
def webhooks(client: "Client", as_json: bool, **options: Any) -> None:
    """List webhook deliveries, oldest first.

    \b
    Examples:
      refund-sandbox webhooks --follow
      refund-sandbox webhooks --replay 3
    """
    filters = without_none({name: options[name] for name in ("topic", "state")})
    if options["targets"]:
        _show_endpoints(client, client.get("/webhooks/targets"), as_json=as_json)
    elif options["follow"]:
        _DELIVERIES.follow(client, filters, as_json=as_json)
    elif options["replay"] is not None:
        _DELIVERIES.show([client.post(f"/webhooks/deliveries/{options['replay']}/replay")], as_json=as_json)
    else:
        newest_first = client.get("/webhooks/deliveries", limit=options["limit"], **filters)["deliveries"]
        _DELIVERIES.show(newest_first[::-1], as_json=as_json, is_filtered=bool(filters))


def _row(delivery: Document) -> Row:
    attempts = delivery["attempts"]
    reply = (attempts[-1]["status"] or attempts[-1]["error"]) if attempts else None
    columns = (delivery["id"], time_of_day(delivery["created_at"]), delivery["state"], len(attempts), reply)
    return (*columns, delivery["topic"], delivery["url"])


_DELIVERIES = EntryList(
    event="delivery",
    columns=("id", "at", "state", "attempts", "reply", "topic", "url"),
    widths=(5, 8, 9, 8, 6, 24, 0),
    row=_row,
    noun="deliveries",
)


def _show_endpoints(client: "Client", endpoints: Document, *, as_json: bool) -> None:
    if as_json:
        print_json(endpoints)
        return
    fields = {name: api["webhooks"]["url_field"] for name, api in client.apis().items()}
    rows = ((api, one[fields[api]], one.get("enabled", True)) for api, listed in endpoints.items() for one in listed)
    print_table(("api", "url", "enabled"), rows, empty="No webhook endpoints configured.")
