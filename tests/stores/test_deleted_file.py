"""A SQLite file that is deleted or replaced under a running sandbox: nothing more is booked into it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.control_calls import state

pytestmark = pytest.mark.slow  # each test fills files of its own


def replace_file(file: Path) -> None:
    file.with_suffix(".copy").write_bytes(file.read_bytes())
    file.with_suffix(".copy").replace(file)


@pytest.mark.parametrize("disturb", [Path.unlink, replace_file])
def test_a_refund_gets_503_after_the_file_is_gone(
    disturb: Callable[[Path], object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sandbox.db"
    with closing(build(Settings(store=f"sqlite:///{file}"))) as sandbox:
        client = TestClient(sandbox.app)
        raw_http.arrange(sandbox)
        disturb(file)

        replies = [
            client.post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=raw_http.CREDENTIALS),
            client.get("/_sandbox/state"),
            client.put("/_sandbox/clock", json={"frozen": True}),
            client.get("/w/other/_sandbox/clock"),
        ]

        assert [reply.status_code for reply in replies] == [503] * 4
        assert f"{file} was deleted or replaced" in caplog.text
        assert file.exists() == (disturb is replace_file), "no empty file takes its place"

    with closing(build(Settings(store=f"sqlite:///{file}"))) as sandbox:
        assert state(TestClient(sandbox.app))["funnelfox"]["orders"]
