"""Fixtures: state documents in YAML files, and fake orders that are added on request."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from refund_sandbox.core import package_files
from refund_sandbox.core.api import Api
from refund_sandbox.core.documents import read_yaml
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault_store import Scenarios

SHIPPED = ("demo", "empty")


def read_fixture(name: str | Path) -> Mapping[str, Any]:
    """Return the state document of a fixture: a shipped one by name ("demo"), or any file by path. Raise BadDocument."""
    path = name if isinstance(name, Path) else _shipped(name)
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadDocument([Problem("", f"{path} can't be read: {error}")]) from None
    except BadDocument as error:
        raise BadDocument([Problem("", f"{path}: {error}")]) from None
    if not isinstance(document, Mapping):
        raise BadDocument([Problem("", f"{path} is not a state document")])
    return document


def _shipped(name: str) -> Path:
    if name not in SHIPPED:
        raise BadDocument([Problem("/fixture", f"Unknown fixture {name!r}. Known: {', '.join(SHIPPED)}")])
    return package_files.path_of("fixtures", f"{name}.yaml")


def read_scenarios() -> Scenarios:
    """Return the named faults of fixtures/scenarios.yaml."""
    scenarios: Scenarios = read_yaml(package_files.path_of("fixtures", "scenarios.yaml").read_text(encoding="utf-8"))
    return scenarios


def with_fake_orders(document: Mapping[str, Any], apis: Mapping[str, Api], count: int, seed: int) -> Mapping[str, Any]:
    """Return the document with `count` fake orders added for each API."""
    if not count:
        return document
    orders = {name: api.descriptor.fake.generate_orders(count, seed) for name, api in apis.items()}
    sections = {name: _merged(document.get(name) or {}, section) for name, section in orders.items()}
    return {**document, **sections}


def _merged(section: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {**section, **{name: [*section.get(name, []), *entries] for name, entries in more.items()}}
