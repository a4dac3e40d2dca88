"""Client of one workspace of a running sandbox."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from refund_sandbox.testing.api_clients import Amount, ApiClient, FluentCartClient, FunnelFoxClient, Order
from refund_sandbox.testing.assertions import are_expected, describe_booked, describe_refunds
from refund_sandbox.testing.control_client import CallRejected, Client
from refund_sandbox.testing.json_values import Moment, Span, check_names, nested_settings, write_moment, write_span
from refund_sandbox.testing.logged_requests import LoggedRequest, read_logged_request
from refund_sandbox.testing.unused_faults import describe_unused, find_unused
from refund_sandbox.testing.webhook_client import OrderOrId, WebhookClient

__tracebackhide__ = True  # pytest shows the line of the test, not those of this module

Document = Mapping[str, Any]
_NO_LIMIT = 1_000_000
FAULT_FIELDS = (
    *("scenario", "api", "operation", "at", "error", "reply", "connection", "delay_ms", "hold", "webhook", "unlocked"),
    *("times", "skip", "probability"),
)
"""Fields of a fault, except `match` and `optional`."""


class WorkspaceClient:
    """A workspace: the APIs (`funnelfox`, `fluentcart`, `api`), `webhooks`, state, faults, clock, assertions about refunds.

    Every method raises Unreachable if no sandbox answers, and CallRejected for invalid arguments.
    """

    def __init__(self, client: Client) -> None:
        self._use(client)

    def _use(self, client: Client) -> None:
        self.client = client
        self._own_ids: str | None = None
        self.funnelfox = FunnelFoxClient(client)
        self.fluentcart = FluentCartClient(client)
        self.webhooks = WebhookClient(client, self._find)

    @property
    def url(self) -> str:
        """Base URL of the APIs and of `/_sandbox`."""
        return self.client.url

    @property
    def is_in_process(self) -> bool:
        """Whether the sandbox runs in this process."""
        return self.client.is_direct

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
        self.client.delete(f"/workspaces/{self.client.workspace}")

    def reset(self, *, fixture: str | None = None, seed: int | None = None, ids: str | None = None) -> None:
        """Reset the state to the fixture `demo` or `empty`, and clear request log, faults and deliveries.

        `ids` is a text, such as the name of a test. Orders that are created later get ids that no other text gives, so that a
        request that is left over from another test finds nothing. Later resets keep it.
        """
        self._own_ids = ids or self._own_ids
        self.webhooks.forget()
        options = {"fixture": fixture, "seed": seed, "ids": self._own_ids}
        self.client.post("/reset", {name: value for name, value in options.items() if value is not None})

    def state(self) -> dict[str, Any]:
        """Return the state document."""
        state: dict[str, Any] = self.client.get("/state")
        return state

    def load(self, document: Document) -> None:
        """Replace the state by a state document. An invalid document changes nothing."""
        self.client.put("/state", document)

    def settings(self, **settings: Any) -> dict[str, Any]:
        """Return the settings of the workspace; arguments change them first. Other settings stay as they are.

        For example `validation="live"`, `fluentcart_version="1.3.25"`, or `fluentcart={"version": "1.3.25"}`.
        Raises TypeError for an unknown setting.
        """
        if not settings:
            return dict(self.client.get("/settings"))
        return dict(self.client.put("/settings", nested_settings(settings, self.client.get("/settings"))))

    def fault(
        self,
        scenario: str | None = None,
        *,
        order: OrderOrId | None = None,
        match: Mapping[str, Any] | None = None,
        optional: bool = False,
        **fault: Any,
    ) -> list[dict[str, Any]]:
        """Enable a fault, and return the enabled faults with their ids.

        By scenario: `fault("reply_lost", order=order)`. By fields: `fault(at="gateway", error="No.", times=1)`.
        `order` limits it to requests for this order, `match` to requests with these fields.
        The pytest fixture fails a test whose fault never hits, unless it is `optional`.
        Raises TypeError for an unknown field, and CallRejected for a fault that can never hit.
        """
        check_names(fault, FAULT_FIELDS, "field of a fault")
        if scenario is not None:
            fault["scenario"] = scenario
        if order is not None:
            wanted = self._find(order)
            fault["api"] = wanted.api
            match = {**(match or {}), "order_id": wanted.id}
        if isinstance(fault.get("delay_ms"), timedelta):
            fault["delay_ms"] = fault["delay_ms"].total_seconds() * 1000
        document = {**fault, **({"match": match} if match else {}), **({"optional": True} if optional else {})}
        enabled: list[dict[str, Any]] = self.client.post("/faults", document)["faults"]
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

    def requests(
        self,
        *,
        order: OrderOrId | None = None,
        api: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        since: int | None = None,
        before: int | None = None,
        limit: int = _NO_LIMIT,
    ) -> list[LoggedRequest]:
        """Return logged requests, newest first. `since` and `before` are ids."""
        filters = {"api": api, "operation": operation, "status": status, "since": since, "before": before, "limit": limit}
        if order is not None:
            wanted = self._find(order)
            filters |= {"api": wanted.api, "order": wanted.id}
        documents = self.client.get("/requests", **filters)["requests"]
        return [read_logged_request(document, self.client) for document in documents]

    def assert_refunded(self, order: OrderOrId, amount: Amount, times: int = 1) -> None:
        """Assert that the order was refunded exactly `times` times, each for `amount`.

        `amount` is a number in minor units (499), or for `funnelfox` in major units ("4.99"). Only refunds since the order was
        created or found count; with an id, those that a request has booked. The AssertionError lists the most similar requests,
        and the faults that have not hit.
        """
        wanted = self._find(order)
        refunds, expected = wanted.new_refunds(), [amount] * times
        if not are_expected(refunds, expected):
            requests = self.requests()
            described = describe_refunds(wanted, refunds, expected, requests)
            base = "" if requests else f" The base URL of this workspace is {self.url}"
            raise AssertionError(f"{described}{base}{self._note_about_faults()}")

    def assert_no_refunds(self) -> None:
        """Assert that no request has booked a refund of any order since the last reset.

        The assertion fails too if the request log has lost its oldest requests.
        """
        booked = [request for request in self.requests() if request.refunded]
        if booked:
            raise AssertionError(describe_booked(booked))
        dropped = self.client.get("/requests", limit=1).get("dropped", 0)
        if dropped:
            raise AssertionError(
                f"The request log no longer has the first {dropped} requests, which may have booked refunds. "
                "Check orders with assert_refunded(order, 0, times=0), or raise --journal-size and --journal-bytes of the server."
            )

    def assert_faults_hit(self) -> None:
        """Assert that every enabled fault has hit at least once, except those with `optional=True`.

        The AssertionError lists the nearest requests, and why each did not match. The pytest fixture does this after each test.
        """
        unused = self._unused_faults()
        if unused:
            count = "1 fault" if len(unused) == 1 else f"{len(unused)} faults"
            raise AssertionError(f"{count} never hit:\n{self._describe(unused)}")

    def _unused_faults(self) -> list[Document]:
        faults = self.faults()
        return find_unused(faults, self.requests) if faults else []

    def _describe(self, unused: Sequence[Document]) -> str:
        hits_webhooks = any(fault["at"] == "webhook" for fault in unused)
        topics = [delivery["topic"] for delivery in self.webhooks.deliveries()] if hits_webhooks else []
        return describe_unused(unused, self.requests(), topics)

    def _note_about_faults(self) -> str:
        unused = self._unused_faults()
        return f"\nEnabled faults that did not hit:\n{self._describe(unused)}" if unused else ""

    def _find(self, order: OrderOrId) -> Order:
        """Return an order by its object or its id. Raises CallRejected for an id that no API has.

        Refunds that requests have booked are new refunds of an order that was found by its id.
        """
        if isinstance(order, Order):
            return order
        found = self._find_by_id(order)
        booked = {str(key) for request in self.requests(order=found) for key in request.refund_keys}
        return replace(found, earlier=tuple(refund for refund in found.refunds() if str(refund.id) not in booked))

    def _find_by_id(self, order_id: str | int) -> Order:
        typed: dict[str, Any] = {"funnelfox": self.funnelfox, "fluentcart": self.fluentcart}
        apis = self.client.apis()
        for name in apis:
            with suppress(CallRejected):
                found: Order = (typed.get(name) or self.api(name)).find(order_id)
                return found
        raise CallRejected(404, f"Order {order_id} not found in {' or '.join(apis)}.")

    def now(self) -> datetime:
        """Return the current time of the workspace."""
        return datetime.fromisoformat(self.client.get("/clock")["now"])

    def freeze(self, at: Moment | None = None) -> None:
        """Freeze the clock, now or at a time.

        That is a datetime or a date (in UTC without a time zone), a text such as 2026-01-02 or 2026-01-02 03:04:05, or seconds
        since 1970.
        """
        self.client.put("/clock", {"frozen": True} if at is None else {"frozen": True, "now": write_moment(at)})

    def unfreeze(self) -> None:
        """Resume the real time."""
        self.client.put("/clock", {"frozen": False, "now": None})

    def advance(self, by: Span) -> None:
        """Advance the clock by a timedelta, by seconds, or by a text such as 90s, 1h30m, 2w or 30 days.

        Renewals, settlements and webhooks that become due run in order.
        """
        self.client.post("/clock/advance", {"by": write_span(by)})

    def snapshot(self, name: str) -> None:
        """Save the state under a name."""
        self.client.post("/snapshots", {"name": name})

    def restore(self, name: str) -> None:
        """Restore a saved state. Request log, faults and deliveries stay."""
        self.client.post(f"/snapshots/{quote(name, safe='')}/restore")
