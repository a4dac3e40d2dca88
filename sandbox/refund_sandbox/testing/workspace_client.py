"""Client of one workspace of a running sandbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from refund_sandbox.testing.api_clients import Amount, ApiClient, FluentCartClient, FunnelFoxClient, Order
from refund_sandbox.testing.assertions import check_none, check_refunds
from refund_sandbox.testing.control_client import CallRejected, Client
from refund_sandbox.testing.logged_requests import LoggedRequest, read_logged_request
from refund_sandbox.testing.webhook_client import WebhookClient

Document = Mapping[str, Any]
_NO_LIMIT = 1_000_000


class WorkspaceClient:
    """A workspace: the APIs (`funnelfox`, `fluentcart`, `api`), `webhooks`, state, faults, clock, assertions about refunds.

    Every method raises Unreachable if no sandbox answers, and CallRejected for invalid arguments.
    """

    def __init__(self, client: Client) -> None:
        self._use(client)

    def _use(self, client: Client) -> None:
        self.client = client
        self.funnelfox = FunnelFoxClient(client)
        self.fluentcart = FluentCartClient(client)
        self.webhooks = WebhookClient(client)

    @property
    def url(self) -> str:
        """Base URL of the APIs and of `/_sandbox`."""
        return self.client.url

    def api(self, name: str) -> ApiClient:
        """Return a client for any API. `funnelfox` and `fluentcart` are clients with types of their own.

        Raises CallRejected for an unknown API.
        """
        known = self.client.apis()
        if name not in known:
            raise CallRejected(404, f"Unknown API {name!r}. Known: {', '.join(known)}.")
        return ApiClient(self.client, name)

    def workspace(self, name: str) -> "WorkspaceClient":
        """Return another workspace of the same server. The first request creates it."""
        return WorkspaceClient(self.client.within(name))

    def delete(self) -> None:
        """Delete this workspace. The default workspace can't be deleted; reset it instead."""
        name = self.client.get("/health")["workspace"]
        self.client.delete(f"/workspaces/{name}")

    def reset(self, **options: Any) -> None:
        """Reset the state to the fixture, and clear request log, faults and deliveries.

        Options: `fixture="demo"` or `"empty"`, `seed=7`.
        """
        self.client.post("/reset", options)

    def state(self) -> dict[str, Any]:
        """Return the state document."""
        state: dict[str, Any] = self.client.get("/state")
        return state

    def load(self, document: Document) -> None:
        """Replace the state by a state document. An invalid document changes nothing."""
        self.client.put("/state", document)

    def settings(self, **settings: Any) -> dict[str, Any]:
        """Return the settings of the workspace; arguments change them first.

        For example `validation="live"`, `fluentcart={"version": "1.3.25"}`. Other settings stay as they are.
        """
        current: dict[str, Any] = self.client.put("/settings", settings) if settings else self.client.get("/settings")
        return current

    def fault(self, scenario: str | None = None, *, order: Order | None = None, **fault: Any) -> list[dict[str, Any]]:
        """Enable a fault, and return the enabled faults with their ids.

        By scenario: `fault("reply_lost", order=order)`. By fields: `fault(at="gateway", error="No.", times=1)`.
        `order` limits it to requests for this order.
        """
        if scenario is not None:
            fault["scenario"] = scenario
        if order is not None:
            fault["api"] = order.api
            fault["match"] = {**fault.get("match", {}), "order_id": order.id}
        enabled: list[dict[str, Any]] = self.client.post("/faults", fault)["faults"]
        return enabled

    def faults(self) -> list[dict[str, Any]]:
        """Return the enabled faults with their numbers of hits."""
        enabled: list[dict[str, Any]] = self.client.get("/faults")["faults"]
        return enabled

    def release(self, name: str) -> None:
        """Release the requests that a fault holds, by the name in its `hold` or by its id."""
        self.client.post(f"/faults/{quote(name, safe='')}/release")

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.client.delete("/faults")

    def requests(self, *, order: Order | None = None, **filters: Any) -> list[LoggedRequest]:
        """Return logged requests, newest first; filter by `api`, `operation`, `order`, `status`, `since`, `before`, `limit`."""
        if order is not None:
            filters |= {"api": order.api, "order": order.id}
        documents = self.client.get("/requests", **{"limit": _NO_LIMIT, **filters})["requests"]
        return [read_logged_request(document, self.client) for document in documents]

    def assert_refunded(self, order: Order, amount: Amount, times: int = 1) -> None:
        """Assert that the order was refunded exactly `times` times, each for `amount`.

        `amount` is in minor units (499), or for `funnelfox` decimal text ("4.99"). Only refunds since the order was created or
        found count. The AssertionError lists the most similar requests.
        """
        check_refunds(order, order.new_refunds(), [amount] * times, self.requests())

    def assert_no_refunds(self) -> None:
        """Assert that no request has booked a refund of any order since the last reset."""
        check_none(self.requests())

    def now(self) -> datetime:
        """Return the current time of the workspace."""
        return datetime.fromisoformat(self.client.get("/clock")["now"])

    def freeze(self, at: datetime | str | None = None) -> None:
        """Freeze the clock, now or at a time such as 2026-01-02T03:04:05Z."""
        instant = at.isoformat() if isinstance(at, datetime) else at
        self.client.put("/clock", {"frozen": True} if instant is None else {"frozen": True, "now": instant})

    def unfreeze(self) -> None:
        """Resume the real time."""
        self.client.put("/clock", {"frozen": False, "now": None})

    def advance(self, by: str) -> None:
        """Advance the clock by 90s, 15m, 2h or 30d. Due renewals, settlements and webhooks are executed in order."""
        self.client.post("/clock/advance", {"by": by})

    def snapshot(self, name: str) -> None:
        """Save the state under a name."""
        self.client.post("/snapshots", {"name": name})

    def restore(self, name: str) -> None:
        """Restore a saved state. Request log, faults and deliveries stay."""
        self.client.post(f"/snapshots/{quote(name, safe='')}/restore")
