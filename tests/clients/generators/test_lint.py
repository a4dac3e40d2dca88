"""Linters and validators find no error in the specs, as they are served by default."""

from pathlib import Path

import pytest

from tests.clients.conftest import Target
from tests.clients.generators.tools import Tools

pytestmark = [pytest.mark.memory_only, pytest.mark.slow]
SPECS = ("funnelfox", "fluentcart", "sandbox")


@pytest.mark.parametrize("name", SPECS)
def test_openapi_spec_validator_accepts_the_spec(name: str, target: Target, tools: Tools, tmp_path: Path) -> None:
    spec = tmp_path / f"{name}.yaml"
    spec.write_bytes(target.read(name))

    assert "OK" in tools.python("openapi-spec-validator", spec, cwd=tmp_path)


@pytest.mark.parametrize("name", SPECS)
def test_spectral_finds_no_error(name: str, target: Target, tools: Tools, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("extends: ['spectral:oas']\n")

    tools.npm("spectral", "lint", "--fail-severity", "error", "--ruleset", rules, target.spec(name), cwd=tmp_path)


@pytest.mark.parametrize("name", SPECS)
def test_redocly_finds_no_error(name: str, target: Target, tools: Tools, tmp_path: Path) -> None:
    tools.npm("redocly", "lint", "--extends", "recommended", target.spec(name), cwd=tmp_path)
