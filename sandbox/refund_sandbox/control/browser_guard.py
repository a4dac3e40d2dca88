"""Refuses what a browser sends on behalf of somebody else's page: by its origin, and by the name that it calls the sandbox by."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox.control.endpoint import problem_reply

_PRIVATE = ("localhost", "local", "internal")
"""Nobody can register a name that ends so."""


class BrowserGuard:
    """Stands before the control API and the console. The two APIs have the rules of the live services instead.

    A page whose own name was made to point at this machine (DNS rebinding) is of the sandbox's origin for a browser; its name
    gives it away. Let in are addresses, names without dots, names that nobody can register, and `names`; any name where
    `names` is None.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] | None) -> None:
        self._app = app
        self._names = None if names is None else {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        site, is_link = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode") == "navigate"
        if not self._knows(host):
            allow = "Call it by its address, or start it with --allowed-hosts and this name."
            await problem_reply(403, f"The sandbox does not answer by the name {host}. {allow}")(scope, receive, send)
        elif origin is not None and origin.partition("://")[2] != host:
            await problem_reply(403, f"A page of {origin} can't do anything here.")(scope, receive, send)
        elif site not in ("none", "same-origin") and not (scope["method"] == "GET" and is_link):
            await problem_reply(403, "A page of another origin can't do anything here.")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _knows(self, host: str) -> bool:
        if self._names is None:
            return True
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        _, dot, last = name.rpartition(".")
        return not dot or last in _PRIVATE or name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
