"""Installed versions of the sandbox: an earlier commit and the checkout, each in an environment of its own."""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.bench.servers import Say
from tests.support.paths import ROOT

_CACHE = Path(tempfile.gettempdir()) / f"refund-sandbox-versions-{os.getuid()}-{sys.implementation.cache_tag}"
"""Folder of the installed versions. Later runs reuse them."""
_DEPENDENCIES = ("pyproject.toml", "constraints.txt")


class Version(NamedTuple):
    """An installed version of the sandbox."""

    name: str
    python: Path

    @property
    def program(self) -> Path:
        """Console script."""
        return self.python.with_name("refund-sandbox")


def find_commit(name: str) -> str:
    """Return the hash of a commit. Exit if the repository does not have it."""
    return _git("rev-parse", "--verify", f"{name}^{{commit}}").decode().strip()


def install(commit: str, say: Say) -> list[Version]:
    """Install the earlier commit and the checkout, both as editable, so that they start alike."""
    folder = _CACHE / commit
    tree, unfinished = folder / "tree", folder / "unfinished"
    if not tree.exists():
        unfinished.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x", "-C", unfinished], input=_git("archive", commit), check=True)
        unfinished.rename(tree)
    dependencies = b"".join((ROOT / name).read_bytes() for name in _DEPENDENCIES)
    key = hashlib.sha256(str(ROOT).encode() + dependencies).hexdigest()
    return [_install("earlier", tree, folder, say), _install("now", ROOT, _CACHE / f"checkout-{key}", say)]


def _install(name: str, tree: Path, folder: Path, say: Say) -> Version:
    """Install a version with the libraries of its constraints, or with the checkout's if it has none."""
    version, finished = Version(name, folder / "venv" / "bin" / "python"), folder / "finished"
    if not finished.exists():
        say(f"installing {tree} in {folder}")
        constraints = next(file for file in (tree / "constraints.txt", ROOT / "constraints.txt") if file.exists())
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "venv"], check=True)
        pip = [str(version.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(constraints), "-e", f"{tree}[postgres]"], check=True)
        finished.touch()
    return version


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"git {' '.join(arguments)} failed. Is this commit in the repository?")
    return done.stdout
