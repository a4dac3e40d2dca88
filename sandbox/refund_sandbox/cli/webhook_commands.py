"""The commands `webhooks …`: deliveries and endpoints."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.api_lookup import find_apis
from refund_sandbox.cli.completion_values import complete_apis, complete_topics
from refund_sandbox.cli.entry_list import Document, EntryList, Row
from refund_sandbox.cli.groups import DefaultCommandGroup
from refund_sandbox.cli.output import as_json, connected, print_list, time_of_day, without_none
from refund_sandbox.cli.user_errors import InputError

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

_STATES = click.Choice(("pending", "delivered", "failed", "dropped"))


@click.group(cls=DefaultCommandGroup)
def webhooks() -> None:
    """List webhook deliveries, or change the endpoints. The list has the oldest first.

    \b
    Examples:
      refund-sandbox webhooks
      refund-sandbox webhooks --follow
      refund-sandbox webhooks --replay 1
      refund-sandbox webhooks targets add http://127.0.0.1:3000/webhooks
    """


@webhooks.command("list", hidden=True)
@click.option("--follow", is_flag=True, help="Stream new deliveries (Ctrl-C to stop).")
@click.option("--replay", type=int, metavar="ID", help="Resend the delivery with this id.")
@click.option("--targets", is_flag=True, help="List webhook endpoints instead.")
@click.option("--topic", help="Only deliveries of this topic, such as refund/settled.", shell_complete=complete_topics)
@click.option("--state", type=_STATES, help="Only deliveries in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of entries.")
@as_json
@connected
def list_deliveries(client: "Client", as_json: bool, **options: Any) -> None:
    """List webhook deliveries, oldest first."""
    filters = without_none({name: options[name] for name in ("topic", "state")})
    if options["targets"]:
        _show_endpoints(client, client.get("/webhooks/targets"), as_json=as_json)
    elif options["follow"]:
        DELIVERIES.follow(client, filters, as_json=as_json)
    elif options["replay"] is not None:
        DELIVERIES.show([client.post(f"/webhooks/deliveries/{options['replay']}/replay")], as_json=as_json)
    else:
        newest_first = client.get("/webhooks/deliveries", limit=options["limit"], **filters)["deliveries"]
        DELIVERIES.show(newest_first[::-1], as_json=as_json, is_filtered=bool(filters))


@webhooks.group("targets", cls=DefaultCommandGroup)
def targets() -> None:
    """List the webhook endpoints, add or remove one.

    \b
    Examples:
      refund-sandbox webhooks targets
      refund-sandbox webhooks targets add http://127.0.0.1:3000/webhooks --secret whsec_1
    """


@targets.command("list", hidden=True)
@as_json
@connected
def list_targets(client: "Client", as_json: bool) -> None:
    """List the webhook endpoints."""
    _show_endpoints(client, client.get("/webhooks/targets"), as_json=as_json)


@targets.command("add")
@click.argument("endpoint", metavar="URL")
@click.option("--api", metavar="NAME", help="Only events of this API. Default: of each one.", shell_complete=complete_apis)
@click.option("--secret", help="Secret that signs deliveries, in an API that signs.")
@as_json
@connected
def add_target(client: "Client", endpoint: str, api: str | None, secret: str | None, as_json: bool) -> None:
    """Send all events to the endpoint URL, too. The other endpoints stay.

    \b
    Examples:
      refund-sandbox webhooks targets add http://127.0.0.1:3000/webhooks
      refund-sandbox webhooks targets add http://127.0.0.1:3000/webhooks --secret whsec_1
    """
    check_endpoint_url(endpoint)
    names = [name for name in find_apis(client, api) if not has_endpoint(client, endpoint, name)]
    if not names:
        raise InputError(f"Endpoint {endpoint} exists already. See: refund-sandbox webhooks targets")
    _show_endpoints(client, add_endpoint(client, names, endpoint, secret), as_json=as_json)


@targets.command("remove")
@click.argument("endpoint", metavar="URL")
@as_json
@connected
def remove_target(client: "Client", endpoint: str, as_json: bool) -> None:
    """Send no more events to the endpoint URL.

    \b
    Examples:
      refund-sandbox webhooks targets remove http://127.0.0.1:3000/webhooks
    """
    before = client.get("/webhooks/targets")
    after = remove_endpoint(client, endpoint)
    if before == after:
        raise InputError(f"Endpoint {endpoint} not found. See: refund-sandbox webhooks targets")
    _show_endpoints(client, after, as_json=as_json)


def add_endpoint(client: "Client", names: list[str], url: str, secret: str | None) -> Document:
    """Add an endpoint for all events of some APIs. Return the endpoints of all APIs."""
    current = client.get("/webhooks/targets")
    added = {name: [*current[name], _endpoint(client.apis()[name]["webhooks"], url, secret)] for name in names}
    document: Document = client.put("/webhooks/targets", added)
    return document


def check_endpoint_url(url: str) -> None:
    """Raise InputError for a URL without a scheme."""
    if not url.startswith(("http://", "https://")):
        raise InputError(f"Invalid URL {url!r}. Use http://HOST:PORT/PATH.")


def has_endpoint(client: "Client", url: str, api: str | None = None) -> bool:
    """Whether an API, or any of them, has an endpoint with this URL."""
    fields = _url_fields(client)
    targets = client.get("/webhooks/targets").items()
    return any(one[fields[name]] == url for name, listed in targets for one in listed if api in (None, name))


def _url_fields(client: "Client") -> Mapping[str, str]:
    """Return the field that holds the URL of an endpoint, by API."""
    return {name: api["webhooks"]["url_field"] for name, api in client.apis().items()}


def remove_endpoint(client: "Client", url: str) -> Document:
    """Remove the endpoints with this URL from all APIs. Return those that stay."""
    fields = _url_fields(client)
    current = client.get("/webhooks/targets")
    remaining: Document = client.put(
        "/webhooks/targets", {name: [one for one in listed if one[fields[name]] != url] for name, listed in current.items()}
    )
    return remaining


def _endpoint(description: Mapping[str, Any], url: str, secret: str | None) -> dict[str, str]:
    secret_field = description["secret_field"]
    return {description["url_field"]: url, **({secret_field: secret} if secret and secret_field else {})}


def _row(delivery: Document) -> Row:
    attempts = delivery["attempts"]
    reply = (attempts[-1]["status"] or attempts[-1]["error"]) if attempts else None
    columns = (delivery["id"], time_of_day(delivery["created_at"]), delivery["state"], len(attempts), reply)
    return (*columns, delivery["topic"], delivery["url"])


DELIVERIES = EntryList(
    event="delivery",
    columns=("id", "at", "state", "attempts", "reply", "topic", "url"),
    widths=(5, 8, 9, 8, 6, 24, 0),
    row=_row,
    noun="deliveries",
)


def _show_endpoints(client: "Client", endpoints: Document, *, as_json: bool) -> None:
    fields = _url_fields(client)
    rows = (
        (api, one[fields[api]], "yes" if one.get("enabled", True) else "no")
        for api, listed in endpoints.items()
        for one in listed
    )
    print_list(endpoints, ("api", "url", "enabled"), rows, empty="No webhook endpoints configured.", as_json=as_json)
