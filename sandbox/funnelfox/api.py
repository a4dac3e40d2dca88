"""Answers FunnelFox's operations."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from sandbox.engine.api import Api, Invention, Section
from sandbox.engine.clock import later, read_duration
from sandbox.engine.errors import ApiError
from sandbox.engine.messages import Call, Reply, dump
from sandbox.engine.schedule import plan
from sandbox.funnelfox import factory, fake, refunds, refusals, state, wire
from sandbox.funnelfox.loading import Loader
from sandbox.funnelfox.records import (
    KINDS,
    ONEOFFS,
    ORDERS,
    ORGS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Order,
    Org,
    SecretKey,
    Transaction,
)
from sandbox.funnelfox.refunds import Entitlement
from sandbox.funnelfox.wire import RefundRequest
from sandbox.stores import Part
from sandbox.stores import Transaction as StoreTransaction

_JSON = "application/json"
_LOOKED_AT = Part(0, 50)
"""The orders among which an example is looked for; a store may hold a million."""


class FunnelFox(Api):
    """FunnelFox Billing, as far as `specs/funnelfox.yaml` goes."""

    name = "funnelfox"
    section: ClassVar[Section] = state
    invention: ClassVar[Invention] = fake
    kinds = KINDS

    def refund_payment(self, call: Call) -> Reply:
        """POST /payment/refund: accept a refund, withdraw what it paid for, settle it now or later."""
        wanted = wire.read_refund(self._read(call))
        with self.transaction(call) as transaction:
            order = self._find(transaction, call.params["org_id"], wanted)
            refunds.check_refundable(order)
            amount = refunds.amount_of(order, wanted.amount)
            order = refunds.reserve(order, amount)
            self._withdraw(transaction, order, soft=wanted.soft)
            refund = self._new_refund(transaction, order, wanted, amount)
            objection = self._objection(transaction, call, order)
            self._book(transaction, order, replace(refund, psp_reason_message=objection))
        return Reply({})

    def _read(self, call: Call) -> Mapping[str, Any]:
        """The document, refused when it breaks the spec; with live validation only when pydantic would refuse it."""
        assert call.operation is not None
        document, violations = call.document, list(call.violations)
        if violations and self._services.settings.validation == "live":
            document = wire.forgive(document)
            violations = call.operation.violations(document)
        wire.check_fields(document, violations)
        return document  # type: ignore[no-any-return]  # fits the schema of an object

    def _find(self, transaction: StoreTransaction, org_id: str, wanted: RefundRequest) -> Order:
        """The user's order. Assumed: the user's id is compared exactly (§7, question 25)."""
        order = transaction.get(ORDERS, wanted.order_id, for_update=True)
        if order is None or order.org_id != org_id or order.external_id != wanted.external_id:
            raise refusals.order_not_found()
        return order

    def _withdraw(self, transaction: StoreTransaction, order: Order, *, soft: bool) -> None:
        held = Entitlement(
            transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True) if order.subs_id else None,
            transaction.get(ONEOFFS, order.oneoff_id, for_update=True) if order.oneoff_id else None,
        )
        kept = refunds.withdraw(held, full=refunds.is_full(order), soft=soft, at=self._now())
        if kept.subscription:
            transaction.put(SUBSCRIPTIONS, kept.subscription)
        if kept.oneoff:
            transaction.put(ONEOFFS, kept.oneoff)

    def _objection(self, transaction: StoreTransaction, call: Call, order: Order) -> str | None:
        """What the payment provider has against the refund; None where it has nothing."""
        fault = self.fault("gateway", transaction, call, {"order_id": order.order_id})
        return fault.message if fault and fault.refuses else None

    def _new_refund(self, transaction: StoreTransaction, order: Order, wanted: RefundRequest, amount: int) -> Transaction:
        sale = refunds.settled_sale(transaction.where(TRANSACTIONS, "order_id", order.order_id))
        return Transaction(
            trx_id=self._services.ids.uuid(),
            order_id=order.order_id,
            psp_transaction_type="REFUND",
            psp_status="PENDING",
            amount=amount,
            psp=sale.psp,
            psp_transaction_id=f"re_{self._services.ids.base62(24)}",
            psp_merchant_id=sale.psp_merchant_id,
            pm_type=sale.pm_type,
            psp_date=self._now(),
            trx_created_at=self._now(),
            reason=wanted.reason,
            comment=wanted.comment,
            soft_refund=wanted.soft,
        )

    def _book(self, transaction: StoreTransaction, order: Order, refund: Transaction) -> None:
        """Keeps order and refund, finished at once or when `settle_after` is over."""
        after = read_duration(self._services.settings.funnelfox.settle_after)
        if after:
            plan(transaction, later(self._services.clock.now(), after), self.name, "finish", refund.trx_id)
        else:
            order, refund = refunds.finish(order, refund, self._now())
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, refund)

    def run(self, transaction: StoreTransaction, action: str, subject: str, now: datetime) -> None:
        """Finishes a refund that was accepted earlier; `subject` is its trx_id."""
        refund = transaction.get(TRANSACTIONS, subject)
        order = transaction.get(ORDERS, refund.order_id, for_update=True) if refund else None
        if refund and order and refund.psp_status == "PENDING":
            order, refund = refunds.finish(order, refund, wire.write_time(now))
            transaction.put(ORDERS, order)
            transaction.put(TRANSACTIONS, refund)

    def identify(self, call: Call) -> Call:
        """The operation by path, and the secret key that the organisation has under the one that was sent."""
        org_id, below = _split(call.path)
        operation, params, _ = self.match(call.method, below)
        caller = self._secret_key(org_id, call.headers.get("ff-secret-key", ""))
        return replace(call, operation=operation, params={**params, "org_id": org_id}, caller=caller)

    def _secret_key(self, org_id: str, sent: str) -> SecretKey | None:
        with self._services.store.reading() as transaction:
            org = transaction.get(ORGS, org_id)
        keys = org.keys if org else []
        return next((key for key in keys if key.enabled and key.key == sent), None)

    def admit(self, call: Call) -> Call:
        """Path, then credentials, then JSON. Assumed: this order (§7, question 5); no Content-Type is asked for."""
        if call.operation is None:
            _, _, known = self.match(call.method, _split(call.path)[1])
            raise refusals.method_not_allowed(call.method) if known else refusals.no_route(call.method, call.path)
        self._check_key(call)
        return replace(call, document=wire.read_json(call.body))

    def _check_key(self, call: Call) -> None:
        assert call.operation is not None
        if not call.operation.secured:
            return
        if call.caller is None:
            raise refusals.unauthorized()
        allowed = call.operation.extensions.get("x-groups", ["admin"])
        if call.caller.group not in allowed:
            raise refusals.forbidden(call.caller.group, allowed)

    def refuse(self, error: ApiError) -> Reply:
        """The error envelope. Assumed: it has no `data` (facts §2.2)."""
        refusal = refusals.of_engine(error)
        status = refusal.status or self._services.settings.funnelfox.error_status
        return wire.error_reply(refusal, status, self._services.ids.base62(8))

    def dress(self, call: Call, reply: Reply) -> Reply:
        """JSON, in the success envelope when that is switched on."""
        body = reply.body
        if self._services.settings.funnelfox.envelope and not _is_error(body):
            body = wire.envelope(body, self._services.ids.base62(8))
        headers = {"Content-Type": _JSON, **({"Allow": "POST"} if reply.status == 405 else {})}
        return replace(reply, body=body, headers={**headers, **reply.headers}, content=dump(body))

    def order_of(self, call: Call) -> str | None:
        """The order that the document names."""
        order_id = self.subject(call).get("order_id")
        return order_id.lower() if isinstance(order_id, str) else None

    def subject(self, call: Call) -> Mapping[str, Any]:
        """Every field of the document."""
        try:
            document = wire.forgive(call.document if call.document is not None else wire.read_json(call.body))
        except refusals.Refusal:
            return {}
        return document if isinstance(document, Mapping) else {}

    def scenario_of(self, transaction: StoreTransaction, call: Call) -> str | None:
        """That of the order that the document names."""
        order_id = self.subject(call).get("order_id")
        order = transaction.get(ORDERS, order_id.lower()) if isinstance(order_id, str) else None
        return order.scenario if order else None

    def introduce(self, url: str) -> str:
        """Base URL, a key of the first organisation, and a refund of its first order that has money left."""
        with self._services.store.reading() as transaction:
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
        with self._services.store.reading() as transaction:
            order = transaction.get(ORDERS, order_id.lower())
            return state.order_document(transaction, order) if order else None

    def add_order(self, transaction: StoreTransaction, document: Mapping[str, Any]) -> dict[str, Any]:
        """Adds an order to the world; see `factory` for what may be left out."""
        whole = factory.complete(document, self._services.ids)
        order = Loader(transaction, self._services.ids, self._now()).add_order(whole)
        return state.order_document(transaction, order)

    def load(self, transaction: StoreTransaction, section: Mapping[str, Any]) -> None:
        """Fills the store; refunds that are pending are settled in time."""
        Loader(transaction, self._services.ids, self._now()).load(section)
        after = read_duration(self._services.settings.funnelfox.settle_after)
        for refund in transaction.all(TRANSACTIONS):
            if refund.psp_transaction_type == "REFUND" and refund.psp_status == "PENDING":
                due = later(wire.read_time(refund.trx_created_at), after)
                plan(transaction, due, self.name, "finish", refund.trx_id)

    def _now(self) -> str:
        return wire.write_time(self._services.clock.now())


def _split(path: str) -> tuple[str, str]:
    """The organisation that a path names, and the path below its base URL."""
    org_id, _, below = path.removeprefix("/").partition("/v1")
    return unquote(org_id), below


def _is_inviting(order: Order, org: Org) -> bool:
    return order.org_id == org.id and order.status == "settled" and order.refundable >= 10**order.decimals


def _is_error(body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("status") == "error"
