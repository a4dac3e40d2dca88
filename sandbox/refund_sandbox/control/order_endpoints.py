"""Endpoints for the orders and the credentials of an API."""

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check_filters, json_reply, read_number
from refund_sandbox.core.api import Api, OrderQuery

_FILTERS = ("id", "search", "state", "page", "per_page")
_MAX_PER_PAGE = 200


class OrderEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def list_orders(self, request: ControlRequest) -> Response:
        api, query = _api(request), request.http.query_params
        check_filters(query, _FILTERS)
        page, limit = read_number(query.get("page", "1"), "page"), read_number(query.get("per_page", "50"), "per_page")
        if page < 1 or not 1 <= limit <= _MAX_PER_PAGE:
            raise ControlError(400, f"page must be at least 1, and per_page 1 to {_MAX_PER_PAGE}.")
        request.workspace.refresh()
        texts = (query.get("id", ""), query.get("search", "").strip(), query.get("state", ""))
        orders, total = api.order_summaries(OrderQuery(*texts, (page - 1) * limit, limit))
        return json_reply({"orders": orders, "total": total, "page": page, "per_page": limit})

    def get_credentials(self, request: ControlRequest) -> Response:
        return json_reply({"credentials": _api(request).credentials()})

    def get_order(self, request: ControlRequest) -> Response:
        api, order_id = _api(request), request.param("id")
        request.workspace.refresh()
        order = api.find_order(order_id)
        if order is None:
            raise ControlError(404, f"Order {order_id} not found in {api.name}.")
        return json_reply(order)

    def add_order(self, request: ControlRequest) -> Response:
        """Create an order from any subset of its fields; the rest gets consistent defaults."""
        return json_reply(request.workspace.add_order(_api(request).name, request.document), 201)


def _api(request: ControlRequest) -> Api:
    name, apis = request.param("api"), request.workspace.apis
    if name not in apis:
        raise ControlError(404, f"Unknown API {name!r}. Known: {', '.join(apis)}.")
    return apis[name]
