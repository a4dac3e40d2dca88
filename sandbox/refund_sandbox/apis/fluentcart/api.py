"""Answers FluentCart's operations."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from refund_sandbox.apis.fluentcart import errors, factory, fake, listing, parsing, php, state, webhooks
from refund_sandbox.apis.fluentcart.operations.app import ShopHandlers
from refund_sandbox.apis.fluentcart.operations.base import bind
from refund_sandbox.apis.fluentcart.operations.order_actions import OrderHandlers
from refund_sandbox.apis.fluentcart.operations.orders import ReadHandlers
from refund_sandbox.apis.fluentcart.operations.subscriptions import SubscriptionHandlers
from refund_sandbox.apis.fluentcart.records import ORDERS, RECORD_TYPES, SITES, TRANSACTIONS, USERS, WEBHOOKS, Order, Transaction
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash
from refund_sandbox.apis.fluentcart.state_loading import Loader
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress import request as wordpress
from refund_sandbox.apis.fluentcart.wordpress import route_index
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE, Visit
from refund_sandbox.core import record_schema
from refund_sandbox.core.api import FakeDataModule, OrderQuery, Services, StateSection
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.faults.fault import RetryAfterFault
from refund_sandbox.core.spec.loader import METHODS
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.spec.router import Match, Spec
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_BASE = f"/wp-json{NAMESPACE}"
_METHODS = [method.upper() for method in METHODS]
_LOOKED_AT = PageQuery(0, 50)
"""The orders among which an example is looked for; a store may hold a million."""

Methods = tuple[tuple[str, str], ...]
"""Methods, each with the permission that it needs."""


class _Seen(NamedTuple):
    """What a refund has read before it is booked. The plugin takes no lock: it can be out of date by then."""

    order: Order
    charge: Transaction


class FluentCart(ReadHandlers, OrderHandlers, SubscriptionHandlers, ShopHandlers):
    """FluentCart in WordPress, as far as `specs/fluentcart.yaml` goes."""

    name = "fluentcart"
    section: ClassVar[StateSection] = state
    fake_data: ClassVar[FakeDataModule] = fake
    record_types = RECORD_TYPES

    def __init__(self, spec: Spec, services: Services) -> None:
        super().__init__(spec, services)
        self._needed_by: dict[str, Methods] = {}

    def refund_order(self, context: Context) -> Reply:
        """POST /orders/{order_id}/refund: the plugin's checks in its order, then its books."""
        order_id = context.params["order_id"]
        with self.transaction(context) as transaction:
            order = self._find_order(transaction, order_id)
            refunds.check_refundable(context.seen.order if context.seen else order)
            self._check_spec(context)
            try:
                body = self._refund(transaction, context, order)
            except PluginCrash as crash:  # not undone: the plugin keeps what it had booked
                refusal = errors.plugin_exception(str(crash), self._services.settings.fluentcart.version)
                return Reply(refusal.body, refusal.status)
        return Reply(body)

    def _refund(self, transaction: StoreTransaction, context: Context, order: Order) -> dict[str, Any]:
        info = parsing.read_refund_info(context.document)
        parsing.check_required(info)
        before, charge = context.seen or (order, self._find_charge(transaction, order, info["transaction_id"]))
        wanted = parsing.read_wanted(info, self._services.settings.fluentcart.version)
        refunds.check_amount(before, charge, wanted.amount)
        books = self._books(transaction, context, {"transaction_id": charge.id})
        try:
            return books.refund(order, charge, wanted)
        except RetryAfterFault as wait:
            wait.seen = _Seen(before, charge)
            raise

    def _find_order(self, transaction: StoreTransaction, order_id: str) -> Order:
        key = php.as_id(order_id)
        order = transaction.get(ORDERS, key, for_update=True) if key is not None else None
        if order is None:
            raise errors.model_not_found("Order", order_id)
        return order

    def _find_charge(self, transaction: StoreTransaction, order: Order, wanted: Any) -> Transaction:
        """The charge by the id that was sent, compared as MySQL does (group 03)."""
        if isinstance(wanted, php.ARRAY):
            missing = [one for one in php.values_of(wanted) if self._charge(transaction, order, one) is None]
            if not missing:
                raise PluginCrash("Property [order] does not exist on this collection instance.")
            raise errors.model_not_found("OrderTransaction", ", ".join(php.to_text(one) for one in missing))
        charge = self._charge(transaction, order, wanted)
        if charge is None:
            raise errors.model_not_found("OrderTransaction", php.to_text(wanted))
        return charge

    def _charge(self, transaction: StoreTransaction, order: Order, wanted: Any) -> Transaction | None:
        key = php.as_id(wanted)
        charge = transaction.get(TRANSACTIONS, key) if key is not None else None
        return charge if charge and charge.order_id == order.id else None

    def route(self, context: Context) -> None:
        """Route, method and user as WordPress finds them, and the methods that the user may use on that path."""
        with self._services.store.read_only() as transaction:
            site, users = transaction.get(SITES, 1), transaction.all(USERS)
        context.caller = visit = wordpress.read_visit(context, site.url if site else None, users)
        found = self._find(visit)
        match = found.get("GET" if visit.method == "HEAD" else visit.method)
        if match:
            context.operation, context.params = match
        if match or visit.method == "OPTIONS":
            visit.allow = _allow(tuple(visit.permissions), *[self._needed(match.operation) for match in found.values()])

    def _needed(self, operation: Operation) -> Methods:
        """The methods that an operation stands for, which may be more than the one that is played, with their permissions."""
        needed = self._needed_by.get(operation.operation_id)
        if needed is None:
            others = operation.extensions.get("x-live-methods", {})
            needed = self._needed_by[operation.operation_id] = ((operation.method, _permission(operation)), *others.items())
        return needed

    def _find(self, visit: Visit) -> Mapping[str, Match]:
        """What the path has by method, in the version that is played."""
        if not visit.route.lower().startswith(NAMESPACE):
            return {}
        found = self.spec.find(visit.route[len(NAMESPACE) :] or "/")
        return found if self._serves_all else {method: match for method, match in found.items() if self._serves(match.operation)}

    def authorize_and_parse(self, context: Context) -> Reply | None:
        """Nonce, OPTIONS, route, JSON, the path's records, permission: in WordPress's order (facts §2, groups 10 and 13)."""
        visit: Visit = context.caller
        wordpress.check_nonce(context, visit)
        wordpress.check_callback(visit)
        if visit.method == "OPTIONS":
            return self._describe(context)
        if not visit.route and visit.method in ("GET", "HEAD"):
            return Reply(route_index.of_site(self._operations(), visit.url, self._site().name))
        if context.operation is None:
            raise errors.no_route(under_plugin=visit.under_plugin)
        document = wordpress.read_params(context, visit, self._services.max_depth)
        self._bind(context)
        if context.operation.secured and not wordpress.has_permission(visit.permissions, _permission(context.operation)):
            raise errors.forbidden(logged_in=visit.user is not None)
        context.document = document
        return None

    def _bind(self, context: Context) -> None:
        """Raises a refusal for ids without records, on the paths where the plugin looks for them before it asks who calls."""
        assert context.operation is not None
        bound = context.operation.extensions.get("x-binds", [])
        if bound:
            with self._services.store.read_only() as transaction:
                for name in bound:
                    bind(transaction, name, context.params[name])

    def _describe(self, context: Context) -> Reply:
        visit: Visit = context.caller
        found = self._find(visit)
        if not found:
            return Reply([])
        url = f"{visit.url}/wp-json{visit.route}"
        parameters = next(iter(found.values())).operation.parameters
        methods = _in_order([self._needed(match.operation) for match in found.values()])
        return Reply(wordpress.describe(url, list(methods), parameters))

    def render_error(self, error: ApiError) -> Reply:
        """The body that the refusal carries."""
        refusal = errors.of_engine(error)
        return Reply(refusal.body, refusal.status)

    def render(self, context: Context, reply: Reply) -> Reply:
        """WordPress's headers and its `_fields`, `_envelope`, `_jsonp` and `_pretty`."""
        return wordpress.render(context, context.caller, reply)

    def order_id_of(self, context: Context) -> str | None:
        """The order of the path."""
        return context.params.get("order_id") or context.params.get("order")

    def quickstart(self, url: str) -> str:
        """Base URL, a user who may refund, and a refund of 1.00 of the first charge that has as much left."""
        with self._services.store.read_only() as transaction:
            user = next(
                (user for user in transaction.all(USERS) if wordpress.has_permission(user.permissions, "orders/can_refund")), None
            )
            orders, _ = transaction.page(ORDERS, _LOOKED_AT)
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
        """One order with its transactions, items and subscriptions."""
        with self._services.store.read_only() as transaction:
            order = (
                transaction.get(ORDERS, int(order_id))
                if order_id.isascii() and order_id.isdigit() and len(order_id) < 20
                else None
            )
            return state.order_document(transaction, order) if order else None

    def emit_events(self, transaction: StoreTransaction, context: Context) -> None:
        """Sets off the shop's webhooks, where it has any."""
        if not transaction.all(WEBHOOKS):
            return
        for trigger, order_id in webhooks.triggers(transaction.changes()):
            order = transaction.get(ORDERS, order_id)
            if order and webhooks.targets(transaction, trigger):
                reader = Reader(transaction, context.caller.url, self._services.settings.fluentcart.version, crashes=False)
                event = webhooks.event(reader, self._services.ids.uuid(), trigger, order)
                self.enqueue_event(transaction, event, self._services.clock.now())

    def webhook_targets(self, transaction: StoreTransaction, event: Event) -> list[Target]:
        """The feeds that listen to the event's trigger."""
        return webhooks.targets(transaction, event.topic)

    def get_webhook_targets(self, transaction: StoreTransaction) -> list[dict[str, Any]]:
        """The feeds."""
        return [record_schema.write(feed) for feed in transaction.all(WEBHOOKS)]

    def replace_webhook_targets(self, transaction: StoreTransaction, documents: Any) -> None:
        """Other feeds instead."""
        webhooks.replace_all(transaction, documents)

    def order_summaries(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        """A page of orders with what was paid, refunded and is left."""
        with self._services.store.read_only() as transaction:
            return listing.page(transaction, query)

    def credentials(self) -> list[dict[str, Any]]:
        """Users and their application passwords."""
        with self._services.store.read_only() as transaction:
            return listing.credentials(transaction)

    def add_order(self, transaction: StoreTransaction, document: Mapping[str, Any]) -> dict[str, Any]:
        """Adds an order to the world; see `factory` for what may be left out."""
        whole = factory.complete(document, transaction.next_id, self._now())
        order = Loader(transaction, self._services.ids, self._now()).add_order(whole)
        return state.order_document(transaction, order)

    def load(self, transaction: StoreTransaction, section: Mapping[str, Any]) -> None:
        """Fills the store."""
        Loader(transaction, self._services.ids, self._now()).load(section)


def _permission(operation: Operation) -> str:
    return str(operation.extensions.get("x-permission", ""))


def _in_order(needed: Iterable[Methods]) -> dict[str, str]:
    """Every method of a path, in WordPress's order, with its permission; also those that only the live path has."""
    methods = {method: permission for some in needed for method, permission in some}
    return {method: methods[method] for method in _METHODS if method in methods}


@lru_cache(1024)
def _allow(held: tuple[str, ...], *needed: Methods) -> str:
    """The methods of a path that somebody with these permissions may use."""
    methods = _in_order(needed).items()
    return ", ".join([method for method, permission in methods if wordpress.has_permission(held, permission)])
