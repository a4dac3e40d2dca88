"""Webhooks of one workspace: targets, deliveries, events on demand, and waiting for a delivery."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund_sandbox.suggestions import unknown
from refund_sandbox.testing.api_clients import Order
from refund_sandbox.testing.control_client import Client

__tracebackhide__ = True  # pytest shows the line of the test, not those of this module

_POLL_INTERVAL_S = 0.01
_MAX_DELIVERIES = 1000
Delivery = dict[str, Any]
OrderOrId = Order | str | int


class WebhookClient:
    """Webhooks of a workspace. Deliveries are documents as in `GET /_sandbox/webhooks/deliveries`."""

    def __init__(self, client: Client, find_order: Callable[[OrderOrId], Order]) -> None:
        self._client = client
        self._find_order = find_order
        self._returned: dict[tuple[str, str], tuple[int, int]] = {}
        """Delivery and number of attempts that `wait_for` has returned, by id and time of the event."""

    def deliveries(
        self,
        *,
        order: OrderOrId | None = None,
        api: str | None = None,
        topic: str | None = None,
        state: str | None = None,
        url: str | None = None,
        event_id: str | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Return sent and pending deliveries, newest first."""
        filters = {"api": api, "topic": topic, "state": state, "url": url, "event_id": event_id}
        found: list[Delivery] = self._client.get(
            "/webhooks/deliveries", **filters, limit=limit if order is None else _MAX_DELIVERIES
        )["deliveries"]
        if order is None:
            return found
        wanted = self._find_order(order)
        return [delivery for delivery in found if self._is_about(delivery, wanted)][:limit]

    def targets(self, **targets: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]) -> dict[str, Any]:
        """Return the targets (endpoints) by API. `acme=["http://…"]` replaces those of an API first.

        A target is a URL, or an object with the fields of the API. Raises CallRejected for an invalid one.
        """
        if not targets:
            return dict(self._client.get("/webhooks/targets"))
        return dict(self._client.put("/webhooks/targets", {api: self._documents(api, one) for api, one in targets.items()}))

    def trigger(self, topic: str, *, order: OrderOrId | None = None) -> list[Delivery]:
        """Send an event about an order without a request, and return its deliveries. The ledger does not change.

        Without an order, it is about the newest one that it can be about. Raises ValueError for an unknown topic, and
        CallRejected if the event can't be about the order.
        """
        apis = self._check_topic(topic)
        wanted = None if order is None else self._find_order(order)
        api = wanted.api if wanted else apis[0]
        document = {"topic": topic, "order": wanted.id if wanted else None}
        deliveries: list[Delivery] = self._client.post(f"/{api}/webhooks/trigger", document)["deliveries"]
        return deliveries

    def replay(self, delivery_id: int) -> Delivery:
        """Send a delivery again, with the same bytes. Raises CallRejected for an unknown id."""
        delivery: Delivery = self._client.post(f"/webhooks/deliveries/{delivery_id}/replay")
        return delivery

    def mark(self) -> int:
        """Return a mark for the parameter `after` of `wait_for`: the newest delivery until now."""
        return max((delivery["id"] for delivery in self.deliveries(limit=1)), default=0)

    def wait_for(
        self,
        topic: str,
        *,
        order: OrderOrId | None = None,
        after: int | None = None,
        state: str = "delivered",
        timeout: float = 5,
    ) -> Delivery:
        """Wait for an event of a topic, and return its delivery. An event that an earlier wait has returned does not count.

        `order` limits it to events about an order, `after` to deliveries since a `mark`. `state` is `delivered`, `failed`,
        `pending` or `dropped`. Raises ValueError for an unknown topic, and AssertionError after `timeout` seconds of real time,
        with the last deliveries.
        """
        self._check_topic(topic)
        wanted = None if order is None else self._find_order(order)
        pause = threading.Event()  # it counts real time, even where a library has frozen `time`
        for _ in range(int(timeout / _POLL_INTERVAL_S) + 1):
            new = self._new(topic, state, wanted, after or 0)
            if new:
                self._returned[_event(new[-1])] = new[-1]["id"], len(new[-1]["attempts"])
                return new[-1]
            pause.wait(_POLL_INTERVAL_S)
        about = f" about order {wanted.id}" if wanted else ""
        raise AssertionError(f"no webhook {topic}{about} was {state} within {timeout:g} s. {self._last_deliveries()}")

    def forget(self) -> None:
        """Forget which events were returned: the state was reset."""
        self._returned.clear()

    def _new(self, topic: str, state: str, order: Order | None, after: int) -> list[Delivery]:
        """Return the deliveries that no wait has returned, newest first."""
        found = self.deliveries(topic=topic, state=state, limit=_MAX_DELIVERIES)
        return [
            delivery
            for delivery in found
            if delivery["id"] > after and self._is_new(delivery) and (order is None or self._is_about(delivery, order))
        ]

    def _is_new(self, delivery: Delivery) -> bool:
        """Whether no wait has returned the event, or whether this delivery of it was sent again since."""
        number, attempts = self._returned.get(_event(delivery), (0, 0))
        return number == 0 or (number == delivery["id"] and len(delivery["attempts"]) > attempts)

    def _is_about(self, delivery: Delivery, order: Order) -> bool:
        """Whether the body names the order."""
        name, body = self._client.apis()[order.api]["order_id_field"], delivery["body"]
        if delivery["api"] != order.api or not isinstance(body, Mapping):
            return False
        within = body.get("order")
        ids = [body.get(name), within.get(name) if isinstance(within, Mapping) else None]
        return str(order.id) in map(str, ids)

    def _documents(self, api: str, targets: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]) -> list[Any]:
        """Return targets as the API has them. `url` is the name of the URL in every API."""
        description = self._client.apis().get(api)
        name = description["webhooks"]["url_field"] if description else "url"
        entries = [targets] if isinstance(targets, str | Mapping) else targets
        return [
            {name: entry} if isinstance(entry, str) else {name if key == "url" else key: value for key, value in entry.items()}
            for entry in entries
        ]

    def _check_topic(self, topic: str) -> list[str]:
        """Return the APIs that have a topic. Raise ValueError for an unknown one: it would be waited for in vain."""
        apis = {name: list(api["webhooks"]["topics"]) for name, api in self._client.apis().items()}
        having = [name for name, topics in apis.items() if topic in topics]
        if not having:
            raise ValueError(unknown("topic", str(topic), (one for topics in apis.values() for one in topics)))
        return having

    def _last_deliveries(self) -> str:
        deliveries = self.deliveries(limit=5)
        if not deliveries:
            has_targets = any(self.targets().values())
            return "No deliveries." if has_targets else "No deliveries: there are no endpoints. Use webhooks.targets()."
        lines = [f"{one['topic']} to {one['url']}: {one['state']} {one['attempts'][-1:] or ''}" for one in deliveries]
        return "Last deliveries:\n" + "\n".join(lines)


def _event(delivery: Delivery) -> tuple[str, str]:
    return delivery["event_id"], delivery["created_at"]
