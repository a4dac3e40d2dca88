"""Comparison with the live service: what is read of it, and the requests that it answers or must refuse."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from urllib.parse import unquote

from refund_sandbox.apis.funnelfox import live_cases, live_state
from refund_sandbox.apis.funnelfox.live_state import Row
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.core.masks import GENERAL_MASKS, Masks
from refund_sandbox.core.record_fields import rows_with
from refund_sandbox.core.verification import Case, LiveServiceError, Query, Send, Subject, Untried

CREDENTIALS: Literal["key"] = "key"
MASKS = Masks(fields=frozenset({"req_id"}), ignored=frozenset({"pp_id", "pp_version"}))
REFUND_MASKS = Masks(
    fields=frozenset({"req_id", "trx_id", "psp_transaction_id", "psp_date", "trx_created_at"}),
    ignored=MASKS.ignored,
    texts=GENERAL_MASKS.texts,
)
_VERSION = "/v1"
_REFUSED = (401, 403, 404)
"""Statuses of a wrong URL or key."""
_MAX_ORDERS = 10
"""Number of orders of a customer that are read."""


def base_url(url: str) -> str:
    """Return the base URL. It ends with the organisation and `/v1`."""
    url = url.rstrip("/")
    if not url.endswith(_VERSION) or url.count("/") < 4:
        raise LiveServiceError(f"Invalid base URL {url!r}. It ends with the organisation and {_VERSION}: https://HOST/ORG_ID/v1.")
    return url


def explore(query: Query, send: Send) -> Subject:
    """Read price points and an order, and what its customer has bought if --customer names one."""
    service = _Service(query, send)
    rows = service.rows_of_order()
    history, assets = service.payments(), service.assets()
    orders = service.orders(history, assets, rows)
    section = service.section(orders, assets)
    refund = service.refund_case(rows) if query.refund else None
    order = service.order_of(rows)
    return Subject(
        facts={"Order": order or "none", "Customer": query.customer or "not named"},
        settings={"validation": "live"},
        clock=_clock(section["subscriptions"]),
        section=section,
        mount=f"/{service.org}{_VERSION}",
        cases=[*service.cases(order, history), *live_cases.refused(service.headers), *live_cases.unauthorized()],
        untried=() if query.customer else (_WITHOUT_CUSTOMER,),
        refund=refund,
        after_refund=[live_cases.transactions(order, service.headers)] if refund else (),
    )


_WITHOUT_CUSTOMER = Untried("Assets and payments of a customer", "listAssets", "needs --customer")


def gateway_faults(_body: Any) -> list[dict[str, Any]]:
    """Return nothing: no reply to a refund says what the payment gateway did."""
    return []


def _clock(subscriptions: Iterable[Row]) -> str | None:
    """Return a time at which no check of a subscription is due, so that the sandbox renews nothing. None if none is due."""
    due = [read_time(row["next_check_at"]) for row in subscriptions if row.get("next_check_at")]
    first = min(due, default=datetime.max.replace(tzinfo=UTC))
    return (first - timedelta(seconds=1)).isoformat() if first <= datetime.now(UTC) + timedelta(hours=1) else None


class _Service:
    """The live service of one organisation."""

    def __init__(self, query: Query, send: Send) -> None:
        self._query = query
        self._send = send
        self.org = unquote(query.base_url.split("/")[-2])
        self.headers = live_cases.key_header(query.key)

    def _lists(self, case: Case, *names: str) -> list[list[Row] | None]:
        """Return lists of a reply, in an envelope or without one, None for a missing list. Raise LiveServiceError if refused."""
        reply = self._send(case)
        if reply.status in _REFUSED:
            raise LiveServiceError(f"The live service answers {case.path} with {reply.status}. Check --base-url and --key.")
        body = reply.body if isinstance(reply.body, Mapping) else {}
        data = body.get("data", body)
        lists = [data.get(name) if isinstance(data, Mapping) else None for name in names]
        return [[row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else None for rows in lists]

    def _rows(self, case: Case, name: str) -> list[Row]:
        return self._lists(case, name)[0] or []

    def rows_of_order(self) -> list[Row]:
        """Return the transactions of the order, or of the first one that there is."""
        wanted = self._query.order
        if not wanted:
            first = self._rows(live_cases.first_transaction(self.headers), "transactions")
            wanted = str(first[0].get("order_id", "")) if first else ""
        if not wanted:
            return []
        rows = self._lists(live_cases.transactions(wanted, self.headers), "transactions")[0]
        if rows == []:
            raise LiveServiceError(f"The live service has no transactions of order {wanted}.")
        return rows_with(rows, "order_id")

    def order_of(self, rows: list[Row]) -> str:
        return str(rows[0]["order_id"]) if rows else self._query.order

    def payments(self) -> list[Row]:
        customer = self._query.customer
        return self._rows(live_cases.payments(customer, self.headers), "payments") if customer else []

    def assets(self) -> dict[str, list[Row]]:
        """Return subscriptions and one-offs of the customer."""
        customer = self._query.customer
        names = ("subscriptions", "oneoffs")
        lists = self._lists(live_cases.assets(customer), *names) if customer else ([], [])
        return {name: rows or [] for name, rows in zip(names, lists, strict=True)}

    def orders(self, history: list[Row], assets: Mapping[str, list[Row]], rows: list[Row]) -> list[Mapping[str, Any]]:
        """Return the order and the customer's other ones, if they are not too many."""
        points = {
            row.get("subs_id") or row.get("oneoff_id"): row.get("price_point") for owned in assets.values() for row in owned
        }
        idents = {str(key): str(point.get("ident", "")) for key, point in points.items() if isinstance(point, Mapping)}
        payments = {str(row.get("order_id")): row for row in history} if len(history) <= _MAX_ORDERS else {}
        reports = {self.order_of(rows): rows} if rows else {}
        for number in payments.keys() - reports.keys():
            reports[number] = self._rows(live_cases.transactions(number, self.headers), "transactions")
        in_order = [number for number in payments if number in reports] + [n for n in reports if n not in payments]
        customer = self._query.customer or "sandbox-verify"
        return [
            live_state.order(reports[number], self.org, customer, payments.get(number, {}), idents)
            for number in in_order
            if reports[number]
        ]

    def section(self, orders: list[Mapping[str, Any]], assets: Mapping[str, list[Row]]) -> dict[str, Any]:
        customer = self._query.customer
        return {
            "orgs": [{"id": self.org, "keys": [{"key": self._query.key, "group": "admin"}]}],
            "price_points": live_state.price_points(self._rows(live_cases.price_points(), "price_points")),
            "features": live_state.features(self._rows(live_cases.features(), "features")),
            **{name: [live_state.entitlement(row, self.org, customer) for row in rows] for name, rows in assets.items()},
            "orders": orders,
        }

    def cases(self, order: str, history: list[Row]) -> list[Case]:
        customer = self._query.customer
        found = [live_cases.price_points(), live_cases.features()]
        found += [live_cases.transactions(order, self.headers)] if order else []
        if customer:
            found += [live_cases.assets(customer), live_cases.subscriptions(customer, self.headers)]
            found += [live_cases.payments(customer, self.headers)] if len(history) <= _MAX_ORDERS else []
        return found

    def refund_case(self, rows: list[Row]) -> Case:
        """Return the refund that the user has named. Raise LiveServiceError if its customer is not named."""
        assert self._query.refund
        order, text = self._query.refund
        if not self._query.customer:
            raise LiveServiceError("A refund names the order's customer: add --customer.")
        try:
            amount = Decimal(text)
        except InvalidOperation:
            amount = Decimal(0)
        if not amount.is_finite() or amount <= 0:
            raise LiveServiceError(f"Invalid amount {text!r}. Use the amount in the order's currency, such as 25.00.")
        title = f"Refund {text} {rows[0].get('currency_code', '')} of order {order}"
        return live_cases.refund(self._query.customer, order, text, self.headers, title)
