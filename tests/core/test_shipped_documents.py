"""The prepared files of a wheel belong to its YAML files, and to no others."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from refund_sandbox.core import shipped_documents, yaml_reader
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.yaml_reader import read_yaml
from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only
TEXT = "orders:\n- id: 1 # the first\n  note: é\n"
CHANGED = TEXT.replace("1", "2")
FILES = [path for folder in ("specs", "fixtures") for path in sorted((ROOT / folder).glob("*.yaml"))]
SPECS = [path for path in FILES if path.parent.name == "specs"]


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds another value for the text, so that a test sees where a value comes from."""
    shipped_documents.prepare(tmp_path, "yaml", TEXT, lambda text: "prepared")
    monkeypatch.setattr(shipped_documents, "_PATH", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def unpacked(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared files of the wheel."""
    folder = tmp_path_factory.mktemp("unpacked")
    wheel.extractall(folder)
    return folder / "refund_sandbox" / shipped_documents.FOLDER


def test_a_prepared_text_is_read_without_yaml(prepared: Path) -> None:
    assert shipped_documents.read_shipped(TEXT) == "prepared"


def test_a_text_that_has_changed_since_is_read_as_it_is(prepared: Path) -> None:
    assert shipped_documents.read_shipped(CHANGED) == {"orders": [{"id": 2, "note": "é"}]}


def test_without_a_prepared_file_yaml_is_read(prepared: Path) -> None:
    for path in prepared.iterdir():
        path.unlink()

    assert shipped_documents.read_shipped(TEXT) == read_yaml(TEXT)


def test_the_wheel_has_the_value_of_each_file(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {path: read_yaml(path.read_text("utf-8")) for path in FILES}
    monkeypatch.setattr(shipped_documents, "_PATH", unpacked)
    monkeypatch.setattr(yaml_reader, "read_yaml", lambda text: None)

    assert {path: shipped_documents.read_shipped(path.read_text("utf-8")) for path in FILES} == expected


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_wheel_has_each_spec(path: Path, unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = loader.load(path.stem)
    monkeypatch.setattr(shipped_documents, "_PATH", unpacked)
    monkeypatch.setattr(loader, "_read", lambda api, text: ((), {}))

    spec = loader.load(path.stem)

    assert [description_of(one) for one in spec.operations] == [description_of(one) for one in expected.operations]
    assert spec.schemas == expected.schemas


def description_of(operation: SpecOperation) -> dict[str, Any]:
    """Return the fields of an operation, with the schemas of its validators."""
    fields = asdict(operation)
    schemas = {status: vars(reply) if reply else None for status, reply in operation.replies.items()}
    return {**fields, "body": vars(operation.body) if operation.body else None, "replies": schemas}
