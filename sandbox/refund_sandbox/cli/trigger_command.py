"""The command `trigger`: a webhook event without a request to an API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.api_lookup import find_apis
from refund_sandbox.cli.completion_values import complete_apis, complete_orders, complete_topics
from refund_sandbox.cli.output import as_json, connected, print_list, without_none
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.cli.webhook_commands import DELIVERIES
from refund_sandbox.suggestions import did_you_mean

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


@click.command()
@click.argument("topic", required=False, shell_complete=complete_topics)
@click.option("--order", help="Order of the event. Default: the newest one that it can be about.", shell_complete=complete_orders)
@click.option("--api", metavar="NAME", help="API of the topic. Default: the first one that has it.", shell_complete=complete_apis)
@as_json
@connected
def trigger(client: "Client", topic: str | None, order: str | None, api: str | None, as_json: bool) -> None:
    """Send a webhook event of a TOPIC, without a refund. Without a TOPIC, list the topics. The ledger does not change.

    \b
    Examples:
      refund-sandbox trigger
      refund-sandbox trigger refund/settled
      refund-sandbox trigger order_fully_refunded --order 1001
    """
    if topic is None:
        topics = _find_topics(client, api)
        rows = ((name, one, text) for name, listed in topics.items() for one, text in listed.items())
        print_list(topics, ("api", "topic", "sent when"), rows, empty="No topics.", as_json=as_json)
        return
    sent = send_event(client, topic, order, api)
    if not sent and not as_json:
        raise InputError(f"No endpoint receives {topic}. Add one: refund-sandbox listen, or webhooks targets add URL.")
    DELIVERIES.show(sent, as_json=as_json)


def send_event(client: "Client", topic: str, order: str | None, api: str | None) -> list[dict[str, Any]]:
    """Send an event of the first API that has the topic. Return the deliveries. Raises InputError for an unknown topic."""
    topics = _find_topics(client, api)
    owner = next((name for name, listed in topics.items() if topic in listed), None)
    if owner is None:
        hint = did_you_mean(topic, [one for listed in topics.values() for one in listed]) or " See: refund-sandbox trigger"
        raise InputError(f"Unknown topic {topic!r}.{hint}")
    reply = client.post(f"/{owner}/webhooks/trigger", without_none({"topic": topic, "order": order}))
    deliveries: list[dict[str, Any]] = reply["deliveries"]
    return deliveries


def _find_topics(client: "Client", api: str | None) -> dict[str, Mapping[str, str]]:
    return {name: client.apis()[name]["webhooks"]["topics"] for name in find_apis(client, api)}
