"""Endpoints for webhooks: targets, deliveries, replay."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import asdict
from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check_filters, json_reply, read_number
from refund_sandbox.control.order_endpoints import find_api, order_not_found
from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.api_views import OrderQuery
from refund_sandbox.core.clock import write_sortable
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.documents import readable
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.webhooks.outbox import ATTEMPTS, DELIVERIES, Delivery, requeue
from refund_sandbox.core.webhooks.signature import check_signature
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.suggestions import unknown

_FILTERS = ("api", "topic", "state", "url", "event_id")
_NEWEST = PageQuery(0, 1000, downwards=True)
_NEWEST_ORDERS = OrderQuery(limit=200)


class WebhookEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def list_deliveries(self, request: ControlRequest) -> Response:
        """Return sent and pending deliveries, newest first."""
        query = request.http.query_params
        check_filters(query, (*_FILTERS, "limit"))
        limit = read_number(query.get("limit", "100"), "limit")
        with request.workspace.store.read_only() as transaction:
            newest, _ = transaction.page(DELIVERIES, _NEWEST)
            due = {attempt.id: attempt.due for attempt in transaction.all(ATTEMPTS)}
            secrets = _secrets(request.workspace, transaction)
        matches = [one for one in newest if all(getattr(one, name) == query[name] for name in _FILTERS if name in query)]
        return json_reply({"deliveries": [_describe_with_signature(one, due.get(one.id), secrets) for one in matches[:limit]]})

    def replay_delivery(self, request: ControlRequest) -> Response:
        """Send the same bytes again."""
        workspace, number = request.workspace, read_number(request.param("id"), "id")
        now = write_sortable(workspace.state().now())
        with workspace.store.transaction() as transaction:
            delivery = requeue(transaction, number, now)
        if delivery is None:
            raise ControlError(404, f"Delivery {number} not found.")
        workspace.schedule_delivery(workspace)
        return json_reply(describe(delivery, now), 202)

    def trigger_webhook(self, request: ControlRequest) -> Response:
        """Send an event about an order, without a request to the API."""
        api, topic, order_id = find_api(request), request.document["topic"], request.document.get("order")
        if topic not in api.webhooks.TOPICS:
            raise BadDocument([Problem("/topic", unknown("topic", topic, api.webhooks.TOPICS))])
        if order_id is not None and request.workspace.find_order(api.name, str(order_id)) is None:
            raise BadDocument([Problem("/order", f"Order {order_id} not found in {api.name}.")])
        return _emit(request, api, partial(_emit_about, api, topic, order_id))

    def open_dispute(self, request: ControlRequest) -> Response:
        """Dispute the charge of an order."""
        api, order_id = find_api(request), request.param("id")
        if request.workspace.find_order(api.name, order_id) is None:
            raise order_not_found(api, order_id)
        open_dispute = api.open_dispute
        if open_dispute is None:
            raise BadDocument([Problem("", f"{api.title} has no disputes.")])
        return _emit(request, api, lambda work: open_dispute(work, order_id))

    def get_targets(self, request: ControlRequest) -> Response:
        return json_reply(_targets(request.workspace))

    def put_targets(self, request: ControlRequest) -> Response:
        """Replace the targets of each API that the document names."""
        workspace, document = request.workspace, request.document
        others = sorted(set(document) - set(workspace.apis))
        if others:
            raise BadDocument([Problem(f"/{others[0]}", f"Unknown API {others[0]!r}. Known: {', '.join(workspace.apis)}")])
        with workspace.store.transaction() as transaction:
            for name, targets in document.items():
                workspace.apis[name].descriptor.webhooks.replace_targets(transaction, targets)
        return json_reply(_targets(workspace))


def _emit_about(api: ApiDescriptor, topic: str, order_id: Any, work: UnitOfWork) -> None:
    """Emit an event about an order, or about the newest order that can have it. Raise BadDocument if there is none."""
    orders = [{"id": order_id}] if order_id is not None else api.listing.page(work.transaction, _NEWEST_ORDERS)[0]
    for order in orders:
        draft = api.webhooks.build_draft(work, topic, str(order["id"]))
        if draft is not None:
            return work.emit(draft)
    without = "No order has" if order_id is None else f"Order {order_id} does not have"
    raise BadDocument([Problem("/order", f"{without} what {topic} is about.")])


def _emit(request: ControlRequest, api: ApiDescriptor, emit: Callable[[UnitOfWork], None]) -> Response:
    deliveries = request.workspace.emit(api.name, emit)
    return json_reply({"deliveries": [describe(delivery, delivery.created_at) for delivery in deliveries]}, 202)


def describe(delivery: Delivery, due: str | None) -> dict[str, Any]:
    """Return a delivery as a document, with its body decoded and the time of the next attempt."""
    return {**asdict(delivery), "body": readable(delivery.body), "due": due}


def _describe_with_signature(delivery: Delivery, due: str | None, secrets: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    secret = secrets.get((delivery.api, delivery.url), "")
    return {**describe(delivery, due), "signature": check_signature(delivery.headers, delivery.body.encode(), secret)}


def _secrets(workspace: Workspace, transaction: ReadTransaction) -> Mapping[tuple[str, str], str]:
    """Return the signing secrets of the targets by API and URL."""
    secrets = {}
    for name, api in workspace.apis.items():
        webhooks = api.descriptor.webhooks
        if secret_field := webhooks.SECRET_FIELD:
            targets = webhooks.list_targets(transaction)
            secrets.update({(name, target[webhooks.URL_FIELD]): target.get(secret_field) or "" for target in targets})
    return secrets


def _targets(workspace: Workspace) -> Mapping[str, Any]:
    with workspace.store.read_only() as transaction:
        return {name: api.descriptor.webhooks.list_targets(transaction) for name, api in workspace.apis.items()}
