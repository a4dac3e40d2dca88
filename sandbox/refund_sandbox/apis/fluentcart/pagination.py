"""What a list is asked for, and the page that it answers with (facts §10, group 11)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.wordpress.request import PhpObject
from refund_sandbox.frozen import frozen
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.query import Condition

_PER_PAGE = 10
_SIDES = 3
"""How many pages are linked on each side of the current one."""


@frozen
class Query:
    """The parameters of a list as PHP reads them, and the list's URL without them."""

    get: Mapping[str, Any]
    url: str

    def text(self, name: str) -> str:
        """A parameter that is text; empty when there is none."""
        value = self.get.get(name)
        return value.strip() if isinstance(value, str) else ""

    @property
    def per_page(self) -> int:
        """1 to 199, or else 10; of 2.5 the whole part."""
        wanted = php.to_int(self.get.get("per_page"))
        return wanted if 0 < wanted < 200 else _PER_PAGE

    @property
    def page(self) -> int:
        """The page; whatever is no whole number from 1 on is 1."""
        wanted = self.text("page")
        return int(wanted) if re.fullmatch(r"\+?[1-9][0-9]{0,17}", wanted, re.ASCII) else 1


@frozen
class Shown:
    """The records of one page, and how many there are on all pages."""

    records: Sequence[Any]
    total: int


def order_of(query: Query, columns: Mapping[str, str]) -> tuple[str, bool]:
    """The column that a list is sorted by, and whether downwards: id unless another is known, and down unless told `asc`."""
    wanted = query.text("sort_by")
    column = wanted if columns.get(wanted, "array") != "array" else "id"
    return column, query.text("sort_type").lower() != "asc"


def part_of(query: Query, columns: Mapping[str, str], where: tuple[Condition, ...]) -> PageQuery:
    """The page that a query asks for. Equals stay oldest first (11-018)."""
    column, downwards = order_of(query, columns)
    start = (query.page - 1) * query.per_page
    return PageQuery(start, query.per_page, downwards, where, None if column == "id" else column)


def paginate(found: Shown, query: Query, read: Callable[[Any], Row]) -> PhpObject:
    """One page in its envelope. The URLs have a slash before the question mark and drop every other parameter (11-002)."""
    page, per_page = query.page, query.per_page
    start = (page - 1) * per_page
    shown = [read(record) for record in found.records]
    last = max(1, -(-found.total // per_page))
    before = page - 1 if page > 1 else None
    after = page + 1 if page < last else None
    envelope = {
        "current_page": page,
        "data": shown,
        "first_page_url": _url(query, 1),
        "from": start + 1 if shown else None,
        "last_page": last,
        "last_page_url": _url(query, last),
        "links": [
            _link(query, before, "pagination.previous"),
            *[_link(query, number, str(number or "..."), active=number == page) for number in _window(page, last)],
            _link(query, after, "pagination.next"),
        ],
        "next_page_url": _url(query, after),
        "path": query.url,
        "per_page": per_page,
        "prev_page_url": _url(query, before),
        "to": start + len(shown) if shown else None,
        "total": found.total,
    }
    return PhpObject(envelope)


def _url(query: Query, page: int | None) -> str | None:
    return None if page is None else f"{query.url}/?page={page}"


def _link(query: Query, page: int | None, label: str, *, active: bool = False) -> Row:
    return {"url": _url(query, page), "label": label, "active": active}


def _window(page: int, last: int) -> list[int | None]:
    """The pages that are linked, None for a gap: all up to 13, else both ends and what lies around the current one.

    Measured for the first of 14 pages (11-052). Assumed for the others: as the framework's paginator is documented.
    """
    near = _SIDES + 4
    if last < 2 * _SIDES + 8:
        return list(range(1, last + 1))
    if page <= near:
        return [*range(1, near + _SIDES + 1), None, last - 1, last]
    if page > last - near:
        return [1, 2, None, *range(last - near - _SIDES + 1, last + 1)]
    return [1, 2, None, *range(page - _SIDES, page + _SIDES + 1), None, last - 1, last]
