"""Query string of a report: the fields of `params`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.shop.reports import dates
from refund_sandbox.apis.fluentcart.shop.reports.period import Period, earlier_period, last_month, start_of_day
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text

_GROUP_KEYS = {"billing_country", "shipping_country", "payment_method", "payment_status", "default", "monthly", "yearly"}
_MAX_DAILY, _MAX_MONTHLY = 91, 365


class ReportQuery(Struct, frozen=True):
    """Request for a report. `fields` is `params`, `values` the whole query string."""

    now: datetime
    period: Period
    earlier: Period | None
    group_key: str | None
    currency: str
    order_types: frozenset[str]
    variation_ids: frozenset[int]
    fields: Mapping[str, Any]
    values: Mapping[str, Any]
    site_url: str

    @property
    def chart_key(self) -> str:
        """The groups of a chart: those of the key, or those that fit the length of the period."""
        if self.group_key and self.group_key != "default":
            return self.group_key
        days = self.period.days
        return "daily" if days <= _MAX_DAILY else "monthly" if days <= _MAX_MONTHLY else "yearly"

    def for_earlier(self) -> "ReportQuery | None":
        """Return the query of the period to compare with, if there is one."""
        return structs.replace(self, period=self.earlier) if self.earlier else None

    def text(self, name: str) -> str:
        """Return a field of `params` as text; "" for a missing one."""
        return sanitize_text(self.fields.get(name))


def read_query(values: Mapping[str, Any], now: datetime, site_url: str) -> ReportQuery:
    """Read a query string. The dates in it have no effect without the Pro plugin, whatever they are."""
    sent = values.get("params")
    fields: Mapping[str, Any] = sent if isinstance(sent, dict) else {}
    period = last_month(now)
    return ReportQuery(
        now=now,
        period=period,
        earlier=_earlier(period, fields, now),
        group_key=_group_key(fields),
        currency=sanitize_text(fields.get("currency")),
        order_types=frozenset(map(php.to_text, php.entries(fields.get("orderTypes")))),
        variation_ids=frozenset(php.to_int(php.to_text(number)) for number in php.entries(fields.get("variation_ids"))),
        fields=fields,
        values=values,
        site_url=site_url,
    )


def _group_key(fields: Mapping[str, Any]) -> str | None:
    """Return the sent group key. Any other word means the payment method, `daily` too (34-093, 34-117)."""
    if "groupKey" not in fields:
        return None
    return fields["groupKey"] if fields["groupKey"] in _GROUP_KEYS else "payment_method"


def _earlier(period: Period, fields: Mapping[str, Any], now: datetime) -> Period | None:
    kind, date = sanitize_text(fields.get("compareType")), sanitize_text(fields.get("compareDate"))
    if not kind or not date:
        return None
    if kind != "custom":
        return earlier_period(period, kind, None)
    return earlier_period(period, kind, start_of_day(dates.parse(date, now)))
