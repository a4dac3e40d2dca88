"""Recordings that users have contributed: every file of `contributed`, replayed as `refund-sandbox record` wrote it."""

from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.recordings.case_file import read_cases
from refund_sandbox.recordings.case_replay import CaseReplay
from refund_sandbox.testing import Sandbox
from tests.support.recording_proxy import APIS

pytestmark = pytest.mark.memory_only

FOLDER = Path(__file__).parent / "contributed"


def contributed_cases(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Return the cases with a reply and a state, of all files of a folder."""
    return [case for file in sorted(folder.glob("*.json")) for case in read_cases(file)]


def assert_replays_alike(case: dict[str, Any], sandbox: Sandbox) -> None:
    row = CaseReplay(sandbox.client, APIS).row(case)

    assert row.outcome in ("alike", "not tried"), row.differences
    assert row.outcome == "alike" or row.reason


@pytest.fixture(scope="module")
def empty_sandbox() -> Any:
    with Sandbox(fixture="empty") as sandbox:
        yield sandbox


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in contributed_cases()])
def test_a_contributed_case_is_replayed_alike(case: dict[str, Any], empty_sandbox: Sandbox) -> None:
    assert_replays_alike(case, empty_sandbox)


def test_a_recording_is_read_as_it_is(tmp_path: Path, empty_sandbox: Sandbox) -> None:
    """A recording of a demo shop, copied into a folder of cases."""
    from tests.recordings.test_flows import record_refunds

    record_refunds(tmp_path / "40_demo.json")

    cases = contributed_cases(tmp_path)
    assert len(cases) > 5
    for case in cases:
        assert_replays_alike(case, empty_sandbox)
