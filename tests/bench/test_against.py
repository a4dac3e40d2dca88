"""Comparison with an earlier commit: the order of the rounds, the table, and a short run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.against import Figure, Row, compare, report
from tests.bench.versions import Version
from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only
_EARLIER = "657b996bf19fa009a64d7e2ac1a186b01a213f62"
"""A commit whose import package has another name."""
_VERSIONS = [Version("earlier", Path("python")), Version("now", Path("python"))]
_RATE, _SECONDS = Figure("refund", "a second", 0.95, at_least=True), Figure("start", "s", 1.05)


def test_versions_are_measured_in_alternating_order_and_the_first_round_is_left_out() -> None:
    order: list[str] = []

    def measure(version: Version) -> dict[Figure, float]:
        order.append(version.name)
        return {_RATE: float(len(order))}

    rows = compare([measure], _VERSIONS, 2)

    assert order == ["now", "earlier", "earlier", "now", "now", "earlier"]
    assert rows == [Row(_RATE, (3.0, 6.0), (4.0, 5.0))]


def test_a_figure_of_one_version_only_is_left_out() -> None:
    rows = compare([lambda version: {_RATE: 1.0} if version.name == "now" else {}], _VERSIONS, 1)

    assert rows == []


@pytest.mark.parametrize(
    ("row", "is_reached"),
    [
        (Row(_RATE, (10, 10, 10), (9.6, 9.6, 1)), True),
        (Row(_RATE, (10, 10, 10), (9.4, 9.4, 99)), False),
        (Row(_SECONDS, (1, 1, 1), (1.0, 1.0, 9)), True),
        (Row(_SECONDS, (1, 1, 1), (1.1, 1.1, 0)), False),
    ],
)
def test_the_median_of_the_ratios_decides(row: Row, is_reached: bool) -> None:
    lines: list[str] = []

    report([row], lines.append)

    assert row.reached == is_reached
    assert ("reached" if is_reached else "MISSED") in lines[1]


def _lacks_commit() -> bool:
    find = ["git", "cat-file", "-e", _EARLIER]
    return not shutil.which("git") or bool(subprocess.run(find, cwd=ROOT, capture_output=True).returncode)


@pytest.mark.slow
@pytest.mark.skipif(_lacks_commit(), reason="the history lacks the earlier commit")
def test_a_short_run_compares_processor_time_and_memory(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.bench.against", _EARLIER]
    options = ["--rounds", "1", "--only", "cpu", "memory", "--json", str(file)]

    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())["figures"]
    assert {"FunnelFox refund in process, ASGI", "FluentCart refund in process, ASGI"} < {one["what"] for one in figures}
    assert all(one["ratio"] > 0 for one in figures)
