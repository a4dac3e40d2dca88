"""The files that README.md shows: code blocks whose first line says what they are called."""

import re
from pathlib import Path

from tests.support.paths import README

_BLOCK = re.compile(r"^```\w+\n((?:#|//|<\?php //) (?:\S*/)?(\S+\.\w+)\n.*?)^```", re.DOTALL | re.MULTILINE)

FILES: dict[str, str] = {name: text for text, name in _BLOCK.findall(README.read_text())}


def write(folder: Path, *names: str) -> None:
    """Puts files of README into a folder."""
    for name in names:
        (folder / name).write_text(FILES[name])
