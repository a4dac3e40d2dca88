"""Calls of a running sandbox over a socket, and what a client sees of them."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from refund_sandbox.testing import Sandbox

ADMIN_KEY = {"ff-secret-key": "sandbox-secret-key"}
JSON_TYPE = {"Content-Type": "application/json"}
NOW = "2026-11-20T12:00:00Z"
"""The time of the examples: before the first renewal of the demo data, so that pages are the same on any day."""


@dataclass(frozen=True)
class Reply:
    """A reply as a client sees it: a status with headers and a body, or an error of the connection."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    error: str = ""


@contextmanager
def sandbox(**options: Any) -> Iterator[Sandbox]:
    """A sandbox of its own whose clock is frozen at `NOW`."""
    with Sandbox(**options) as running:
        running.freeze(NOW)
        yield running


def send(
    url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, timeout: float = 5
) -> Reply:
    """Send one request. `body` is a document, or bytes that are sent as they are."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, path, content, {**(JSON_TYPE if body is not None else {}), **(headers or {})})
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), _read(response.read()))
    except TimeoutError:
        return Reply(error="timeout")
    except http.client.IncompleteRead:
        return Reply(error="truncated")
    except (OSError, http.client.HTTPException):
        return Reply(error="reset")
    finally:
        connection.close()


def _read(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode()
