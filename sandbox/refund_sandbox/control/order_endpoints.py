"""Control calls about orders: looking through them, looking at one, making one, and who may call their API."""

from starlette.responses import Response

from refund_sandbox.control.endpoint import Refused, Visit, answer, read_number
from refund_sandbox.core.api import Api, OrderQuery

_FILTERS = ("id", "search", "state", "page", "per_page")
_MOST = 200


class Orders:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def list_orders(self, visit: Visit) -> Response:
        """A page of an API's orders, each as a short document."""
        api, query = _api(visit), visit.request.query_params
        unknown = sorted(set(query) - set(_FILTERS))
        if unknown:
            raise Refused(400, f"There is no filter {unknown[0]}; there are {', '.join(_FILTERS)}.")
        page, limit = read_number(query.get("page", "1"), "page"), read_number(query.get("per_page", "50"), "per_page")
        if page < 1 or not 1 <= limit <= _MOST:
            raise Refused(400, f"page starts at 1, per_page is 1 to {_MOST}.")
        visit.workspace.refresh()
        texts = (query.get("id", ""), query.get("search", "").strip(), query.get("state", ""))
        found, total = api.order_summaries(OrderQuery(*texts, (page - 1) * limit, limit))
        return answer({"orders": found, "total": total, "page": page, "per_page": limit})

    def get_credentials(self, visit: Visit) -> Response:
        """Who may call an API, and with what."""
        return answer({"credentials": _api(visit).credentials()})

    def get_order(self, visit: Visit) -> Response:
        """One order of an API."""
        api, order_id = _api(visit), visit.param("id")
        visit.workspace.refresh()
        order = api.find_order(order_id)
        if order is None:
            raise Refused(404, f"There is no order {order_id} in {api.name}.")
        return answer(order)

    def add_order(self, visit: Visit) -> Response:
        """A factory: any subset of an order's fields in, a complete and consistent order out."""
        return answer(visit.workspace.add_order(_api(visit).name, visit.document), 201)


def _api(visit: Visit) -> Api:
    """The API that the path names."""
    name, apis = visit.param("api"), visit.workspace.apis
    if name not in apis:
        raise Refused(404, f"There is no API {name}; there are {', '.join(apis)}.")
    return apis[name]
