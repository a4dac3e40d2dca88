"""Large databases: one fake order of each API, copied by the database itself."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy import create_engine

from refund_sandbox.apis.fluentcart import records as fluentcart
from refund_sandbox.apis.funnelfox import records as funnelfox
from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import RecordType, Store
from refund_sandbox.stores.sql.tables import Tables
from tests.bench.servers import Say

FIRST = 1_000_001
"""Id of the first FluentCart order, and of its customer, charge and item."""
_AMOUNT, _STATUS, _CREATED_AT = 987_654_321, "status-of-the-copy", "1987-06-05 04:03:02"
"""Values of the first order, which its copies replace by different ones."""
_BATCH = 100_000
_SEARCH_INDEXES = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'tx\\_%%'"
_COPIED = (fluentcart.CUSTOMERS, fluentcart.ORDERS, fluentcart.TRANSACTIONS, fluentcart.ITEMS)
_COPIED_HALF = (funnelfox.USERS, funnelfox.ORDERS, funnelfox.TRANSACTIONS, funnelfox.ONEOFFS)


def order_id_of(number: int) -> str:
    """Return the id of a FunnelFox order. Ids of consecutive orders are far apart, as in a real database."""
    return str(uuid.UUID(hashlib.md5(f"order{number}".encode(), usedforsecurity=False).hexdigest()))


def external_id_of(number: int) -> str:
    """Return the user of a FunnelFox order."""
    return f"user_{number}"


def fill(url: str, size: int, say: Say) -> None:
    """Fill a database with the demo data, `size` FluentCart orders and half as many FunnelFox orders.

    Each order has its own customer and one charge or sale."""
    sandbox = build(Settings(store=url, orders=1))
    store = sandbox.workspace.store
    _number(store)
    templates = _templates(store)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for index in connection.exec_driver_sql(_SEARCH_INDEXES).scalars().all():
            connection.exec_driver_sql(f"DROP INDEX {index}")  # the next start makes them again, in much less time
        for kind, count in (*((kind, size) for kind in _COPIED), *((kind, size // 2) for kind in _COPIED_HALF)):
            copy = _copy(kind, templates)
            for first, last in _batches(count):
                connection.exec_driver_sql(copy, (FIRST + first, FIRST + last))
                say(f"  {kind.name}: {last + 1:,} of {count:,}")
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    for kind in _COPIED:
        _raise_ids(store, kind, FIRST + size - 1)
    sandbox.close()


def _number(store: Store) -> None:
    """Set the fields of the first order and its customer by which lists search and sort. Each copy has its own."""
    with store.transaction() as transaction:
        order, customer = transaction.get(fluentcart.ORDERS, FIRST), transaction.get(fluentcart.CUSTOMERS, FIRST)
        assert order and customer
        values = {"total_amount": _AMOUNT, "status": _STATUS, "created_at": _CREATED_AT}
        transaction.put(fluentcart.ORDERS, replace(order, invoice_no=f"INV-{FIRST}", **values))
        transaction.put(fluentcart.CUSTOMERS, replace(customer, email=f"{FIRST}@example.test"))


def _batches(count: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last number of each batch. Number 0 is the template."""
    for first in range(1, count, _BATCH):
        yield first, min(first + _BATCH, count) - 1


def _templates(store: Store) -> Mapping[str, str]:
    """Return the SQL expressions that replace the ids of the template in its copies."""
    with store.read_only() as transaction:
        order = transaction.where(funnelfox.ORDERS, "external_id", "user_1000")[0]
        sale = transaction.where(funnelfox.TRANSACTIONS, "order_id", order.order_id)[0]
    assert order.oneoff_id is not None
    return {
        str(FIRST): "n::text",
        order.external_id: "'user_' || n",
        order.order_id: "md5('order' || n)::uuid::text",
        order.oneoff_id: "md5('oneoff' || n)::uuid::text",
        sale.trx_id: "md5('sale' || n)::uuid::text",
        str(_AMOUNT): "(5000 + n * 7919 %% 90000)::text",
        _STATUS: "(ARRAY['completed', 'processing', 'on-hold', 'canceled'])[1 + n %% 4]",
        _CREATED_AT: "to_char(timestamp '2019-01-01' + n * interval '1 minute', 'YYYY-MM-DD HH24:MI:SS')",
    }


def _copy(kind: RecordType[Any], templates: Mapping[str, str]) -> str:
    """Return the statement that copies the template record once for each number of a range."""
    table = Tables([kind], numbered=True)[kind]
    columns = [column for column in table.columns if column.name not in ("workspace", "place")]
    names = ", ".join(column.name for column in columns)
    copied = ", ".join(f"{_replaced(column.name, templates)}::{column.type}" for column in columns)
    known = ", ".join(f"'{old}'" for old in templates)
    source = f"{table.name}, generate_series(%s::bigint, %s::bigint) n WHERE key::text IN ({known})"
    return f"INSERT INTO {table.name} (workspace, {names}) SELECT workspace, {copied} FROM {source}"  # noqa: S608 - our own names


def _replaced(column: str, templates: Mapping[str, str]) -> str:
    text = f"{column}::text"
    for old, new in templates.items():
        text = f"replace({text}, '{old}', {new})"
    return text


def _raise_ids(store: Store, kind: RecordType[Any], last: int) -> None:
    """Write the last record through the store, so that it continues with higher ids."""
    with store.read_only() as transaction:
        record = transaction.get(kind, last)
    with store.transaction() as transaction:
        transaction.put(kind, record)
