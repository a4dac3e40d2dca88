"""Control calls about webhooks: who is told, what was sent, and sending it again."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, json_reply, read_number
from refund_sandbox.core.clock import write_sortable
from refund_sandbox.core.documents import readable
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.webhooks.outbox import ATTEMPTS, DELIVERIES, Delivery, requeue
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import Change, PageQuery

_FILTERS = ("api", "topic", "state", "url", "event_id")
_MOST = PageQuery(0, 1000, downwards=True)


class WebhookEndpoints:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def list_deliveries(self, request: ControlRequest) -> Response:
        """What was sent, or is to be, newest first."""
        query = request.http.query_params
        unknown = sorted(set(query) - {*_FILTERS, "limit"})
        if unknown:
            raise ControlError(400, f"There is no filter {unknown[0]}; there are {', '.join(_FILTERS)} and limit.")
        limit = read_number(query.get("limit", "100"), "limit")
        with request.workspace.services.store.read_only() as transaction:
            newest, _ = transaction.page(DELIVERIES, _MOST)
            due = {attempt.id: attempt.due for attempt in transaction.all(ATTEMPTS)}
        wanted = [one for one in newest if all(getattr(one, name) == query[name] for name in _FILTERS if name in query)]
        return json_reply({"deliveries": [describe(delivery, due.get(delivery.id)) for delivery in wanted[:limit]]})

    def replay_delivery(self, request: ControlRequest) -> Response:
        """The same bytes once more."""
        workspace, number = request.workspace, read_number(request.param("id"), "id")
        now = write_sortable(workspace.services.clock.now())
        with workspace.services.store.transaction() as transaction:
            delivery = requeue(transaction, number, now)
        if delivery is None:
            raise ControlError(404, f"No delivery {number} is remembered.")
        workspace.record_changes([Change(ATTEMPTS.name, number, None, delivery)])
        return json_reply(describe(delivery, now), 202)

    def get_targets(self, request: ControlRequest) -> Response:
        """Who is told, by API."""
        return json_reply(_targets(request.workspace))

    def put_targets(self, request: ControlRequest) -> Response:
        """Others are told: of each API that the document names, all targets are replaced."""
        workspace, document = request.workspace, request.document
        unknown = sorted(set(document) - set(workspace.apis))
        if unknown:
            raise BadDocument([Problem(f"/{unknown[0]}", f"there is no such API; there are {', '.join(workspace.apis)}")])
        with workspace.services.store.transaction() as transaction:
            for name, targets in document.items():
                workspace.apis[name].replace_webhook_targets(transaction, targets)
        return json_reply(_targets(workspace))


def describe(delivery: Delivery, due: str | None) -> dict[str, Any]:
    """A delivery as a document: its body as what it means, and when it is tried next."""
    return {**vars(delivery), "body": readable(delivery.body), "due": due}


def _targets(workspace: Workspace) -> Mapping[str, Any]:
    with workspace.services.store.read_only() as transaction:
        return {name: api.get_webhook_targets(transaction) for name, api in workspace.apis.items()}
