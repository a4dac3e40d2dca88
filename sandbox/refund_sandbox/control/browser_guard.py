"""Protection against requests that a browser sends for pages of other origins: checks of Origin, Sec-Fetch-Site and Host."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox.control.endpoint import problem_reply

_PRIVATE = ("localhost", "local", "internal")
"""Top-level domains in which nobody can register a name."""


class BrowserGuard:
    """Middleware of the control API and the console. The APIs follow the rules of the live services instead.

    With DNS rebinding, a page of another site has the origin of the sandbox, but its host name shows. Allowed are IP addresses,
    names without dots, names that nobody can register, and `names`. If `names` is None, every host is allowed.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] | None) -> None:
        self._app = app
        self._names = None if names is None else {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        site, is_link = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode") == "navigate"
        if not self._is_allowed(host):
            await problem_reply(403, f"Host {host} is not allowed; add it with --allowed-hosts.")(scope, receive, send)
        elif origin is not None and origin.partition("://")[2] != host:
            await problem_reply(403, f"Requests from pages of {origin} are not allowed.")(scope, receive, send)
        elif site not in ("none", "same-origin") and not (scope["method"] == "GET" and is_link):
            await problem_reply(403, "Requests from pages of other origins are not allowed.")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_allowed(self, host: str) -> bool:
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
