"""The commands `status`, `credentials` and `openapi`: what a running sandbox is and how to call it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.api_lookup import find_apis
from refund_sandbox.cli.completion_values import complete_apis
from refund_sandbox.cli.output import as_json, connected, print_json, print_pairs
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.suggestions import unknown

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

_CONTROL = "sandbox"
"""Name of the spec of the control API."""


@click.command()
@as_json
@connected
def status(client: "Client", as_json: bool) -> None:
    """Show version, store, time, and what the workspace has. That is: orders, faults, endpoints, deliveries.

    \b
    Examples:
      refund-sandbox status
      refund-sandbox status --json
    """
    health, now = client.get("/health"), client.get("/clock")
    endpoints = client.get("/webhooks/targets")
    document = {
        "url": client.url,
        **{name: health[name] for name in ("version", "store", "workspace")},
        "time": now["now"] + (" (frozen)" if now["frozen"] else ""),
        "orders": {api: client.get(f"/{api}/orders", per_page=1)["total"] for api in client.apis()},
        "faults": len(client.get("/faults")["faults"]),
        "endpoints": sum(map(len, endpoints.values())),
        "pending_deliveries": len(client.get("/webhooks/deliveries", state="pending")["deliveries"]),
    }
    if as_json:
        print_json(document)
        return
    orders = ", ".join(f"{count} {name}" for name, count in document["orders"].items())
    print_pairs({name.replace("_", " "): value for name, value in {**document, "orders": orders}.items()})


@click.command()
@click.option("--api", metavar="NAME", help="Only this API.", shell_complete=complete_apis)
@as_json
@connected
def credentials(client: "Client", api: str | None, as_json: bool) -> None:
    """Show base URL and credentials of each API.

    \b
    Examples:
      refund-sandbox credentials
      refund-sandbox credentials --json
    """
    listed = {name: client.get(f"/{name}/credentials")["credentials"] for name in find_apis(client, api)}
    if as_json:
        print_json(listed)
        return
    click.echo("\n\n".join(_describe(client, name, accounts) for name, accounts in listed.items()))


def _describe(client: "Client", name: str, accounts: list[Mapping[str, Any]]) -> str:
    api = client.apis()[name]
    return "\n".join([f"{api['title']}", *(line for account in accounts for line in _account(client.url, api["mount"], account))])


def _account(url: str, mount: str, account: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {account['label']}"
    yield f"    base URL: {url}{mount.format_map(account)}"
    yield from (f"    {name}: {value}" for name, value in account["headers"].items())


@click.command()
@click.argument("name", required=False, default=_CONTROL, shell_complete=complete_apis)
@as_json
@connected
def openapi(client: "Client", name: str, as_json: bool) -> None:
    """Print the OpenAPI document of the API NAME. Without NAME, print that of the control API. YAML, or JSON with --json.

    \b
    Examples:
      refund-sandbox openapi
      refund-sandbox openapi sandbox --json
    """
    known = [*client.apis(), _CONTROL]
    if name not in known:
        raise InputError(unknown("API", name, known))
    text = client.read_text(f"/specs/{name}.yaml")
    if as_json:
        import yaml

        print_json(yaml.safe_load(text))
    else:
        click.echo(text.rstrip("\n"))
