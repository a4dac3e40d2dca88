"""Host names: whether anybody could register one, and so make it the address of a page and of the sandbox (DNS rebinding)."""

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9_-]+")
_DOCUMENTATION = "example"
"""Top-level domain that RFC 2606 reserves. It stands for public names in documentation, so it counts as public."""
_HOME = ".home.arpa"
"""Domain of home networks (RFC 8375), under a public top-level domain."""


def name_of(host: str) -> str | None:
    """Return the name in a Host header, in lower case and without port. None if it is invalid."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return None


@lru_cache(256)
def is_public(name: str) -> bool:
    """Whether public DNS can resolve a name to an address of its owner's choice.

    It can't for an IP address, which is what it says. It can't for a name without dots, or below a label that is not a
    top-level domain of the root zone: `name.namespace` and `….svc.cluster.local` of Kubernetes, `.local` (RFC 6762), `.localhost`
    and `.test` (RFC 6761), `.internal`, `.consul`, `name.network` of Docker. Labels with `_`, digits or `-` are never top-level
    domains, except `xn--…`.
    """
    _, dot, last = name.rpartition(".")
    if not dot or is_address(name) or name.endswith(_HOME):
        return False
    return last.startswith("xn--") or last == _DOCUMENTATION or last in _top_level_domains() or _LABEL.fullmatch(last) is None


def is_loopback(name: str) -> bool:
    """Whether a name is this machine in every browser."""
    return name == "localhost" or name.endswith(".localhost") or (is_address(name) and ip_address(name).is_loopback)


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@cache
def _top_level_domains() -> frozenset[str]:
    """Return the top-level domains of the root zone that are ASCII."""
    lines = Path(__file__).with_name("top_level_domains.txt").read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
