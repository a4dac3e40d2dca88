"""Tools that read specs, where `.ci/client-tools` has installed them."""

import os
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

from tests.support.paths import ROOT

TIMEOUT_S = 120


class Tools:
    """Programs by name, from the folder of npm packages or from the virtual environment."""

    @cached_property
    def folder(self) -> Path:
        done = subprocess.run([ROOT / ".ci" / "client-tools"], capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    @cached_property
    def node(self) -> str:
        """The Node of a package, if the machine's is too old."""
        packaged = list(self.folder.glob("node_modules/node-*-*/bin/node"))
        return str(packaged[0]) if packaged else "node"

    def run(self, program: str | Path, *arguments: str | Path, cwd: Path) -> str:
        """Run a program and return its output."""
        path = os.pathsep.join([str(self.folder / "venv" / "bin"), os.environ["PATH"]])  # ruff, which openapi-python-client calls
        environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "REDOCLY_TELEMETRY": "off"}
        command = [str(program), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def npm(self, program: str, *arguments: str | Path, cwd: Path) -> str:
        """Run a program of an npm package with Node."""
        return self.run(self.node, self.folder / "node_modules" / ".bin" / program, *arguments, cwd=cwd)

    def python(self, program: str, *arguments: str | Path, cwd: Path) -> str:
        """Run a program of the virtual environment."""
        return self.run(self.folder / "venv" / "bin" / program, *arguments, cwd=cwd)


def reason_to_skip() -> str | None:
    """Reason why the tools can't be installed here. On a CI machine there is none."""
    if "CI" in os.environ or shutil.which("npm"):
        return None
    return "npm is missing: apt-get install npm"
