"""The command `refund-sandbox demo`: scripted demos on a server of their own, in a browser or in the terminal."""

import json
import socket
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import click

from refund_sandbox.frozen import frozen

BOOK = Path(__file__).parent.parent / "console" / "static" / "demos.json"
"""The stories, which the console plays as well."""
_TIMEOUT = 30.0
_FIGURES = ("paid", "refunded", "left")
Document = Mapping[str, Any]


@frozen
class Answer:
    """What came back: status 0 and no text where nothing did."""

    status: int
    text: str


@frozen
class Played:
    """A step that was played: the ledger before and after it, the answer, and where it came out other than the story says."""

    step: Document
    before: Document
    after: Document
    answer: Answer
    surprises: list[str]


class Player:
    """Plays a story over HTTP, as a client would, in a workspace of its own."""

    def __init__(self, address: tuple[str, int], book: Document, story: Document) -> None:
        self._address = address
        self._book = book
        self._story = story
        self._within = f"/w/demo-{story['id']}"

    def play(self) -> Iterator[Played]:
        """Each step, when it is asked for."""
        for one in self._book["setup"]:
            self._control(one)
        for step in self._story["steps"]:
            before = self._ledger(step)
            answer = self._control(step["control"]) if "control" in step else self._call(step)
            after = self._ledger(step)
            yield Played(step, before, after, answer, list(_surprises(step["expect"], answer, after)))

    def _control(self, asked: Document) -> Answer:
        return self._send(asked["method"], f"/_sandbox{asked['path']}", {}, asked["body"])

    def _call(self, step: Document) -> Answer:
        call, caller = step["call"], dict(self._book["callers"][step.get("api", self._story["api"])])
        if "user" in caller:
            caller = {"Authorization": f"Basic {b64encode(caller['user'].encode()).decode()}"}
        return self._send(call["method"], call["path"], caller, call.get("body"), call.get("timeout", _TIMEOUT * 1000) / 1000)

    def _ledger(self, step: Document) -> Document:
        api, order_id = step.get("api", self._story["api"]), step.get("order", self._story["order"])
        found = json.loads(self._send("GET", f"/_sandbox/{api}/orders?id={order_id}", {}).text)["orders"]
        order: Document = found[0]
        return order

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: Any = None, timeout: float = _TIMEOUT) -> Answer:
        connection = HTTPConnection(*self._address, timeout=timeout)
        sent = None if body is None else json.dumps(body)
        try:
            connection.request(
                method, self._within + path, sent, {**headers, **({"Content-Type": "application/json"} if sent else {})}
            )
            reply = connection.getresponse()
            return Answer(reply.status, reply.read().decode())
        except (OSError, HTTPException):
            return Answer(0, "")
        finally:
            connection.close()


def _surprises(expected: Document, answer: Answer, ledger: Document) -> Iterator[str]:
    wanted = 0 if expected.get("broken") else expected.get("status", answer.status)
    if answer.status != wanted:
        yield f"status {answer.status or 'none'}, not {wanted or 'none'}"
    if "body" in expected and not (answer.text and _holds(expected["body"], json.loads(answer.text))):
        yield "another body"
    for name, value in expected.get("ledger", {}).items():
        if ledger[name] != value:
            yield f"{name} is {ledger[name]}, not {value}"


def _holds(wanted: Any, found: Any) -> bool:
    """Whether a document has at least what another one says."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and _holds(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) >= len(wanted) and all(map(_holds, wanted, found))
    return bool(wanted == found)


def tell(story: Document, place: int, played: Played) -> str:
    """A played step as people read it in a terminal."""
    step = played.step
    call = step.get("call") or step["control"]
    path = call["path"] if "call" in step else f"/_sandbox{call['path']}"
    lines = [f"{place}/{len(story['steps'])}  {step['text']}", f"     {call['method']} {path}"]
    if "body" in call:
        lines.append(f"     {json.dumps(call['body'])}")
    lines.append(f"  →  {played.answer.status or 'no reply'}  {_shortened(played.answer.text)}")
    lines.append(f"     ledger: {_moves(played.before, played.after)}")
    lines.append(
        f"     {step['conclusion']}" if not played.surprises else f"  !  not as the story goes: {'; '.join(played.surprises)}"
    )
    return "\n".join(lines)


def _shortened(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]} …"


def _moves(before: Document, after: Document) -> str:
    """What is different in the ledger after a step, and what is not."""

    def show(order: Document, name: str) -> str:
        return f"{order[name] / 10 ** order['decimals']:.{order['decimals']}f}" if name in _FIGURES else str(order[name])

    names = [*_FIGURES, *(["subscription"] if after["subscription"] else [])]
    pairs = [(name, show(before, name), show(after, name)) for name in names]
    return " · ".join(f"{name} {old} → {new}" if old != new else f"{name} {new}" for name, old, new in pairs)


@click.command()
@click.option("--terminal", is_flag=True, help="Play the stories here instead of in a browser.")
@click.option("--auto", is_flag=True, help="In the terminal: do not wait for the Enter key between steps.")
@click.option("--story", "chosen", help="In the terminal: only the story of this id.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on. [default: any free one]")
@click.option("--no-browser", is_flag=True, help="Only say where the stories are.")
def demo(terminal: bool, auto: bool, chosen: str | None, port: int, no_browser: bool) -> None:
    """Start a sandbox and play scripted demos, step by step, in a browser or with --terminal."""
    book = json.loads(BOOK.read_text(encoding="utf-8"))
    stories = [story for story in book["demos"] if chosen in (None, story["id"])]
    if not stories:
        raise click.UsageError(f"There is no story {chosen}; there are {', '.join(story['id'] for story in book['demos'])}.")
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise click.UsageError(f"can't listen on 127.0.0.1:{port}: {error.strerror}") from None
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    click.echo(f"refund-sandbox listening on {url}")
    if terminal:
        sys.exit(_play_here(listener, book, stories, wait=not auto and sys.stdin.isatty()))
    click.echo(f"The stories are at {url}/#/demos; Ctrl-C stops the sandbox.")
    _serve(listener, None if no_browser else f"{url}/#/demos")


def _play_here(listener: socket.socket, book: Document, stories: list[Document], *, wait: bool) -> int:
    """Plays on a server in a thread. 1 when a story did not go as it is written."""
    surprised = 0
    with _running(listener) as address:
        for story in stories:
            click.echo(f"\n{story['title']}\n{story['summary']}\n")
            for place, played in enumerate(Player(address, book, story).play(), 1):
                click.echo(tell(story, place, played) + "\n")
                surprised += len(played.surprises)
                if wait:
                    click.pause("     Enter goes on …")
    return 1 if surprised else 0


@contextmanager
def _running(listener: socket.socket) -> Iterator[tuple[str, int]]:
    server = _server()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = server.force_exit = True
        thread.join(5)


def _serve(listener: socket.socket, page: str | None) -> None:
    """Serves until Ctrl-C; a browser that opens at once waits for the first answer."""
    server = _server()
    if page:
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return


def _server() -> Any:
    from refund_sandbox.app import build  # the server's libraries are only paid for when one is started
    from refund_sandbox.server.uvicorn_server import make_server
    from refund_sandbox.settings import Settings

    return make_server(build().app, Settings(), lifespan="off", timeout_graceful_shutdown=1)
