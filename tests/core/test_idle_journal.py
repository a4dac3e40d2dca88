"""Request log in memory: entries of a long one are rendered while no requests come."""

from collections.abc import Iterator

import pytest

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.journal.memory_journal import _MANY, MemoryJournal
from refund_sandbox.settings import Settings
from tests.core.test_walk import refund
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only


@pytest.fixture
def own() -> Iterator[SandboxApp]:
    sandbox = build(Settings())
    yield sandbox
    sandbox.close()


def fill(sandbox: SandboxApp, count: int) -> MemoryJournal:
    """Return the journal of a workspace after many refunds."""
    journal = sandbox.workspace.journal
    assert isinstance(journal, MemoryJournal)
    call = refund(sandbox, "fluentcart")
    for _ in range(count):
        call()
    return journal


def unread(journal: MemoryJournal) -> int:
    return sum(entry.exchange is not None for entry in journal._bounded.entries)


def test_entries_of_a_long_request_log_are_rendered_when_no_requests_come(own: SandboxApp) -> None:
    journal = fill(own, _MANY)

    wait_until(lambda: unread(journal) == 0)

    assert [entry.id for entry in journal.find({}, limit=_MANY)] == list(range(_MANY, 0, -1))
    assert b'"operation":"refundOrder"' in journal.find({}, limit=1)[0].json


def test_a_closed_sandbox_renders_nothing(own: SandboxApp) -> None:
    journal = fill(own, _MANY)

    journal.close()

    thread = journal._renderer
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()
