"""The command `demo`: guided demos on their own server, in a browser or in the terminal."""

import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from refund_sandbox.cli.addresses import url_of
from refund_sandbox.cli.amounts import format_money
from refund_sandbox.cli.output import exit_on_error
from refund_sandbox.cli.serve import listen, open_browser, serve_app
from refund_sandbox.server.stopping import note_stop_signals
from refund_sandbox.settings import Settings

SCRIPT = Path(__file__).parent.parent / "console" / "static" / "demos.json"
"""The steps of all demos, shared with the console."""
_TIMEOUT_MS = 30_000
_MAX_REPLY_CHARS = 300
_AMOUNTS = {"paid": "paid", "refunded": "refunded", "left": "refundable"}
"""Amounts of an order summary with their labels."""
Document = Mapping[str, Any]


class StepResult(Struct, frozen=True):
    """Result of one step: the order before and after it, the reply (status 0 without one), and unexpected results."""

    step: Document
    before: Document
    after: Document
    status: int
    reply: Any
    differences: list[str]


class DemoRun:
    """One run of a demo over HTTP, as a client would, in its own workspace."""

    def __init__(self, url: str, script: Document, demo: Document) -> None:
        from refund_sandbox.testing import Client

        self._url = f"{url}/w/demo-{demo['id']}"
        self._client = Client(self._url)
        self._script = script
        self._demo = demo

    def run(self) -> Iterator[StepResult]:
        """Prepare the workspace, then run one step for each result that the caller takes."""
        for request in self._script["setup"]:
            self._client.call(request["method"], request["path"], request["body"])
        for step in self._demo["steps"]:
            before = self._read_order(step)
            status, reply = self._send(step)
            after = self._read_order(step)
            yield StepResult(step, before, after, status, reply, list(_differences(step["expect"], status, reply, after)))
        self._client.close()

    def _read_order(self, step: Document) -> Document:
        api, order_id = step.get("api", self._demo["api"]), step.get("order", self._demo["order"])
        order: Document = self._client.get(f"/{api}/orders", id=order_id)["orders"][0]
        return order

    def _send(self, step: Document) -> tuple[int, Any]:
        from refund_sandbox.testing import Client, Unreachable

        request, headers = _request_of(step), {}
        if "call" in step:
            headers = _auth_headers(self._script["callers"][step.get("api", self._demo["api"])])
        client = Client(self._url, timeout=request.get("timeout", _TIMEOUT_MS) / 1000)
        try:
            return client.send(request["method"], request["path"], request.get("body"), headers)
        except Unreachable:
            return 0, None


def _request_of(step: Document) -> dict[str, Any]:
    """Return the request of a step, with the full path of a control request."""
    return {**step["call"]} if "call" in step else {**step["control"], "path": f"/_sandbox{step['control']['path']}"}


def _auth_headers(caller: Mapping[str, str]) -> dict[str, str]:
    if "user" not in caller:
        return dict(caller)
    return {"Authorization": f"Basic {b64encode(caller['user'].encode()).decode()}"}


def _differences(expected: Document, status: int, reply: Any, order: Document) -> Iterator[str]:
    expected_status = 0 if expected.get("broken") else expected.get("status", status)
    if status != expected_status:
        yield f"status {status or 'none'}, expected {expected_status or 'none'}"
    if "body" in expected and not _contains(reply, expected["body"]):
        yield "unexpected body"
    for name, value in expected.get("ledger", {}).items():
        if order[name] != value:
            yield f"{name} is {order[name]}, expected {value}"


