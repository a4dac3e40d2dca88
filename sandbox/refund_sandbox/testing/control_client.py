"""Client of the control API: JSON over persistent connections, one per thread."""

import http.client
import json
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from os import getpid
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

from refund_sandbox.core.errors import SandboxError
from refund_sandbox.testing.json_values import to_json

if TYPE_CHECKING:
    from refund_sandbox.testing.direct_calls import DirectCalls


_UNAUTHORIZED_HINT = " The variable REFUND_SANDBOX_TOKEN sets it for commands and for pytest."

__tracebackhide__ = True  # pytest shows the line of the test, not those of this module


class CallFailed(SandboxError):
    """A call to the control API failed: no reply, or an error reply."""


class Unreachable(CallFailed):
    """No sandbox answers at the URL."""


class CallRejected(CallFailed):
    """Error reply of the control API. `status` is the HTTP status; `problems` are JSON pointers with reasons."""

    def __init__(self, status: int, detail: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join(problems) or detail)
        self.status = status
        self.problems = problems


class _Connection(http.client.HTTPConnection):
    """Connection that closes its socket when it is garbage, so that a thread that ends causes no ResourceWarning."""

    def __del__(self) -> None:
        self.close()


class _TlsConnection(http.client.HTTPSConnection):
    """Connection with TLS that does the same."""

    def __del__(self) -> None:
        self.close()


