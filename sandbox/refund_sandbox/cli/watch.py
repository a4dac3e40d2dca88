"""Serving with --watch: prints the differences when a spec or a fixture changes, and restarts the server."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from refund_sandbox.cli.file_check import check_files
from refund_sandbox.core import package_files
from refund_sandbox.core.errors import SandboxError
from refund_sandbox.server.reload import serve_with_reload
from refund_sandbox.settings import Settings

_MAX_DIFFERENCES = 5
"""Differences of one file that are printed."""


def run(listener: socket.socket, settings: Settings) -> None:
    """Serve until Ctrl-C. The listening socket stays open during a restart."""
    folders = {package_files.path_of("specs", "sandbox.yaml").parent, package_files.path_of("fixtures", "demo.yaml").parent}
    folders |= {settings.fixture.resolve().parent} if settings.fixture else set()
    files = [path for folder in folders for path in folder.glob("*.y*ml")]
    serve_with_reload(settings, listener, folders, WatchedFiles(files, settings.fixture, click.echo).accept)


class WatchedFiles:
    """The last valid content of the watched files."""

    def __init__(self, files: list[Path], fixture: Path | None, echo: Callable[[str], None]) -> None:
        self._fixture = fixture
        self._echo = echo
        self._contents = {path.resolve(): _read(path) for path in files}

    def accept(self, changed: list[Path]) -> bool:
        """Print the differences and the problems of changed files. Return whether to restart with them."""
        differences = {path: list(differences_of(self._contents.get(path.resolve()), _read(path))) for path in changed}
        if not any(differences.values()):
            return False
        problems = self._problems()
        for path, pointers in differences.items():
            rest = len(pointers) - _MAX_DIFFERENCES
            more = f" and {rest} more" if rest > 0 else ""
            self._echo(f"refund-sandbox: {path.name} changed: {', '.join(pointers[:_MAX_DIFFERENCES])}{more}")
        for problem in problems:
            self._echo(f"refund-sandbox: {problem}")
        self._echo("refund-sandbox: not reloaded" if problems else "refund-sandbox: reloaded")
        if not problems:
            self._contents.update({path.resolve(): _read(path) for path in changed})
        return not problems

    def _problems(self) -> list[str]:
        files = [self._fixture] if self._fixture else []
        try:
            return [f"{name}: {problem}" for name, problems in check_files(files) for problem in problems]
        except (SandboxError, OSError) as error:
            return [str(error)]


def differences_of(before: Any, after: Any, pointer: str = "") -> Iterator[str]:
    """Yield JSON pointers to the differences of two documents."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *[name for name in after if name not in before]]:
            yield from differences_of(before.get(name), after.get(name), f"{pointer}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences_of(old, new, f"{pointer}/{index}")
    elif before != after:
        yield pointer or "/"


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        return str(error)
