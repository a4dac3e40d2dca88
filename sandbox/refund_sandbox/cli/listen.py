"""The command `listen`: a webhook endpoint in the terminal."""

import secrets
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.api_lookup import find_apis
from refund_sandbox.cli.completion_values import complete_apis
from refund_sandbox.cli.output import connected, print_json, printable
from refund_sandbox.cli.webhook_commands import add_endpoint, check_endpoint_url, has_endpoint, remove_endpoint

if TYPE_CHECKING:
    from refund_sandbox.cli.webhook_receiver import Received, Receiver
    from refund_sandbox.testing import Client

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_REMOVAL_TIMEOUT_S = 10
"""Time for the removal of the endpoint. Until then the command can't be interrupted."""


@click.command()
@click.option("--forward-to", metavar="URL", help="Also send each webhook to this URL, and answer as it does.")
@click.option("--api", metavar="NAME", help="Only events of this API. Default: of each one.", shell_complete=complete_apis)
@click.option("--secret", help="Secret that signs deliveries, in an API that signs. Default: a random one.")
@click.option("--status", type=click.IntRange(200, 599), default=200, show_default=True, help="Status of the replies.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on, and at which the sandbox sends.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on. [default: any]")
@click.option("--body", is_flag=True, help="Print the body of each webhook, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@connected
def listen(client: "Client", as_json: bool, body: bool, **options: Any) -> None:
    """Receive webhooks until Ctrl-C. Print each one, check its signature, and forward it.

    The endpoint is removed at the end, and added again after a reset of the sandbox.

    \b
    Examples:
      refund-sandbox listen
      refund-sandbox listen --forward-to http://127.0.0.1:3000/webhooks
      refund-sandbox listen --status 500 --body
    """
    from refund_sandbox.cli.webhook_receiver import Receiver

    names, secret = find_apis(client, options["api"]), options["secret"] or f"whsec_{secrets.token_hex(12)}"

    def show(received: "Received") -> None:
        topic = _find_topic(client, receiver.url, received)
        if as_json:
            print_json({"topic": topic, **received.to_document()})
        else:
            click.echo(_line(topic, received))
            if body:
                click.echo(printable(received.body.decode(errors="replace")))

    if options["forward_to"]:
        check_endpoint_url(options["forward_to"])
    for number in _STOP_SIGNALS:  # shells ignore SIGINT for commands in the background
        signal.signal(number, _stop)
    with Receiver((options["host"], options["port"]), secret, options["status"], options["forward_to"], show) as receiver:
        _serve(client, names, receiver, secret, is_announced=not as_json)


def _stop(*_: object) -> None:
    """End the command. Ignore further signals, which wrappers such as `timeout` send, so that the endpoint is removed."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _serve(client: "Client", names: list[str], receiver: "Receiver", secret: str, *, is_announced: bool) -> None:
    """Add the endpoint, receive until Ctrl-C, and remove it."""
    from refund_sandbox.testing import CallFailed, Client

    try:
        add_endpoint(client, names, receiver.url, secret)
        if is_announced:
            click.echo(f"Listening on {receiver.url} (secret {secret}). Ctrl-C stops.")
        receiver.serve(check=lambda: _add_again(client, names, receiver.url, secret))
    except KeyboardInterrupt:
        pass
    finally:
        with suppress(CallFailed):
            remove_endpoint(Client(client.url, token=client.token, timeout=_REMOVAL_TIMEOUT_S), receiver.url)


def _add_again(client: "Client", names: list[str], url: str, secret: str) -> None:
    """Add the endpoint if it is gone: the sandbox was reset, or stopped and started."""
    from refund_sandbox.testing import CallFailed

    with suppress(CallFailed):
        if not has_endpoint(client, url):
            add_endpoint(client, names, url, secret)


def _line(topic: str, received: "Received") -> str:
    colors = {"valid": "green", "invalid": "red", "none": "yellow"}
    signature = click.style(f"signature {received.signature}", fg=colors[received.signature])
    status = click.style(str(received.status), fg="green" if received.status < 400 else "red")
    return f"{received.at[11:19]} {topic}  {status}  {signature}" + (f"  {received.error}" if received.error else "")


def _find_topic(client: "Client", url: str, received: "Received") -> str:
    """Return the topic, which not every body names, from the log of deliveries."""
    from refund_sandbox.testing import CallFailed

    deliveries: list[dict[str, Any]] = []
    with suppress(CallFailed):
        deliveries = client.get("/webhooks/deliveries", url=url, limit=50)["deliveries"]
    return next((one["topic"] for one in deliveries if one["body"] == received.document), "unknown topic")
