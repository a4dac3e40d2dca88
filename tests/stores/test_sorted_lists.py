"""Lists that are sorted by an index: a database reads a page in its order, and sorts equal values at most."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from refund_sandbox.apis.fluentcart.records import ORDERS, Order
from refund_sandbox.app import RECORD_TYPES
from refund_sandbox.stores.memory_transactions import TableBuilder
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.sql.store import SqlDatabase

_NUMBER = 3000
"""Number of orders. A table of one page would be read through."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlDatabase]:
    path: Path = tmp_path_factory.mktemp("sorted") / "sandbox.db"
    url = f"sqlite:///{path}" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    database = SqlDatabase(url, RECORD_TYPES)
    yield database
    database.close()


@pytest.fixture(scope="module")
def workspace(database: SqlDatabase) -> str:
    """A workspace with many orders, no two alike."""
    name, builder = f"sorted_{uuid4().hex[:8]}", TableBuilder()
    for number in range(1, _NUMBER):
        values: dict[str, Any] = {
            "status": f"s{number}",
            "payment_status": f"p{number}",
            "created_at": f"{number:04}-01-01 00:00:00",
        }
        builder.put(ORDERS, Order(number, total_amount=number, **values))
    with database.open(name).exclusive() as transaction:
        transaction.replace(ORDERS, builder.table(ORDERS))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE fluentcart_order")
    return name


@pytest.mark.parametrize("downwards", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("column", ORDERS.sorted)
def test_a_page_of_sorted_orders_reads_no_more_than_it_needs(
    column: str, downwards: bool, database: SqlDatabase, workspace: str
) -> None:
    text, bound = database.context.query_builder.documents(ORDERS, PageQuery(0, 10, downwards, order=column))
    bound = {**bound, "workspace": workspace}

    with database.engine.connect() as connection:
        if database.dialect.name == "sqlite":
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", bound).all())
            rows = 0.0
        else:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", bound).scalar_one()
            rows = _rows_of(plan[0]["Plan"], f"sx_fluentcart_order_{column}")

    assert f"sx_fluentcart_order_{column}" in str(plan)
    assert rows < 100


def _rows_of(node: dict[str, Any], index: str) -> float:
    """Return the number of rows that a plan has read from an index."""
    own = float(node["Actual Rows"]) if node.get("Index Name") == index else 0
    return own + sum(_rows_of(one, index) for one in node.get("Plans", []))
