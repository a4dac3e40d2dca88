"""Rules for browsers: which host names the sandbox answers to, and pages of which origins may call it.

A page of any site can send requests to 127.0.0.1. With DNS rebinding it has the origin of the sandbox, but its host name shows.
"""

import logging
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from refund_sandbox.core.errors import AccessRefused
from refund_sandbox.core.host_names import is_loopback, is_public, name_of

ANY = "*"
NONE = "none"
Scope = Mapping[str, Any]
"""Scope of an ASGI request."""
IN_PROCESS = "refund_sandbox.in_process"
"""Key in the scope of a request that came from code of the same process, so not from a browser."""
_CROSS_SITE = "another origin"
_log = logging.getLogger(__name__)


class Verdict(NamedTuple):
    """Verdict on a request to an API: the reason to refuse it, and the reason why it creates no workspace."""

    refusal: str | None
    no_creation: str | None


_ALLOWED = Verdict(None, None)


class BrowserRules:
    """Rules of one server.

    It answers to IP addresses, private names and the names in `hosts`. With `open_hosts` it answers to every name, because the
    control API has a token. Pages of loopback origins and of `origins` may call the APIs. `*` in either means all, and the
    origin `none` excludes loopback origins too.
    """

    def __init__(self, hosts: Iterable[str], origins: Iterable[str], *, open_hosts: bool) -> None:
        self._hosts = frozenset(name.lower() for name in hosts)
        self._origins = frozenset(origin.lower() for origin in origins)
        self._open_hosts = open_hosts
        self._judge = lru_cache(128)(self._judge_uncached)

    def with_every_host(self) -> "BrowserRules":
        """Return the same rules for what answers to every host name."""
        return BrowserRules(self._hosts, self._origins, open_hosts=True)

    def judge(self, scope: Scope, headers: Mapping[str, str]) -> Verdict:
        """Return what the rules say about a request to an API, by its Host, Origin and Sec-Fetch-Site."""
        if IN_PROCESS in scope:
            return _ALLOWED
        return self._judge(headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site"))

    def check_control(self, scope: Scope, headers: Mapping[str, str]) -> None:
        """Raise AccessRefused for a request to the control API or the console. Pages of other origins may only link to them."""
        host, origin, site = headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site")
        if not (self._open_hosts or IN_PROCESS in scope or self._is_allowed(host)):
            raise AccessRefused(403, _host_refusal(host))
        page = _foreign_page(host, origin, site)
        is_link = scope["method"] == "GET" and page is _CROSS_SITE and headers.get("sec-fetch-mode") == "navigate"
        if page is not None and not is_link:
            raise AccessRefused(403, f"Requests from pages of {page} are not allowed.")

    def _judge_uncached(self, host: str, origin: str | None, site: str | None) -> Verdict:
        page = _foreign_page(host, origin, site)
        if page is not None and not self._may_call(page, host, site):
            _log.warning("Refused requests from pages of %r. --cors allows an origin.", page)
            return Verdict(f"Requests from pages of {page} are not allowed. Allow the origin with --cors.", None)
        if not self._is_allowed(host):
            return Verdict(None if self._open_hosts or ANY in self._origins else _host_refusal(host), _host_refusal(host))
        return _ALLOWED if page is None else Verdict(None, f"A page of {page} can't create a workspace.")

    def _is_allowed(self, host: str) -> bool:
        """Whether a Host header has a name that nobody can register, or an allowed one."""
        name = name_of(host)
        return ANY in self._hosts or (name is not None and (name in self._hosts or not is_public(name)))

    def _may_call(self, page: str, host: str, site: str | None) -> bool:
        """Whether a foreign page may call the APIs. One of the same site, but of an unknown origin, has the name of the host."""
        origin = f"http://{host}" if page is _CROSS_SITE and site == "same-site" else page
        if ANY in self._origins or origin.lower() in self._origins:
            return True
        name = name_of(origin.partition("://")[2])
        return NONE not in self._origins and name is not None and is_loopback(name)


def is_from_foreign_page(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin sent a request."""
    return _foreign_page(headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site")) is not None


def _foreign_page(host: str, origin: str | None, site: str | None) -> str | None:
    """Return the origin of the page that sent a request, or None if it is the sandbox's own or no page.

    An Origin with `<` or `>`, which no host name has, is no browser's.
    """
    if origin is not None and origin.partition("://")[2] != host and not ("<" in origin or ">" in origin):
        return origin
    return None if site in (None, "none", "same-origin") else _CROSS_SITE


def _host_refusal(host: str) -> str:
    return f"Host {host} is not allowed; add it with --allowed-hosts."
