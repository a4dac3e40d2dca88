"""Calls over real sockets."""

import http.client
import json
from typing import Any

from tests.support.raw_http import CREDENTIALS


def call(address: tuple[str, int], method: str, path: str, document: Any = None, *, timeout_s: float = 60) -> tuple[int, Any]:
    """Return status and JSON of one call on a connection of its own; status 0 where the connection broke."""
    connection = http.client.HTTPConnection(*address, timeout=timeout_s)
    headers = {"Content-Type": "application/json", **CREDENTIALS}
    try:
        connection.request(method, path, None if document is None else json.dumps(document), headers)
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else None
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()
