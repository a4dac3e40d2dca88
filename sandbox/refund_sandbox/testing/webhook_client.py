"""Webhooks of one workspace: who is told, what was sent, and waiting for it."""

import time
from collections.abc import Sequence
from typing import Any

from refund_sandbox.testing.control_client import Client

_LOOK = 0.02
"""Seconds between two looks at what has arrived."""


class WebhookClient:
    """What a sandbox sends to targets. Deliveries are documents as in `GET /_sandbox/webhooks/deliveries`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def deliveries(self, **wanted: Any) -> list[dict[str, Any]]:
        """What was sent or is to be, newest first; filter by `api`, `topic`, `state`, `url`, `event_id`, `limit`."""
        found: list[dict[str, Any]] = self._client.get("/webhooks/deliveries", **wanted)["deliveries"]
        return found

    def targets(self, **targets: Sequence[Any]) -> dict[str, Any]:
        """Who is told, by API. `funnelfox=[{"url": …}]` replaces that API's targets. Raises CallRejected for bad ones."""
        told: dict[str, Any] = (
            self._client.put("/webhooks/targets", targets) if targets else self._client.get("/webhooks/targets")
        )
        return told

    def replay(self, delivery_id: int) -> dict[str, Any]:
        """Sends the same bytes once more. Raises CallRejected when nothing of that id is remembered."""
        delivery: dict[str, Any] = self._client.post(f"/webhooks/deliveries/{delivery_id}/replay")
        return delivery

    def wait_for(self, topic: str, *, state: str = "delivered", timeout: float = 5) -> dict[str, Any]:
        """The newest delivery of a topic, once it has arrived, or is in another state.

        Raises AssertionError after `timeout` seconds, with the deliveries that there are.
        """
        deadline = time.monotonic() + timeout
        while True:
            if found := self.deliveries(topic=topic, state=state, limit=1):
                return found[0]
            if time.monotonic() > deadline:
                raise AssertionError(f"no webhook {topic} was {state} within {timeout} s{self._others()}")
            time.sleep(_LOOK)

    def _others(self) -> str:
        known = [
            f"{one['topic']} to {one['url']}: {one['state']} {one['attempts'][-1:] or ''}" for one in self.deliveries(limit=5)
        ]
        return "; there are:\n" + "\n".join(known) if known else "; there are none"
