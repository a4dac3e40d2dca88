"""The FluentCart API: routing, authorization and rendering, and the operations of `specs/fluentcart.yaml`."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from refund_sandbox.apis.fluentcart import errors, factory, fake, listing, php, state, webhooks
from refund_sandbox.apis.fluentcart.operations.activity import ActivityOperations
from refund_sandbox.apis.fluentcart.operations.app import AppOperations
from refund_sandbox.apis.fluentcart.operations.base import find_bound
from refund_sandbox.apis.fluentcart.operations.customers import CustomerOperations
from refund_sandbox.apis.fluentcart.operations.notes import NoteOperations
from refund_sandbox.apis.fluentcart.operations.order_actions import OrderActionOperations
from refund_sandbox.apis.fluentcart.operations.orders import OrderOperations
from refund_sandbox.apis.fluentcart.operations.refunds import RefundOperations
from refund_sandbox.apis.fluentcart.operations.subscriptions import SubscriptionOperations
from refund_sandbox.apis.fluentcart.operations.transactions import TransactionOperations
from refund_sandbox.apis.fluentcart.records import ORDERS, RECORD_TYPES, SITES, TRANSACTIONS, USERS, WEBHOOKS
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.state_loading import Loader
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress import response, route_index
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission
from refund_sandbox.apis.fluentcart.wordpress.request import (
    NAMESPACE,
    WordPressRequest,
    check_callback,
    check_nonce,
    read_params,
    read_request,
)
from refund_sandbox.core import record_schema
from refund_sandbox.core.api import FakeDataModule, OrderQuery, StateSection, WorkspaceServices
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.spec.loader import METHODS
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.spec.router import Match, Spec
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_BASE = f"/wp-json{NAMESPACE}"
_METHODS = [method.upper() for method in METHODS]
_QUICKSTART_ORDERS = PageQuery(0, 50)
"""The orders that the quickstart searches; a store can hold millions."""
_MAX_ID_DIGITS = 19

MethodPermissions = tuple[tuple[str, str], ...]
"""HTTP methods, each with the permission that it needs."""


class FluentCart(
    RefundOperations,
    OrderOperations,
    OrderActionOperations,
    TransactionOperations,
    SubscriptionOperations,
    CustomerOperations,
    ActivityOperations,
    NoteOperations,
    AppOperations,
):
    """FluentCart in WordPress, as far as `specs/fluentcart.yaml` describes it."""

    name = "fluentcart"
    section: ClassVar[StateSection] = state
    fake_data: ClassVar[FakeDataModule] = fake
    record_types = RECORD_TYPES

    def __init__(self, spec: Spec, services: WorkspaceServices) -> None:
        super().__init__(spec, services)
        self._methods_by_operation: dict[str, MethodPermissions] = {}

    def route(self, context: Context) -> None:
        """Read route, method and user like WordPress, and set the Allow header of the path."""
        with self._services.store.read_only() as transaction:
            site, users = transaction.get(SITES, 1), transaction.all(USERS)
        context.caller = request = read_request(context, site.url if site else None, users)
        matches = self._find_matches(request)
        match = matches.get("GET" if request.method == "HEAD" else request.method)
        if match:
            context.operation, context.params = match
        if match or request.method == "OPTIONS":
            permissions = [self._methods_of(match.operation) for match in matches.values()]
            request.allow = _allow_header(tuple(request.permissions), *permissions)

    def _methods_of(self, operation: Operation) -> MethodPermissions:
        """Return the operation's method and the methods that only the live path has, with their permissions."""
        methods = self._methods_by_operation.get(operation.operation_id)
        if methods is None:
            live_only = operation.extensions.get("x-live-methods", {})
            methods = ((operation.method, _permission(operation)), *live_only.items())
            self._methods_by_operation[operation.operation_id] = methods
        return methods

    def _find_matches(self, request: WordPressRequest) -> Mapping[str, Match]:
        """Return the operations of the path by method, in the emulated version."""
        if not request.route.lower().startswith(NAMESPACE):
            return {}
        matches = self.spec.find(request.route[len(NAMESPACE) :] or "/")
        if self._has_all_operations:
            return matches
        return {method: match for method, match in matches.items() if self._is_available(match.operation)}

    def authorize_and_parse(self, context: Context) -> Reply | None:
        """Check nonce, OPTIONS, route, JSON, bound records and permission, in WordPress's order (facts §2, groups 10 and 13)."""
        request: WordPressRequest = context.caller
        check_nonce(request)
        check_callback(request)
        if request.method == "OPTIONS":
            return self._reply_to_options(request)
        if not request.route and request.method in ("GET", "HEAD"):
            return Reply(route_index.site_index(self._available_operations(), request.site_url, self._site().name))
        if context.operation is None:
            raise errors.no_route(under_plugin=request.is_under_plugin)
        document = read_params(context, request, self._services.max_depth)
        self._check_bound_records(context)
        if context.operation.secured and not has_permission(request.permissions, _permission(context.operation)):
            raise errors.forbidden(logged_in=request.user is not None)
        context.document = document
        return None

    def _check_bound_records(self, context: Context) -> None:
        """Raise a refusal for unknown ids on the paths where the plugin loads records before authorization."""
        assert context.operation is not None
        names = context.operation.extensions.get("x-binds", [])
        if names:
            with self._services.store.read_only() as transaction:
                for name in names:
                    find_bound(transaction, name, context.params[name])

    def _reply_to_options(self, request: WordPressRequest) -> Reply:
        matches = self._find_matches(request)
        if not matches:
            return Reply([])
        url = f"{request.site_url}/wp-json{request.route}"
        parameters = next(iter(matches.values())).operation.parameters
        methods = _merge_methods([self._methods_of(match.operation) for match in matches.values()])
        return Reply(response.describe_route(url, list(methods), parameters))

    def render_error(self, error: ApiError) -> Reply:
        refusal = errors.from_api_error(error)
        return Reply(refusal.body, refusal.status)

    def render(self, context: Context, reply: Reply) -> Reply:
        """Add WordPress's headers, and apply `_fields`, `_envelope`, `_jsonp` and `_pretty`."""
        return response.render(context, context.caller, reply)

    def order_id_of(self, context: Context) -> str | None:
        """Return the order id in the path."""
        return context.params.get("order_id") or context.params.get("order")

    def order_scenario(self, transaction: ReadTransaction, context: Context) -> str | None:
        """Return the scenario of the order in the path."""
        order_id = php.as_id(self.order_id_of(context) or "")
        order = transaction.get(ORDERS, order_id) if order_id is not None else None
        return order.scenario if order else None

    def fault_fields(self, context: Context) -> dict[str, Any]:
        """Return the ids in the path and the fields of `refund_info`."""
        ids = {name if name.endswith("_id") else f"{name}_id": php.as_id(value) for name, value in context.params.items()}
        try:
            document = (
                context.document
                if context.document is not None
                else read_params(context, context.caller, self._services.max_depth)
            )
        except errors.Refusal:
            return ids
        info = document.get("refund_info")
        return {**ids, **(info if isinstance(info, dict) else {})}

    def quickstart(self, url: str) -> str:
        """Return base URL, credentials of a user who may refund, and a curl command that refunds 1.00."""
        with self._services.store.read_only() as transaction:
            users = transaction.all(USERS)
            user = next((user for user in users if has_permission(user.permissions, "orders/can_refund")), None)
            orders, _ = transaction.page(ORDERS, _QUICKSTART_ORDERS)
            charges = (charge for order in orders for charge in transaction.where(TRANSACTIONS, "order_id", order.id))
            charge = next((charge for charge in charges if refunds.refundable(charge) >= 100), None)
        login = f"{user.login}:{user.application_password}" if user else ""
        base = f"{url}{_BASE}"
        lines = [f"FluentCart     {base}", f"               {login}"]
        if charge:
            amount = 1 if self._services.settings.fluentcart.version == "1.3.25" else 100
            body = f'{{"refund_info":{{"transaction_id":{charge.id},"amount":{amount}}}}}'
            command = f"curl -u '{login}' -H 'Content-Type: application/json' -d '{body}'"
            lines.append(f"{command} {base}/orders/{charge.order_id}/refund")
        return "\n".join(lines)

    def find_order(self, order_id: str) -> dict[str, Any] | None:
        """Return one order with its transactions, items and subscriptions."""
        if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= _MAX_ID_DIGITS):
            return None
        with self._services.store.read_only() as transaction:
            order = transaction.get(ORDERS, int(order_id))
            return state.order_document(transaction, order) if order else None

    def emit_events(self, transaction: StoreTransaction, context: Context) -> None:
        """Enqueue the webhooks that the request's changes trigger."""
        if not transaction.all(WEBHOOKS):
            return
        for trigger, order_id in webhooks.find_triggers(transaction.changes()):
            order = transaction.get(ORDERS, order_id)
            if order and webhooks.targets(transaction, trigger):
                version = self._services.settings.fluentcart.version
                reader = Reader(transaction, context.caller.site_url, version, crashes=False)
                event = webhooks.build_event(reader, self._services.ids.uuid(), trigger, order)
                self.enqueue_event(transaction, event, self._services.clock.now())

    def webhook_targets(self, transaction: StoreTransaction, event: Event) -> list[Target]:
        return webhooks.targets(transaction, event.topic)

    def get_webhook_targets(self, transaction: ReadTransaction) -> list[dict[str, Any]]:
        return [record_schema.write(webhook) for webhook in transaction.all(WEBHOOKS)]

    def replace_webhook_targets(self, transaction: StoreTransaction, documents: Any) -> None:
        webhooks.replace_all(transaction, documents)

    def order_summaries(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        with self._services.store.read_only() as transaction:
            return listing.page(transaction, query)

    def credentials(self) -> list[dict[str, Any]]:
        """Return the users and their application passwords."""
        with self._services.store.read_only() as transaction:
            return listing.credentials(transaction)

    def add_order(self, transaction: StoreTransaction, document: Mapping[str, Any]) -> dict[str, Any]:
        """Add an order and return it; `factory` completes missing fields."""
        whole = factory.complete(document, transaction.next_id, self._now())
        order = Loader(transaction, self._services.ids, self._now()).add_order(whole)
        return state.order_document(transaction, order)

    def load(self, transaction: StoreTransaction, section: Mapping[str, Any]) -> None:
        Loader(transaction, self._services.ids, self._now()).load(section)


def _permission(operation: Operation) -> str:
    return str(operation.extensions.get("x-permission", ""))


def _merge_methods(groups: Iterable[MethodPermissions]) -> dict[str, str]:
    """Return every method of a path with its permission, in WordPress's order."""
    methods = {method: permission for group in groups for method, permission in group}
    return {method: methods[method] for method in _METHODS if method in methods}


@lru_cache(1024)
def _allow_header(permissions: tuple[str, ...], *groups: MethodPermissions) -> str:
    """Return the methods of a path that a user with these permissions may call."""
    methods = _merge_methods(groups).items()
    return ", ".join([method for method, permission in methods if has_permission(permissions, permission)])
