"""ASGI application for clients that call the sandbox in process, without a socket."""

import sys
from typing import TYPE_CHECKING, Any

from refund_sandbox.testing.sandbox import Sandbox

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

_LIBRARIES = ("httpx2", "httpx")


class InProcess:
    """ASGI application of a running sandbox. Faults of the connection become errors of the HTTP client.

    A connection that a fault resets, closes or truncates raises `ReadError` of httpx2 or httpx, which is a
    ConnectionResetError too. One that hangs raises their `ReadTimeout`, which is a TimeoutError too, without a wait.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._app = sandbox.app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        from refund_sandbox.core.browser_rules import IN_PROCESS  # imported already: the sandbox runs

        exchange = _Exchange(receive, send)
        try:
            await self._app({**scope, IN_PROCESS: True}, exchange.receive, exchange.send)
        except ConnectionResetError as error:
            raise _transport_error("ReadError", ConnectionResetError, str(error)) from None


class _Exchange:
    """One request, with notes whether it was read completely and whether a reply has started."""

    def __init__(self, receive: "Receive", send: "Send") -> None:
        self._receive = receive
        self._send = send
        self._read = False
        self._has_reply = False

    async def receive(self) -> "Message":
        """Raise ReadTimeout if the application waits for a disconnect before it has replied."""
        if self._read and not self._has_reply:
            raise _transport_error("ReadTimeout", TimeoutError, "a fault of the sandbox sends no reply")
        message = await self._receive()
        self._read = message["type"] == "http.request" and not message.get("more_body", False)
        return message

    async def send(self, message: "Message") -> None:
        self._has_reply = True
        await self._send(message)


def _transport_error(name: str, built_in: type[OSError], reason: str) -> Exception:
    """Return an error that is the built-in one, and the one of each imported HTTP library."""
    bases: tuple[Any, ...] = tuple(getattr(sys.modules[library], name) for library in _LIBRARIES if library in sys.modules)
    error: Exception = type(name, (*bases, built_in), {})(reason)
    return error
