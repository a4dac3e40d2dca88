"""The command line: `refund-sandbox serve`, `refund-sandbox check`, and the commands that talk to a running sandbox."""

import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refund_sandbox import __version__, gc_tuning
from refund_sandbox.cli.output import or_exit
from refund_sandbox.settings import OPTIONS, Settings, export_to_environment, read_settings

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp


_SERVE_HELP = """Start the sandbox.

\b
Examples:
  refund-sandbox serve
  refund-sandbox serve --port 0 --orders 1000 --seed 7
  refund-sandbox serve --validation live --fluentcart-version 1.3.25
  REFUND_SANDBOX_PORT=9000 refund-sandbox serve

Every option is also a variable: --log-level is REFUND_SANDBOX_LOG_LEVEL.
"""

_CHECK_HELP = """Check the specs, the scenarios and fixtures, without starting anything.

\b
Examples:
  refund-sandbox check
  refund-sandbox check my-world.yaml
"""


_ELSEWHERE = {
    "clock": "refund_sandbox.cli.workspace_commands",
    "demo": "refund_sandbox.cli.demo",
    "fault": "refund_sandbox.cli.fault_commands",
    "orders": "refund_sandbox.cli.order_commands",
    "refund": "refund_sandbox.cli.refund_command",
    "requests": "refund_sandbox.cli.request_commands",
    "reset": "refund_sandbox.cli.workspace_commands",
    "snapshot": "refund_sandbox.cli.workspace_commands",
    "state": "refund_sandbox.cli.state_commands",
    "webhooks": "refund_sandbox.cli.request_commands",
}
"""The modules of the commands that a server need not import."""


class _Commands(click.Group):
    """The commands of this module, and those of others when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refund-sandbox")
def main() -> None:
    """A mock server of FunnelFox Billing's and FluentCart's refunds that keeps a ledger.

    Exit codes: 0 done, 1 something that was checked is wrong, 2 a wrong option, file or address.
    """


def _all_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, option in reversed(list(OPTIONS.items())):
        flag = f"--{name.replace('_', '-')}"
        if option.accepts == "true or false":
            command = click.option(flag, name, flag_value="true", help=option.help)(command)
            continue
        text = f"{option.help} [{option.accepts}; default: {option.default}]"
        command = click.option(flag, name, metavar=name.upper(), help=text)(command)
    return command


@main.command(help=_SERVE_HELP)
@_all_options
def serve(**flags: str | None) -> None:
    """Start the sandbox; the options are those of `refund_sandbox.settings.OPTIONS`."""
    settings = or_exit(lambda: read_settings(flags))
    with gc_tuning.collection_paused():
        from refund_sandbox.app import build  # the libraries of the server are only paid for when one is started

        sandbox = or_exit(lambda: build(settings))
    listener = or_exit(lambda: _listen(settings))
    click.echo(_banner(_url(settings, listener), sandbox))
    sys.stdout.flush()
    if settings.workers > 1:
        sandbox.close()  # the workers open the store for themselves
        export_to_environment(flags)
        _run_workers(listener, settings)
    elif settings.watch:
        from refund_sandbox.cli import watch  # development only

        sandbox.close()
        export_to_environment(flags)
        watch.run(listener, settings)
    else:
        _run(sandbox, listener, settings)


@main.command(help=_CHECK_HELP)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Lint specs and fixtures."""
    from refund_sandbox.cli.file_check import check_files

    failed = False
    for name, problems in check_files(files):
        click.echo(f"{name}: {'ok' if not problems else f'{len(problems)} problems'}")
        for problem in problems:
            failed = True
            click.echo(f"  {problem}", err=True)
    sys.exit(1 if failed else 0)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OSError(f"can't listen on {settings.host}:{settings.port}: {error.strerror}") from None
    listener.listen(2048)
    listener.setblocking(False)
    return listener


def _url(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _run(sandbox: "SandboxApp", listener: socket.socket, settings: Settings) -> None:
    with gc_tuning.collection_paused():
        from refund_sandbox.server.uvicorn_server import serve as serve_app

    gc_tuning.tune()
    serve_app(sandbox.app, settings, listener)


def _run_workers(listener: socket.socket, settings: Settings) -> None:
    from refund_sandbox.server.uvicorn_server import serve_with_workers

    serve_with_workers(settings, listener)


def _banner(url: str, sandbox: "SandboxApp") -> str:
    """Where the sandbox listens, how to get in, and a call of each API to paste."""
    parts = [f"refund-sandbox listening on {url}"]
    parts += [api.quickstart(url) for api in sandbox.workspace.apis.values()]
    parts.append(f"Console        {url}/\nWhat happened  {url}/_sandbox/requests")
    return "\n\n".join(parts) + "\n"
