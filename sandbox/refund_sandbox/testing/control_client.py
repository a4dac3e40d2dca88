"""Talks to a running sandbox's control API: JSON over connections that stay open, one a thread."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from refund_sandbox.core.errors import SandboxError


class CallFailed(SandboxError):
    """A control call came to nothing: the sandbox did not answer, or it said no."""


class Unreachable(CallFailed):
    """Nothing that answers like a sandbox is at that URL."""


class CallRejected(CallFailed):
    """The sandbox said no. `status` is the HTTP status, `problems` says where (JSON pointers) and why."""

    def __init__(self, status: int, detail: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(" ".join((detail, "; ".join(problems))).strip())
        self.status = status
        self.problems = problems


class _Connection(http.client.HTTPConnection):
    """Closes its socket when nobody needs it any more: a thread that ends leaves no warning behind."""

    def __del__(self) -> None:
        self.close()


class _TlsConnection(http.client.HTTPSConnection):
    """The same with TLS."""

    def __del__(self) -> None:
        self.close()


class Client:
    """The control API of one workspace. `url` is a server's, or that of a workspace: `http://127.0.0.1:8000/w/mine`."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._timeout = timeout
        self._parts = _split(url)
        self._path = self._parts.path.rstrip("/")
        self._local = threading.local()

    def within(self, workspace: str) -> "Client":
        """A client for another workspace of the same server."""
        prefix = self._path.partition("/w/")[0]
        root = f"{self._parts.scheme}://{self._parts.netloc}{prefix}"
        return Client(f"{root}/w/{quote(workspace, safe='')}", token=self.token, timeout=self._timeout)

    def get(self, path: str, **query: Any) -> Any:
        """What `GET /_sandbox{path}` answers. A query of None is left out. Raises CallFailed."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(asked)}" if asked else path)

    def post(self, path: str, document: Any = None) -> Any:
        """What `POST /_sandbox{path}` answers. Raises CallFailed."""
        return self.call("POST", path, {} if document is None else document)

    def put(self, path: str, document: Any) -> Any:
        """What `PUT /_sandbox{path}` answers. Raises CallFailed."""
        return self.call("PUT", path, document)

    def delete(self, path: str) -> Any:
        """What `DELETE /_sandbox{path}` answers. Raises CallFailed."""
        return self.call("DELETE", path)

    def call(self, method: str, path: str, document: Any = None) -> Any:
        """One control call: its answer as a document, None where there is none. Raises Unreachable or CallRejected."""
        body = None if document is None else json.dumps(document)
        status, content = self._exchange(method, f"{self._path}/_sandbox{path}", body)
        if status >= 400:
            raise _refusal(status, content)
        return _read(content) if content else None

    def send(self, method: str, path: str, document: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        """A call of one of the two APIs, such as `/your-org-id/v1/payment/refund`: its status and its answer.

        It has a connection of its own and is never made twice. Raises Unreachable when no answer comes.
        """
        connection = self._connect()
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, self._path + path, body, {**headers, "Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, _read(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"no answer came, and the call may be booked all the same: {_reason(error)}") from None
        finally:
            connection.close()

    def events(self) -> Iterator[tuple[str, Any]]:
        """What happens from now on, as (`request` | `delivery` | `world`, document), until the connection ends."""
        with self._stream("/events") as response:
            kind = ""
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield kind, json.loads(value)

    def close(self) -> None:
        """Closes this thread's connection."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection:
            connection.close()

    @contextmanager
    def _stream(self, path: str) -> Iterator[http.client.HTTPResponse]:
        connection = self._connect()
        try:
            connection.request("GET", f"{self._path}/_sandbox{path}", headers=self._headers())
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(response.status, response.read())
            if connection.sock:
                connection.sock.settimeout(None)  # nothing may happen for hours
            yield response
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        """Asks again where a connection that stayed open turns out to be closed: the server never saw the call."""
        connection, used = self._connection()
        try:
            return self._ask(connection, method, path, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            connection.close()
            if not used:
                raise self._unreachable(error) from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from None
        return self._exchange(method, path, body)

    def _ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        connection.request(method, path, body, self._headers())
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        """The connection of this thread, and whether it was used before."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None and connection.sock is not None:
            return connection, True
        self._local.connection = connection = self._connect()
        return connection, False

    def _connect(self) -> http.client.HTTPConnection:
        kind = _TlsConnection if self._parts.scheme == "https" else _Connection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout)
        try:
            connection.connect()
        except OSError as error:
            raise self._unreachable(error) from None
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _headers(self) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json"}
        return headers | {"Authorization": f"Bearer {self.token}"} if self.token else headers

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"no sandbox answers at {self.url}: {_reason(error)}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    with suppress(ValueError):  # a port that is none
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise Unreachable(f"{url!r} is no URL of a sandbox; write it like http://127.0.0.1:8000")


def _refusal(status: int, content: bytes) -> CallFailed:
    """What a problem document says."""
    problem = _read(content)
    if not isinstance(problem, Mapping) or "detail" not in problem:
        return Unreachable(f"this is no sandbox: it answers {status} and no problem document")
    reasons = tuple(f"{entry['pointer'] or '/'}: {entry['reason']}" for entry in problem.get("errors", []))
    return CallRejected(status, str(problem["detail"]), reasons)


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        raise Unreachable("this is no sandbox: it does not answer in JSON") from None
