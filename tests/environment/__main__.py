"""Installation beside Django, Flask, FastAPI, SQLAlchemy 2.0 and aiohttp in their newest versions, and a test of each.

Run `python -m tests.environment`. It needs a package index. It fails if a version conflicts or a test fails.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SAMPLES = Path(__file__).parent / "samples"
_PACKAGES = ("django", "flask", "fastapi", "sqlalchemy>=2.0,<2.1", "aiohttp", "requests", "httpx", "pytest", "pytest-asyncio")
_PINS = (
    "sqlalchemy==1.4.54",
    "fastapi==0.121.0",
    "starlette==0.46.2",
    "faker==33.1.0",
    "jsonschema==4.22.0",
    "uvicorn==0.34.0",
    "click==8.0.4",
)
"""Older versions that an application may be held at."""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", _ROOT, *_PACKAGES], check=True)
        subprocess.run([*pip, "list"], check=True)
        tests = subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."], cwd=_SAMPLES)
        conflicts = [pin for pin in _PINS if not _resolves(pip, pin)]
    sys.stdout.write(f"conflicts: {', '.join(conflicts) or 'none'}\n")
    return 1 if tests.returncode or conflicts else 0


def _resolves(pip: list[str | Path], pin: str) -> bool:
    command = [*pip, "install", "--dry-run", "--quiet", "--ignore-installed", _ROOT, pin]
    return subprocess.run(command, capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
