"""`requests` and `webhooks`: what was asked, what was sent, and both as it happens."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from refund_sandbox.cli.order_commands import APIS
from refund_sandbox.cli.output import as_json, connected, line, show, table, time_of, without_nothing

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Document = Mapping[str, Any]
Row = tuple[Any, ...]


@click.command()
@click.argument("request_id", required=False, type=int)
@click.option("--follow", is_flag=True, help="Go on and tell each request as it happens; Ctrl-C ends it.")
@click.option("--api", type=APIS, help="Only this API's.")
@click.option("--operation", help="Only this operation, such as refundOrder.")
@click.option("--order", help="Only those about this order.")
@click.option("--status", type=int, help="Only those answered with this status.")
@click.option("--limit", type=int, default=20, show_default=True, help="The newest so many.")
@as_json
@connected
def requests(client: "Client", request_id: int | None, as_json: bool, **wanted: Any) -> None:
    """List what was asked and answered, oldest first, or show all of one REQUEST_ID.

    \b
    Examples:
      refund-sandbox requests --order 1001
      refund-sandbox requests --follow --json
    """
    if request_id is not None:
        _show_request(client.get(f"/requests/{request_id}"), as_json=as_json)
        return
    filters = {name: wanted[name] for name in ("api", "operation", "order", "status")}
    if wanted["follow"]:
        _follow(client, REQUESTS, filters, as_json=as_json)
    else:
        found = client.get("/requests", limit=wanted["limit"], **filters)["requests"]
        REQUESTS.show(found[::-1], as_json=as_json)


@click.command()
@click.option("--follow", is_flag=True, help="Go on and tell each delivery as it happens; Ctrl-C ends it.")
@click.option("--replay", type=int, metavar="ID", help="Send this delivery once more.")
@click.option("--targets", is_flag=True, help="List who is told instead.")
@click.option("--topic", help="Only this topic, such as refund/settled.")
@click.option("--state", help="Only pending, delivered, failed or dropped ones.")
@click.option("--limit", type=int, default=20, show_default=True, help="The newest so many.")
@as_json
@connected
def webhooks(client: "Client", as_json: bool, **wanted: Any) -> None:
    """List what was sent to webhook targets, oldest first.

    \b
    Examples:
      refund-sandbox webhooks --follow
      refund-sandbox webhooks --replay 3
    """
    filters = {name: wanted[name] for name in ("topic", "state")}
    if wanted["targets"]:
        _show_targets(client.get("/webhooks/targets"), as_json=as_json)
    elif wanted["follow"]:
        _follow(client, DELIVERIES, filters, as_json=as_json)
    elif wanted["replay"] is not None:
        DELIVERIES.show([client.post(f"/webhooks/deliveries/{wanted['replay']}/replay")], as_json=as_json)
    else:
        found = client.get("/webhooks/deliveries", limit=wanted["limit"], **filters)["deliveries"]
        DELIVERIES.show(found[::-1], as_json=as_json)


def _request_row(entry: Document) -> Row:
    columns = (entry["id"], time_of(entry["at"]), entry["status"], entry["method"], entry["path"], entry["duration_ms"])
    return (*columns, _happened(entry))


def _happened(entry: Document) -> str:
    """What was special about a request: the faults that hit it, what became of its reply, what it booked."""
    from refund_sandbox.testing.logged_requests import read_logged_request

    told = [fault["scenario"] or f"fault {fault['id']}" for fault in entry["faults"]]
    if entry["connection"]:
        told.append(f"reply lost ({entry['connection']})")
    if read_logged_request(entry).refunded:
        told.append("refund booked")
    told += [f"warning: {warning}" for warning in entry["warnings"]]
    return ", ".join(told)


def _delivery_row(delivery: Document) -> Row:
    attempts = delivery["attempts"]
    answer = (attempts[-1]["status"] or attempts[-1]["error"]) if attempts else None
    columns = (delivery["id"], time_of(delivery["created_at"]), delivery["state"], len(attempts), answer)
    return (*columns, delivery["topic"], delivery["url"])


class Listing(NamedTuple):
    """How entries of one kind are shown: the event that tells of one, its columns, how wide they are in a list without end."""

    event: str
    columns: Sequence[str]
    widths: Sequence[int]
    row: Callable[[Document], Row]
    empty: str

    def show(self, documents: Sequence[Document], *, as_json: bool) -> None:
        """As a table, or as one document."""
        if as_json:
            show(documents)
        else:
            table(self.columns, map(self.row, documents), empty=self.empty)


REQUESTS = Listing(
    event="request",
    columns=("id", "at", "status", "method", "path", "ms", "what happened"),
    widths=(5, 8, 6, 6, 46, 8, 0),
    row=_request_row,
    empty="Nothing was asked yet.",
)
DELIVERIES = Listing(
    event="delivery",
    columns=("id", "at", "state", "tries", "answer", "topic", "url"),
    widths=(5, 8, 9, 5, 6, 24, 0),
    row=_delivery_row,
    empty="Nothing was sent yet.",
)


def _follow(client: "Client", listing: Listing, wanted: Document, *, as_json: bool) -> None:
    """Tells what happens from now on, until the sandbox stops or nobody wants to hear any more."""
    filters = without_nothing(wanted)
    if not as_json:
        click.echo(line(listing.columns, listing.widths))
    for event, document in client.events():
        if event != listing.event or any(str(document[name]) != str(value) for name, value in filters.items()):
            continue
        if as_json:
            show(document)
        else:
            click.echo(line(listing.row(document), listing.widths))


def _show_request(entry: Document, *, as_json: bool) -> None:
    from refund_sandbox.testing.logged_requests import read_logged_request

    if as_json:
        show(entry)
    else:
        click.echo(str(read_logged_request(entry)))


def _show_targets(targets: Document, *, as_json: bool) -> None:
    if as_json:
        show(targets)
        return
    rows = ((api, _url_of(target), target.get("enabled", True)) for api, told in targets.items() for target in told)
    table(("api", "url", "enabled"), rows, empty="Nobody is told.")


def _url_of(target: Document) -> Any:
    """Where a target is, in the words of its API."""
    return target.get("url", target.get("request_url"))
