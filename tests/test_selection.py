"""Selection of tests by tests/conftest.py: a short run, a run that names tests, `--all`, and `--rest`."""

import os
from collections.abc import Callable

import pytest

from tests.support.paths import ROOT, SOURCE

pytest_plugins = "pytester"
pytestmark = pytest.mark.memory_only

TESTS = """
import pytest

def test_plain(store_name): pass

@pytest.mark.memory_only
def test_memory_only(store_name): pass

@pytest.mark.every_store
def test_every_store(store_name): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", range(3))
def test_sampled(case): pass

@pytest.mark.every_store(2)
@pytest.mark.parametrize("case", range(2))
def test_sampled_stores(store_name, case): pass
"""
STORES = ("memory", "sqlite", "postgresql")
SHORT = {
    *("test_plain[memory]", "test_memory_only[memory]", *(f"test_every_store[{store}]" for store in STORES)),
    *("test_sampled[0]", "test_sampled[2]"),
    *("test_sampled_stores[memory-0]", "test_sampled_stores[memory-1]"),
    *("test_sampled_stores[sqlite-0]", "test_sampled_stores[postgresql-0]"),
}
NAMED = SHORT | {"test_slow", "test_sampled[1]", "test_sampled_stores[sqlite-1]", "test_sampled_stores[postgresql-1]"}
ALL = NAMED | {"test_plain[sqlite]", "test_plain[postgresql]"}
Collect = Callable[..., set[str]]


@pytest.fixture
def collect(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Collect:
    """Function that returns the names of the tests that a pytest with these arguments selects."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makepyfile(test_it=TESTS)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, SOURCE))))

    def names(*arguments: str) -> set[str]:
        result = pytester.runpytest_subprocess("--collect-only", "-q", *arguments, timeout=60)
        return {line.partition("::")[2] for line in result.outlines if "::" in line}

    return names


def test_a_run_that_names_nothing_is_short(collect: Collect) -> None:
    assert collect() == SHORT


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("test_it.py",), ("-k", "test_")], ids=["path", "keyword"])
def test_a_run_that_names_tests_leaves_none_of_them_out(arguments: tuple[str, ...], collect: Collect) -> None:
    assert collect(*arguments) == NAMED


def test_all_runs_every_test_over_every_store(collect: Collect) -> None:
    assert collect("--all") == ALL


def test_the_rest_is_what_a_short_run_leaves_out_or_shortens(pytester: pytest.Pytester, collect: Collect) -> None:
    pytester.makepyfile(test_shortened="from tests.support import budget\n\ndef test_shortened(): budget.examples(100)")

    assert collect("--rest") == ALL - SHORT | {"test_shortened"}


def test_stores_are_chosen(collect: Collect) -> None:
    assert collect("--all", "--stores", "sqlite") == {
        "test_memory_only[memory]",
        *(name for name in ALL if "memory" not in name and "postgresql" not in name),
    }
