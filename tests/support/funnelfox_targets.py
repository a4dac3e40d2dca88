"""Webhook events, read from the outbox."""

import json

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.webhooks.outbox import DELIVERIES, Delivery
from tests.support.funnelfox_state import KEY, ORG, Document

HOOK_URL = "http://127.0.0.1:9/hook"
_WEBHOOK = {"url": HOOK_URL, "signing_secret": "shh", "declined_order_events": True}
SUBSCRIBED_ORGS = [{"id": ORG, "keys": [{"key": KEY}], "webhooks": [_WEBHOOK]}]
"""Organisation with one unreachable webhook, which receives every event."""


def deliveries(sandbox: SandboxApp) -> list[Delivery]:
    """Return all deliveries of the outbox, oldest first."""
    with sandbox.workspace.store.read_only() as transaction:
        return transaction.all(DELIVERIES)


def event_documents(sandbox: SandboxApp) -> list[Document]:
    """Return the documents of the events, oldest first."""
    return [json.loads(delivery.body) for delivery in deliveries(sandbox)]


def topics(sandbox: SandboxApp) -> list[str]:
    """Return types and subtypes of the events, such as `refund/settled`, oldest first."""
    return [f"{event['event_type']}/{event['subtype']}" for event in event_documents(sandbox)]
