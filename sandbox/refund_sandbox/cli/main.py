"""The command `refund-sandbox` and the list of its subcommands."""

import click

from refund_sandbox import __version__
from refund_sandbox.cli.groups import LazyGroup

_LAZY_COMMANDS = {
    "check": "refund_sandbox.cli.check",
    "clock": "refund_sandbox.cli.workspace_commands",
    "demo": "refund_sandbox.cli.demo",
    "fault": "refund_sandbox.cli.fault_commands",
    "orders": "refund_sandbox.cli.order_commands",
    "refund": "refund_sandbox.cli.refund_command",
    "requests": "refund_sandbox.cli.request_commands",
    "reset": "refund_sandbox.cli.workspace_commands",
    "serve": "refund_sandbox.cli.serve",
    "snapshot": "refund_sandbox.cli.workspace_commands",
    "state": "refund_sandbox.cli.state_commands",
    "webhooks": "refund_sandbox.cli.webhook_commands",
}
"""The module of each command."""


@click.group(cls=LazyGroup, lazy_commands=_LAZY_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refund-sandbox")
def main() -> None:
    """Mock server for payment APIs and their refunds.

    Exit codes: 0 success; 1 a failed check or a rejected refund; 2 an invalid option, file or address.
    """
