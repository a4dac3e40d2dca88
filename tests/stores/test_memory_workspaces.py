"""Workspaces in memory that are deleted, saved and restored at the same time. Nothing waits or tries for ever."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WorkspaceGone
from refund_sandbox.settings import Settings
from tests.support import raw_http

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def test_a_snapshot_is_saved_and_restored_at_the_same_time() -> None:
    workspace = build(Settings()).workspace
    workspace.save_snapshot("start")

    def repeat(work: Callable[[str], None]) -> None:
        for _ in range(1000):
            work("start")

    works = (workspace.save_snapshot, workspace.restore_snapshot)
    threads = [threading.Thread(target=repeat, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"


@pytest.mark.parametrize(
    "use",
    [Workspace.state, Workspace.reset, lambda workspace: workspace.load({}), lambda workspace: workspace.restore_snapshot("s")],
    ids=["state", "reset", "load", "restore"],
)
def test_a_request_to_a_deleted_workspace_does_not_touch_one_that_has_its_name_now(use: Callable[[Workspace], Any]) -> None:
    sandbox = build(Settings())
    deleted = sandbox.workspaces.open("team")
    deleted.save_snapshot("s")
    sandbox.workspaces.delete("team")
    sandbox.workspaces.open("team").set_clock(NOON, frozen=True)
    gone: list[WorkspaceGone] = []

    def try_use() -> None:
        try:
            use(deleted)
        except WorkspaceGone as error:
            gone.append(error)

    thread = threading.Thread(target=try_use, daemon=True)
    thread.start()
    thread.join(5)

    assert len(gone) == 1
    assert sandbox.workspaces.open("team").state().now() == NOON


def test_a_snapshot_that_was_deleted_restores_nothing() -> None:
    workspace = build(Settings()).workspace
    before = workspace.dump()

    with pytest.raises(WorkspaceGone):
        workspace.restore_snapshot("deleted")

    assert workspace.dump() == before


def test_the_request_log_of_a_deleted_workspace_is_freed_at_once() -> None:
    sandbox = build(Settings())
    journal = sandbox.workspaces.open("team").journal
    TestClient(sandbox.app).get("/w/team/wp-json/fluent-cart/v2/orders", headers=raw_http.CREDENTIALS)
    assert journal.find({})

    sandbox.workspaces.delete("team")

    assert journal.find({}) == []
