"""HTTP requests of webhooks, with a deadline for the whole attempt. Nothing of a reply is read beyond its head."""

import asyncio
import time
from typing import Any

from refund_sandbox.core.webhooks.outbox import Delivery

_MAX_ERROR_CHARS = 500


class HttpSender:
    """HTTP client of one event loop. A target gets a connection of its own for each attempt."""

    def __init__(self) -> None:
        import httpx2  # takes 0.13 s to import, and is not needed without targets

        no_pool = httpx2.Limits(max_connections=None, max_keepalive_connections=0)  # a pool would let targets wait for others
        self._client = httpx2.AsyncClient(follow_redirects=False, trust_env=False, timeout=None, limits=no_pool)

    async def send(self, delivery: Delivery, timeout_s: float) -> dict[str, Any]:
        """Send one POST. Return the status of the reply or the error, and the duration."""
        started = time.perf_counter()
        status, error = None, None
        try:
            async with asyncio.timeout(timeout_s):
                status = await self._post(delivery)
        except TimeoutError:
            error = f"ReadTimeout: no reply within {timeout_s:g} s"
        except Exception as failure:  # a URL or header that can't be sent raises errors of many classes
            error = f"{type(failure).__name__}: {failure}"[:_MAX_ERROR_CHARS]
        return {"status": status, "error": error, "duration_ms": round((time.perf_counter() - started) * 1000, 1)}

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, delivery: Delivery) -> int:
        """Return the status of the reply, and close the connection before its body is read."""
        content = delivery.body.encode()
        async with self._client.stream("POST", delivery.url, content=content, headers=delivery.headers) as reply:
            return int(reply.status_code)
