"""What an organisation's webhooks are told, read from what is on its way to them."""

import json

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.webhooks.outbox import DELIVERIES, Delivery
from tests.support.funnelfox_state import KEY, ORG, Document

HOOK = "http://127.0.0.1:9/hook"
LISTENING = [{"id": ORG, "keys": [{"key": KEY}], "webhooks": [{"url": HOOK, "signing_secret": "shh"}]}]
"""An organisation with one target that nobody answers at."""


def deliveries(sandbox: SandboxApp) -> list[Delivery]:
    """Everything that is on its way, oldest first."""
    with sandbox.workspace.services.store.read_only() as transaction:
        return transaction.all(DELIVERIES)


def told(sandbox: SandboxApp) -> list[Document]:
    """What the targets are told, oldest first."""
    return [json.loads(delivery.body) for delivery in deliveries(sandbox)]


def topics(sandbox: SandboxApp) -> list[str]:
    """The events' types and subtypes, such as `refund/settled`, oldest first."""
    return [f"{event['event_type']}/{event['subtype']}" for event in told(sandbox)]
