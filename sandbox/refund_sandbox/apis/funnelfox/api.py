"""Answers FunnelFox's operations."""

import re
import shlex
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from refund_sandbox.apis.funnelfox import errors, factory, fake, listing, parsing, pydantic_compat, state
from refund_sandbox.apis.funnelfox.operations.base import CHECK
from refund_sandbox.apis.funnelfox.operations.checkout import CheckoutHandlers
from refund_sandbox.apis.funnelfox.operations.migrations import MigrationHandlers
from refund_sandbox.apis.funnelfox.operations.price_points import CatalogueHandlers
from refund_sandbox.apis.funnelfox.operations.refunds import FINISH, PaymentHandlers
from refund_sandbox.apis.funnelfox.operations.subscriptions import SubscriptionHandlers
from refund_sandbox.apis.funnelfox.operations.users import Information
from refund_sandbox.apis.funnelfox.records import ORDERS, ORGS, RECORD_TYPES, Order, Org, SecretKey
from refund_sandbox.apis.funnelfox.state_loading import Loader
from refund_sandbox.core.api import FakeDataModule, OrderQuery, StateSection
from refund_sandbox.core.context import Context, Reply, dump
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.redaction import is_same
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_DOUBLED = re.compile(r"/([^/]+)/billing/(?=\1/v1/)")
# Assumed: pages of any origin may call what is public; the browser SDK does (facts §0).
_OPEN = {"Access-Control-Allow-Origin": "*"}
_USUAL = {"Content-Type": "application/json"}
_NOT_ALLOWED = {**_USUAL, "Allow": "POST"}
_PUBLIC = {**_USUAL, **_OPEN}
_LOOKED_AT = PageQuery(0, 50)
"""The orders among which an example is looked for; a store may hold a million."""


