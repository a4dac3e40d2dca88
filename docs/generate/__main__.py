"""Write the generated pages, or with `--check` only compare them: `.venv/bin/python -m docs.generate`."""

import sys
from pathlib import Path

from docs.generate import pages

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Return 1 when a page was not up to date and is only to be checked."""
    stale = [path for path, text in pages.render() if not _is_current(ROOT / path, text)]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is not up to date; run: python -m docs.generate")
        return 1 if stale else 0
    for path, text in pages.render(stale):
        (ROOT / path).write_text(text)
        print(f"wrote {path}")
    return 0


def _is_current(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text() == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
