"""Reads after a prefetch give the same as reads without one, whatever the transaction wrote meanwhile."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.records import ACTIVITIES, ORDERS, VARIATIONS, Order, Variation
from refund_sandbox.apis.funnelfox.records import ONEOFFS, Oneoff
from refund_sandbox.stores.memory import MemoryStore
from refund_sandbox.stores.protocol import NextIds, Read, Store, Transaction
from refund_sandbox.stores.reads import All, First, Get, Last, Where

pytestmark = pytest.mark.every_store

Open = Callable[[], Store]
A, B, C = Order(1, customer_id=7, receipt_number=30), Order(2, customer_id=8, receipt_number=20), Order(3, customer_id=7)
READS: list[Read] = [
    Get(ORDERS, 1),
    Get(ORDERS, 2, for_update=True),
    Get(ORDERS, 9),
    Get(ORDERS, 2**70),
    Where(ORDERS, "customer_id", 7),
    Where(ORDERS, "customer_id", None),
    All(ORDERS),
    First(ORDERS, "receipt_number"),
    Last(ORDERS, "receipt_number"),
]


@pytest.fixture
def store(open_store: Open) -> Store:
    store = open_store()
    with store.transaction() as transaction:
        for order in (A, B, C):
            transaction.put(ORDERS, order)
    return store


def read_all(transaction: Transaction) -> list[Any]:
    return [
        transaction.get(ORDERS, 1),
        transaction.get(ORDERS, 2, for_update=True),
        transaction.get(ORDERS, 2),
        transaction.get(ORDERS, 9),
        transaction.get(ORDERS, 2**70),
        transaction.where(ORDERS, "customer_id", 7),
        transaction.where(ORDERS, "customer_id", None),
        transaction.all(ORDERS),
        transaction.first(ORDERS, "receipt_number"),
        transaction.last(ORDERS, "receipt_number"),
        transaction.where(ORDERS, "customer_id", 8),
    ]


def test_reads_are_the_same_after_a_prefetch(store: Store) -> None:
    with store.transaction() as transaction:
        expected = read_all(transaction)
    assert expected[0] == A

    with store.transaction() as transaction:
        transaction.prefetch(*READS)
        assert read_all(transaction) == expected
        assert read_all(transaction) == expected
    with store.read_only() as reading:
        reading.prefetch(*READS)
        assert reading.where(ORDERS, "customer_id", 7) == [A, C]
        assert reading.get(ORDERS, 1) == A


def add_new(transaction: Transaction) -> None:
    transaction.put(ORDERS, Order(transaction.next_id(ORDERS), customer_id=7, receipt_number=1))


def move_an_older_one(transaction: Transaction) -> None:
    transaction.get(ORDERS, 2)
    transaction.put(ORDERS, replace(B, customer_id=7))


def move_one_away_and_back(transaction: Transaction) -> None:
    transaction.put(ORDERS, replace(A, customer_id=8))
    transaction.put(ORDERS, replace(A, note="again"))


def change_after_a_read_of_the_type(transaction: Transaction) -> None:
    transaction.put(ORDERS, replace(A, note="first"))
    transaction.where(ORDERS, "customer_id", 8)  # a database gets the writes now
    transaction.put(ORDERS, replace(A, note="second"))


def clear_and_write(transaction: Transaction) -> None:
    transaction.clear(ORDERS)
    transaction.put(ORDERS, Order(2, customer_id=7))


def delete_until_and_write(transaction: Transaction) -> None:
    transaction.put(ORDERS, Order(12, customer_id=7))
    transaction.delete_until(ORDERS, 2)
    transaction.put(ORDERS, Order(13, customer_id=7))


def prefetch_again(transaction: Transaction) -> None:
    transaction.put(ORDERS, replace(A, customer_id=8))
    transaction.put(ORDERS, Order(12, customer_id=7))
    transaction.prefetch(*READS)
    transaction.put(ORDERS, replace(C, note="later"))


WRITES: dict[str, Callable[[Transaction], None]] = {
    "nothing": lambda transaction: None,
    "a change": lambda transaction: transaction.put(ORDERS, replace(A, note="changed")),
    "a new record": add_new,
    "a new record of a chosen key": lambda transaction: transaction.put(ORDERS, Order(9, customer_id=7)),
    "a record without the value": lambda transaction: transaction.put(ORDERS, replace(A, customer_id=8)),
    "another record with the value": move_an_older_one,
    "a change of the value and back": move_one_away_and_back,
    "a deletion": lambda transaction: transaction.delete(ORDERS, 1),
    "the deletion of a locked record": lambda transaction: transaction.delete(ORDERS, 2),
    "two changes and a read between": change_after_a_read_of_the_type,
    "a clearing": lambda transaction: transaction.clear(ORDERS),
    "another state": clear_and_write,
    "the deletion of the oldest": delete_until_and_write,
    "a second prefetch": prefetch_again,
}


@pytest.mark.every_store(3)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_own_writes_are_seen_after_a_prefetch(write: Callable[[Transaction], None], open_store: Open) -> None:
    seen = []
    choices: list[list[Read | NextIds]] = [[], [*READS], [*READS, NextIds(ORDERS, 1)]]
    for prefetched in choices:
        store = open_store()
        with store.exclusive() as transaction:
            transaction.clear(ORDERS)
            for order in (A, B, C):
                transaction.put(ORDERS, order)

        with store.transaction() as transaction:
            transaction.prefetch(*prefetched)
            write(transaction)
            within = read_all(transaction)
            changes = [change.key for change in transaction.changes()]
        with store.transaction() as transaction:
            seen.append((within, read_all(transaction), changes))

    assert seen[0][0] == seen[0][1]
    assert seen[1:] == [seen[0]] * 2


def run_at_random(store: Store, seed: int, *, is_prefetched: bool) -> list[Any]:
    """Return what a random transaction sees. It reads each record before it writes it, and prefetches at random."""
    random, seen = Random(seed), list[Any]()  # noqa: S311 - the same choices in each run

    def new_order(key: int) -> Order:
        return Order(key, customer_id=random.choice((7, 8, None)), receipt_number=random.randrange(10**9))

    with store.transaction() as transaction:
        transaction.clear(ORDERS)
        for key in range(1, 6):
            transaction.put(ORDERS, new_order(key))
    with store.transaction() as transaction:
        for _ in range(12):
            reads = random.sample(READS, random.randrange(len(READS)))
            if is_prefetched:
                transaction.prefetch(*reads)
            for key in random.choices(range(1, 9), k=random.randrange(3)):
                seen.append(transaction.get(ORDERS, key))
                if seen[-1] and random.random() < 0.3:
                    transaction.delete(ORDERS, key)
                else:
                    transaction.put(ORDERS, new_order(key))
            if random.random() < 0.1:
                transaction.delete_until(ORDERS, random.randrange(4))
            if random.random() < 0.5:
                seen.append(transaction.where(ORDERS, "customer_id", random.choice((7, 8, None))))
            if random.random() < 0.3:
                seen.append(read_all(transaction))
        seen.append(read_all(transaction))
    with store.read_only() as reading:
        seen.append(reading.all(ORDERS))
    return seen


@pytest.mark.sampled(4)
@pytest.mark.every_store(4)
@pytest.mark.parametrize("seed", range(20))
def test_a_random_transaction_sees_the_same_over_every_store(seed: int, open_store: Open) -> None:
    store, expected = open_store(), run_at_random(MemoryStore(), seed, is_prefetched=False)

    assert run_at_random(store, seed, is_prefetched=False) == expected
    assert run_at_random(store, seed, is_prefetched=True) == expected


def test_lists_of_a_prefetch_are_the_callers(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.prefetch(Where(ORDERS, "customer_id", 7))
        transaction.where(ORDERS, "customer_id", 7).clear()

        assert transaction.where(ORDERS, "customer_id", 7) == [A, C]


def test_changes_show_what_a_prefetch_read(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.prefetch(Get(ORDERS, 1, for_update=True))
        transaction.put(ORDERS, replace(A, note="changed"))
        [change] = transaction.changes()

    assert change.before == A


def test_text_keys_and_new_records_of_them(open_store: Open) -> None:
    store = open_store()
    one, two = Oneoff("one", external_id="ann"), Oneoff("two", external_id="ann")
    with store.transaction() as transaction:
        transaction.put(ONEOFFS, two)

    with store.transaction() as transaction:
        transaction.prefetch(Where(ONEOFFS, "external_id", "ann"), Get(ONEOFFS, "one"), Get(ONEOFFS, "nul\0"))
        transaction.put(ONEOFFS, one)

        assert transaction.get(ONEOFFS, "one") == one
        assert transaction.get(ONEOFFS, "nul\0") is None
        assert transaction.where(ONEOFFS, "external_id", "ann") == [two, one]


def test_prefetched_ids_are_returned_in_order_and_more_follow(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        transaction.prefetch(NextIds(VARIATIONS, 3), NextIds(ACTIVITIES, 1))

        assert transaction.next_id(VARIATIONS) == 1
        assert list(transaction.next_ids(VARIATIONS, 4)) == [2, 3, 4, 5]
        assert transaction.next_id(VARIATIONS) == 6
        assert transaction.next_id(ACTIVITIES) == 1


def test_a_prefetched_id_is_above_a_key_that_was_chosen(open_store: Open) -> None:
    store = open_store()
    for first in (1, 2):
        with store.transaction() as transaction:
            transaction.prefetch(NextIds(VARIATIONS, 2))
            if first == 2:
                transaction.next_id(VARIATIONS)
            transaction.put(VARIATIONS, Variation(first * 40))

            assert transaction.next_id(VARIATIONS) == first * 40 + 1


def test_prefetched_ids_start_again_after_a_clear(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        transaction.next_ids(VARIATIONS, 5)
        transaction.prefetch(NextIds(VARIATIONS, 2))
        transaction.clear(VARIATIONS)
        transaction.prefetch(NextIds(VARIATIONS, 2))

        assert transaction.next_id(VARIATIONS) == 1
    with store.transaction() as transaction:
        assert transaction.next_id(VARIATIONS) == 2
