"""Composition of the FunnelFox API: stages of a request, scheduled tasks, and access for the control API."""

import re
import shlex
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from refund_sandbox.apis.funnelfox import errors, factory, fake, listing, parsing, pydantic_compat, rendering, state
from refund_sandbox.apis.funnelfox.operations.base import CHECK_SUBSCRIPTION
from refund_sandbox.apis.funnelfox.operations.checkout import CheckoutOperations
from refund_sandbox.apis.funnelfox.operations.migrations import MigrationOperations
from refund_sandbox.apis.funnelfox.operations.payments import PaymentOperations
from refund_sandbox.apis.funnelfox.operations.price_points import PricePointOperations
from refund_sandbox.apis.funnelfox.operations.refunds import FINISH_REFUND, RefundOperations
from refund_sandbox.apis.funnelfox.operations.renewals import RenewalOperations
from refund_sandbox.apis.funnelfox.operations.subscriptions import SubscriptionOperations
from refund_sandbox.apis.funnelfox.operations.users import UserOperations
from refund_sandbox.apis.funnelfox.records import ORDERS, ORGS, RECORD_TYPES, Order, Org, SecretKey
from refund_sandbox.apis.funnelfox.state_loading import Loader
from refund_sandbox.core.api import FakeDataModule, OrderQuery, StateSection
from refund_sandbox.core.context import Context, Reply, dump
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.redaction import is_same
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_ORG_TWICE = re.compile(r"/([^/]+)/billing/(?=\1/v1/)")
# Assumed: pages of any origin may call public operations, as the browser SDK does (facts §0).
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_JSON_HEADERS = {"Content-Type": "application/json"}
_NOT_ALLOWED_HEADERS = {**_JSON_HEADERS, "Allow": "POST"}
_PUBLIC_HEADERS = {**_JSON_HEADERS, **_ANY_ORIGIN}
_EXAMPLE_CANDIDATES = PageQuery(0, 50)
"""Orders from which the quick start chooses its example. A store may hold a million."""


