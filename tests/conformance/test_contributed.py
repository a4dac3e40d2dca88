"""Recordings that users have contributed: every file of `contributed`, replayed as `refund-sandbox record` wrote it."""

from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from refund_sandbox.recordings.case_file import read_cases
from refund_sandbox.recordings.case_replay import CaseReplay
from refund_sandbox.testing import Sandbox
from tests.conformance.test_recordings import arrange, assert_as_recorded, recorded_cases
from tests.recordings.test_flows import record_refunds
from tests.support.paths import CONTRIBUTED
from tests.support.recording_proxy import APIS

pytestmark = pytest.mark.memory_only


def contributed_cases(folder: Path = CONTRIBUTED) -> list[dict[str, Any]]:
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
    record_refunds(tmp_path / "40_demo.json")

    cases = contributed_cases(tmp_path)

    assert len(cases) == 13
    for case in cases:
        assert_replays_alike(case, empty_sandbox)


def test_a_recording_is_read_like_the_recordings_of_a_version(
    tmp_path: Path, sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    record_refunds(tmp_path / "40_demo.json")

    cases = [case for case in recorded_cases(tmp_path) if case["api"] == "fluentcart"]

    assert len(cases) == 9
    for case in cases:
        arrange(sandbox, case, {"validation": "live", **case["settings"]})
        assert_as_recorded(sandbox, address, case)
