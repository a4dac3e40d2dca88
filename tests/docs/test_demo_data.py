"""The demo data page lists the orders of the demo data."""

import re
from typing import Any

import pytest

from refund_sandbox.app import Sandbox
from tests.support import paths

pytestmark = pytest.mark.memory_only

PAGE = (paths.ROOT / "docs" / "reference" / "demo-data.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading whose first cell is a record."""
    section = PAGE.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    lines = [line.strip("|") for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip().strip("`") for cell in line.split("|")] for line in lines]
    return [row for row in rows if re.match(r"\d{4}$|…\d\d$|[0-9a-f-]{36}$", row[0])]


def test_the_tables_list_the_demo_data(sandbox: Sandbox) -> None:
    world: Any = sandbox.workspace.dump()
    funnelfox = {row["order_id"]: f"{row['amount']} {row['currency_code']}" for row in world["funnelfox"]["orders"]}
    fluentcart = {str(row["id"]): row for row in world["fluentcart"]["orders"]}

    assert {row[0].replace("…", "00000000-0000-4000-8000-0000000000"): row[1] for row in table("FunnelFox orders")} == funnelfox
    listed = table("FluentCart orders")
    assert {row[0] for row in listed} | {"1012"} == set(fluentcart)
    for order_id, transaction_id, paid, _ in listed:
        assert fluentcart[order_id]["transactions"][0]["id"] == int(transaction_id)
        assert paid == "unpaid" or paid.startswith(f"{fluentcart[order_id]['total_paid']} {fluentcart[order_id]['currency']}")
