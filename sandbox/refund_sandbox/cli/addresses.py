"""Addresses of a server as URLs."""

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not a bind


def url_of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def local_url(host: str, port: int) -> str:
    """Return a URL that works on this machine, also if the server listens on all addresses."""
    return url_of(_LOOPBACK.get(host, host), port)
