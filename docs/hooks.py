"""Hooks of MkDocs: each page's Markdown lies beside its HTML, where llms.txt points to it."""

import shutil
from pathlib import Path
from typing import Any


def on_post_build(*, config: Any) -> None:
    """Copy the Markdown files into the built site."""
    source = Path(config["docs_dir"])
    for page in source.rglob("*.md"):
        shutil.copy(page, Path(config["site_dir"]) / page.relative_to(source))
