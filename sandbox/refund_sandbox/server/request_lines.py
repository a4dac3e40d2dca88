"""Request lines: a line on stdout for each request, as text or JSON. A thread writes them, so that no request waits."""

import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import FileIO
from typing import Any, NamedTuple
from urllib.parse import quote

import click
from msgspec import Struct, json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.faults.fault import NO_REPLY, Fault
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.core.redaction import hide_url
from refund_sandbox.core.workspaces.registry import DEFAULT, name_of

_BATCH_INTERVAL_S = 0.05
"""Time in which lines are collected before they are written together."""
_MAX_PENDING = 10_000
"""Maximum number of lines that wait for a slow reader of stdout. The oldest is dropped."""
_MAX_ORDER_CHARS = 80
_MAX_URL_CHARS = 2000
_READS = ("GET", "HEAD", "OPTIONS")
_CONTROL = re.compile(r"(.*/w/[^/]+)?/_sandbox/")


class RequestLine(Struct, frozen=True, gc=False):
    """One request, with the fields of its JSON. Its status is None if the client got no reply. `path` and `order` are as sent."""

    at: str
    method: str
    path: str
    status: int | None
    ms: float
    workspace: str
    order: str | None = None
    faults: tuple[str, ...] = ()
    connection: str | None = None


class _Logged(NamedTuple):
    """Facts of a request to an API that its line shows. A slow reader of stdout must not hold bodies and records in memory."""

    workspace: str
    method: str
    path: str
    query: str
    status: int
    connection: str | None
    microseconds: int
    order: str | None
    faults: tuple[Fault, ...]


class RequestLines:
    """Writer of request lines. `as_json`: JSON instead of text; `color`: text with colours."""

    def __init__(self, write: Callable[[str], None], *, as_json: bool, color: bool) -> None:
        self._write = write
        self._render: Callable[[RequestLine], str] = render_json if as_json else partial(render_text, color=color)
        self._pending: deque[RequestLine | _Logged] = deque(maxlen=_MAX_PENDING)
        self._has_pending = threading.Event()
        self._closed = False
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, workspace: str, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        """Add a request to an API: an observer of journals."""
        path, query = request.path[:_MAX_URL_CHARS], request.query[:_MAX_URL_CHARS]
        logged = _Logged(
            workspace, request.method, path, query, reply.status, reply.connection,
            metadata.microseconds, metadata.order, metadata.faults,
        )  # fmt: skip
        self._pending.append(logged)
        if not self._has_pending.is_set():
            self._wake()

    def add_line(self, line: RequestLine) -> None:
        """Add a request to anything else."""
        self._pending.append(line)
        self._wake()

    def close(self) -> None:
        """Write the last lines. A reader that does not read must not keep the sandbox from closing."""
        self._closed = True
        if self._thread:
            self._has_pending.set()
            self._thread.join(1)

    def _wake(self) -> None:
        self._has_pending.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="request-lines", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            self._has_pending.wait()
            if not self._closed:
                time.sleep(_BATCH_INTERVAL_S)
            self._has_pending.clear()
            try:
                self._write_pending()
            except OSError:  # the reader has stopped
                return

    def _write_pending(self) -> None:
        at, lines = write_instant(datetime.now(UTC)), []
        while self._pending:
            pending = self._pending.popleft()
            line = pending if isinstance(pending, RequestLine) else _line_of(at, pending)
            lines.append(self._render(line))
        if lines:
            self._write("\n".join(lines) + "\n")


def _line_of(at: str, logged: _Logged) -> RequestLine:
    path = hide_url(f"{logged.path}?{logged.query}" if logged.query else logged.path)
    return RequestLine(
        at,
        logged.method,
        path if logged.workspace == DEFAULT else f"/w/{logged.workspace}{path}",
        None if logged.connection in NO_REPLY else logged.status,
        logged.microseconds / 1000,
        logged.workspace,
        logged.order,
        tuple([fault.scenario or fault.id for fault in logged.faults]),
        logged.connection,
    )


def render_text(line: RequestLine, *, color: bool) -> str:
    """Return `16:02:11 POST /path 200 1.2 ms  order 1001  fault reply_lost`, without control characters."""
    paint = click.style if color else _plain
    status = paint(str(line.status or "no reply"), fg=_color_of(line.status), bold=True)
    text = f"{line.at[11:19]} {line.method} {_printable(line.path)} {status} {line.ms:.1f} ms"
    if line.order is not None:
        text += "  " + paint(f"order {_printable(line.order)[:_MAX_ORDER_CHARS]}", fg="cyan")
    if line.faults:
        text += "  " + paint(f"fault {', '.join(line.faults)}", fg="magenta")
    if line.connection:
        text += "  " + paint(f"connection {line.connection}", fg="magenta")
    return text


def render_json(line: RequestLine) -> str:
    """Return the line as a JSON object, for log collectors."""
    return json.encode(line).decode()


def _plain(text: str, **_style: Any) -> str:
    return text


def _color_of(status: int | None) -> str:
    return "red" if status is None or status >= 500 else "yellow" if status >= 400 else "green"


def _printable(text: str) -> str:
    """Return ASCII: a request must not control the terminal."""
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode("ascii")


class LoggedRoutes:
    """Application with a line for requests that no API takes: a wrong URL has one.

    Reads that succeed and the control API have none, since the console and tools send many.
    """

    def __init__(self, app: ASGIApp, lines: RequestLines) -> None:
        self._app = app
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _CONTROL.match(scope["path"]):
            return await self._app(scope, receive, send)
        started, status = time.perf_counter(), None

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            if not (scope["method"] in _READS and status is not None and status < 400):
                at, query = write_instant(datetime.now(UTC)), scope["query_string"].decode("latin-1")
                path = quote(scope["path"]) + (f"?{hide_url(query)}" if query else "")
                ms = (time.perf_counter() - started) * 1000
                self._lines.add_line(RequestLine(at, scope["method"], path, status, ms, name_of(scope)))


def write_to_stdout(text: str) -> None:
    """Write at once, past Python's buffer, which would report a broken pipe again at the end."""
    stdout, left = FileIO(sys.stdout.fileno(), "w", closefd=False), memoryview(text.encode())
    while left:
        written = stdout.write(left)
        if written is None:  # a terminal that another program has made non-blocking
            time.sleep(_BATCH_INTERVAL_S)
        left = left[written or 0 :]
