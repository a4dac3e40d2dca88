"""Code blocks of README.md, CONTRIBUTING.md and the documentation pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.support.paths import README, ROOT

_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"(?:#|//|<\?php //) ([\w./-]+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """One fenced block. `name` is the file that its first line names, empty where it names none."""

    page: Path
    line: int
    language: str
    text: str
    name: str

    @property
    def is_quote(self) -> bool:
        """Whether it quotes a file of this repository."""
        return "/" in self.name and (ROOT / self.name.partition("/")[0]).is_dir()

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _pages() -> Iterator[Path]:
    yield README
    if (ROOT / "CONTRIBUTING.md").is_file():
        yield ROOT / "CONTRIBUTING.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


PAGES = tuple(_pages())


@cache
def blocks_of(page: Path) -> tuple[Block, ...]:
    """The blocks of a page, in its order."""
    text, found = page.read_text(), []
    for fence in _FENCE.finditer(text):
        code = dedent(fence[3])
        name = _NAME.match(code)
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(page, line, fence[2], code, name[1] if name else ""))
    return tuple(found)


def following(block: Block) -> Block | None:
    """The next block of the page."""
    blocks = blocks_of(block.page)
    return next(iter(blocks[blocks.index(block) + 1 :]), None)


def files_of(page: Path) -> dict[str, str]:
    """The files that a page shows, by their names without folders."""
    return {Path(block.name).name: block.text for block in blocks_of(page) if block.name and not block.is_quote}


def page_with(name: str) -> Path:
    """The first page that shows a file."""
    return next(page for page in PAGES if name in files_of(page))


def file(name: str) -> str:
    """A file of the first page that shows it."""
    return files_of(page_with(name))[name]


def write(folder: Path, *names: str) -> None:
    """Write files of the pages into a folder."""
    for name in names:
        (folder / name).write_text(file(name))


def is_as_documented(documented: Any, real: Any) -> bool:
    """Whether a JSON value is the documented one, where `…` in a text stands for any characters and as a key for more keys."""
    if documented == "…":
        return True
    if isinstance(documented, dict) and isinstance(real, dict):
        named = {name: value for name, value in documented.items() if name != "…"}
        same = all(name in real and is_as_documented(value, real[name]) for name, value in named.items())
        return same and ("…" in documented or len(named) == len(real))
    if isinstance(documented, list) and isinstance(real, list):
        if documented and documented[-1] == "…":
            documented = documented[:-1]
            real = real[: len(documented)]
        return len(documented) == len(real) and all(map(is_as_documented, documented, real))
    if isinstance(documented, str) and isinstance(real, str):
        return is_like(documented, real)
    return type(documented) is type(real) and bool(documented == real)


def is_like(documented: str, real: str) -> bool:
    """Whether a text is the documented one, where `…` stands for any characters."""
    return re.fullmatch(".*".join(map(re.escape, documented.split("…"))), real, re.DOTALL) is not None
