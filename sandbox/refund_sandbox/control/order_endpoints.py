"""Endpoints for the orders of an API, their transactions and refunds, and for its credentials."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import to_builtins
from msgspec.structs import asdict
from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check_filters, json_reply, read_number
from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.api_views import OrderQuery
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.suggestions import unknown

_FILTERS = ("id", "search", "state", "page", "per_page")
_MAX_PER_PAGE = 200


class OrderEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def list_orders(self, request: ControlRequest) -> Response:
        api, query = find_api(request), request.http.query_params
        check_filters(query, _FILTERS)
        page, limit = read_number(query.get("page", "1"), "page"), read_number(query.get("per_page", "50"), "per_page")
        if page < 1 or not 1 <= limit <= _MAX_PER_PAGE:
            raise ControlError(400, f"page must be at least 1, and per_page 1 to {_MAX_PER_PAGE}.")
        request.workspace.state()
        texts = (query.get("id", ""), query.get("search", "").strip(), query.get("state", ""))
        with request.workspace.store.read_only() as transaction:
            orders, total = api.listing.page(transaction, OrderQuery(*texts, (page - 1) * limit, limit))
        return json_reply({"orders": orders, "total": total, "page": page, "per_page": limit})

    def get_credentials(self, request: ControlRequest) -> Response:
        with request.workspace.store.read_only() as transaction:
            return json_reply({"credentials": find_api(request).listing.credentials(transaction)})

    def get_order(self, request: ControlRequest) -> Response:
        api, order_id = find_api(request), request.param("id")
        order = request.workspace.find_order(api.name, order_id)
        if order is None:
            raise order_not_found(api, order_id)
        return json_reply(order)

    def list_transactions(self, request: ControlRequest) -> Response:
        with _open_order(request) as (api, order_id, transaction):
            rows = api.listing.transactions(transaction, order_id)
        return json_reply({"transactions": [asdict(row) for row in rows]})

    def list_related_records(self, request: ControlRequest) -> Response:
        with _open_order(request) as (api, order_id, transaction):
            rows = api.related(transaction, order_id) if api.related else ()
        return json_reply({"related": [asdict(row) for row in rows]})

    def compare_reports(self, request: ControlRequest) -> Response:
        api, now = find_api(request), request.workspace.state().now()
        if api.reports is None:
            raise ControlError(404, f"{api.title} has no reports.")
        with request.workspace.store.read_only() as transaction:
            comparison = api.reports(transaction, now)
        return json_reply(to_builtins(comparison))

    def get_refund_form(self, request: ControlRequest) -> Response:
        settings = request.workspace.settings()
        with _open_order(request) as (api, order_id, transaction):
            fields = api.refund_form.fields(transaction, settings.of(api.name), order_id)
        return json_reply({"operation": api.refund_form.OPERATION, "fields": [asdict(field) for field in fields]})

    def build_refund_request(self, request: ControlRequest) -> Response:
        """Return the request of a refund. Nothing is sent or booked."""
        settings, values = request.workspace.settings(), request.document.get("values", {})
        with _open_order(request) as (api, order_id, transaction):
            form, own_settings = api.refund_form, settings.of(api.name)
            _check_names(values, [field.name for field in form.fields(transaction, own_settings, order_id)])
            built = form.build_request(transaction, own_settings, order_id, values)
        return json_reply(asdict(built))

    def add_order(self, request: ControlRequest) -> Response:
        """Create an order from any subset of its fields; the rest gets consistent defaults."""
        return json_reply(request.workspace.add_order(find_api(request).name, request.document), 201)


@contextmanager
def _open_order(request: ControlRequest) -> Iterator[tuple[ApiDescriptor, str, ReadTransaction]]:
    """Context manager for reads about an order. Raises ControlError for an unknown one."""
    api, order_id = find_api(request), request.param("id")
    request.workspace.state()
    with request.workspace.store.read_only() as transaction:
        if api.state.find_order(transaction, order_id) is None:
            raise order_not_found(api, order_id)
        yield api, order_id, transaction


def order_not_found(api: ApiDescriptor, order_id: str) -> ControlError:
    return ControlError(404, f"Order {order_id} not found in {api.name}.")


def _check_names(values: Iterable[str], known: list[str]) -> None:
    """Raise BadDocument for values of fields that the form does not have."""
    problems = [Problem(f"/values/{name}", unknown("field", name, known)) for name in values if name not in known]
    if problems:
        raise BadDocument(problems)


def find_api(request: ControlRequest) -> ApiDescriptor:
    """Return the API that the path names. Raise ControlError for an unknown one."""
    name, apis = request.param("api"), request.workspace.apis
    if name not in apis:
        raise ControlError(404, f"Unknown API {name!r}. Known: {', '.join(apis)}.")
    return apis[name].descriptor
