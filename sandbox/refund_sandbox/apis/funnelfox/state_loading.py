"""Reads the `funnelfox` section of a state document into an empty store, and fills in what it leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from refund_sandbox.apis.funnelfox import state_entries
from refund_sandbox.apis.funnelfox.parsing import read_amount
from refund_sandbox.apis.funnelfox.records import (
    FEATURES,
    ONEOFFS,
    ORDERS,
    ORGS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Oneoff,
    Order,
    Org,
    PspStatus,
    SecretKey,
    Subscription,
    Transaction,
    User,
)
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.rules.refunds import Entitlement
from refund_sandbox.apis.funnelfox.state import PLAIN
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.money import minor_units, to_minor
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_DEFAULT_ORG = "your-org-id"
_DEFAULT_KEY = SecretKey("sandbox-secret-key")

# What the provider says of the sale of an order that lists none.
_SALE_STATUS: Mapping[str, PspStatus] = {
    "settled": "SETTLED",
    "authorized": "AUTHORIZED",
    "cancelled": "CANCELLED",
    "declined": "DECLINED",
    "processing": "PENDING",
}
_REFUND_STATUSES = ("PENDING", "SETTLED", "FAILED")


@dataclass
class Loader:
    """One reading of a section; `now` dates the orders that have no date."""

    store: StoreTransaction
    ids: Ids
    now: str
    problems: list[Problem] = field(default_factory=list)

    def load(self, section: Mapping[str, Any]) -> None:
        """Fills the store. Raises BadDocument, listing everything that makes no sense."""
        for name, kind in PLAIN.items():
            for place, document in enumerate(section.get(name, [])):
                self._load_entry(kind, document, f"/funnelfox/{name}/{place}")
        for place, document in enumerate(section.get("orders", [])):
            self._load_order(document, f"/funnelfox/orders/{place}")
        if "orgs" not in section and not self.store.all(ORGS):
            self.store.put(ORGS, Org(_DEFAULT_ORG, [_DEFAULT_KEY]))
        self._complete()
        if self.problems:
            raise BadDocument(self.problems)

    def add_order(self, document: Mapping[str, Any]) -> Order:
        """Adds one order to what is there. Raises BadDocument, listing everything that makes no sense."""
        self._load_order(document, "")
        if self.problems:
            raise BadDocument(self.problems)
        order = self.store.get(ORDERS, document["order_id"].lower())
        assert order is not None
        return order

    def _load_entry(self, kind: RecordType[Any], document: Mapping[str, Any], pointer: str) -> None:
        record = state_entries.read(kind.record, document)
        for name, reason in state_entries.problems(record):
            self._blame(f"{pointer}/{name}", reason)
        self._put_new(kind, record, pointer)

    def _complete(self) -> None:
        """Gives subscriptions and one-offs their organisation and user, and price points the features that they name."""
        first = self._first_org()
        for subscription in self.store.all(SUBSCRIPTIONS):
            if not subscription.org_id:
                paid = self.store.where(ORDERS, "subs_id", subscription.subs_id)
                self.store.put(SUBSCRIPTIONS, replace(subscription, org_id=paid[0].org_id if paid else first))
        for oneoff in self.store.all(ONEOFFS):
            if not oneoff.org_id:
                bought = self.store.get(ORDERS, oneoff.order_id)
                self.store.put(ONEOFFS, replace(oneoff, org_id=bought.org_id if bought else first))
        held: list[Subscription | Oneoff] = [*self.store.all(SUBSCRIPTIONS), *self.store.all(ONEOFFS)]
        for record in held:
            self._fill_in_user(record.external_id)
        for feature in state_entries.features_of(self.store.all(PRICE_POINTS)):
            if self.store.get(FEATURES, feature.ident) is None:
                self.store.put(FEATURES, feature)

    def _put_new(self, kind: RecordType[Any], record: Any, pointer: str) -> None:
        key = getattr(record, kind.key)
        if self.store.get(kind, key) is not None:
            self._blame(f"{pointer}/{kind.key}", f"{key} is there twice")
        self.store.put(kind, record)

    def _blame(self, pointer: str, reason: str) -> None:
        self.problems.append(Problem(pointer, reason))

    def _load_order(self, document: Mapping[str, Any], pointer: str) -> None:
        order = self._read_order(document, pointer)
        listed = document.get("transactions", [])
        rows = [self._read_row(order, row, f"{pointer}/transactions/{place}") for place, row in enumerate(listed)]
        if not any(row.psp_transaction_type == "SALE" for row in rows):
            self.store.put(TRANSACTIONS, self._default_sale(order))
        for place, row in enumerate(rows):
            self._put_new(TRANSACTIONS, row, f"{pointer}/transactions/{place}")
        order = replace(order, refunded=_sum_of(rows, "SETTLED"), reserved=_sum_of(rows, "PENDING"))
        if order.refundable < 0:
            self._blame(f"{pointer}/transactions", "the refunds add up to more than the order's amount")
        self._put_new(ORDERS, order, pointer)
        self._fill_in(order, rows)

    def _read_order(self, document: Mapping[str, Any], pointer: str) -> Order:
        decimals = self._decimals(document)
        order = record_schema.read(
            Order,
            document,
            order_id=document["order_id"].lower(),
            subs_id=_lower(document.get("subs_id")),
            oneoff_id=_lower(document.get("oneoff_id")),
            org_id=document.get("org_id") or self._first_org(),
            amount=self._minor(document["amount"], decimals, pointer),
            created_at=document.get("created_at") or self.now,
            decimals=decimals,
        )
        self._check_time(order.created_at, f"{pointer}/created_at")
        return order

    def _decimals(self, document: Mapping[str, Any]) -> int:
        """The decimals of the order's currency; a price point in that currency may say otherwise."""
        currency = document.get("currency_code", "USD")
        point = self.store.get(PRICE_POINTS, document.get("pp_ident", ""))
        if point and point.currency.get("code") == currency:
            return int(point.currency.get("minor_units", minor_units(currency)))
        return minor_units(currency)

    def _first_org(self) -> str:
        return next((org.id for org in self.store.all(ORGS)), _DEFAULT_ORG)

    def _read_row(self, order: Order, document: Mapping[str, Any], pointer: str) -> Transaction:
        row = record_schema.read(
            Transaction,
            document,
            trx_id=document.get("trx_id", "").lower() or self.ids.uuid(),
            order_id=order.order_id,
            amount=self._minor(document["amount"], order.decimals, pointer),
            trx_created_at=document.get("trx_created_at") or order.created_at,
        )
        self._check_time(row.trx_created_at, f"{pointer}/trx_created_at")
        if row.psp_transaction_type == "REFUND" and row.psp_status not in _REFUND_STATUSES:
            self._blame(f"{pointer}/psp_status", f"a refund is {', '.join(_REFUND_STATUSES[:-1])} or {_REFUND_STATUSES[-1]}")
        return row

    def _minor(self, text: str, decimals: int, pointer: str) -> int:
        if not state_entries.is_money(text, decimals):
            self._blame(f"{pointer}/amount", state_entries.money_reason(decimals))
            return 0
        return to_minor(read_amount(text), decimals) or 0

    def _check_time(self, text: str, pointer: str) -> None:
        if not state_entries.is_time(text):
            self._blame(pointer, state_entries.time_reason(text))

    def _default_sale(self, order: Order) -> Transaction:
        return Transaction(
            trx_id=self.ids.uuid(),
            order_id=order.order_id,
            psp_transaction_type="SALE",
            psp_status=_SALE_STATUS[order.status],
            amount=order.amount,
            psp_transaction_id=f"pi_{self.ids.base62(24)}",
            psp_merchant_id=f"acct_{self.ids.base62(16)}",
            psp_date=order.created_at,
            trx_created_at=order.created_at,
        )

    def _fill_in(self, order: Order, rows: list[Transaction]) -> None:
        """The organisation, user, subscription and one-off that an order names but the document leaves out."""
        if self.store.get(ORGS, order.org_id) is None:
            self.store.put(ORGS, Org(order.org_id, [_DEFAULT_KEY]))
        self._fill_in_user(order.external_id)
        held = _what_is_left(order, rows)
        if held.subscription and self.store.get(SUBSCRIPTIONS, held.subscription.subs_id) is None:
            self.store.put(SUBSCRIPTIONS, held.subscription)
        if held.oneoff and self.store.get(ONEOFFS, held.oneoff.oneoff_id) is None:
            self.store.put(ONEOFFS, held.oneoff)

    def _fill_in_user(self, external_id: str) -> None:
        if external_id and self.store.get(USERS, external_id) is None:
            self.store.put(USERS, User(external_id, f"{external_id}@example.test"))


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _sum_of(rows: list[Transaction], status: PspStatus) -> int:
    return sum(row.amount for row in rows if row.psp_transaction_type == "REFUND" and row.psp_status == status)


def _what_is_left(order: Order, rows: list[Transaction]) -> Entitlement:
    """The subscription and one-off that the order paid for, as its refunds leave them."""
    held = Entitlement(
        _default_subscription(order, order.subs_id) if order.subs_id else None,
        _default_oneoff(order, order.oneoff_id) if order.oneoff_id else None,
    )
    refunded = [row for row in rows if row.psp_transaction_type == "REFUND" and row.psp_status != "FAILED"]
    hard = [row for row in refunded if not row.soft_refund]
    if not hard:
        return held
    return refunds.withdraw(held, full=refunds.is_full(order), soft=False, at=hard[-1].trx_created_at)


def _default_subscription(order: Order, subs_id: str) -> Subscription:
    return Subscription(
        subs_id,
        order.org_id,
        order.external_id,
        order.pp_ident,
        started_at=order.created_at,
        current_period_starts_at=order.created_at,
        initial_order_metadata=order.initial_order_metadata,
    )


def _default_oneoff(order: Order, oneoff_id: str) -> Oneoff:
    return Oneoff(
        oneoff_id,
        order.org_id,
        order.order_id,
        order.external_id,
        order.pp_ident,
        started_at=order.created_at,
        initial_order_metadata=order.initial_order_metadata,
    )
