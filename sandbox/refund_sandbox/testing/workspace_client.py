"""One isolated world of a running sandbox, as a test sees it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from refund_sandbox.testing.api_clients import Amount, FluentCartClient, FunnelFoxClient, Order
from refund_sandbox.testing.assertions import check_none, check_refunds
from refund_sandbox.testing.control_client import Client
from refund_sandbox.testing.logged_requests import LoggedRequest, read_logged_request
from refund_sandbox.testing.webhook_client import WebhookClient

Document = Mapping[str, Any]
_ALL = 1_000_000


class WorkspaceClient:
    """A world: its two APIs, its ledger, and all that can be made to happen in it.

    Every method that talks to the sandbox raises Unreachable when nothing answers, and CallRejected for what makes no sense.
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
        """Where both APIs and `/_sandbox` are."""
        return self.client.url

    def workspace(self, name: str) -> "WorkspaceClient":
        """Another world of the same server, made on first use."""
        return WorkspaceClient(self.client.within(name))

    def delete(self) -> None:
        """Forgets this workspace. The default one stays: reset it instead."""
        name = self.client.get("/health")["workspace"]
        self.client.delete(f"/workspaces/{name}")

    def reset(self, **options: Any) -> None:
        """Back to the start: journal, faults and deliveries are emptied. `fixture="empty"` or `seed=7` start from another one."""
        self.client.post("/reset", options)

    def state(self) -> dict[str, Any]:
        """The whole world as one document."""
        state: dict[str, Any] = self.client.get("/state")
        return state

    def load(self, document: Document) -> None:
        """Replaces the world by a state document; a bad one changes nothing."""
        self.client.put("/state", document)

    def settings(self, **settings: Any) -> dict[str, Any]:
        """How it behaves. `validation="live"`, `fluentcart={"version": "1.3.25"}` … change it; the rest is as it was started."""
        said: dict[str, Any] = self.client.put("/settings", settings) if settings else self.client.get("/settings")
        return said

    def fault(self, scenario: str | None = None, *, order: Order | None = None, **fault: Any) -> list[dict[str, Any]]:
        """Arms a failure: a named one, `fault("reply_lost", order=order)`, or your own, `fault(at="gateway", error="No.")`.

        Gives back what was armed, with ids.
        """
        if scenario is not None:
            fault["scenario"] = scenario
        if order is not None:
            fault["api"] = order.api
            fault["match"] = {**fault.get("match", {}), "order_id": order.id}
        armed: list[dict[str, Any]] = self.client.post("/faults", fault)["faults"]
        return armed

    def faults(self) -> list[dict[str, Any]]:
        """What is armed, with how often it hit."""
        armed: list[dict[str, Any]] = self.client.get("/faults")["faults"]
        return armed

    def release(self, name: str) -> None:
        """Lets go of the calls that a fault holds, by what its `hold` is called or its id."""
        self.client.post(f"/faults/{quote(name, safe='')}/release")

    def clear_faults(self) -> None:
        """Disarms all."""
        self.client.delete("/faults")

    def requests(self, *, order: Order | None = None, **wanted: Any) -> list[LoggedRequest]:
        """What was asked and answered, newest first; filter by `api`, `operation`, `order`, `status`, `since`, `limit`."""
        if order is not None:
            wanted |= {"api": order.api, "order": order.id}
        found = self.client.get("/requests", **{"limit": _ALL, **wanted})["requests"]
        return [read_logged_request(document) for document in found]

    def assert_refunded(self, order: Order, amount: Amount, times: int = 1) -> None:
        """Raises AssertionError unless the order was refunded exactly so often, each time by that amount, and not otherwise.

        What counts is the ledger since the order was made or found. `amount` is "4.99" for FunnelFox, 499 for FluentCart.
        """
        check_refunds(order, order.new_refunds(), [amount] * times, self.requests())

    def assert_no_refunds(self) -> None:
        """Raises AssertionError when a call has booked a refund, of any order, since the last reset."""
        check_none(self.requests())

    def now(self) -> datetime:
        """What time it is in the sandbox."""
        return datetime.fromisoformat(self.client.get("/clock")["now"])

    def freeze(self, at: datetime | str | None = None) -> None:
        """Time stands still, now or at an instant such as 2026-01-02T03:04:05Z."""
        instant = at.isoformat() if isinstance(at, datetime) else at
        self.client.put("/clock", {"frozen": True} if instant is None else {"frozen": True, "now": instant})

    def unfreeze(self) -> None:
        """It is the real time again."""
        self.client.put("/clock", {"frozen": False, "now": None})

    def advance(self, by: str) -> None:
        """Lets time pass: 90s, 15m, 2h, 30d. What falls due on the way is done in order, webhooks are sent."""
        self.client.post("/clock/advance", {"by": by})

    def snapshot(self, name: str) -> None:
        """Keeps the world as it is under a name."""
        self.client.post("/snapshots", {"name": name})

    def restore(self, name: str) -> None:
        """Goes back to a kept world; journal, faults and deliveries stay."""
        self.client.post(f"/snapshots/{quote(name, safe='')}/restore")
