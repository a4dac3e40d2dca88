"""One shop, as its replies show it: an order with everything around it, the user, the version."""

import secrets
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote

from msgspec.json import encode

from refund_sandbox.apis.fluentcart import live_cases, live_version, php
from refund_sandbox.apis.fluentcart.live_cases import Row, read
from refund_sandbox.apis.fluentcart.live_version import FoundVersion
from refund_sandbox.apis.fluentcart.records import DECIMALS
from refund_sandbox.apis.fluentcart.versions import RULES
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.money import to_minor, to_text
from refund_sandbox.core.record_fields import rows_with
from refund_sandbox.core.verification import Case, LiveServiceError, Query, ReceivedReply, Send, Untried

WORDPRESS = "/wp-json"
MOUNT = WORDPRESS + NAMESPACE
_README = "/wp-content/plugins/fluent-cart/readme.txt"
_MAX_ORDERS = 12
"""Number of orders of the same customer and subscription that are read whole."""
_MISSING = (400, 404, 410, 422)
"""Statuses of reads that say that there is no such record."""
_MAX_MESSAGE_CHARS = 200


class LiveShop:
    """One shop, read on demand: each part is read once."""

    def __init__(self, query: Query, send: Send) -> None:
        self._query = query
        self._send = send
        self.site_url = query.base_url.removesuffix(MOUNT)
        self.headers = {"Authorization": "Basic " + b64encode(query.user.encode()).decode()}

    def _read(self, path: str, operation: str = "getOrder") -> ReceivedReply:
        return self._send(read("", operation, path, self.headers))

    def _try(self, path: str, operation: str = "getOrder") -> ReceivedReply:
        """Read what the comparison can do without. No reply is one with status 0."""
        try:
            return self._read(path, operation)
        except LiveServiceError:
            return ReceivedReply(0)

    @cached_property
    def _body(self) -> Row:
        """The body of GET /orders/{id} of the order. Of a reply of another form only the id is used."""
        wanted = self._query.order or self._newest_order()
        reply = self._read(f"/orders/{quote(wanted, safe='')}")
        if reply.status in (401, 403):
            raise LiveServiceError(f"The live service refuses this user: {_message(reply)}")
        if isinstance(reply.body, dict) and rows_with([reply.body.get("order")], "id"):
            return reply.body
        if reply.status in _MISSING or not wanted.isdecimal():
            raise LiveServiceError(f"The live service has no order {wanted}: status {reply.status}. {_message(reply)}".strip())
        return {"order": {"id": int(wanted)}}

    @property
    def order(self) -> Row:
        order: Row = self._body["order"]
        return order

    @property
    def order_path(self) -> str:
        return f"/orders/{self.order['id']}"

    def _newest_order(self) -> str:
        reply = self._read("/orders?per_page=1&sort_by=id&sort_type=desc", "listOrders")
        if reply.status in (401, 403):
            raise LiveServiceError(f"The live service refuses this user: {_message(reply)}")
        try:
            return str(reply.body["orders"]["data"][0]["id"])
        except (TypeError, KeyError, IndexError):
            raise LiveServiceError(
                f"No order found: the live service answers GET /orders with {reply.status}. Check --base-url, or use --order."
            ) from None

    @cached_property
    def _related(self) -> tuple[list[Row], list[Row]]:
        """Whole orders of the same subscription and rows of the customer's orders, or none if there are too many."""
        order, parents = self.order, rows_with([self.order.get("parent_order")], "id")
        first: Row | None = self._whole(parents[0]["id"]) if parents else self._body
        renewals = [child["id"] for child in rows_with((first or self._body)["order"].get("children"), "id")]
        others = [number for number in renewals if number != order["id"]][:_MAX_ORDERS]
        whole = [self._body, *([first] if first and first is not self._body else [])]
        whole += [body for body in map(self._whole, others) if body]
        customer = order.get("customer_id")
        rows = self._rows(f"/customers/{customer}/orders") if customer else []
        return whole, rows

    def _whole(self, number: Any) -> Row | None:
        reply = self._try(f"/orders/{number}")
        body: Any = reply.body
        return body if reply.status == 200 and isinstance(body, dict) and rows_with([body.get("order")], "id") else None

    def _rows(self, path: str) -> list[Row]:
        """Return the orders of a list that has one page, else nothing."""
        reply = self._try(path, "listCustomerOrders")
        page = reply.body.get("orders") if isinstance(reply.body, dict) else None
        if reply.status != 200 or not isinstance(page, dict) or not isinstance(page.get("data"), list):
            return []
        rows = rows_with(page["data"], "id")
        return rows if php.to_int(page.get("total")) == len(rows) else []

    @property
    def has_whole_subscription(self) -> bool:
        """Whether all orders of the order's subscription are read."""
        numbers = {child["id"] for body in self.orders for child in rows_with(body["order"].get("children"), "id")}
        return numbers <= {body["order"]["id"] for body in self.orders}

    @property
    def orders(self) -> list[Row]:
        return self._related[0]

    @property
    def rows(self) -> list[Row]:
        return self._related[1]

    @cached_property
    def addresses(self) -> list[Row]:
        """The customer's address book."""
        found: list[Row] = []
        for kind in ("billing", "shipping") if self.order.get("customer_id") else ():
            path = f"/customers/{self.order['customer_id']}/address?type={kind}"
            reply = self._try(path, "listCustomerAddresses")
            rows = reply.body.get("addresses") if isinstance(reply.body, dict) else None
            found += rows_with(rows, "id")
        return found

    @cached_property
    def _app(self) -> ReceivedReply:
        return self._try("/app/init", "getApp")

    @property
    def name(self) -> str:
        shop = self._app.body.get("shop") if isinstance(self._app.body, dict) else None
        return str(shop.get("store_name", "")) if isinstance(shop, dict) else ""

    @property
    def user_document(self) -> Row:
        """The user of the comparison: an administrator, unless the start of the admin screen is forbidden."""
        login, _, password = self._query.user.partition(":")
        is_limited = self._app.status == 403
        permissions = list(live_cases.granted(self.order["id"], self._allowed)) if is_limited else ["super_admin"]
        return {"login": login, "application_password": password, "permissions": permissions}

    @cache  # noqa: B019 - a shop lives as long as one comparison
    def _allowed(self, path: str) -> Collection[str]:
        try:
            reply = self._send(live_cases.options(path, self.headers))
        except LiveServiceError:
            return ()
        return reply.headers.get("allow", "").split(", ")

    @cached_property
    def version(self) -> FoundVersion:
        """The version from --version, WordPress's list of plugins, the plugin's readme, or what the replies show."""
        if self._query.version:
            return FoundVersion(live_version.check_number(self._query.version), "from --version")
        plugins = self._read_site(f"{WORDPRESS}/wp/v2/plugins?search=fluent-cart")
        if plugins.status == 200 and (number := live_version.in_plugin_list(plugins.body)):
            return FoundVersion(number, "from the list of plugins")
        readme = self._read_site(_README)
        if readme.status == 200 and (number := live_version.in_readme(readme.body)):
            return FoundVersion(number, "from the plugin's readme")
        index = self._try("", "getRouteIndex").body
        routes = index.get("routes") if isinstance(index, dict) else None
        return live_version.guess(routes if isinstance(routes, dict) else {}, self.order)

    def _read_site(self, path: str) -> ReceivedReply:
        """Read something of the site that is not part of the API."""
        return self._try(f"{self.site_url}{path}", "")

    def reads(self) -> Iterator[Case]:
        yield from live_cases.reads_of_order(self.order, self.headers)
        if self.has_whole_subscription:
            yield from live_cases.reads_of_subscriptions(self.order, self.headers)
        if self.order.get("customer_id"):
            yield from live_cases.reads_of_customer(self.order["customer_id"], self.headers, has_all_orders=bool(self.rows))

    def untried(self) -> Iterator[Untried]:
        yield from live_cases.UNTRIED
        if not self.has_whole_subscription:
            yield Untried("The subscription of the order", "getSubscription", "some of its orders could not be read")
        if not self._is_unknown:
            reason = "the shop does not say that an order or a subscription with a random id is unknown"
            yield Untried("All requests that the shop must refuse", "refundOrder", reason)

    def refused(self) -> Iterator[Case]:
        """Yield what the shop must refuse, if it has shown that no order and no subscription has the unknown id."""
        unknown = self._unknown_id
        yield from live_cases.unknown_reads(unknown, self.headers)
        if not self._is_unknown:
            return
        yield from live_cases.refused(unknown, self.headers)
        if self._query.order:
            yield from live_cases.refused_of_order(self.order["id"], unknown, self.headers)
        yield from live_cases.unauthorized(unknown, self._query.user.partition(":")[0])

    @cached_property
    def _unknown_id(self) -> int:
        return 900_000_000 + secrets.randbelow(90_000_000)

    @cached_property
    def _is_unknown(self) -> bool:
        paths = ((f"/orders/{self._unknown_id}", "getOrder"), (f"/subscriptions/{self._unknown_id}", "getSubscription"))
        return all(self._try(path, operation).status in (403, *_MISSING) for path, operation in paths)

    def refund_case(self) -> Case:
        """Return the refund that the user has named. Raise LiveServiceError if the unit of its amount is not certain."""
        assert self._query.refund
        if not self.version.is_certain:
            raise LiveServiceError("The shop does not say its version. Add --version: it decides the unit of a refund's amount.")
        text = self._query.refund[1]
        amount, charge = _minor_units(text), self._charge()
        in_unit: int | float = amount
        if not RULES[self.version.profile].minor_units:
            in_unit = amount // 100 if amount % 100 == 0 else float(to_text(amount, DECIMALS))
        body = {"refund_info": {"transaction_id": charge["id"], "amount": in_unit}}
        return Case(
            f"Refund {to_text(amount, DECIMALS)} {self.order['currency']} of order {self.order['id']}",
            "refundOrder",
            "refund",
            "POST",
            f"/orders/{self.order['id']}/refund",
            {**self.headers, "Content-Type": "application/json"},
            encode(body),
        )

    def _charge(self) -> Row:
        rows = rows_with(self.order.get("transactions"), "id", "transaction_type", "status")
        charges: list[Row] = [row for row in rows if row["transaction_type"] == "charge" and row["status"] == "succeeded"]
        if len(charges) != 1:
            found = f"Order {self.order['id']} has {len(charges)} paid charges."
            raise LiveServiceError(f"{found} Only an order with one can be refunded here.")
        return charges[0]


def _minor_units(text: str) -> int:
    """Return an amount such as 25.00 in minor units."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    amount = to_minor(number, DECIMALS) if number.is_finite() else None
    if amount is None or amount <= 0 or amount >= 10**12:
        raise LiveServiceError(f"Invalid amount {text!r}. Use the amount in the order's currency, such as 25.00.")
    return amount


def _message(reply: ReceivedReply) -> str:
    """Return the message of a reply without control characters, as it is shown on a terminal."""
    message = reply.body.get("message") if isinstance(reply.body, Mapping) else None
    return "".join(filter(str.isprintable, str(message)))[:_MAX_MESSAGE_CHARS] if message else ""
