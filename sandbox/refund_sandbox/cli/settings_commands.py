"""The commands `settings …`: the settings of a workspace."""

import json
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.completion_values import complete_settings
from refund_sandbox.cli.groups import CommandGroup
from refund_sandbox.cli.output import as_json, connected, print_json, print_pairs
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.cli.values import flatten, nested, read_assignment
from refund_sandbox.suggestions import did_you_mean

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

_SEE = " See: refund-sandbox settings get"


@click.group(cls=CommandGroup)
def settings() -> None:
    """Show and change the settings of a workspace.

    \b
    Examples:
      refund-sandbox settings get
      refund-sandbox settings set validation=live webhooks.retries=3
    """


@settings.command("get")
@click.argument("name", required=False, shell_complete=complete_settings)
@as_json
@connected
def get_settings(client: "Client", name: str | None, as_json: bool) -> None:
    """Show all settings, or the value of NAME.

    \b
    Examples:
      refund-sandbox settings get
      refund-sandbox settings get validation
    """
    document = client.get("/settings")
    values = dict(flatten(document))
    if name is not None and name not in values:
        raise InputError(f"Unknown setting {name!r}.{did_you_mean(name, values) or _SEE}")
    if as_json:
        print_json(document if name is None else values[name])
    elif name is None:
        print_pairs(values)
    else:
        click.echo(values[name])


@settings.command("set")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...", shell_complete=complete_settings)
@as_json
@connected
def set_settings(client: "Client", values: tuple[str, ...], as_json: bool) -> None:
    """Change settings. The others stay as they are. A single one can be NAME VALUE.

    \b
    Examples:
      refund-sandbox settings set validation live
      refund-sandbox settings set webhooks.retries=3 webhooks.first_retry=1s
    """
    if len(values) == 2 and "=" not in values[0]:
        values = (f"{values[0]}={values[1]}",)
    known, assigned = dict(flatten(client.get("/settings"))), dict(map(read_assignment, values))
    for name in assigned:
        if name not in known:
            raise InputError(f"Unknown setting {name!r}.{did_you_mean(name, known) or _SEE}")
    fitting = {name: value if isinstance(known[name], type(value)) else _as_text(value) for name, value in assigned.items()}
    changed = client.put("/settings", nested(fitting.items()))
    if as_json:
        print_json(changed)
    else:
        current = dict(flatten(changed))
        print_pairs({name: current[name] for name in assigned})


def _as_text(value: Any) -> Any:
    """Return a value as text, since JSON reads the version 2 as a number. The server refuses what it does not accept."""
    return json.dumps(value) if isinstance(value, int | float) else value
