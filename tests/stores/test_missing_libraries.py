"""A store whose library is not installed: one line that says what to install, and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""
SQLALCHEMY, PSYCOPG = ("sqlalchemy",), ("psycopg",)
SQL = "--store sqlite://… needs SQLAlchemy 2. Install it with: pip install 'refund-sandbox[sql]'"
POSTGRES = "--store postgresql://… needs {}. Install it with: pip install 'refund-sandbox[postgres]'"
SECRET = "postgresql://user:secret@127.0.0.1/none"


def run_without(names: tuple[str, ...], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of a Python in which some packages can't be imported."""
    (folder / "sitecustomize.py").write_text(BLOCK.format(names=names))
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "refund_sandbox", *arguments]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("state", "export", "state.yaml")], ids=["serve", "state"])
@pytest.mark.parametrize(
    ("missing", "store", "line"),
    [
        (SQLALCHEMY, "sqlite:///x", SQL),
        (SQLALCHEMY, SECRET, POSTGRES.format("SQLAlchemy 2")),
        (PSYCOPG, SECRET, POSTGRES.format("psycopg 3")),
    ],
    ids=["sqlite", "postgresql", "driver"],
)
def test_a_missing_library_is_one_line_and_exit_code_2(
    command: tuple[str, ...], missing: tuple[str, ...], store: str, line: str, tmp_path: Path
) -> None:
    done = run_without(missing, tmp_path, *command, "--store", store)

    assert (done.stderr, done.stdout, done.returncode) == (f"refund-sandbox: {line}\n", "", 2)


def test_memory_needs_no_database_library(tmp_path: Path) -> None:
    done = run_without((*SQLALCHEMY, *PSYCOPG), tmp_path, "check")

    assert (done.stderr, done.returncode) == ("", 0)
