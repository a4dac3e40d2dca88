"""Ids on every store: above every key, never repeated, and restarted only by another state."""

import threading
from collections.abc import Callable

import pytest

from refund_sandbox.apis.fluentcart.records import ORDERS, VARIATIONS, Order, Variation
from refund_sandbox.stores.protocol import Store
from tests.support.store_servers import at_once

pytestmark = pytest.mark.every_store

Open = Callable[[], Store]


class Undone(Exception):
    pass


def next_id(store: Store) -> int:
    with store.transaction() as transaction:
        return transaction.next_id(VARIATIONS)


def test_an_id_is_above_a_key_that_was_chosen(open_store: Open) -> None:
    store = open_store()
    assert next_id(store) == 1

    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(70))
        second = transaction.next_id(VARIATIONS)
        transaction.delete(VARIATIONS, 70)

    assert (second, next_id(store)) == (71, 72)


@pytest.mark.parametrize("used", [0, 3, 100])
def test_after_a_clear_ids_follow_the_new_keys(used: int, open_store: Open) -> None:
    store = open_store()
    for _ in range(used):
        next_id(store)

    with store.transaction() as transaction:
        transaction.clear(VARIATIONS)
        first = transaction.next_id(VARIATIONS)
        transaction.put(VARIATIONS, Variation(50))
        second = transaction.next_id(VARIATIONS)

    assert (first, second, next_id(store)) == (1, 51, 52)


def test_a_clear_that_is_rolled_back_does_not_change_the_ids(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(50))

    with pytest.raises(Undone), store.transaction() as transaction:
        transaction.clear(VARIATIONS)
        transaction.put(VARIATIONS, Variation(7))
        transaction.next_id(VARIATIONS)
        raise Undone

    assert next_id(store) == 51


def test_an_id_of_a_transaction_that_is_rolled_back_is_not_a_key(open_store: Open) -> None:
    store = open_store()
    with pytest.raises(Undone), store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(transaction.next_id(VARIATIONS)))
        raise Undone

    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(transaction.next_id(VARIATIONS)))

    with store.read_only() as transaction:
        assert len(transaction.all(VARIATIONS)) == 1


def test_ids_of_one_batch_are_consecutive(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(5))

        assert list(transaction.next_ids(VARIATIONS, 3)) == [6, 7, 8]
        assert transaction.next_id(VARIATIONS) == 9


def test_two_stores_on_one_database_never_return_the_same_id(open_store: Open) -> None:
    stores = [open_store(), open_store()]
    given, lock = list[int](), threading.Lock()

    def take() -> None:
        for number in range(20):
            store = stores[number % 2]
            if store.is_shared:
                given.append(next_id(store))
            else:
                with lock:  # calls on memory run one after the other
                    given.append(next_id(store))

    at_once(take, 4)

    assert sorted(given) == list(range(1, 81))


def test_a_key_that_one_store_chose_is_not_an_id_of_the_other(open_store: Open) -> None:
    one, other = open_store(), open_store()
    assert next_id(other) == 1

    with one.transaction() as transaction:
        transaction.put(VARIATIONS, Variation(40))

    assert next_id(other) == 41


def test_records_up_to_a_key_are_deleted_and_ids_continue(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        for key in (3, 1, 9, 4):
            transaction.put(VARIATIONS, Variation(key))
        transaction.delete_until(VARIATIONS, 4)

    with store.read_only() as transaction:
        assert transaction.all(VARIATIONS) == [Variation(9)]
    assert next_id(store) == 10


def test_the_last_and_the_first_of_an_index_are_found_without_null(open_store: Open) -> None:
    store = open_store()
    with store.transaction() as transaction:
        assert (transaction.first(ORDERS, "receipt_number"), transaction.last(ORDERS, "receipt_number")) == (None, None)
        for order_id, receipt in ((1, None), (2, 8), (3, 30), (4, None), (5, 7)):
            transaction.put(ORDERS, Order(order_id, receipt_number=receipt))

        first, last = transaction.first(ORDERS, "receipt_number"), transaction.last(ORDERS, "receipt_number")

    assert first and last
    assert (first.id, last.id) == (5, 3)
