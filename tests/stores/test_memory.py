"""A transaction is committed or rolled back completely, including the order of the records."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from refund_sandbox.stores.memory import MemoryDatabase, MemoryStore
from refund_sandbox.stores.protocol import Change, Record, RecordType, Transaction


class Pet(Record):
    """A record with an owner to look it up by."""

    id: int
    owner: str | None
    name: str = ""


PETS = RecordType("test.pet", Pet, "id", ("owner",))
NAMES = RecordType("test.name", Pet, "name")
CAT, DOG, EEL, FOX = Pet(1, "ann", "cat"), Pet(2, "ann", "dog"), Pet(3, "bob", "eel"), Pet(4, None, "fox")


class Undone(Exception):
    pass


@pytest.fixture
def store() -> MemoryStore:
    return with_pets()


def with_pets() -> MemoryStore:
    """Four pets, in the order of their ids."""
    store = MemoryStore()
    with store.transaction() as transaction:
        for pet in (CAT, DOG, EEL, FOX):
            transaction.put(PETS, pet)
    return store


def look(store: MemoryStore) -> dict[str, Any]:
    """Return everything that can be read from the store."""
    with store.transaction() as transaction:
        seen: dict[str, Any] = {
            owner or "nobody": transaction.where(PETS, "owner", owner) for owner in ("ann", "bob", None, "new")
        }
        seen |= {"first": transaction.first(PETS, "owner"), "last": transaction.last(PETS, "owner")}
        return {**seen, "all": transaction.all(PETS), "one": transaction.get(PETS, 1), "names": transaction.all(NAMES)}


def test_writes_of_a_transaction_are_read_afterwards(store: MemoryStore) -> None:
    with store.transaction() as transaction:
        transaction.put(PETS, replace(CAT, owner="bob"))
        transaction.delete(PETS, 2)
        transaction.put(PETS, Pet(5, "bob"))

    seen = look(store)
    assert seen["all"] == [replace(CAT, owner="bob"), EEL, FOX, Pet(5, "bob")]
    assert seen["bob"] == [replace(CAT, owner="bob"), EEL, Pet(5, "bob")]  # by their age, as in a database
    assert seen["ann"] == []


def test_a_transaction_sees_its_own_writes(store: MemoryStore) -> None:
    with store.transaction() as transaction:
        transaction.put(PETS, replace(CAT, name="lion"))
        transaction.delete(PETS, 3)

        assert transaction.get(PETS, 1) == replace(CAT, name="lion")
        assert transaction.where(PETS, "owner", "bob") == []


def test_a_record_that_is_replaced_keeps_its_place(store: MemoryStore) -> None:
    with store.transaction() as transaction:
        transaction.put(PETS, replace(CAT, name="lion"))

    assert look(store)["ann"] == [replace(CAT, name="lion"), DOG]


def clear_all(transaction: Transaction) -> None:
    transaction.clear(PETS)
    transaction.clear(NAMES)


def rewrite_all(transaction: Transaction) -> None:
    clear_all(transaction)
    transaction.put(PETS, Pet(9, "ann"))
    transaction.put(NAMES, CAT)


def delete_and_put_back(transaction: Transaction) -> None:
    transaction.delete(PETS, 1)
    transaction.put(PETS, replace(CAT, owner="bob"))
    transaction.delete(PETS, 1)


def change_twice(transaction: Transaction) -> None:
    transaction.put(PETS, replace(CAT, owner="bob"))
    transaction.put(PETS, replace(CAT, owner="new"))
    transaction.put(PETS, replace(EEL, owner=None))


def clear_in_the_middle(transaction: Transaction) -> None:
    transaction.put(PETS, replace(CAT, owner="bob"))
    transaction.delete(PETS, 2)
    clear_all(transaction)
    transaction.put(PETS, replace(CAT, owner="new"))


WRITES: dict[str, Callable[[Transaction], None]] = {
    "a new record": lambda transaction: transaction.put(PETS, Pet(5, "ann")),
    "the first record of a kind": lambda transaction: transaction.put(NAMES, CAT),
    "a change": lambda transaction: transaction.put(PETS, replace(CAT, name="lion")),
    "another owner": lambda transaction: transaction.put(PETS, replace(CAT, owner="bob")),
    "no owner": lambda transaction: transaction.put(PETS, replace(CAT, owner=None)),
    "a first owner": lambda transaction: transaction.put(PETS, replace(FOX, owner="ann")),
    "a deletion": lambda transaction: transaction.delete(PETS, 1),
    "the deletion of a record without an owner": lambda transaction: transaction.delete(PETS, 4),
    "the deletion of nothing": lambda transaction: transaction.delete(PETS, 99),
    "a deletion and a return": delete_and_put_back,
    "two changes of owner": change_twice,
    "a clearing": clear_all,
    "another state": rewrite_all,
    "a clearing in the middle": clear_in_the_middle,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_transaction_that_raises_leaves_everything_as_it_was(write: Callable[[Transaction], None], store: MemoryStore) -> None:
    before = look(store)

    with pytest.raises(Undone), store.transaction() as transaction:
        write(transaction)
        raise Undone

    assert look(store) == before


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_store_works_after_a_rollback(write: Callable[[Transaction], None], store: MemoryStore) -> None:
    fresh = MemoryStore()
    with pytest.raises(Undone), store.transaction() as transaction:
        write(transaction)
        raise Undone

    for one in (store, fresh):
        with one.transaction() as transaction:
            rewrite_all(transaction)

    assert look(store) == look(fresh)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("where", ["before the writes", "after the writes", "after the end"])
def test_an_index_is_right_whenever_it_is_first_used(
    where: str, write: Callable[[Transaction], None], store: MemoryStore
) -> None:
    with pytest.raises(Undone), store.transaction() as transaction:
        if where == "before the writes":
            transaction.last(PETS, "owner")
        write(transaction)
        if where == "after the writes":
            transaction.last(PETS, "owner")
        raise Undone

    assert look(store) == look(with_pets())


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_changes_show_each_written_record_before_and_after(write: Callable[[Transaction], None], store: MemoryStore) -> None:
    record_types: dict[str, RecordType[Pet]] = {kind.name: kind for kind in (PETS, NAMES)}
    keys: list[int | str] = [1, 2, 3, 4, 5, 9, 99, "cat"]

    def stored() -> dict[tuple[str, Any], Pet | None]:
        with store.read_only() as transaction:
            return {(name, key): transaction.get(kind, key) for name, kind in record_types.items() for key in keys}

    before = stored()
    with store.transaction() as transaction:
        write(transaction)
        changes = transaction.changes()

    after = stored()
    places = [(change.kind, change.key) for change in changes]
    assert changes == [Change(*place, before[place], after[place]) for place in places]
    assert len(set(places)) == len(places)
    cleared = write in (clear_all, rewrite_all, clear_in_the_middle)  # what goes with all the others is not listed one by one
    assert {place for place in before if before[place] != after[place] and (after[place] or not cleared)} <= set(places)


def test_a_field_without_an_index_is_refused(store: MemoryStore) -> None:
    with store.read_only() as transaction, pytest.raises(KeyError):
        transaction.where(PETS, "name", "cat")


def test_an_id_is_above_every_key_and_never_returned_twice(store: MemoryStore) -> None:
    with store.transaction() as transaction:
        first = transaction.next_id(PETS)
        transaction.put(PETS, Pet(70, None))
        second = transaction.next_id(PETS)
        transaction.delete(PETS, 70)
        third = transaction.next_id(PETS)

    assert (first, second, third) == (5, 71, 72)


def test_an_id_of_a_transaction_that_is_rolled_back_is_not_returned_again(store: MemoryStore) -> None:
    with pytest.raises(Undone), store.transaction() as transaction:
        lost = transaction.next_id(PETS)
        raise Undone

    with store.transaction() as transaction:
        assert transaction.next_id(PETS) > lost


def test_ids_restart_with_another_state_only(store: MemoryStore) -> None:
    with pytest.raises(Undone), store.transaction() as transaction:
        clear_all(transaction)
        raise Undone
    with store.transaction() as transaction:
        first = transaction.next_id(PETS)
        clear_all(transaction)
        again = transaction.next_id(PETS)

    assert (first, again) == (5, 1)


def test_records_that_are_added_after_a_copy_come_last() -> None:
    database = MemoryDatabase()
    with database.open("one").transaction() as transaction:
        for number in range(1, 6):
            transaction.put(PETS, Pet(number, "ann"))
    database.copy_workspace("one", "two", [PETS])

    with database.open("two").transaction() as transaction:
        transaction.put(PETS, Pet(6, "ann"))
        assert [pet.id for pet in transaction.where(PETS, "owner", "ann")] == [1, 2, 3, 4, 5, 6]
