"""Serves with --watch: when a spec or a fixture changes, the server starts anew with it and says what is different."""

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

_MOST = 5
"""So many differences are named."""


def run(listener: socket.socket, settings: Settings) -> None:
    """Serves until it is told to stop, on a socket that outlives each start."""
    folders = {package_files.path_of("specs", "sandbox.yaml").parent, package_files.path_of("fixtures", "demo.yaml").parent}
    folders |= {settings.fixture.resolve().parent} if settings.fixture else set()
    watched = [path for folder in folders for path in folder.glob("*.y*ml")]
    serve_with_reload(settings, listener, folders, Watched(watched, settings.fixture, click.echo).accept)


class Watched:
    """What the watched files said when they were last right."""

    def __init__(self, files: list[Path], fixture: Path | None, say: Callable[[str], None]) -> None:
        self._fixture = fixture
        self._say = say
        self._known = {path.resolve(): _read(path) for path in files}

    def accept(self, changed: list[Path]) -> bool:
        """Says what is different, or what is wrong. Whether it is worth starting anew."""
        differences = {path: list(differences_of(self._known.get(path.resolve()), _read(path))) for path in changed}
        if not any(differences.values()):
            return False
        wrong = self._problems()
        for path, found in differences.items():
            more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
            self._say(f"refund-sandbox: {path.name} changed: {', '.join(found[:_MOST])}{more}")
        for problem in wrong:
            self._say(f"refund-sandbox: {problem}")
        self._say("refund-sandbox: it goes on as before" if wrong else "refund-sandbox: reloaded")
        if not wrong:
            self._known.update({path.resolve(): _read(path) for path in changed})
        return not wrong

    def _problems(self) -> list[str]:
        files = [self._fixture] if self._fixture else []
        try:
            return [f"{name}: {problem}" for name, problems in check_files(files) for problem in problems]
        except (SandboxError, OSError) as error:
            return [str(error)]


def differences_of(before: Any, after: Any, pointer: str = "") -> Iterator[str]:
    """JSON pointers to what is different."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *[name for name in after if name not in before]]:
            yield from differences_of(before.get(name), after.get(name), f"{pointer}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences_of(old, new, f"{pointer}/{place}")
    elif before != after:
        yield pointer or "/"


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        return str(error)
