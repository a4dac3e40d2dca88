"""Requests of the sandbox's own pages: one click is one request.

If a connection breaks that a browser has used before, or has opened before it needed one, the browser sends the request again by
itself. With a fault that resets the connection, a click in the console would refund twice.
"""

from starlette.types import Message, Scope, Send

_CLICK_HEADER = b"x-sandbox-click"
_MAX_CLICKS = 1000


def is_from_own_page(scope: Scope) -> bool:
    """Whether a browser sends the request for a page of the sandbox itself, or opens such a page."""
    return any(name == b"sec-fetch-site" and value in (b"same-origin", b"none") for name, value in scope["headers"])


def close_after_reply(send: Send) -> Send:
    """Return a `send` that closes the connection after the reply, so that the browser does not use it again."""

    async def send_closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return send_closing


class Clicks:
    """Ids of the latest clicks. The page sends one with each request to an API; the browser repeats it."""

    def __init__(self) -> None:
        self._ids: dict[bytes, None] = {}

    def is_repeated(self, scope: Scope) -> bool:
        """Whether an earlier request came from the same click. Remember the click."""
        click = next((value for name, value in scope["headers"] if name == _CLICK_HEADER), None)
        if click is None:
            return False
        is_known = click in self._ids
        self._ids[click] = None
        if len(self._ids) > _MAX_CLICKS:
            del self._ids[next(iter(self._ids))]
        return is_known
