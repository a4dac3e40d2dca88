"""Run of the mutants: `python -m tests.mutants [NAME …]`. Exit code 1 if one survives, 2 if one could not be tried.

Each runs only the tests that must notice it. They must pass without it: that is tried first.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from tests.mutants.all_mutants import MUTANTS
from tests.mutants.mutant import PACKAGE, ROOT, Mutant, PlaceGone

_TIMEOUT_S = 300
_PASSED, _FAILED = 0, 1
"""Exit codes of pytest. Every other one says that the tests did not run."""


def main(names: list[str]) -> int:
    """Try the mutants whose name contains one of the names; all of them if there is no name."""
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.name for name in names)]
    results = [_try(mutant) for mutant in chosen]
    survivors, broken = results.count("SURVIVED"), len(results) - results.count("killed") - results.count("SURVIVED")
    _print(f"{len(chosen)} mutants: {results.count('killed')} killed, {survivors} survived, {broken} not tried")
    return 2 if broken or not chosen else 1 if survivors else 0


def _try(mutant: Mutant) -> str:
    started = time.monotonic()
    result = _result_of(mutant)
    _print(f"{result:<10} {time.monotonic() - started:5.1f} s  {mutant.name}")
    return result.partition(":")[0]


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _result_of(mutant: Mutant) -> str:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = _copy_package(Path(folder))
        if not _pass_without(mutant.tests, mutant.store):
            return "RED: the tests fail without the mutant"
        try:
            mutant.apply(copy)
        except (PlaceGone, SyntaxError) as error:
            return f"GONE: {error}"
        code = _run_tests(copy.parent, mutant.tests, mutant.store)
    if code not in (_PASSED, _FAILED):
        return f"BROKEN: pytest ended with {code}"
    return "killed" if code == _FAILED else "SURVIVED"


def _copy_package(folder: Path) -> Path:
    """Return a copy of the package, with the specs and fixtures where it looks for them."""
    copy = folder / "sandbox" / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for data in ("specs", "fixtures"):
        (folder / data).symlink_to(ROOT / data)
    return copy


@cache
def _pass_without(tests: tuple[str, ...], store: str) -> bool:
    """Whether the tests pass without any mutant."""
    return _run_tests(PACKAGE.parent, tests, store) == _PASSED


def _run_tests(source: Path, tests: tuple[str, ...], store: str) -> int:
    """Return the exit code of pytest. A run that does not end counts as failed: the mutant hangs."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--stores", store, *tests]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return _FAILED
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
