"""The examples in YAML: what they say about this project is true."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from refund_sandbox.app import read_settings
from tests.docs.test_example_clients import run
from tests.support.doc_blocks import file
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.waiting import wait_until

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def health_check() -> list[str]:
    """Command of the image's health check, with the Python of the tests."""
    found = re.search(r"^HEALTHCHECK (?:.*\\\n)*.*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found
    return [sys.executable, *json.loads(found[1])[1:]]


def service(document: str, *path: str) -> dict[str, Any]:
    found = yaml.safe_load(file(document))
    for name in path:
        found = found[name]
    return dict(found)


def test_the_service_of_github_actions_is_one_that_starts() -> None:
    sandbox = service("test.yaml", "jobs", "test", "services", "refund-sandbox")

    assert read_settings({}, sandbox["env"]).workspace.validation == "live"
    assert sandbox["ports"] == ["8000:8000"]
    assert "EXPOSE 8000" in DOCKERFILE
    assert health_check()


def test_the_pytest_of_github_actions_has_the_flags_that_it_is_given(tmp_path: Path) -> None:
    steps = service("test.yaml", "jobs", "test")["steps"]
    command = next(shlex.split(step["run"]) for step in steps if step.get("run", "").startswith("pytest"))

    done = run(tmp_path, *command, "--version", "-p", "xdist", "-p", "refund_sandbox.pytest_plugin")

    assert done.returncode == 0, done.stderr


def test_compose_waits_for_a_health_check_that_the_image_has() -> None:
    shop, sandbox = service("compose.yaml", "services", "shop"), service("compose.yaml", "services", "refund-sandbox")

    assert shop["depends_on"]["refund-sandbox"]["condition"] == "service_healthy"
    assert health_check()
    assert sandbox["ports"] == ["8000:8000"]
    assert {url.partition("8000")[2] for url in shop["environment"].values()} == {"/your-org-id/v1", "/wp-json/fluent-cart/v2"}


@pytest.mark.slow
@pytest.mark.parametrize("is_variable", [False, True])
def test_the_health_check_finds_the_server_wherever_it_listens(is_variable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    port = str(free_port("127.0.0.2"))
    monkeypatch.setenv("REFUND_SANDBOX_HOST", "127.0.0.2")
    monkeypatch.setenv("REFUND_SANDBOX_PORT", port if is_variable else "1")
    command = [sys.executable, "-m", "refund_sandbox", "serve", *([] if is_variable else ["--port", port])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        server.stdout.readline()
        check = [*health_check(), str(server.pid)]

        wait_until(lambda: subprocess.run(check, capture_output=True).returncode == 0)

        server.kill()
        server.wait()
        assert subprocess.run(["sh", "-c", f"exec {shlex.join(health_check())} $$"], capture_output=True).returncode == 1
