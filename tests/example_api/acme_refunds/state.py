"""The `acme` section of the state document, and fake orders."""

from collections.abc import Mapping
from random import Random
from typing import Any

from acme_refunds.operations import refunds_of
from acme_refunds.records import ACCOUNTS, CHARGES, ENDPOINTS, REFUNDS, Account, Charge, Endpoint, Refund
from refund_sandbox.core import record_schema
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.stores.protocol import ReadTransaction


def _list_of(record: type[Any], optional: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    schema = record_schema.schema_of(record)
    required = [name for name in schema["required"] if name not in optional]
    return {"type": "array", "items": {**schema, "required": required, "properties": {**schema["properties"], **more}}}


_REFUNDS = _list_of(Refund, optional=("id", "charge", "status"))
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "accounts": _list_of(Account),
        "endpoints": _list_of(Endpoint),
        "orders": _list_of(Charge, optional=("id", "amount"), refunds=_REFUNDS),
    },
}


def load(work: UnitOfWork, section: Mapping[str, Any]) -> None:
    for account in section.get("accounts", [{"key": "acme-sandbox-key"}]):
        work.transaction.put(ACCOUNTS, record_schema.read(Account, account))
    for endpoint in section.get("endpoints", []):
        work.transaction.put(ENDPOINTS, record_schema.read(Endpoint, endpoint))
    for order in section.get("orders", [{"id": "ch_demo", "amount": 5000}]):
        add_order(work, order)


def add_order(work: UnitOfWork, document: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {"id": f"ch_{work.ids.hex(12)}", "amount": 1000, "created_at": write_instant(work.now)}
    charge = record_schema.read(Charge, {**defaults, **document})
    refunds = [
        record_schema.read(Refund, {"id": f"re_{work.ids.hex(12)}", "status": "succeeded", **one, "charge": charge.id})
        for one in document.get("refunds", [])
    ]
    booked = sum(refund.amount for refund in refunds if refund.status == "succeeded")
    if booked != document.get("refunded", booked) or booked > charge.amount:
        raise BadDocument([Problem("/refunded", f"the refunds of the charge add up to {booked}")])
    work.transaction.put(CHARGES, record_schema.read(Charge, {**record_schema.write(charge), "refunded": booked}))
    for refund in refunds:
        work.transaction.put(REFUNDS, refund)
    found = find_order(work.transaction, charge.id)
    assert found is not None
    return found


def find_order(transaction: ReadTransaction, order_id: str) -> dict[str, Any] | None:
    charge = transaction.get(CHARGES, order_id)
    if charge is None:
        return None
    return {**record_schema.write(charge), "refunds": [record_schema.write(one) for one in refunds_of(transaction, charge)]}


def dump(transaction: ReadTransaction) -> dict[str, Any]:
    return {
        "accounts": [record_schema.write(account) for account in transaction.all(ACCOUNTS)],
        "endpoints": [record_schema.write(endpoint) for endpoint in transaction.all(ENDPOINTS)],
        "orders": [find_order(transaction, charge.id) for charge in transaction.all(CHARGES)],
    }


def generate_orders(count: int, seed: int) -> dict[str, Any]:
    random = Random(seed)  # noqa: S311 - fake data
    return {"orders": [{"id": f"ch_{seed}_{number}", "amount": random.randint(100, 99_99)} for number in range(count)]}
