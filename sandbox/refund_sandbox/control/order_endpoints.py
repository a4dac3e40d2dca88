"""Control calls about orders: looking through them, looking at one, making one, and who may call their API."""

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, json_reply, read_number
from refund_sandbox.core.api import Api, OrderQuery

_FILTERS = ("id", "search", "state", "page", "per_page")
_MOST = 200


class OrderEndpoints:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def list_orders(self, request: ControlRequest) -> Response:
        """A page of an API's orders, each as a short document."""
        api, query = _api(request), request.http.query_params
        unknown = sorted(set(query) - set(_FILTERS))
        if unknown:
            raise ControlError(400, f"There is no filter {unknown[0]}; there are {', '.join(_FILTERS)}.")
        page, limit = read_number(query.get("page", "1"), "page"), read_number(query.get("per_page", "50"), "per_page")
        if page < 1 or not 1 <= limit <= _MOST:
            raise ControlError(400, f"page starts at 1, per_page is 1 to {_MOST}.")
        request.workspace.refresh()
        texts = (query.get("id", ""), query.get("search", "").strip(), query.get("state", ""))
        found, total = api.order_summaries(OrderQuery(*texts, (page - 1) * limit, limit))
        return json_reply({"orders": found, "total": total, "page": page, "per_page": limit})

    def get_credentials(self, request: ControlRequest) -> Response:
        """Who may call an API, and with what."""
        return json_reply({"credentials": _api(request).credentials()})

    def get_order(self, request: ControlRequest) -> Response:
        """One order of an API."""
        api, order_id = _api(request), request.param("id")
        request.workspace.refresh()
        order = api.find_order(order_id)
        if order is None:
            raise ControlError(404, f"There is no order {order_id} in {api.name}.")
        return json_reply(order)

    def add_order(self, request: ControlRequest) -> Response:
        """A factory: any subset of an order's fields in, a complete and consistent order out."""
        return json_reply(request.workspace.add_order(_api(request).name, request.document), 201)


def _api(request: ControlRequest) -> Api:
    """The API that the path names."""
    name, apis = request.param("api"), request.workspace.apis
    if name not in apis:
        raise ControlError(404, f"There is no API {name}; there are {', '.join(apis)}.")
    return apis[name]
