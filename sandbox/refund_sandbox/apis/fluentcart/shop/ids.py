"""Ids of new records."""

from typing import Any

from refund_sandbox.apis.fluentcart.shop.records import FIRST_NEW_ID
from refund_sandbox.stores.protocol import RecordType, Transaction


def new_id(store: Transaction, kind: RecordType[Any]) -> int:
    """Return the id of a new record, from the recorded shop's first new id on. The caller saves the record."""
    return max(store.next_id(kind), FIRST_NEW_ID.get(kind.name, 0))