class FunnelFox(PaymentHandlers, SubscriptionHandlers, MigrationHandlers, CatalogueHandlers, Information, CheckoutHandlers):
    """FunnelFox Billing, as far as `specs/funnelfox.yaml` goes."""

    name = "funnelfox"
    section: ClassVar[StateSection] = state
    fake_data: ClassVar[FakeDataModule] = fake
    record_types = RECORD_TYPES

    def run_task(self, transaction: StoreTransaction, action: str, subject: str, now: datetime) -> None:
        """Settles a refund, by its trx_id, or looks at a subscription, by its subs_id."""
        work = {FINISH: self._finish_planned, CHECK: self._check_planned}
        work[action](transaction, subject, now)

    def route(self, context: Context) -> None:
        """The operation by path, and the secret key that the organisation has under the one that was sent."""
        org_id, below = _split(context.path)
        context.operation, params, _ = self.find_operation(context.method, below)
        context.params = {**params, "org_id": org_id}
        context.caller = self._secret_key(org_id, context.headers.get("ff-secret-key", ""))

    def _secret_key(self, org_id: str, sent: str) -> SecretKey | None:
        with self._services.store.read_only() as transaction:
            org = transaction.get(ORGS, org_id)
        keys = org.keys if org else []
        return next((key for key in keys if key.enabled and is_same(sent, key.key)), None)

    def authorize_and_parse(self, context: Context) -> Reply | None:
        """Path, then credentials, then JSON. Assumed: this order (§7, question 5); no Content-Type is asked for."""
        if context.operation is None:
            if self._is_preflight(context):
                return Reply(None, 204, _preflight_headers(context))
            _, _, known = self.find_operation(context.method, _split(context.path)[1])
            raise errors.method_not_allowed(context.method) if known else errors.no_route(context.method, context.path)
        self._check_key(context)
        is_left_out = not context.operation.body_required and not context.body.strip()
        context.document = {} if is_left_out else self._read_json(context)
        return None

    def _is_preflight(self, context: Context) -> bool:
        """Whether a browser asks if a page of another origin may call a public operation."""
        operation, _, _ = self.find_operation("POST", _split(context.path)[1])
        return context.method == "OPTIONS" and operation is not None and not operation.secured

    def _check_key(self, context: Context) -> None:
        assert context.operation is not None
        if not context.operation.secured:
            self._check_org(context.params["org_id"])
            return
        if context.caller is None:
            raise errors.unauthorized()
        allowed = context.operation.extensions.get("x-groups", ["admin"])
        if context.caller.group not in allowed:
            raise errors.forbidden(context.caller.group, allowed)

    def _check_org(self, org_id: str) -> None:
        """What is public belongs to an organisation too. Assumed: an unknown one is not found."""
        with self._services.store.read_only() as transaction:
            if transaction.get(ORGS, org_id) is None:
                raise errors.organization_not_found()

    def render_error(self, error: ApiError) -> Reply:
        """The error envelope. Assumed: it has no `data` (facts §2.2)."""
        refusal = errors.of_engine(error)
        status = refusal.status or self._services.settings.funnelfox.error_status
        return parsing.error_reply(refusal, status, self._services.ids.base62(8))

    def render(self, context: Context, reply: Reply) -> Reply:
        """JSON, in the success envelope when that is switched on."""
        if reply.status == 204:
            return Reply(None, 204, reply.headers, b"", reply.connection)
        body = reply.body
        if self._services.settings.funnelfox.envelope and not _is_error(body):
            body = parsing.envelope(body, self._services.ids.base62(8))
        public = context.operation is not None and not context.operation.secured
        headers = _PUBLIC if public else _NOT_ALLOWED if reply.status == 405 else _USUAL
        headers = {**headers, **reply.headers} if reply.headers else headers
        return Reply(body, reply.status, headers, dump(body), reply.connection)

    def _read_json(self, context: Context) -> Any:
        return parsing.read_json(context.body, self._services.max_depth)

    def order_id_of(self, context: Context) -> str | None:
        """The order that the document names."""
        document = context.document if isinstance(context.document, dict) else self.fault_fields(context)
        order_id = pydantic_compat.forgive_uuid(document.get("order_id"))
        return order_id.lower() if isinstance(order_id, str) else None

    def fault_fields(self, context: Context) -> Mapping[str, Any]:
        """Every field of the document."""
        try:
            document = pydantic_compat.forgive(context.document if context.document is not None else self._read_json(context))
        except errors.Refusal:
            return {}
        return document if isinstance(document, Mapping) else {}

    def order_scenario(self, transaction: StoreTransaction, context: Context) -> str | None:
        """That of the order that the document names."""
        order_id = self.fault_fields(context).get("order_id")
        order = transaction.get(ORDERS, order_id.lower()) if isinstance(order_id, str) else None
        return order.scenario if order else None

    def quickstart(self, url: str) -> str:
        """Base URL, a key of the first organisation, and a refund of its first order that has money left."""
        with self._services.store.read_only() as transaction:
            org = next(iter(transaction.all(ORGS)), Org("{org_id}"))
            orders, _ = transaction.page(ORDERS, _LOOKED_AT)
            order = next((order for order in orders if _is_inviting(order, org)), None)
        key = next((key.key for key in org.keys if key.enabled and key.group == "admin"), "")
        base = f"{url}/{quote(org.id, safe='{}')}/v1"
        lines = [f"FunnelFox      {base}", f"               ff-secret-key: {key}"]
        if order:
            body = dump({"external_id": order.external_id, "order_id": order.order_id, "amount": "1"}).decode()
            headers = ("-H", "Content-Type: application/json", "-H", f"ff-secret-key: {key}")
            lines.append(shlex.join(("curl", *headers, "-d", body, f"{base}/payment/refund")))
        return "\n".join(lines)

    def find_order(self, order_id: str) -> dict[str, Any] | None:
        """One order with its transactions, as in the state document."""
        with self._services.store.read_only() as transaction:
            order = transaction.get(ORDERS, order_id.lower())
            return state.order_document(transaction, order) if order else None

    def order_summaries(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        """A page of orders with what was paid, refunded and is left."""
        with self._services.store.read_only() as transaction:
            return listing.page(transaction, query)

    def credentials(self) -> list[dict[str, Any]]:
        """Organisations and their secret keys."""
        with self._services.store.read_only() as transaction:
            return listing.credentials(transaction)

    def add_order(self, transaction: StoreTransaction, document: Mapping[str, Any]) -> dict[str, Any]:
        """Adds an order to the world; see `factory` for what may be left out."""
        whole = factory.complete(document, self._services.ids)
        order = Loader(transaction, self._services.ids, self._now()).add_order(whole)
        return state.order_document(transaction, order)

    def load(self, transaction: StoreTransaction, section: Mapping[str, Any]) -> None:
        """Fills the store, and plans what is pending or lies ahead."""
        Loader(transaction, self._services.ids, self._now()).load(section)
        self._plan_refunds(transaction)
        self._plan_checks(transaction)


@lru_cache(64)
def _split(path: str) -> tuple[str, str]:
    """The organisation that a path names, and the path below its base URL.

    The browser SDK writes the organisation twice before one operation: `/{org}/billing/{org}/v1/checkout/one_click`
    (facts §1).
    """
    doubled = _DOUBLED.match(path)
    path = path[doubled.end() - 1 :] if doubled and path.endswith("/v1/checkout/one_click") else path
    org_id, _, below = path.removeprefix("/").partition("/v1")
    return unquote(org_id), "" if "/" in org_id else below


def _preflight_headers(context: Context) -> dict[str, str]:
    asked = context.headers.get("access-control-request-headers", "content-type")
    methods = {"Access-Control-Allow-Methods": "POST, OPTIONS", "Access-Control-Allow-Headers": asked}
    return {**_OPEN, **methods, "Access-Control-Max-Age": "86400"}


def _is_inviting(order: Order, org: Org) -> bool:
    return order.org_id == org.id and order.status == "settled" and order.refundable >= 10**order.decimals


def _is_error(body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("status") == "error"
