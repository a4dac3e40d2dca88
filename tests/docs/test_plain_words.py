"""Wording: docstrings start with a noun phrase or a verb, and private words for known things are not used."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_NO_HEAD = re.compile(r"(What|Who|Whoever|Whatever|Those|That|So many|So much|So often|How)\b")
"""Beginnings of a clause without a noun. A predicate may begin with "Whether"."""

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z`])|\n\s*\n|\n\s*[-|] |\n\s+(?=refund-sandbox )")
"""End of a sentence. The examples of a command have one line each."""
_MAX_WORDS = 25

_PRIVATE_WORDS = {
    "workspace, state or environment": r"(?<!real-)worlds?",
    "demo": r"story|stories",
    "emulate or simulate": r"played|plays",
    "notified, or the subject that does it": r"told|is heard",
    "save or store": r"kept",
    "enable, disable": r"arm|arms|armed|disarm|disarms|disarmed",
    "fault": r"misfortune",
    "render": r"dressed",
    "again": r"anew",
    "permanently": r"for good",
    "generation": r"youth",
    "a number and its unit": r"so many|so often|so much",
}
"""Replacements and the words that they replace."""

_INTERFACE = ("kept_at", "'world'", '"world"', "`world`", "your brand story", "Armed Forces")
"""Names of the control API, which stay: the time of a snapshot, and the event of a changed state. Texts of the plugin."""

_SUFFIXES = (".py", ".md", ".yaml", ".js", ".html", ".json", ".toml", ".css")
_OWN_FILE = Path(__file__).relative_to(ROOT)


def files(*folders: str) -> list[Path]:
    """Return the tracked text files of some folders, without recordings and licences."""
    command = ["git", "ls-files", *folders]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    paths = [Path(name) for name in names if name.endswith(_SUFFIXES) and "conformance/fluentcart-" not in name]
    return [path for path in paths if path != _OWN_FILE and (ROOT / path).is_file()]


def without_interface(line: str) -> str:
    for name in _INTERFACE:
        line = line.replace(name, "")
    return line.replace("world:", "") if "listeners" in line else line


@cache
def docstrings(path: Path) -> list[tuple[int, str]]:
    """Return line and text of every docstring, including those of attributes."""
    found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        body = getattr(node, "body", [])
        for statement in body if isinstance(body, list) else []:
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.append((statement.lineno, value.value))
    return found


def test_a_docstring_starts_with_a_noun_phrase_or_a_verb() -> None:
    found = [
        f"{path}:{line}: {text.splitlines()[0]}"
        for path in files("sandbox", "tests", "docs")
        if path.suffix == ".py"
        for line, text in docstrings(path)
        if _NO_HEAD.match(text)
    ]

    assert not found, "\n".join(found)


def test_a_sentence_of_a_docstring_has_at_most_25_words() -> None:
    found = [
        f"{path}:{line}: {' '.join(sentence.split())}"
        for path in files("sandbox", "docs", "tests")
        if path.suffix == ".py"
        for line, text in docstrings(path)
        for sentence in _SENTENCE_END.split(text)
        if len(sentence.split()) > _MAX_WORDS
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("better", _PRIVATE_WORDS)
def test_private_words_are_not_used(better: str) -> None:
    pattern = re.compile(rf"(?<![A-Za-z])({_PRIVATE_WORDS[better]})(?![A-Za-z])", re.IGNORECASE)
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in files("sandbox", "tests", "docs", "specs", "fixtures", "README.md", "CONTRIBUTING.md", "pyproject.toml")
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if pattern.search(without_interface(line))
    ]

    assert not found, f"use: {better}\n" + "\n".join(found)
