"""Wall time of 200 tests with the sandbox and with what people use instead, in alternating rounds.

Run it with `.venv/bin/python -m tests.bench.suite`; `--help` lists the options. Each test arranges a stub or an order, sends one
refund with a shared client, verifies it and resets. `--install` makes an environment with the other tools; WireMock also needs
Java and npm. Missing tools are skipped.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.paths import ROOT

_TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "refund-sandbox" / "bench"
_PROGRAMS = Path(__file__).parent / "programs"
_PACKAGES = ("pytest", "pytest-xdist", "pytest-httpserver", "responses", "respx", "httpx", "requests")
_WIREMOCK = "wiremock@3.13.2"
_JAR = "node_modules/wiremock/build/wiremock-standalone-3.13.2.jar"
_MEDIAN = re.compile(r"^median ([0-9.]+) ms of 200 tests$", re.MULTILINE)
TESTS = 200


class Program(NamedTuple):
    """A file of tests, the pytest plugins that it needs, and the tool that its ratio refers to."""

    title: str
    file: str
    plugins: Sequence[str] = ()


PROGRAMS = (
    Program("refund-sandbox over HTTP", "sandbox_http.py", ("refund_sandbox.pytest_plugin",)),
    Program("refund-sandbox in process", "sandbox_in_process.py", ("refund_sandbox.pytest_plugin",)),
    Program("pytest-httpserver", "httpserver_http.py", ("pytest_httpserver.pytest_plugin",)),
    Program("respx", "respx_in_process.py", ("respx.plugin",)),
    Program("responses", "responses_in_process.py"),
    Program("WireMock", "wiremock_http.py"),
)
TARGETS = (
    ("refund-sandbox over HTTP", "pytest-httpserver", 1.2),
    ("refund-sandbox in process", "respx", 1.5),
    ("refund-sandbox over HTTP", "WireMock", 0.5),
)
"""Largest ratio of wall times."""


def install(tools: Path) -> None:
    """Make an environment with the sandbox and the other tools, and fetch WireMock if npm is there."""
    python = tools / "suite"
    subprocess.run([sys.executable, "-m", "venv", python], check=True)
    subprocess.run([python / "bin/pip", "install", "--quiet", *_PACKAGES, ROOT], check=True)
    if shutil.which("npm"):
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", tools, _WIREMOCK], check=True
        )


def run(python: Path, jar: Path, program: Program, workers: int) -> tuple[float, float]:
    """Return the seconds of a whole pytest run, and the median milliseconds of a test."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(_PROGRAMS), "WIREMOCK_JAR": str(jar)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    parallel = ("-p", "xdist.plugin", "-n", str(workers)) if workers > 1 else ()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_PROGRAMS / program.file, Path(folder) / "test_refunds.py")
        plugins = [part for name in ("timing", *program.plugins) for part in ("-p", name)]
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugins, *parallel]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        took = time.perf_counter() - started
    found = _MEDIAN.search(done.stdout)
    assert done.returncode == 0, f"{program.title}:\n{done.stdout[-3000:]}{done.stderr[-2000:]}"
    assert found, done.stdout[-500:]
    return took, float(found[1])


def measure(tools: Path, rounds: int, workers: int) -> dict[str, dict[str, Any]]:
    """Return wall times and medians by title. The first round warms up."""
    python, jar = tools / "suite/bin/python", tools / _JAR
    is_there = {"wiremock_http.py": jar.is_file() and shutil.which("java") is not None}
    programs = [program for program in PROGRAMS if is_there.get(program.file, True)]
    rows: dict[str, list[tuple[float, float]]] = {program.title: [] for program in programs}
    for number in range(rounds + 1):
        for program in programs:
            rows[program.title].append(run(python, jar, program, workers))
        sys.stderr.write(f"{workers} worker(s): round {number} of {rounds}\n")
    return {
        title: {
            "wall_s": statistics.median(wall for wall, _ in found[1:]),
            "test_ms": statistics.median(each for _, each in found[1:]),
        }
        for title, found in rows.items()
    }


def print_table(measured: Mapping[int, Mapping[str, Mapping[str, float]]]) -> None:
    """Print wall times, medians of a test, and the ratios with their targets."""
    lines = [f"{'200 tests':28}" + "".join(f"{f'{workers} worker(s), s':>16}" for workers in measured) + f"{'a test, ms':>14}"]
    first = next(iter(measured.values()))
    for title, row in first.items():
        walls = "".join(f"{table[title]['wall_s']:16.2f}" for table in measured.values())
        lines.append(f"{title:28}{walls}{row['test_ms']:14.2f}")
    for title, other, most in TARGETS:
        if title in first and other in first:
            ratio = first[title]["wall_s"] / first[other]["wall_s"]
            lines.append(f"{title} / {other}: {ratio:.2f} (target: at most {most})")
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.suite", description=__doc__)
    parser.add_argument("--install", action="store_true", help="make the environment with the other tools")
    parser.add_argument("--tools", type=Path, default=_TOOLS, help="folder of the other tools")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--json", type=Path, help="file for the figures")
    chosen = parser.parse_args()
    if chosen.install:
        install(chosen.tools)
    measured = {workers: measure(chosen.tools, chosen.rounds, workers) for workers in chosen.workers}
    print_table(measured)
    if chosen.json:
        chosen.json.write_text(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
