"""Tools for coding agents, over the control API. Names, parameters and docstrings of the methods are what an agent sees."""

from collections.abc import Callable
from typing import Any

from refund_sandbox.cli.api_lookup import find_apis, find_order, order_path
from refund_sandbox.cli.order_commands import read_summary
from refund_sandbox.cli.output import without_none
from refund_sandbox.cli.refund_command import send_refund
from refund_sandbox.cli.trigger_command import send_event
from refund_sandbox.testing import Client

Document = dict[str, Any]
INSTRUCTIONS = """A sandbox of payment APIs with demo orders and a ledger. Nothing here moves real money.
Start with describe_sandbox. Point the code under test at its base URLs, make or choose an order, enable a fault, run the code,
then read requests and ledger. Amounts of orders are in minor units: 2500 with 2 decimals is 25.00."""


class McpTools:
    """Tools for one workspace of a sandbox. Errors are texts that say what is wrong."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> list[Callable[..., Any]]:
        return [
            *(self.describe_sandbox, self.list_orders, self.create_order, self.read_ledger, self.refund_order),
            *(self.list_scenarios, self.enable_fault, self.clear_faults, self.read_requests),
            *(self.advance_clock, self.trigger_webhook, self.list_webhook_deliveries, self.reset_sandbox),
        ]

    def describe_sandbox(self) -> Document:
        """Return each API with its base URL, credentials, order states and webhook topics; the time and the settings."""
        apis = {}
        for name, api in self._client.apis().items():
            accounts = self._client.get(f"/{name}/credentials")["credentials"]
            apis[name] = {
                "title": api["title"],
                "base_urls": sorted({self._client.url + api["mount"].format_map(account) for account in accounts}),
                "credentials": [{"label": account["label"], "headers": account["headers"]} for account in accounts],
                "order_states": api["order_states"],
                "webhook_topics": api["webhooks"]["topics"],
            }
        return {"apis": apis, "clock": self._client.get("/clock"), "settings": self._client.get("/settings")}

    def list_orders(self, api: str | None = None, search: str | None = None, state: str | None = None) -> Document:
        """Return the newest orders of each API, with paid, refunded and refundable (`left`) amounts. Search: id or customer."""
        query = {"search": search, "state": state, "per_page": 20}
        return {name: self._client.get(f"/{name}/orders", **query) for name in find_apis(self._client, api)}

    def create_order(self, api: str, fields: Document | None = None) -> Document:
        """Create an order of an API. Missing fields get defaults. Returns the order as in the state document."""
        (name,) = find_apis(self._client, api)
        created: Document = self._client.post(f"/{name}/orders", fields or {})
        return created

    def read_ledger(self, order: str, api: str | None = None) -> Document:
        """Return the amounts of an order and its charges and refunds. A refund that does not count returned no money."""
        name, _ = find_order(self._client, order, api)
        transactions = self._client.get(f"{order_path(name, order)}/transactions")["transactions"]
        return {"api": name, "order": dict(read_summary(self._client, name, order)), "transactions": transactions}

    def refund_order(self, order: str, amount: str | None = None, reason: str | None = None, api: str | None = None) -> Document:
        """Refund an order through its API, as a client would. Without an amount, refund all.

        The amount is in the units of the API: minor units such as 2500, or text such as 4.99. Returns status and reply.
        """
        name, _ = find_order(self._client, order, api)
        status, reply = send_refund(self._client, name, order, {"amount": amount, "reason": reason})
        return {"status": status, "reply": reply, "order": dict(read_summary(self._client, name, order))}

    def list_scenarios(self) -> list[Document]:
        """Return the named faults: replies that are lost, gateways that decline, slow replies, wrong webhooks and more."""
        scenarios: list[Document] = self._client.get("/scenarios")["scenarios"]
        return [{"name": one["name"], "title": one["title"]} for one in scenarios]

    def enable_fault(self, scenario: str, order: str | None = None, times: int | None = 1) -> list[Document]:
        """Enable a fault for the next requests, or only those about an order. `times`: number of hits, null for always."""
        document: Document = {"scenario": scenario, "times": times}
        if order is not None:
            document |= {"api": find_order(self._client, order, None)[0], "match": {"order_id": order}}
        enabled: list[Document] = self._client.post("/faults", document)["faults"]
        return enabled

    def clear_faults(self) -> str:
        """Disable all faults."""
        self._client.delete("/faults")
        return "All faults disabled."

    def read_requests(self, order: str | None = None, limit: int = 10) -> list[Document]:
        """Return the newest requests to the APIs: request, reply, faults that hit, and changes of the ledger."""
        requests: list[Document] = self._client.get("/requests", **without_none({"order": order, "limit": limit}))["requests"]
        return requests

    def advance_clock(self, by: str) -> Document:
        """Advance the clock by 90s, 15m, 2h or 30d. Settlements, renewals and webhooks that become due run."""
        clock: Document = self._client.post("/clock/advance", {"by": by})
        return clock

    def trigger_webhook(self, topic: str, order: str | None = None, api: str | None = None) -> list[Document]:
        """Send a webhook event without a refund, to the configured endpoints. Returns the deliveries."""
        return send_event(self._client, topic, order, api)

    def list_webhook_deliveries(self, topic: str | None = None, limit: int = 10) -> list[Document]:
        """Return the newest webhook deliveries, with the replies of the endpoints."""
        deliveries: list[Document] = self._client.get("/webhooks/deliveries", topic=topic, limit=limit)["deliveries"]
        return deliveries

    def reset_sandbox(self) -> str:
        """Bring the demo data back; delete requests, faults and deliveries."""
        self._client.post("/reset")
        return "Reset."
