"""README's recipes for Node, Playwright and PHP, run where the language is there."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_sandbox.testing import Sandbox
from tests.cli.test_serve import serving
from tests.support.doc_blocks import FILES, write


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox() as sandbox:
        yield sandbox.url


def run(folder: Path, *command: str, url: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "REFUND_SANDBOX_URL": url}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def test_the_example_for_node_passes(tmp_path: Path, url: str) -> None:
    need("node")
    write(tmp_path, "refund.test.mjs")

    done = run(tmp_path, "node", "--test", "refund.test.mjs", url=url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass 1\b", done.stdout)


def test_the_example_for_php_passes(tmp_path: Path, url: str) -> None:
    need("php")
    if "curl" not in run(tmp_path, "php", "-m").stdout:
        pytest.skip("PHP has no curl extension")
    write(tmp_path, "refund_test.php")

    done = run(tmp_path, "php", "refund_test.php", url=url)

    assert done.stdout == "ok\n", done.stdout + done.stderr


@pytest.mark.parametrize("file", ["playwright.config.mjs", "refund.spec.mjs"])
def test_the_examples_for_playwright_are_javascript(tmp_path: Path, file: str) -> None:
    need("node")
    write(tmp_path, file)

    done = run(tmp_path, "node", "--check", file)

    assert done.returncode == 0, done.stderr


def _playwright() -> Path:
    """The node_modules that has @playwright/test: one that NODE_PATH names, or npm's own."""
    need("npm")
    npm = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=False).stdout.strip()
    for place in (os.environ.get("NODE_PATH"), npm):
        if place and (Path(place) / "@playwright" / "test").is_dir():
            return Path(place)
    pytest.skip("@playwright/test is not installed: npm install -g @playwright/test")


def test_the_example_for_playwright_passes(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(_playwright())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    (tmp_path / "playwright.config.mjs").write_text(FILES["playwright.config.mjs"].replace("8000", port))
    write(tmp_path, "refund.spec.mjs")
    program = tmp_path / "refund-sandbox"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m refund_sandbox "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    command = ["node", "node_modules/@playwright/test/cli.js", "test"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_what_playwright_starts_is_up_at_the_url_that_it_waits_for() -> None:
    found = dict(re.findall(r"(command|url): '(.*)'", FILES["playwright.config.mjs"]))
    program, *arguments = shlex.split(found["command"])
    assert [program, *arguments] == ["refund-sandbox", "serve", "--port", "8000"]

    with serving() as (_, url):
        path = found["url"].removeprefix("http://127.0.0.1:8000")
        assert json.loads(urllib.request.urlopen(url + path, timeout=5).read())["status"] == "ok"