class Client:
    """Client of the control API of one workspace.

    `url` is the URL of a server, or of a workspace: `http://127.0.0.1:8000/w/mine`. `timeout` is in seconds.
    """

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 30, direct: "DirectCalls | None" = None) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._timeout = timeout
        self._direct = direct
        self._parts = _split(url)
        self._path = self._parts.path.rstrip("/")
        self._local = threading.local()
        self._apis: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def workspace(self) -> str:
        """Name of the workspace."""
        return unquote(self._path.partition("/w/")[2]) or "default"

    @property
    def is_direct(self) -> bool:
        """Whether the control API is in this process, and called without a socket."""
        return self._direct is not None

    def within(self, workspace: str) -> "Client":
        """Return a client for another workspace of the same server; an empty name is that of the default one."""
        prefix = self._path.partition("/w/")[0]
        root = f"{self._parts.scheme}://{self._parts.netloc}{prefix}"
        path = f"/w/{quote(workspace, safe='')}" if workspace else ""
        client = type(self)(f"{root}{path}", token=self.token, timeout=self._timeout)
        client._direct, client._apis = self._direct, self._apis
        return client

    def get(self, path: str, **query: Any) -> Any:
        """Send `GET /_sandbox{path}` and return the reply as a document.

        Query parameters that are None are omitted. Raises CallFailed.
        """
        parameters = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def post(self, path: str, document: Any = None) -> Any:
        """Send `POST /_sandbox{path}` and return the reply as a document. Raises CallFailed."""
        return self.call("POST", path, {} if document is None else document)

    def put(self, path: str, document: Any) -> Any:
        """Send `PUT /_sandbox{path}` and return the reply as a document. Raises CallFailed."""
        return self.call("PUT", path, document)

    def delete(self, path: str) -> Any:
        """Send `DELETE /_sandbox{path}` and return the reply as a document. Raises CallFailed."""
        return self.call("DELETE", path)

    def call(self, method: str, path: str, document: Any = None) -> Any:
        """Send a request and return the reply as a document, or None without one. Raises Unreachable or CallRejected."""
        body = None if document is None else json.dumps(document, default=to_json)
        target = f"{self._path}/_sandbox{path}"
        reply = self._direct(method, target, (body or "").encode()) if self._direct else None
        status, content = reply or self._exchange(method, target, body)
        return self._document_of(status, content)

    def _document_of(self, status: int, content: bytes) -> Any:
        """Return the document of a reply, None without one. Raise the error that it is."""
        if status >= 400:
            raise self._error_of(status, content)
        return self._read(content) if content else None

    def read_text(self, path: str) -> str:
        """Return the text of a document outside the control API, such as `/specs/sandbox.yaml`. Raises CallFailed."""
        status, content = self._exchange("GET", self._path + path, None)
        if status >= 400:
            raise self._error_of(status, content)
        return content.decode()

    def apis(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the description of each API by its name, as in `GET /_sandbox/apis`. It is fetched once. Raises CallFailed."""
        if self._apis is None:
            self._apis = {api["name"]: api for api in self.get("/apis")["apis"]}
        return self._apis

    def send(self, method: str, path: str, document: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        """Send a request to an API, such as `/your-org-id/v1/payment/refund`. Return status and document.

        The request has its own connection and is never sent again. Raises Unreachable without a reply.
        """
        connection = self._connect()
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, self._path + path, body, {**headers, "Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, self._read(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"No reply; the request may have been booked: {_reason(error)}") from None
        finally:
            connection.close()

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield new events as (`request`, `delivery` or `world`, document) until the connection ends.

        `world` means that the state of the workspace was replaced or changed.
        """
        with self._stream("/events") as response:
            kind = ""
            for line in self._received(response):
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield kind, json.loads(value)

    def close(self) -> None:
        """Close the connection of this thread."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection:
            connection.close()

    @contextmanager
    def _stream(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """Context manager for a reply that is read with `_received` while it comes."""
        connection = self._connect()
        try:
            try:
                connection.request("GET", f"{self._path}/_sandbox{path}", headers=self._headers())
                response = connection.getresponse()
                if response.status != 200:
                    raise self._error_of(response.status, response.read())
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(error) from None
            if connection.sock:
                connection.sock.settimeout(None)  # nothing may happen for hours
            yield response
        finally:
            connection.close()

    def _received(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the parts of a reply. Raise Unreachable if the connection breaks."""
        try:
            yield from parts
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None

    def _send_once(self, method: str, path: str, body: Iterator[bytes], headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send a request to the control API with a body in chunks. It has its own connection and is never sent again."""
        connection = self._connect()
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # the server may refuse the request before it has read it
                connection.request(method, f"{self._path}/_sandbox{path}", body, {**self._headers(), **headers})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        """Send the request, again if a persistent connection was closed: the server never received it then."""
        connection, was_used = self._connection()
        try:
            return self._send_and_read(connection, method, path, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            connection.close()
            if not was_used:
                raise self._unreachable(error) from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from None
        except BaseException:  # Ctrl-C: the reply that comes later must not be that to the next request
            connection.close()
            raise
        return self._exchange(method, path, body)

    def _send_and_read(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: str | None
    ) -> tuple[int, bytes]:
        connection.request(method, path, body, self._headers())
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        """Return the connection of this thread, and whether it was used before. A forked child makes one of its own."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        is_own = getattr(self._local, "process", None) == getpid()
        if connection is not None and connection.sock is not None and is_own:
            return connection, True
        self._local.connection = connection = self._connect()
        self._local.process = getpid()
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
        if isinstance(error, TimeoutError):
            return Unreachable(f"The sandbox at {self.url} is busy: no reply within {self._timeout:g} s.")
        return Unreachable(f"No sandbox answers at {self.url}: {_reason(error)}. Start one with: refund-sandbox serve")

    def _error_of(self, status: int, content: bytes) -> CallFailed:
        problem = self._read(content)
        if not isinstance(problem, Mapping) or "detail" not in problem:
            return self._stranger(f"it answers {status} without a problem document")
        reasons = tuple(f"{entry['pointer']}: {entry['reason']}".removeprefix(": ") for entry in problem.get("errors", []))
        hint = _UNAUTHORIZED_HINT if status == 401 else ""
        return CallRejected(status, f"{problem['detail']}{hint}", reasons)

    def _read(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            raise self._stranger("it does not answer in JSON") from None

    def _stranger(self, reason: str) -> Unreachable:
        return Unreachable(f"The server is not a sandbox: {reason}. Check the URL: {self.url}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    with suppress(ValueError):  # an invalid port
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise Unreachable(f"Invalid URL {url!r}. Use http://HOST:PORT, for example http://127.0.0.1:8000.")