def _contains(document: Any, expected: Any) -> bool:
    """Whether a document has all fields of another one with the same values."""
    if isinstance(expected, dict):
        return isinstance(document, dict) and all(
            name in document and _contains(document[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(document, list) and len(document) >= len(expected) and all(map(_contains, document, expected))
    return bool(document == expected)


def _as_text(demo: Document, number: int, result: StepResult) -> str:
    """Return a step and its result for the terminal."""
    step, request = result.step, _request_of(result.step)
    lines = [f"{number}/{len(demo['steps'])}  {step['text']}", f"     {request['method']} {request['path']}"]
    if "body" in request:
        lines.append(f"     {json.dumps(request['body'])}")
    lines.append(f"  →  {result.status or 'no reply'}  {_shortened(result.reply)}")
    lines.append(f"     ledger: {_changes(result.before, result.after)}")
    lines.append(f"  !  unexpected: {'; '.join(result.differences)}" if result.differences else f"     {step['conclusion']}")
    return "\n".join(lines)


def _shortened(reply: Any) -> str:
    text = "" if reply is None else json.dumps(reply, ensure_ascii=False)
    return text if len(text) <= _MAX_REPLY_CHARS else f"{text[:_MAX_REPLY_CHARS]} …"


def _changes(before: Document, after: Document) -> str:
    """Return the amounts and the subscription of an order, with both values where they changed."""

    def value(order: Document, name: str) -> str:
        return format_money(order[name], order) if name in _AMOUNTS else str(order[name])

    labels = {**_AMOUNTS, **({"subscription": "subscription"} if after["subscription"] else {})}
    pairs = [(label, value(before, name), value(after, name)) for name, label in labels.items()]
    return " · ".join(f"{label} {old} → {new}" if old != new else f"{label} {new}" for label, old, new in pairs)


@click.command()
@click.option("--terminal", is_flag=True, help="Run the demos in the terminal instead of in a browser.")
@click.option("--auto", is_flag=True, help="In the terminal: do not wait for Enter between steps.")
@click.option("--demo", "demo_id", metavar="ID", help="In the terminal: run only this demo.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="For a browser: port of the server. [default: any]")
@click.option("--no-browser", is_flag=True, help="Print the address without opening a browser.")
def demo(terminal: bool, auto: bool, demo_id: str | None, port: int, no_browser: bool) -> None:
    """Start a sandbox with demos, in a browser or in the terminal.

    \b
    Examples:
      refund-sandbox demo
      refund-sandbox demo --terminal --auto
    """
    script = json.loads(SCRIPT.read_text(encoding="utf-8"))
    demos = [one for one in script["demos"] if demo_id in (None, one["id"])]
    if not demos:
        known = ", ".join(one["id"] for one in script["demos"])
        raise click.UsageError(f"Unknown demo '{demo_id}'. Known: {known}.")
    if terminal:
        sys.exit(_run_in_terminal(script, demos, wait=not auto and sys.stdin.isatty()))
    _serve(port, has_browser=not no_browser)


def _run_in_terminal(script: Document, demos: list[Document], *, wait: bool) -> int:
    """Run demos on a server in a thread. Return 1 if a result differs from the script."""
    from refund_sandbox.testing import Sandbox

    differences = 0
    with Sandbox() as sandbox:
        click.echo(f"refund-sandbox listening on {sandbox.url}")
        for one in demos:
            click.echo(f"\n{one['title']}\n{one['summary']}\n")
            for number, result in enumerate(DemoRun(sandbox.url, script, one).run(), 1):
                click.echo(_as_text(one, number, result) + "\n")
                differences += len(result.differences)
                if wait:
                    click.pause("     Press Enter to continue …")
    return 1 if differences else 0


def _serve(port: int, *, has_browser: bool) -> None:
    """Serve the console until Ctrl-C."""
    from refund_sandbox.app import build

    settings = Settings(port=port)
    listener = exit_on_error(lambda: listen(settings))
    url = url_of(settings.host, listener.getsockname()[1])
    note_stop_signals()
    click.echo(f"refund-sandbox listening on {url}\nDemos: {url}/#/demos (Ctrl-C stops the sandbox)")
    if has_browser:
        open_browser(f"{url}/#/demos")
    serve_app(build(settings), listener, settings)
