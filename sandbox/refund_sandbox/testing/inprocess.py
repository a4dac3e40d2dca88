"""The sandbox's application for clients that call it in process, where there is no socket that could break."""

import sys
from typing import TYPE_CHECKING, Any

from refund_sandbox.testing.sandbox import Sandbox

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

_LIBRARIES = ("httpx2", "httpx")


class InProcess:
    """A running sandbox's ASGI application. Lost replies reach the client as transport errors, not as crashes of the application.

    A connection that is reset, closed or cut is a `ReadError` of httpx2 or httpx (and a ConnectionResetError); one that hangs is
    their `ReadTimeout` (and a TimeoutError) at once: nobody in process could wait in vain.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._app = sandbox.app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        exchange = _Exchange(receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except ConnectionResetError as error:
            raise _transport_error("ReadError", ConnectionResetError, str(error)) from None


class _Exchange:
    """One request: whether it was read to its end, and whether an answer has begun."""

    def __init__(self, receive: "Receive", send: "Send") -> None:
        self._receive = receive
        self._send = send
        self._read = False
        self._answered = False

    async def receive(self) -> "Message":
        """Who asks for more than the request, and has not answered, waits for the client to give up."""
        if self._read and not self._answered:
            raise _transport_error("ReadTimeout", TimeoutError, "the sandbox was told never to answer")
        message = await self._receive()
        self._read = message["type"] == "http.request" and not message.get("more_body", False)
        return message

    async def send(self, message: "Message") -> None:
        """The answer, as it is."""
        self._answered = True
        await self._send(message)


def _transport_error(name: str, built_in: type[OSError], reason: str) -> Exception:
    """An error that is the built-in one and that of every HTTP library in use."""
    known: tuple[Any, ...] = tuple(getattr(sys.modules[library], name) for library in _LIBRARIES if library in sys.modules)
    error: Exception = type(name, (*known, built_in), {})(reason)
    return error
