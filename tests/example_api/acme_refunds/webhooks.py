"""The webhook `refund.created`. It has no signature."""

from collections.abc import Iterator
from typing import Any

from acme_refunds.operations import describe
from acme_refunds.records import ENDPOINTS, Endpoint
from refund_sandbox.core import record_schema
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import ReadTransaction, Transaction

URL_FIELD = "url"
SECRET_FIELD = None
RULES = "Deliveries are not signed, and retried on failure."


def build_events(work: UnitOfWork) -> Iterator[Event]:
    for refund in work.drafts:
        yield Event(work.ids.uuid(), "refund.created", "", describe(refund))


def targets(transaction: ReadTransaction, _event: Event) -> list[Target]:
    headers = {"Content-Type": "application/json"}
    return [Target(endpoint.url, headers) for endpoint in transaction.all(ENDPOINTS) if endpoint.enabled]


def list_targets(transaction: ReadTransaction) -> list[dict[str, Any]]:
    return [record_schema.write(endpoint) for endpoint in transaction.all(ENDPOINTS)]


def replace_targets(transaction: Transaction, documents: Any) -> None:
    transaction.clear(ENDPOINTS)
    for document in documents:
        transaction.put(ENDPOINTS, record_schema.read(Endpoint, document))
