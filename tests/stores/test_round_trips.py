"""Number of round trips of a transaction on PostgreSQL, and a connection that breaks during COMMIT."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.records import ORDERS, TRANSACTIONS, VARIATIONS, Order, Transaction, Variation
from refund_sandbox.app import RECORD_TYPES, SandboxApp, build
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import CommitUnknown, Store, StoreError
from refund_sandbox.stores.reads import Get, NextIds, Where
from refund_sandbox.stores.sql.store import SqlDatabase
from tests.support import raw_http
from tests.support.round_trips import RoundTrips, count_round_trips


@pytest.fixture
def counter(postgresql_url: str) -> Iterator[RoundTrips]:
    with count_round_trips(postgresql_url) as counter:
        yield counter


@pytest.fixture
def store(counter: RoundTrips) -> Iterator[Store]:
    """A store behind the proxy, with a connection in its pool."""
    with closing(SqlDatabase(counter.url, RECORD_TYPES)) as database:
        yield database.open(f"test_{uuid4().hex[:8]}")


class Undone(Exception):
    pass


def test_a_transaction_that_does_nothing_takes_no_round_trip(store: Store, counter: RoundTrips) -> None:
    before = counter.count

    with store.transaction(), store.read_only():
        pass

    assert counter.count == before


def test_a_transaction_with_prefetched_reads_takes_two_round_trips(store: Store, counter: RoundTrips) -> None:
    """The first one begins, locks and reads; the second one writes and commits."""
    before = counter.count

    with store.transaction() as transaction:
        transaction.prefetch(
            Get(ORDERS, 1, for_update=True), Get(VARIATIONS, 1), Where(TRANSACTIONS, "order_id", 1), NextIds(TRANSACTIONS, 2)
        )
        assert transaction.get(ORDERS, 1, for_update=True) is None
        assert transaction.get(VARIATIONS, 1) is None
        assert transaction.where(TRANSACTIONS, "order_id", 1) == []
        transaction.put(ORDERS, Order(1))
        transaction.put(VARIATIONS, Variation(1))
        for _ in range(2):
            transaction.put(TRANSACTIONS, Transaction(transaction.next_id(TRANSACTIONS), order_id=1))
        assert len(transaction.where(TRANSACTIONS, "order_id", 1)) == 2

    assert counter.count == before + 2


def test_writes_alone_take_one_round_trip(store: Store, counter: RoundTrips) -> None:
    before = counter.count

    with store.transaction() as transaction:
        transaction.delete_until(VARIATIONS, 4)
        for key in (5, 6):
            transaction.put(VARIATIONS, Variation(key))

    assert counter.count == before + 1
    with store.read_only() as reading:
        assert [record.id for record in reading.all(VARIATIONS)] == [5, 6]
    assert counter.count == before + 2


def test_a_locked_record_is_read_once(store: Store, counter: RoundTrips) -> None:
    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))
    before = counter.count

    with store.transaction() as transaction:
        for _ in range(3):
            assert transaction.get(VARIATIONS, 1, for_update=True) == Variation(1)
            assert transaction.get(VARIATIONS, 1) == Variation(1)

    assert counter.count == before + 2


def test_a_prefetch_without_a_lock_does_not_serve_a_read_with_one(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))

    def change() -> None:
        with store.transaction() as transaction:
            transaction.put(VARIATIONS, Variation(1, available=5))

    with store.transaction() as transaction:
        transaction.prefetch(Get(VARIATIONS, 1))
        thread = threading.Thread(target=change)
        thread.start()
        thread.join(20)
        seen = [transaction.get(VARIATIONS, 1, for_update=for_update) for for_update in (False, True, False)]

    assert [record.available for record in seen if record] == [0, 5, 5]


def test_a_rollback_takes_one_round_trip_and_the_connection_is_used_again(store: Store, counter: RoundTrips) -> None:
    before = counter.count

    for _ in range(3):
        with pytest.raises(Undone), store.transaction() as transaction:
            transaction.get(VARIATIONS, 1)
            raise Undone

    assert counter.count == before + 6


def test_a_state_of_thousands_of_records_is_saved(store: Store) -> None:
    with store.exclusive() as transaction:
        for key in range(1, 3001):
            transaction.put(VARIATIONS, Variation(key, available=key))

    with store.read_only() as reading:
        assert [record.available for record in reading.all(VARIATIONS)] == list(range(1, 3001))


@pytest.mark.parametrize("is_forwarded", [False, True])
def test_a_connection_that_breaks_during_commit_leaves_the_result_unknown(
    is_forwarded: bool, store: Store, counter: RoundTrips
) -> None:
    counter.break_at(b"COMMIT", is_forwarded=is_forwarded)

    with pytest.raises(CommitUnknown, match="PostgreSQL: "), store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))

    with store.read_only() as reading:
        assert reading.get(VARIATIONS, 1) == (Variation(1) if is_forwarded else None)


def test_an_error_of_a_write_is_no_unknown_commit(store: Store) -> None:
    with pytest.raises(StoreError, match=r"PostgreSQL: .* out of range") as raised, store.transaction() as transaction:
        transaction.put(ORDERS, Order(1, customer_id=2**70))
        transaction.put(VARIATIONS, Variation(1))

    assert not isinstance(raised.value, CommitUnknown)
    with store.read_only() as reading:
        assert reading.get(VARIATIONS, 1) is None


def test_a_transaction_whose_statement_failed_does_not_commit(store: Store) -> None:
    with pytest.raises(StoreError, match="a statement of the transaction failed"), store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(1))
        with pytest.raises(StoreError):
            transaction.where(ORDERS, "customer_id", 2**70)

    with store.read_only() as reading:
        assert reading.get(VARIATIONS, 1) is None


def test_a_text_with_nul_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="NUL"), store.read_only() as reading:
        reading.where(ORDERS, "status", "paid\0")


@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
def test_a_refund_takes_at_most_six_round_trips(api: str, empty_postgresql: str) -> None:
    """With those of the request log, which is written in batches."""
    refunds = 20
    with count_round_trips(empty_postgresql) as counter, closing(build(Settings(store=counter.url))) as sandbox:
        raw_http.arrange(sandbox)
        client = TestClient(sandbox.app)
        body = raw_http.REFUNDS[api] if api == "funnelfox" else {"refund_info": {"transaction_id": 5001, "amount": 1}}

        def refund() -> None:
            assert client.post(raw_http.PATHS[api], json=body, headers=raw_http.CREDENTIALS).status_code == 200

        refund()  # opens the connection
        before = counter.count
        for _ in range(refunds):
            refund()

        assert counter.count - before <= 6 * refunds


@pytest.mark.parametrize("is_forwarded", [True, False], ids=["committed", "not committed"])
def test_a_refund_whose_commit_is_unknown_gets_no_reply(is_forwarded: bool, empty_postgresql: str) -> None:
    """A reply would say that nothing was booked, or that it was; both may be wrong."""
    with count_round_trips(empty_postgresql) as counter, closing(build(Settings(store=counter.url))) as sandbox:
        raw_http.arrange(sandbox)
        client = TestClient(sandbox.app)

        def refund() -> int:
            body, headers = raw_http.REFUNDS["funnelfox"], raw_http.CREDENTIALS
            return client.post(raw_http.FUNNELFOX, json=body, headers=headers).status_code

        assert refund() == 200
        assert sandbox.workspace.journal.find({})  # writes the request log now, which has the same text
        counter.break_at(b'"psp_transaction_type":"REFUND"', is_forwarded=is_forwarded)  # sent together with COMMIT
        with pytest.raises(ConnectionResetError):
            refund()
        refunds = [row for row in find_order(sandbox)["transactions"] if row["psp_transaction_type"] == "REFUND"]
        assert len(refunds) == (2 if is_forwarded else 1)


def find_order(sandbox: SandboxApp) -> dict[str, Any]:
    order = sandbox.workspace.find_order("funnelfox", raw_http.ORDER_ID)
    assert order is not None
    return order
