"""Read-only transactions: they have no method that writes, so mypy finds a write in one."""

from collections.abc import Callable

import pytest

from refund_sandbox.apis.fluentcart.records import VARIATIONS, Variation
from refund_sandbox.stores.protocol import ReadTransaction, Store, Transaction

pytestmark = pytest.mark.every_store

Open = Callable[[], Store]
WRITES = sorted({name for name in vars(Transaction) if not name.startswith("_")} - set(vars(ReadTransaction)))


def test_a_read_only_transaction_has_no_writes(open_store: Open) -> None:
    store = open_store()
    assert WRITES == ["changes", "clear", "delete", "delete_until", "next_id", "next_ids", "put", "replace"]

    with store.read_only() as reading, store.transaction() as writing:
        assert [name for name in WRITES if hasattr(reading, name)] == []
        assert [name for name in WRITES if hasattr(writing, name)] == WRITES
        with pytest.raises(AttributeError):
            reading.put(VARIATIONS, Variation(1))  # type: ignore[attr-defined]  # mypy finds it


def test_a_read_only_transaction_reads_what_was_committed(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))

    with store.read_only() as reading:
        assert reading.get(VARIATIONS, 1, for_update=True) == Variation(1)
        assert reading.all(VARIATIONS) == [Variation(1)]


def test_the_reads_of_a_snapshot_see_the_same_state(open_store: Open) -> None:
    store, other = open_store(), open_store()
    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))

    with store.snapshot() as reading:
        before = reading.all(VARIATIONS)
        with other.transaction() as transaction:
            transaction.put(VARIATIONS, Variation(2))
        assert reading.all(VARIATIONS) == before == [Variation(1)]
        assert reading.get(VARIATIONS, 2) is None

    with store.snapshot() as reading:
        assert len(reading.all(VARIATIONS)) == 2
