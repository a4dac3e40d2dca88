"""The example for Playwright, run where it is installed."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.test_serve import serving
from tests.docs.test_blocks import JAVASCRIPT_MODULE
from tests.support.doc_blocks import file, write
from tests.support.ports import free_port


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


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
    port = str(free_port())
    (tmp_path / "playwright.config.mjs").write_text(file("playwright.config.mjs").replace("8000", port))
    write(tmp_path, "refund.spec.mjs")
    (tmp_path / "sandbox.mjs").write_text(JAVASCRIPT_MODULE.read_text())
    program = tmp_path / "refund-sandbox"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m refund_sandbox "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    command = ["node", "node_modules/@playwright/test/cli.js", "test"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_what_playwright_starts_is_up_at_the_url_that_it_waits_for() -> None:
    found = dict(re.findall(r"(command|url): '(.*)'", file("playwright.config.mjs")))
    program, *arguments = shlex.split(found["command"])
    assert [program, *arguments] == ["refund-sandbox", "serve", "--port", "8000"]

    with serving() as (_, url):
        path = found["url"].removeprefix("http://127.0.0.1:8000")
        assert json.loads(urllib.request.urlopen(url + path, timeout=5).read())["status"] == "ok"
