"""The command `serve`: starts the sandbox."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import click

from refund_sandbox import gc_tuning
from refund_sandbox.cli.addresses import local_url, url_of
from refund_sandbox.cli.output import exit_on_error
from refund_sandbox.cli.progress import progress
from refund_sandbox.cli.user_errors import listen_error
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.server.stopping import note_stop_signals
from refund_sandbox.settings import CLIENT_OPTIONS, Settings, all_options, export_to_environment

with gc_tuning.collection_paused():
    from refund_sandbox.app import APIS, SandboxApp, build, open_lines, read_settings

_BACKLOG = 2048
_HELP = """Start the sandbox.

\b
Examples:
  refund-sandbox serve
  refund-sandbox serve --port 0 --orders 1000 --seed 7
  refund-sandbox serve --validation live --host 0.0.0.0
  REFUND_SANDBOX_PORT=9000 refund-sandbox serve

Each option can be set as a variable: --log-level is REFUND_SANDBOX_LOG_LEVEL.
"""


def _all_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, option in reversed(list(all_options(APIS.values()).items())):
        flag = f"--{name.replace('_', '-')}"
        if option.accepts == "true or false":
            command = click.option(flag, name, flag_value="true", help=option.help)(command)
            continue
        text = f"{option.help} [{option.accepts}; default: {option.default}]"
        alone: dict[str, Any] = {} if option.alone is None else {"is_flag": False, "flag_value": option.alone}
        command = click.option(flag, name, metavar=name.upper(), help=text, **alone)(command)
    return command


@click.command(help=_HELP)
@_all_options
def serve(**flags: str | None) -> None:
    settings = exit_on_error(lambda: read_settings(flags))
    work = Progress()
    with gc_tuning.collection_paused(), progress(_what_is_loaded(settings), work=work):
        sandbox = exit_on_error(lambda: build(settings, open_lines(settings), work))
    listener = exit_on_error(lambda: listen(settings))
    port: int = listener.getsockname()[1]
    link = local_url(settings.host, port)
    note_stop_signals()
    click.echo(f"refund-sandbox listening on {url_of(settings.host, port)}")
    if settings.log_format == "text":
        click.echo(_banner(link, sandbox))
    if settings.open:
        open_browser(f"{link}/")
    if settings.workers > 1:
        sandbox.close()  # each worker opens the store itself
        export_to_environment(flags)
        _serve_with_workers(listener, settings)
    elif settings.watch:
        from refund_sandbox.cli import watch  # development only

        sandbox.close()
        export_to_environment(flags)
        watch.run(listener, settings)
    else:
        serve_app(sandbox, listener, settings)


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens on the host and the port of the settings. Raises OSError with both in its text."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise listen_error((settings.host, settings.port), error) from None
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def open_browser(url: str) -> None:
    """Open a page in the browser, in a thread: the server answers only after this one has returned."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def serve_app(sandbox: SandboxApp, listener: socket.socket, settings: Settings) -> None:
    """Serve in this process until Ctrl-C or SIGTERM."""
    with gc_tuning.collection_paused():
        from refund_sandbox.server import uvicorn_server

    gc_tuning.tune()
    uvicorn_server.serve(sandbox.app, settings, listener)


def _serve_with_workers(listener: socket.socket, settings: Settings) -> None:
    from refund_sandbox.server.uvicorn_server import serve_with_workers

    serve_with_workers(settings, listener)


def _what_is_loaded(settings: Settings) -> str:
    if settings.orders:
        return f"Generating {settings.orders * len(APIS)} orders"
    return f"Loading {settings.fixture or settings.store}"


def _banner(url: str, sandbox: SandboxApp) -> str:
    """Return the URL, credentials and a curl command of each API, and the addresses for people."""
    links = f"Console        {url}/\nAPI reference  {url}/docs\nRequest log    {url}/#/requests"
    if url != CLIENT_OPTIONS["url"].default:
        links += f"\nCommand line   export REFUND_SANDBOX_URL={url}"
    return "\n" + "\n\n".join([*sandbox.workspace.quickstarts(url), links]) + "\n"
