"""Hooks of MkDocs: each page's Markdown lies next to its HTML, where llms.txt points to it."""

import re
from pathlib import Path
from typing import Any

_INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)


def on_post_build(*, config: Any) -> None:
    """Write the Markdown files into the built site, with the files that they include."""
    source, root = Path(config["docs_dir"]), Path(config["config_file_path"]).parent
    for page in source.rglob("*.md"):
        text = _INCLUDED.sub(lambda found: (root / found[1]).read_text(), page.read_text())
        (Path(config["site_dir"]) / page.relative_to(source)).write_text(text)
