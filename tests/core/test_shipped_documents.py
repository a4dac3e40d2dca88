"""The prepared file of a wheel belongs to its YAML files, and to no others."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_sandbox.core import shipped_documents, yaml_reader
from refund_sandbox.core.yaml_reader import read_yaml
from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only
TEXT = "orders:\n- id: 1 # the first\n  note: é\n"
CHANGED = TEXT.replace("1", "2")
FILES = [path for folder in ("specs", "fixtures") for path in sorted((ROOT / folder).glob("*.yaml"))]


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / shipped_documents.PREPARED
    path.write_text(shipped_documents.prepare([TEXT]), "utf-8")
    monkeypatch.setattr(shipped_documents, "_PATH", path)
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as opened:
        yield opened


def test_a_prepared_text_is_read_without_yaml(prepared: Path) -> None:
    prepared.write_text(prepared.read_text("utf-8").replace('"id": 1', '"id": 3'), "utf-8")

    assert shipped_documents.read_shipped(TEXT) == {"orders": [{"id": 3, "note": "é"}]}


def test_a_text_that_has_changed_since_is_read_as_it_is(prepared: Path) -> None:
    assert shipped_documents.read_shipped(CHANGED) == {"orders": [{"id": 2, "note": "é"}]}


def test_without_a_prepared_file_yaml_is_read(prepared: Path) -> None:
    prepared.unlink()

    assert shipped_documents.read_shipped(TEXT) == read_yaml(TEXT)


def test_the_wheel_has_the_value_of_each_file(wheel: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = wheel.extract(f"refund_sandbox/{shipped_documents.PREPARED}", tmp_path)
    monkeypatch.setattr(shipped_documents, "_PATH", Path(packed))
    expected = {path: read_yaml(path.read_text("utf-8")) for path in FILES}
    monkeypatch.setattr(yaml_reader, "read_yaml", lambda text: None)

    assert {path: shipped_documents.read_shipped(path.read_text("utf-8")) for path in FILES} == expected
