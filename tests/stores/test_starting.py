"""Replicas that start on an empty database at the same moment create one state, and undo no refund."""

import threading
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart.records import ORDERS
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.workspaces import state_replacer
from refund_sandbox.core.workspaces.prepared_state import PreparedState, prepare
from refund_sandbox.core.workspaces.state_replacer import StateReplacer
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import PageQuery
from tests.support.store_servers import at_once

REPLICAS = 4
FIRST_ORDER = PageQuery(0, 1)


def note_prepared(monkeypatch: pytest.MonkeyPatch) -> list[PreparedState]:
    """List with an entry for each state that is created from now on."""
    made: list[PreparedState] = []

    def noting(*given: Any) -> PreparedState:
        made.append(prepare(*given))
        return made[-1]

    monkeypatch.setattr(state_replacer, "prepare", noting)
    return made


def test_of_replicas_that_start_together_one_creates_the_state(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = note_prepared(monkeypatch)

    sandboxes: list[SandboxApp] = at_once(lambda: build(Settings(store=empty_url)), REPLICAS)

    states = [sandbox.workspace.dump() for sandbox in sandboxes]
    for sandbox in sandboxes:
        sandbox.close()
    assert len(made) == 1
    assert states == [states[0]] * REPLICAS


def test_what_the_first_replica_books_is_not_wiped_by_the_second(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second replica finds an empty database, and waits until the first one has created the state and refunded."""
    looked, booked = threading.Event(), threading.Event()
    make_first = StateReplacer._create_initial
    late: list[SandboxApp] = []

    def held_up(replacer: StateReplacer) -> object:
        if threading.current_thread() is second:
            looked.set()
            assert booked.wait(20)
        return make_first(replacer)

    monkeypatch.setattr(StateReplacer, "_create_initial", held_up)
    second = threading.Thread(target=lambda: late.append(build(Settings(store=empty_url))))
    second.start()
    assert looked.wait(20)
    first = build(Settings(store=empty_url))
    with first.workspace.store.transaction() as transaction:
        order = transaction.page(ORDERS, FIRST_ORDER)[0][0]
        transaction.delete(ORDERS, order.id)
    booked.set()
    second.join(20)

    with late[0].workspace.store.read_only() as reading:
        assert reading.get(ORDERS, order.id) is None
    for sandbox in (first, *late):
        sandbox.close()
