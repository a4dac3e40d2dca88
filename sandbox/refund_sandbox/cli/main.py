"""The command `refund-sandbox` and the list of its subcommands."""

import click

from refund_sandbox import __version__
from refund_sandbox.cli.groups import LazyGroup

_MODULES = {
    "check": "check",
    "client_command": "client",
    "completion": "completion",
    "demo": "demo",
    "fault_commands": "fault",
    "info_commands": "credentials openapi status",
    "init": "init",
    "listen": "listen",
    "mcp_command": "mcp",
    "order_commands": "orders",
    "record_command": "record",
    "refund_command": "refund",
    "request_commands": "requests",
    "serve": "serve",
    "settings_commands": "settings",
    "state_commands": "state",
    "trigger_command": "trigger",
    "verify_command": "verify",
    "webhook_commands": "webhooks",
    "workspace_commands": "clock reset snapshot workspaces",
}
"""The commands of each module."""
_LAZY_COMMANDS = {name: f"refund_sandbox.cli.{module}" for module, names in _MODULES.items() for name in names.split()}


@click.group(cls=LazyGroup, lazy_commands=_LAZY_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refund-sandbox")
@click.pass_context
def main(context: click.Context) -> None:
    """Mock server for payment APIs and their refunds.

    \b
    Examples:
      refund-sandbox serve
      refund-sandbox orders
      refund-sandbox refund 1001 --amount 2500
      refund-sandbox listen

    Exit codes: 0 success; 1 a failed check or a rejected refund; 2 an invalid option, file or address.
    """
    from refund_sandbox.settings import has_colors  # not needed for --version

    if not has_colors():
        context.color = False
