"""Loading of a state document's `funnelfox` section: missing records and fields are filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import state_entries
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
from refund_sandbox.apis.funnelfox.rules import prices, refunds
from refund_sandbox.apis.funnelfox.rules.refunds import Entitlement
from refund_sandbox.apis.funnelfox.state_entries import RECORD_LISTS
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.money import minor_units
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_DEFAULT_ORG = "your-org-id"
_DEFAULT_KEY = SecretKey("sandbox-secret-key")

# Status of the sale that is made for an order without one, by the order's status.
_SALE_STATUSES: Mapping[str, PspStatus] = {
    "settled": "SETTLED",
    "authorized": "AUTHORIZED",
    "cancelled": "CANCELLED",
    "declined": "DECLINED",
    "processing": "PENDING",
}
_REFUND_STATUSES = ("PENDING", "SETTLED", "FAILED")
_INVALID_REFUND_STATUS = f"Invalid status of a refund. Use {', '.join(_REFUND_STATUSES[:-1])} or {_REFUND_STATUSES[-1]}."


@dataclass
class Loader:
    """Loader of one section. `now` is the date of orders without one."""

    store: StoreTransaction
    ids: Ids
    now: str
    problems: list[Problem] = field(default_factory=list)

    def load(self, section: Mapping[str, Any]) -> None:
        """Fill an empty store. Raise BadDocument that lists every problem."""
        for name, record_type in RECORD_LISTS.items():
            for index, document in enumerate(section.get(name, [])):
                self._load_entry(record_type, document, f"/funnelfox/{name}/{index}")
        for index, document in enumerate(section.get("orders", [])):
            self._load_order(document, f"/funnelfox/orders/{index}")
        if "orgs" not in section and not self.store.all(ORGS):
            self.store.put(ORGS, Org(_DEFAULT_ORG, [_DEFAULT_KEY]))
        self._complete_records()
        if self.problems:
            raise BadDocument(self.problems)

    def add_order(self, document: Mapping[str, Any]) -> Order:
        """Add one order to the stored ones. Raise BadDocument that lists every problem."""
        self._load_order(document, "")
        if self.problems:
            raise BadDocument(self.problems)
        order = self.store.get(ORDERS, document["order_id"].lower())
        assert order is not None
        return order

    def add_order_of(self, user: Mapping[str, Any], order: Mapping[str, Any]) -> None:
        """Add a new user and their order. Raise BadDocument that lists every problem."""
        self._load_entry(USERS, user, "")
        self._load_order(order, "")
        if self.problems:
            raise BadDocument(self.problems)

    def _load_entry(self, record_type: RecordType[Any], document: Mapping[str, Any], pointer: str) -> None:
        record = state_entries.read_entry(record_type.record, document)
        for name, reason in state_entries.find_problems(record):
            self._add_problem(f"{pointer}/{name}", reason)
        self._save_new(record_type, record, pointer)

    def _complete_records(self) -> None:
        """Fill in the organisation and user of subscriptions and one-offs, and the features that price points name."""
        self._fill_in_orgs()
        entitlements: list[Subscription | Oneoff] = [*self.store.all(SUBSCRIPTIONS), *self.store.all(ONEOFFS)]
        for entitlement in entitlements:
            self._add_missing_user(entitlement.external_id)
        for feature in state_entries.features_of(self.store.all(PRICE_POINTS)):
            if self.store.get(FEATURES, feature.ident) is None:
                self.store.put(FEATURES, feature)

    def _fill_in_orgs(self) -> None:
        first_org = self._first_org()
        for subscription in self.store.all(SUBSCRIPTIONS):
            if not subscription.org_id:
                orders = self.store.where(ORDERS, "subs_id", subscription.subs_id)
                self.store.put(SUBSCRIPTIONS, replace(subscription, org_id=orders[0].org_id if orders else first_org))
        for oneoff in self.store.all(ONEOFFS):
            if not oneoff.org_id:
                order = self.store.get(ORDERS, oneoff.order_id)
                self.store.put(ONEOFFS, replace(oneoff, org_id=order.org_id if order else first_org))

    def _save_new(self, record_type: RecordType[Any], record: Any, pointer: str) -> None:
        key = getattr(record, record_type.key)
        if self.store.get(record_type, key) is not None:
            self._add_problem(f"{pointer}/{record_type.key}", f"Duplicate {record_type.key} '{key}'.")
        self.store.put(record_type, record)

    def _add_problem(self, pointer: str, reason: str) -> None:
        self.problems.append(Problem(pointer, reason))

    def _load_order(self, document: Mapping[str, Any], pointer: str) -> None:
        order = self._read_order(document, pointer)
        documents = document.get("transactions", [])
        rows = [self._read_row(order, row, f"{pointer}/transactions/{index}") for index, row in enumerate(documents)]
        if not any(row.psp_transaction_type == "SALE" for row in rows):
            self.store.put(TRANSACTIONS, self._default_sale(order))
        for index, row in enumerate(rows):
            self._save_new(TRANSACTIONS, row, f"{pointer}/transactions/{index}")
        order = replace(order, refunded=_sum_of(rows, "SETTLED"), reserved=_sum_of(rows, "PENDING"))
        if order.refundable < 0:
            self._add_problem(f"{pointer}/transactions", "the refunds add up to more than the order's amount")
        self._save_new(ORDERS, order, pointer)
        self._add_missing_records(order, rows)

    def _read_order(self, document: Mapping[str, Any], pointer: str) -> Order:
        decimals = self._decimals(document)
        order = record_schema.read(
            Order,
            document,
            order_id=document["order_id"].lower(),
            subs_id=_lower(document.get("subs_id")),
            oneoff_id=_lower(document.get("oneoff_id")),
            org_id=document.get("org_id") or self._first_org(),
            amount=self._read_amount(document["amount"], decimals, pointer),
            created_at=document.get("created_at") or self.now,
            decimals=decimals,
        )
        self._check_time(order.created_at, f"{pointer}/created_at")
        return order

    def _decimals(self, document: Mapping[str, Any]) -> int:
        """Return the number of decimals of an order's currency. A price point in that currency may override it."""
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
            amount=self._read_amount(document["amount"], order.decimals, pointer),
            trx_created_at=document.get("trx_created_at") or order.created_at,
        )
        self._check_time(row.trx_created_at, f"{pointer}/trx_created_at")
        if row.psp_transaction_type == "REFUND" and row.psp_status not in _REFUND_STATUSES:
            self._add_problem(f"{pointer}/psp_status", _INVALID_REFUND_STATUS)
        return row

    def _read_amount(self, text: str, decimals: int, pointer: str) -> int:
        amount = prices.read_valid(text, decimals)
        if amount is None:
            self._add_problem(f"{pointer}/amount", prices.requirement(decimals))
        return amount or 0

    def _check_time(self, text: str, pointer: str) -> None:
        if not state_entries.is_time(text):
            self._add_problem(pointer, state_entries.invalid_time(text))

    def _default_sale(self, order: Order) -> Transaction:
        return Transaction(
            trx_id=self.ids.uuid(),
            order_id=order.order_id,
            psp_transaction_type="SALE",
            psp_status=_SALE_STATUSES[order.status],
            amount=order.amount,
            psp_transaction_id=f"pi_{self.ids.base62(24)}",
            psp_merchant_id=f"acct_{self.ids.base62(16)}",
            psp_date=order.created_at,
            trx_created_at=order.created_at,
        )

    def _add_missing_records(self, order: Order, rows: list[Transaction]) -> None:
        """Add the organisation, user, subscription and one-off that an order names and the document leaves out."""
        if self.store.get(ORGS, order.org_id) is None:
            self.store.put(ORGS, Org(order.org_id, [_DEFAULT_KEY]))
        self._add_missing_user(order.external_id)
        entitlement = _default_entitlement(order, rows)
        if entitlement.subscription and self.store.get(SUBSCRIPTIONS, entitlement.subscription.subs_id) is None:
            self.store.put(SUBSCRIPTIONS, entitlement.subscription)
        if entitlement.oneoff and self.store.get(ONEOFFS, entitlement.oneoff.oneoff_id) is None:
            self.store.put(ONEOFFS, entitlement.oneoff)

    def _add_missing_user(self, external_id: str) -> None:
        if external_id and self.store.get(USERS, external_id) is None:
            self.store.put(USERS, User(external_id, f"{external_id}@example.test"))


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _sum_of(rows: list[Transaction], status: PspStatus) -> int:
    return sum(row.amount for row in rows if row.psp_transaction_type == "REFUND" and row.psp_status == status)


def _default_entitlement(order: Order, rows: list[Transaction]) -> Entitlement:
    """Return the subscription and one-off of an order after its refunds."""
    owner = {name: getattr(order, name) for name in ("org_id", "external_id", "pp_ident", "initial_order_metadata")}
    at = order.created_at
    entitlement = Entitlement(
        Subscription(order.subs_id, started_at=at, current_period_starts_at=at, **owner) if order.subs_id else None,
        Oneoff(order.oneoff_id, order_id=order.order_id, started_at=at, **owner) if order.oneoff_id else None,
    )
    accepted = [row for row in rows if row.psp_transaction_type == "REFUND" and row.psp_status != "FAILED"]
    hard_refunds = [row for row in accepted if not row.soft_refund]
    if not hard_refunds:
        return entitlement
    return refunds.withdraw(entitlement, full=refunds.is_full(order), soft=False, at=hard_refunds[-1].trx_created_at)
