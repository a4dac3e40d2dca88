"""The examples in YAML: what they say about this project is true."""

import shlex
from pathlib import Path
from typing import Any

import yaml

from refund_sandbox.app import read_settings
from tests.docs.test_example_clients import run
from tests.support.doc_blocks import file
from tests.support.paths import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


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
    assert "HEALTHCHECK" in DOCKERFILE


def test_the_pytest_of_github_actions_has_the_flags_that_it_is_given(tmp_path: Path) -> None:
    steps = service("test.yaml", "jobs", "test")["steps"]
    command = next(shlex.split(step["run"]) for step in steps if step.get("run", "").startswith("pytest"))

    done = run(tmp_path, *command, "--version", "-p", "xdist", "-p", "refund_sandbox.pytest_plugin")

    assert done.returncode == 0, done.stderr


def test_compose_waits_for_a_health_check_that_the_image_has() -> None:
    shop, sandbox = service("compose.yaml", "services", "shop"), service("compose.yaml", "services", "refund-sandbox")

    assert shop["depends_on"]["refund-sandbox"]["condition"] == "service_healthy"
    assert "HEALTHCHECK" in DOCKERFILE
    assert sandbox["ports"] == ["8000:8000"]
    assert {url.partition("8000")[2] for url in shop["environment"].values()} == {"/your-org-id/v1", "/wp-json/fluent-cart/v2"}
