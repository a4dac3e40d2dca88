"""Servers that stand for a live service: a proxy that changes replies, and one that answers from recordings. Both count."""

import http.client
import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.support.paths import RECORDINGS

Headers = dict[str, str]


class Answer(NamedTuple):
    """A reply that a server of this file sends. Without a status it closes the connection, with a reset if `is_reset`."""

    status: int | None
    headers: Mapping[str, str] = MappingProxyType({})
    content: bytes = b""
    is_reset: bool = False


class Received(NamedTuple):
    """A request that a server of this file has received."""

    method: str
    path: str
    headers: Headers
    content: bytes


NO_REPLY = Answer(None)
RESET = Answer(None, is_reset=True)


class LiveService:
    """A server on a free port that answers with a function and keeps every request."""

    def __init__(self, answer: Callable[[Received], Answer]) -> None:
        self.requests: list[Received] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                received = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, content)
                service.requests.append(received)
                self._send(answer(received))

            def _send(self, reply: Answer) -> None:
                self.close_connection = True
                if reply.status is None:
                    if reply.is_reset:
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    return
                self.send_response_only(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(reply.content)), "Connection": "close"}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.content if self.command != "HEAD" else b"")

            def log_message(self, *_: Any) -> None:
                pass

            def finish(self) -> None:
                with suppress(OSError, ValueError):  # the connection may be closed on purpose
                    super().finish()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def counts(self) -> Counter[str]:
        """Number of requests by method and path."""
        return Counter(f"{one.method} {one.path}" for one in self.requests)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(answer: Callable[[Received], Answer]) -> Iterator[LiveService]:
    service = LiveService(answer)
    try:
        yield service
    finally:
        service.stop()


def forward(url: str, received: Received) -> Answer:
    """Send a request on to another server. The site that the client knows is in the header Host."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=20)
    sent = {name: value for name, value in received.headers.items() if name not in ("connection", "accept-encoding")}
    connection.request(received.method, received.path, received.content or None, sent)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    headers = {name: value for name, value in reply.getheaders() if name.lower() not in ("content-length", "connection", "date")}
    return Answer(reply.status, headers, content)


def with_body(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Return the answer with another JSON body."""
    return answer._replace(content=json.dumps(change(json.loads(answer.content))).encode())


UNKNOWN_ID = "99999"
"""The id that the recordings use for what does not exist."""


class Recordings:
    """Answers from recorded cases. A request that was not recorded in this state gets no reply.

    An id of nine digits stands for one that does not exist, as `verify` invents them.
    """

    def __init__(self, cases: list[Mapping[str, Any]], authorization: str) -> None:
        self._authorization = authorization
        self._routes: Mapping[str, list[str]] = json.loads((RECORDINGS / "routes.json").read_text())
        self._by_request: dict[tuple[str, str, str, bool], Mapping[str, Any]] = {}
        for case in cases:
            request = case["request"]
            who = _recorded_caller(request.get("headers") or {})
            is_invalid = str(request.get("raw_body", "")).startswith("{bad")
            self._by_request.setdefault((request["method"], unquote(request["path"]), who, is_invalid), case)

    def __call__(self, received: Received) -> Answer:
        sent = unquote(received.path)
        unknown = next((part for part in sent.replace("?", "/").split("/") if part.isdigit() and len(part) == 9), UNKNOWN_ID)
        path = sent.replace(unknown, UNKNOWN_ID)
        who = "" if "authorization" not in received.headers else self._caller(received.headers["authorization"])
        case = self._by_request.get((received.method, path, who, received.content.startswith(b"{bad")))
        if case is None or not _is_same_body(case["request"], received, is_any=unknown != UNKNOWN_ID):
            return NO_REPLY
        expect = case["expect"]
        text = json.dumps(expect["body"]).replace(UNKNOWN_ID, unknown)
        headers = expect.get("headers") or {"Content-Type": "application/json; charset=UTF-8", **self._allow(path)}
        site = f"http://{received.headers['host']}"
        return Answer(expect["status"], headers, text.replace("http://<site>", site).encode())

    def _allow(self, path: str) -> Headers:
        """The header `Allow` of a recorded read. The recorded routes have their methods in the order of the alphabet."""
        route = path.partition("?")[0].removeprefix("/wp-json").rstrip("/")
        methods = next((found for pattern, found in self._routes.items() if re.fullmatch(pattern, route)), [])
        in_order = [method for method in ("GET", "PUT", "POST", "PATCH", "DELETE") if method in methods]  # 05-049, 32-064
        return {"Allow": ", ".join(in_order)} if methods else {}

    def _caller(self, authorization: str) -> str:
        return "admin" if authorization == self._authorization else "wrong"


def _is_same_body(request: Mapping[str, Any], received: Received, *, is_any: bool) -> bool:
    """Whether a request has the recorded body. For a record that does not exist, any body will do."""
    if is_any or not received.content:
        return True
    return "body" in request and bool(json.loads(received.content) == request["body"])


def _recorded_caller(headers: Mapping[str, str]) -> str:
    authorization = headers.get("Authorization")
    if authorization is None:
        return ""
    if authorization == "<admin application password>":
        return "admin"
    return "wrong" if "admin:wrong" in authorization else "other"