class FunnelFox(
    RefundOperations,
    PaymentOperations,
    SubscriptionOperations,
    RenewalOperations,
    MigrationOperations,
    PricePointOperations,
    UserOperations,
    CheckoutOperations,
):
    """FunnelFox Billing, with the operations of `specs/funnelfox.yaml`."""

    name = "funnelfox"
    section: ClassVar[StateSection] = state
    fake_data: ClassVar[FakeDataModule] = fake
    record_types = RECORD_TYPES

    def run_task(self, transaction: StoreTransaction, action: str, subject: str, now: datetime) -> None:
        """Finish a refund by its trx_id, or check a subscription by its subs_id."""
        tasks = {FINISH_REFUND: self._finish_scheduled_refund, CHECK_SUBSCRIPTION: self._run_scheduled_check}
        tasks[action](transaction, subject, now)

    def route(self, context: Context) -> None:
        """Set the operation, the path parameters and, as caller, the matching secret key of the organisation."""
        org_id, operation_path = _split_path(context.path)
        context.operation, params, _ = self.find_operation(context.method, operation_path)
        context.params = {**params, "org_id": org_id}
        context.caller = self._find_key(org_id, context.headers.get("ff-secret-key", ""))

    def _find_key(self, org_id: str, header: str) -> SecretKey | None:
        with self._services.store.read_only() as transaction:
            org = transaction.get(ORGS, org_id)
        keys = org.keys if org else []
        return next((key for key in keys if key.enabled and is_same(header, key.key)), None)

    def authorize_and_parse(self, context: Context) -> Reply | None:
        """Check path, key and JSON. Assumed: in this order (§7, question 5), and without a check of the Content-Type."""
        if context.operation is None:
            if self._is_preflight(context):
                return Reply(None, 204, _preflight_headers(context))
            _, _, is_known = self.find_operation(context.method, _split_path(context.path)[1])
            raise errors.method_not_allowed(context.method) if is_known else errors.no_route(context.method, context.path)
        self._check_key(context)
        is_empty = not context.operation.body_required and not context.body.strip()
        context.document = {} if is_empty else self._read_json(context)
        return None

    def _is_preflight(self, context: Context) -> bool:
        """Whether the request is a CORS preflight of a public operation."""
        operation, _, _ = self.find_operation("POST", _split_path(context.path)[1])
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
        """Raise a refusal for an unknown organisation of a public operation. Assumed: it is not found."""
        with self._services.store.read_only() as transaction:
            if transaction.get(ORGS, org_id) is None:
                raise errors.organization_not_found()

    def render_error(self, error: ApiError) -> Reply:
        """Return the error envelope. Assumed: it has no `data` (facts §2.2)."""
        refusal = errors.from_api_error(error)
        status = refusal.status or self._services.settings.funnelfox.error_status
        return rendering.error_reply(refusal, status, self._services.ids.base62(8))

    def render(self, context: Context, reply: Reply) -> Reply:
        """Return the reply as JSON, with the success envelope if the setting is on."""
        if reply.status == 204:
            return Reply(None, 204, reply.headers, b"", reply.connection)
        body = reply.body
        if self._services.settings.funnelfox.envelope and not _is_error(body):
            body = rendering.envelope(body, self._services.ids.base62(8))
        is_public = context.operation is not None and not context.operation.secured
        headers = _PUBLIC_HEADERS if is_public else _NOT_ALLOWED_HEADERS if reply.status == 405 else _JSON_HEADERS
        headers = {**headers, **reply.headers} if reply.headers else headers
        return Reply(body, reply.status, headers, dump(body), reply.connection)

    def _read_json(self, context: Context) -> Any:
        return parsing.read_json(context.body, self._services.max_depth)

    def order_id_of(self, context: Context) -> str | None:
        """Return the `order_id` of the document, for the request log."""
        document = context.document if isinstance(context.document, dict) else self.fault_fields(context)
        order_id = pydantic_compat.coerce_uuid(document.get("order_id"))
        return order_id.lower() if isinstance(order_id, str) else None

    def fault_fields(self, context: Context) -> Mapping[str, Any]:
        """Return every field of the document."""
        try:
            document = pydantic_compat.coerce(context.document if context.document is not None else self._read_json(context))
        except errors.Refusal:
            return {}
        return document if isinstance(document, Mapping) else {}

    def order_scenario(self, transaction: ReadTransaction, context: Context) -> str | None:
        """Return the scenario of the document's order."""
        order_id = self.fault_fields(context).get("order_id")
        order = transaction.get(ORDERS, order_id.lower()) if isinstance(order_id, str) else None
        return order.scenario if order else None

    def quickstart(self, url: str) -> str:
        """Return the base URL, a key of the first organisation, and a refund of its first refundable order."""
        with self._services.store.read_only() as transaction:
            org = next(iter(transaction.all(ORGS)), Org("{org_id}"))
            orders, _ = transaction.page(ORDERS, _EXAMPLE_CANDIDATES)
            order = next((order for order in orders if _is_example(order, org)), None)
        key = next((key.key for key in org.keys if key.enabled and key.group == "admin"), "")
        base = f"{url}/{quote(org.id, safe='{}')}/v1"
        lines = [f"FunnelFox      {base}", f"               ff-secret-key: {key}"]
        if order:
            body = dump({"external_id": order.external_id, "order_id": order.order_id, "amount": "1"}).decode()
            headers = ("-H", "Content-Type: application/json", "-H", f"ff-secret-key: {key}")
            lines.append(shlex.join(("curl", *headers, "-d", body, f"{base}/payment/refund")))
        return "\n".join(lines)

    def find_order(self, order_id: str) -> dict[str, Any] | None:
        """Return one order with its transactions, in the state document's form."""
        with self._services.store.read_only() as transaction:
            order = transaction.get(ORDERS, order_id.lower())
            return state.order_document(transaction, order) if order else None

    def order_summaries(self, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
        with self._services.store.read_only() as transaction:
            return listing.page(transaction, query)

    def credentials(self) -> list[dict[str, Any]]:
        """Return the secret keys of every organisation."""
        with self._services.store.read_only() as transaction:
            return listing.credentials(transaction)

    def add_order(self, transaction: StoreTransaction, document: Mapping[str, Any]) -> dict[str, Any]:
        """Add an order to the state. `factory.complete` fills in its missing fields."""
        complete = factory.complete(document, self._services.ids)
        order = Loader(transaction, self._services.ids, self._now()).add_order(complete)
        return state.order_document(transaction, order)

    def load(self, transaction: StoreTransaction, section: Mapping[str, Any]) -> None:
        """Fill the store and schedule pending settlements and checks."""
        Loader(transaction, self._services.ids, self._now()).load(section)
        self._schedule_pending_refunds(transaction)
        self._schedule_checks(transaction)


@lru_cache(64)
def _split_path(path: str) -> tuple[str, str]:
    """Return the organisation and the operation's path, which follows `/v1`.

    The browser SDK writes the organisation twice for one operation: `/{org}/billing/{org}/v1/checkout/one_click` (facts §1).
    """
    match = _ORG_TWICE.match(path)
    path = path[match.end() - 1 :] if match and path.endswith("/v1/checkout/one_click") else path
    org_id, _, operation_path = path.removeprefix("/").partition("/v1")
    return unquote(org_id), "" if "/" in org_id else operation_path


def _preflight_headers(context: Context) -> dict[str, str]:
    header_names = context.headers.get("access-control-request-headers", "content-type")
    allowed = {"Access-Control-Allow-Methods": "POST, OPTIONS", "Access-Control-Allow-Headers": header_names}
    return {**_ANY_ORIGIN, **allowed, "Access-Control-Max-Age": "86400"}


def _is_example(order: Order, org: Org) -> bool:
    return order.org_id == org.id and order.status == "settled" and order.refundable >= 10**order.decimals


def _is_error(body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("status") == "error"
