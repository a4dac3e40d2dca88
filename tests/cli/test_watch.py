"""With --watch, a changed fixture is loaded, and an invalid one is not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from refund_sandbox.app import read_settings
from refund_sandbox.cli.watch import WatchedFiles, differences_of
from refund_sandbox.settings import SettingsError
from tests.support.waiting import wait_until

STATE = "fluentcart: {orders: [{id: 1, total_paid: %d, transactions: [{id: 10, total: %d}]}]}"


def test_differences_of_two_documents_are_json_pointers() -> None:
    before = {"a": {"b": [1, 2]}, "c": 1, "gone": 0}
    after = {"a": {"b": [1, 3]}, "c": [1], "new": 0}

    assert list(differences_of(before, after)) == ["/a/b/1", "/c", "/gone", "/new"]


def test_an_invalid_fixture_is_reported_and_not_loaded(tmp_path: Path) -> None:
    lines: list[str] = []
    fixture = tmp_path / "state.yaml"
    fixture.write_text(STATE % (100, 100))
    watched = WatchedFiles([fixture], fixture, lines.append)

    assert not watched.accept([fixture])
    fixture.write_text("fluentcart: {orders: 5}")
    assert not watched.accept([fixture])

    assert lines[0] == "refund-sandbox: state.yaml changed: /fluentcart/orders"
    assert lines[-1] == "refund-sandbox: not reloaded"
    assert any("/fluentcart/orders" in line and "state.yaml: " in line for line in lines[1:-1])


def test_watch_works_with_one_process_only() -> None:
    with pytest.raises(SettingsError, match="--watch works with one process only"):
        read_settings({"watch": "true", "workers": "2", "store": "sqlite:///x.db"}, {})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """URL of a server with --watch, and its fixture."""
    fixture = tmp_path / "state.yaml"
    fixture.write_text(STATE % (100, 100))
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0", "--watch", "--fixture", str(fixture)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], fixture
        process.terminate()
        sys.stdout.write(process.stdout.read())  # pytest shows it when the test failed
        process.wait(20)


def test_a_changed_fixture_is_loaded(served: tuple[str, Path]) -> None:
    url, fixture = served
    wait_until(lambda: _paid(url) == 100)

    fixture.write_text(STATE % (200, 200))

    wait_until(lambda: _paid(url) == 200)


def _paid(url: str) -> int | None:
    try:
        order: dict[str, int] = httpx2.get(f"{url}/_sandbox/fluentcart/orders/1", timeout=10).json()
    except httpx2.HTTPError:
        return None
    return order["total_paid"]
