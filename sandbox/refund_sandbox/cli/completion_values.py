"""Values for shell completion, from the running sandbox: orders, scenarios, topics, states. Without one there are none."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.values import flatten

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from refund_sandbox.testing import Client

Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
Find = Callable[["Client", str], Iterable[tuple[str, str]]]
_TIMEOUT_S = 1.0
_MAX_ORDERS = 200


def _complete(find: Find) -> Complete:
    """Return a callback for click that offers the values of `find`, each with a help text, that begin as typed."""

    def complete(context: click.Context, _param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        from refund_sandbox.cli.waiting_client import connect  # slow to import

        location = {name: context.params.get(name) for name in ("url", "token", "workspace")}
        try:
            found = list(find(connect(**location, timeout=_TIMEOUT_S), incomplete))
        except Exception:  # completion has no place for an error
            return []
        return [CompletionItem(value, help=text) for value, text in dict(found).items() if value.startswith(incomplete)]

    return complete


def _orders(client: "Client", incomplete: str) -> Iterable[tuple[str, str]]:
    """Yield the newest orders, and those that a search for the text finds."""
    for api in client.apis():
        for search in (None, incomplete or None):
            for order in client.get(f"/{api}/orders", search=search, per_page=_MAX_ORDERS)["orders"]:
                yield order["id"], f"{order['state']}, {order['customer']}"


def _settings(client: "Client", _incomplete: str) -> Iterable[tuple[str, str]]:
    return ((name, str(value)) for name, value in flatten(client.get("/settings")))


def _of_apis(read: Callable[[Any], Iterable[tuple[str, str]]]) -> Find:
    return lambda client, _: (found for api in client.apis().values() for found in read(api))


complete_apis = _complete(_of_apis(lambda api: [(api["name"], api["title"])]))
complete_faults = _complete(lambda client, _: ((one["id"], one["scenario"] or "") for one in client.get("/faults")["faults"]))
complete_holds = _complete(lambda client, _: ((one["hold"], "") for one in client.get("/faults")["faults"] if one["hold"]))
complete_orders = _complete(_orders)
complete_settings = _complete(_settings)
complete_states = _complete(_of_apis(lambda api: [(state, api["title"]) for state in api["order_states"]]))
complete_topics = _complete(_of_apis(lambda api: api["webhooks"]["topics"].items()))
complete_scenarios = _complete(lambda client, _: ((one["name"], one["title"]) for one in client.get("/scenarios")["scenarios"]))
complete_snapshots = _complete(lambda client, _: ((one["name"], "") for one in client.get("/snapshots")["snapshots"]))
complete_workspaces = _complete(lambda client, _: ((name, "") for name in client.get("/workspaces")["workspaces"]))
