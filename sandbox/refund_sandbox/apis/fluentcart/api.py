"""Answers FluentCart's operations."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from refund_sandbox.apis.fluentcart import errors, factory, fake, listing, parsing, php, route_index, state, webhooks, wordpress
from refund_sandbox.apis.fluentcart.operations.base import bind
from refund_sandbox.apis.fluentcart.operations.orders import OrderHandlers
from refund_sandbox.apis.fluentcart.operations.reads import ReadHandlers
from refund_sandbox.apis.fluentcart.operations.shop import ShopHandlers
from refund_sandbox.apis.fluentcart.operations.subscriptions import SubscriptionHandlers
from refund_sandbox.apis.fluentcart.records import KINDS, ORDERS, SITES, TRANSACTIONS, USERS, WEBHOOKS, Order, Transaction
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash
from refund_sandbox.apis.fluentcart.state_loading import Loader
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress import NAMESPACE, Visit
from refund_sandbox.core import record_schema
from refund_sandbox.core.api import Invention, OrderQuery, Section, Services
from refund_sandbox.core.context import Call, Reply
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.faults.faults import Wait
from refund_sandbox.core.spec.loader import METHODS, Match, Operation, Spec
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import Part
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_BASE = f"/wp-json{NAMESPACE}"
_METHODS = [method.upper() for method in METHODS]
_LOOKED_AT = Part(0, 50)
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
    section: ClassVar[Section] = state
    invention: ClassVar[Invention] = fake
    kinds = KINDS

    def __init__(self, spec: Spec, services: Services) -> None:
        super().__init__(spec, services)
        self._needed_by: dict[str, Methods] = {}

    def refund_order(self, call: Call) -> Reply:
        """POST /orders/{order_id}/refund: the plugin's checks in its order, then its books."""
        order_id = call.params["order_id"]
        with self.transaction(call) as transaction:
            order = self._find_order(transaction, order_id)
            refunds.check_refundable(call.seen.order if call.seen else order)
            self._check_spec(call)
            try:
                body = self._refund(transaction, call, order)
            except PluginCrash as crash:  # not undone: the plugin keeps what it had booked
                refusal = errors.plugin_exception(str(crash), self._services.settings.fluentcart.version)
                return Reply(refusal.body, refusal.status)
        return Reply(body)

    def _refund(self, transaction: StoreTransaction, call: Call, order: Order) -> dict[str, Any]:
        info = parsing.read_refund_info(call.document)
        parsing.check_required(info)
        before, charge = call.seen or (order, self._find_charge(transaction, order, info["transaction_id"]))
        wanted = parsing.read_wanted(info, self._services.settings.fluentcart.version)
        refunds.check_amount(before, charge, wanted.amount)
        books = self._books(transaction, call, {"transaction_id": charge.id})
        try:
            return books.refund(order, charge, wanted)
        except Wait as wait:
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

    def identify(self, call: Call) -> None:
        """Route, method and user as WordPress finds them, and the methods that the user may use on that path."""
        with self._services.store.reading() as transaction:
            site, users = transaction.get(SITES, 1), transaction.all(USERS)
        call.caller = visit = wordpress.read_visit(call, site.url if site else None, users)
        found = self._find(visit)
        match = found.get("GET" if visit.method == "HEAD" else visit.method)
        if match:
            call.operation, call.params = match
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

    def admit(self, call: Call) -> Reply | None:
        """Nonce, OPTIONS, route, JSON, the path's records, permission: in WordPress's order (facts §2, groups 10 and 13)."""
        visit: Visit = call.caller
        wordpress.check_nonce(call, visit)
        wordpress.check_callback(visit)
        if visit.method == "OPTIONS":
            return self._describe(call)
        if not visit.route and visit.method in ("GET", "HEAD"):
            return Reply(route_index.of_site(self._operations(), visit.url, self._site().name))
        if call.operation is None:
            raise errors.no_route(under_plugin=visit.under_plugin)
        document = wordpress.read_params(call, visit, self._services.max_depth)
        self._bind(call)
        if call.operation.secured and not wordpress.has_permission(visit.permissions, _permission(call.operation)):
            raise errors.forbidden(logged_in=visit.user is not None)
        call.document = document
        return None

    def _bind(self, call: Call) -> None:
        """Raises a refusal for ids without records, on the paths where the plugin looks for them before it asks who calls."""
        assert call.operation is not None
        bound = call.operation.extensions.get("x-binds", [])
        if bound:
            with self._services.store.reading() as transaction:
                for name in bound:
                    bind(transaction, name, call.params[name])

    def _describe(self, call: Call) -> Reply:
        visit: Visit = call.caller
        found = self._find(visit)
        if not found:
            return Reply([])
        url = f"{visit.url}/wp-json{visit.route}"
        parameters = next(iter(found.values())).operation.parameters
        methods = _in_order([self._needed(match.operation) for match in found.values()])
        return Reply(wordpress.describe(url, list(methods), parameters))

    def refuse(self, error: ApiError) -> Reply:
        """The body that the refusal carries."""
        refusal = errors.of_engine(error)
        return Reply(refusal.body, refusal.status)

    def dress(self, call: Call, reply: Reply) -> Reply:
        """WordPress's headers and its `_fields`, `_envelope`, `_jsonp` and `_pretty`."""
        return wordpress.dress(call, call.caller, reply)

    def order_of(self, call: Call) -> str | None:
        """The order of the path."""
        return call.params.get("order_id") or call.params.get("order")

    def introduce(self, url: str) -> str:
        """Base URL, a user who may refund, and a refund of 1.00 of the first charge that has as much left."""
        with self._services.store.reading() as transaction:
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
        with self._services.store.reading() as transaction:
            order = (
                transaction.get(ORDERS, int(order_id))
                if order_id.isascii() and order_id.isdigit() and len(order_id) < 20
                else None
            )
            return state.order_document(transaction, order) if order else None

    def announce(self, transaction: StoreTransaction, call: Call) -> None:
        """Sets off the shop's webhooks, where it has any."""
        if not transaction.all(WEBHOOKS):
            return
        for trigger, order_id in webhooks.triggers(transaction.changes()):
            order = transaction.get(ORDERS, order_id)
            if order and webhooks.targets(transaction, trigger):
                reader = Reader(transaction, call.caller.url, self._services.settings.fluentcart.version, crashes=False)
                event = webhooks.event(reader, self._services.ids.uuid(), trigger, order)
                self.publish(transaction, event, self._services.clock.now())

    def targets(self, transaction: StoreTransaction, event: Event) -> list[Target]:
        """The feeds that listen to the event's trigger."""
        return webhooks.targets(transaction, event.topic)

    def get_targets(self, transaction: StoreTransaction) -> list[dict[str, Any]]:
        """The feeds."""
        return [record_schema.write(feed) for feed in transaction.all(WEBHOOKS)]

    def put_targets(self, transaction: StoreTransaction, documents: Any) -> None:
        """Other feeds instead."""
        webhooks.replace_all(transaction, documents)

    def summarize_orders(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        """A page of orders with what was paid, refunded and is left."""
        with self._services.store.reading() as transaction:
            return listing.page(transaction, query)

    def credentials(self) -> list[dict[str, Any]]:
        """Users and their application passwords."""
        with self._services.store.reading() as transaction:
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
