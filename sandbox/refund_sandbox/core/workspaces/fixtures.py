"""Fixtures: state documents and scenarios in YAML files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from refund_sandbox.core import package_files
from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.documents import read_json
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault_store import Scenarios
from refund_sandbox.core.shipped_documents import read_shipped

SHIPPED = ("demo", "empty")


def read_fixture(name: str | Path) -> Mapping[str, Any]:
    """Return the state document of a fixture: a shipped one by name ("demo"), or any file by path. Raise BadDocument."""
    path = name if isinstance(name, Path) else _shipped(name)
    try:
        document = _read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadDocument([Problem("", f"{path} can't be read: {error}")]) from None
    except BadDocument as error:
        raise BadDocument([Problem("", f"{path}: {error}")]) from None
    if not isinstance(document, Mapping):
        raise BadDocument([Problem("", f"{path} is not a state document: it has no sections")])
    return document


def _read(path: Path) -> Any:
    """Return the value of a file. The error for one that is JSON by its name speaks of JSON."""
    text = path.read_text(encoding="utf-8")
    try:
        return read_shipped(text)
    except BadDocument:
        if path.suffix == ".json":
            read_json(text)
        raise


def _shipped(name: str) -> Path:
    if name not in SHIPPED:
        raise BadDocument([Problem("/fixture", f"Unknown fixture {name!r}. Known: {', '.join(SHIPPED)}")])
    return package_files.path_of("fixtures", f"{name}.yaml")


def read_scenarios(apis: Iterable[ApiDescriptor]) -> Scenarios:
    """Return the named faults of fixtures/scenarios.yaml, and those of each API."""
    apis = tuple(apis)
    general = read_shipped(package_files.path_of("fixtures", "scenarios.yaml").read_text(encoding="utf-8"))
    scenarios = {name: {**scenario, "faults": _for_each_api(scenario["faults"], apis)} for name, scenario in general.items()}
    for api in apis:
        for name, scenario in api.scenarios.items():
            scenarios[name] = {**scenario, "faults": [{"api": api.name, **fault} for fault in scenario["faults"]]}
    return scenarios


def _for_each_api(faults: Iterable[Mapping[str, Any]], apis: Sequence[ApiDescriptor]) -> list[Mapping[str, Any]]:
    """Replace each fault `on: refund` by one for the refund of each API."""
    found: list[Mapping[str, Any]] = []
    for fault in faults:
        if fault.get("on") == "refund":
            effect = {name: value for name, value in fault.items() if name != "on"}
            found += [{"api": api.name, "operation": api.refund_form.OPERATION, **effect} for api in apis]
        else:
            found.append(fault)
    return found
