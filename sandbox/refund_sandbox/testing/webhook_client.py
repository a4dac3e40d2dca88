"""Webhooks of one workspace: targets, deliveries, and waiting for a delivery."""

import time
from collections.abc import Sequence
from typing import Any

from refund_sandbox.testing.control_client import Client

_POLL_INTERVAL_S = 0.02


class WebhookClient:
    """Webhooks of a workspace. Deliveries are documents as in `GET /_sandbox/webhooks/deliveries`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def deliveries(self, **filters: Any) -> list[dict[str, Any]]:
        """Return sent and pending deliveries, newest first; filter by `api`, `topic`, `state`, `url`, `event_id`, `limit`."""
        deliveries: list[dict[str, Any]] = self._client.get("/webhooks/deliveries", **filters)["deliveries"]
        return deliveries

    def targets(self, **targets: Sequence[Any]) -> dict[str, Any]:
        """Return the targets (endpoints) by API; `acme=[{"url": …}]` replaces those of an API first.

        Raises CallRejected for an invalid target.
        """
        current: dict[str, Any] = (
            self._client.put("/webhooks/targets", targets) if targets else self._client.get("/webhooks/targets")
        )
        return current

    def replay(self, delivery_id: int) -> dict[str, Any]:
        """Send a delivery again, with the same bytes. Raises CallRejected for an unknown id."""
        delivery: dict[str, Any] = self._client.post(f"/webhooks/deliveries/{delivery_id}/replay")
        return delivery

    def wait_for(self, topic: str, *, state: str = "delivered", timeout: float = 5) -> dict[str, Any]:
        """Wait for a delivery of a topic with this `state`, and return the newest one.

        Raises AssertionError after `timeout` seconds, with the last deliveries.
        """
        deadline = time.monotonic() + timeout
        while True:
            if deliveries := self.deliveries(topic=topic, state=state, limit=1):
                return deliveries[0]
            if time.monotonic() > deadline:
                raise AssertionError(f"no webhook {topic} was {state} within {timeout} s. {self._last_deliveries()}")
            time.sleep(_POLL_INTERVAL_S)

    def _last_deliveries(self) -> str:
        lines = [
            f"{one['topic']} to {one['url']}: {one['state']} {one['attempts'][-1:] or ''}" for one in self.deliveries(limit=5)
        ]
        return "Last deliveries:\n" + "\n".join(lines) if lines else "No deliveries."
