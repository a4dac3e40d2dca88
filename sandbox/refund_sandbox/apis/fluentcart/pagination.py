"""Query parameters of the lists, and the envelope of a page (facts §10, group 11)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.php import PhpObject
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.query import Condition

_DEFAULT_PER_PAGE = 10
_MODEL_PER_PAGE = 15
"""Page size of the framework's models where there is none."""
_PER_PAGE_LIMIT = 200
_PAGE_LIMIT = 10**18
_LINKS_EACH_SIDE = 3
"""Number of linked pages on each side of the current one."""


class ListQuery(Struct, frozen=True):
    """Query parameters of a list as PHP parses them, and the list's URL without them."""

    params: Mapping[str, Any]
    url: str

    def text(self, name: str) -> str:
        """Return a text parameter; "" if it is missing or an array."""
        value = self.params.get(name)
        return php.trim(value) if isinstance(value, str) else ""

    @property
    def select(self) -> list[str]:
        """Return the columns in `select`, with empty names: a text with commas, or a list (measured in 1.3.25 and 1.5.2)."""
        sent = self.params.get("select")
        if php.is_empty(sent):
            return []
        names = sent.split(",") if isinstance(sent, str) else php.entries(sent)
        return [name.strip() for name in names if isinstance(name, str)]

    @property
    def per_page(self) -> int:
        """The page size: a number below 200, else 10; 2.5 is read as 2, and 0.5 as no size (measured in 1.3.25)."""
        sent: Any = self.params.get("per_page")
        number = float(sent) if php.is_numeric(sent) else 0
        return int(number) or _MODEL_PER_PAGE if 0 < number < _PER_PAGE_LIMIT else _DEFAULT_PER_PAGE

    @property
    def page(self) -> int:
        """The page number: 2.7, 02 and 2e0 are read as 2; 1 for anything that is not a number from 1 (measured in 1.3.25)."""
        sent = self.params.get("page")
        number = php.to_int(sent) if php.is_numeric(sent) else 0
        return number if 1 <= number < _PAGE_LIMIT else 1


class RecordPage(Struct, frozen=True):
    """The records of one page, and the number of records on all pages."""

    records: Sequence[Any]
    total: int


def sort_order(query: ListQuery, columns: Mapping[str, str]) -> tuple[str, bool]:
    """Return the sort column, by default id, and whether the order is descending, which is the default."""
    requested = query.text("sort_by")
    column = requested if columns.get(requested, "array") != "array" else "id"
    return column, query.text("sort_type").lower() != "asc"


def page_query(query: ListQuery, columns: Mapping[str, str], where: tuple[Condition, ...]) -> PageQuery:
    """Return the store's query for the requested page. Equal values are sorted oldest first (11-018)."""
    column, descending = sort_order(query, columns)
    start = (query.page - 1) * query.per_page
    return PageQuery(start, query.per_page, descending, where, None if column == "id" else column)


def paginate(records: RecordPage, query: ListQuery, render: Callable[[Any], Row]) -> PhpObject:
    """Return one page in its envelope. Its URLs have a slash before `?` and no parameter but `page` (11-002)."""
    page, per_page = query.page, query.per_page
    start = (page - 1) * per_page
    rows = [render(record) for record in records.records]
    last = max(1, -(-records.total // per_page))
    previous = page - 1 if page > 1 else None
    following = page + 1 if page < last else None
    envelope = {
        "current_page": page,
        "data": rows,
        "first_page_url": _url(query, 1),
        "from": start + 1 if rows else None,
        "last_page": last,
        "last_page_url": _url(query, last),
        "links": [
            _link(query, previous, "pagination.previous"),
            *[_link(query, number, str(number or "..."), active=number == page) for number in _window(page, last)],
            _link(query, following, "pagination.next"),
        ],
        "next_page_url": _url(query, following),
        "path": query.url,
        "per_page": per_page,
        "prev_page_url": _url(query, previous),
        "to": start + len(rows) if rows else None,
        "total": records.total,
    }
    return PhpObject(envelope)


def _url(query: ListQuery, page: int | None) -> str | None:
    return None if page is None else f"{query.url}/?page={page}"


def _link(query: ListQuery, page: int | None, label: str, *, active: bool = False) -> Row:
    return {"url": _url(query, page), "label": label, "active": active}


def _window(page: int, last: int) -> list[int | None]:
    """Return the linked pages, None for a gap: all of up to 13 pages, else the pages at both ends and around the current page.

    Measured for the first of 14 pages (11-052). Assumed: the other pages follow the documentation of the framework's paginator.
    """
    near = _LINKS_EACH_SIDE + 4
    if last < 2 * _LINKS_EACH_SIDE + 8:
        return list(range(1, last + 1))
    if page <= near:
        return [*range(1, near + _LINKS_EACH_SIDE + 1), None, last - 1, last]
    if page > last - near:
        return [1, 2, None, *range(last - near - _LINKS_EACH_SIDE + 1, last + 1)]
    return [1, 2, None, *range(page - _LINKS_EACH_SIDE, page + _LINKS_EACH_SIDE + 1), None, last - 1, last]
