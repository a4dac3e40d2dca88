"""Lines, processor time and missed mistakes of the same tests with four libraries, as a table in Markdown.

Run `python -m tests.comparison --wiremock wiremock-standalone.jar` in an environment with pytest-httpserver, responses and
requests. Each row runs the tests once without a mistake, and once with each mistake of the client.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from tests.comparison.client import BUGS

_FOLDER = Path(__file__).parent
_NAMES = {
    "refund-sandbox": "test_refund_sandbox.py",
    "pytest-httpserver": "test_pytest_httpserver.py",
    "responses": "test_responses.py",
    "WireMock": "test_wiremock.py",
}
_TIMEOUT_S = 120


def run(name: str, bug: str, jar: str) -> tuple[bool, float]:
    """Return whether the tests passed, and the processor time in seconds of pytest and of the servers that it started."""
    environment = {**os.environ, "BUG": bug, "WIREMOCK_JAR": jar, "NO_PROXY": "*"}
    alone = ("-p", "no:cacheprovider", "--confcutdir", str(_FOLDER), "-o", "addopts=")
    command = [sys.executable, "-m", "pytest", "-q", *alone, str(_FOLDER / _NAMES[name])]
    before = os.times()
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, cwd=_FOLDER.parents[1]
        )
    except subprocess.TimeoutExpired:
        return False, float(_TIMEOUT_S)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return done.returncode == 0, spent


def lines_of(name: str) -> int:
    """Return the number of lines with code."""
    return len([line for line in (_FOLDER / _NAMES[name]).read_text().splitlines() if line.strip()])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wiremock", metavar="JAR", default="", help="wiremock-standalone.jar; needs Java")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    _say(f"| | lines | processor time | {' | '.join(BUGS)} |")
    _say("|---|---|---|" + "---|" * len(BUGS))
    for name in _NAMES:
        module = {"pytest-httpserver": "pytest_httpserver", "responses": "responses"}.get(name, "pytest")
        if importlib.util.find_spec(module) is None or (name == "WireMock" and not arguments.wiremock):
            continue
        rounds = [run(name, "", arguments.wiremock) for _ in range(arguments.rounds)]
        if not all(passed for passed, _ in rounds):
            raise SystemExit(f"{name}: the tests fail without a mistake")
        took = min(seconds for _, seconds in rounds)  # other programs only add to it
        cells = ["missed" if run(name, bug, arguments.wiremock)[0] else "found" for bug in BUGS]
        _say(f"| {name} | {lines_of(name)} | {took:.1f} s | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
