"""With --watch, a fixture that changes is there at once, and one that is wrong is not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from refund_sandbox.cli.watch import Watched, differences_of
from refund_sandbox.settings import SettingsError, read_settings
from tests.support.waiting import wait_until

WORLD = "fluentcart: {orders: [{id: 1, total_paid: %d, transactions: [{id: 10, total: %d}]}]}"


def test_the_differences_of_two_documents_are_pointed_at() -> None:
    before = {"a": {"b": [1, 2]}, "c": 1, "gone": 0}
    after = {"a": {"b": [1, 3]}, "c": [1], "new": 0}

    assert list(differences_of(before, after)) == ["/a/b/1", "/c", "/gone", "/new"]


def test_what_is_wrong_is_said_and_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    fixture = tmp_path / "world.yaml"
    fixture.write_text(WORLD % (100, 100))
    watched = Watched([fixture], fixture, said.append)

    assert not watched.accept([fixture])
    fixture.write_text("fluentcart: {orders: 5}")
    assert not watched.accept([fixture])

    assert said[0] == "refund-sandbox: world.yaml changed: /fluentcart/orders"
    assert said[-1] == "refund-sandbox: it goes on as before"
    assert any("/fluentcart/orders" in line and "world.yaml: " in line for line in said[1:-1])


def test_watching_is_for_one_process() -> None:
    with pytest.raises(SettingsError, match="--watch works with one process only"):
        read_settings({"watch": "true", "workers": "2", "store": "sqlite:///x.db"}, {})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that watches a fixture."""
    fixture = tmp_path / "world.yaml"
    fixture.write_text(WORLD % (100, 100))
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0", "--watch", "--fixture", str(fixture)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], fixture
        process.terminate()
        sys.stdout.write(process.stdout.read())  # pytest shows it when the test failed
        process.wait(20)


def test_a_fixture_that_changes_is_loaded(served: tuple[str, Path]) -> None:
    url, fixture = served
    assert _paid(url) == 100

    fixture.write_text(WORLD % (200, 200))

    wait_until(lambda: _paid(url) == 200, timeout_s=20)


def _paid(url: str) -> int | None:
    try:
        order: dict[str, int] = httpx2.get(f"{url}/_sandbox/fluentcart/orders/1", timeout=10).json()
    except httpx2.HTTPError:
        return None
    return order["total_paid"]
