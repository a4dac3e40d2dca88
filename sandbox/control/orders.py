"""Control calls about one order: making one, and looking at one."""

from starlette.responses import Response

from sandbox.control.endpoint import Refused, Visit, answer
from sandbox.engine.api import Api


class Orders:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

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
