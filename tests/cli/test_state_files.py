"""State documents are written while they come, whatever the pieces are."""

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from refund_sandbox.cli import state_files
from refund_sandbox.cli.waiting_client import connect
from refund_sandbox.core.yaml_reader import read_yaml
from refund_sandbox.testing import Sandbox, Unreachable
from tests.support.command_line import runner

DOCUMENT: dict[str, Any] = {
    "clock": None,
    "settings": {"validation": "strict", "shop": {"price": -1.5, "version": "1.10"}},
    "shop": {
        "orders": [
            {"id": 1, "name": "Zoë 😀", "meta": [], "at": "2026-01-01 00:00:00", "on": True, "rows": [{"id": 12}, [1, [2]]]},
            {"id": 10**30, "name": "null", "meta": {}, "note": 'a: "b"\n# c\ttab\x7f', "rows": []},
        ],
        "numbers": [123, 456],
        "empty": [],
        "nothing": {},
    },
}
TEXT = json.dumps(DOCUMENT, ensure_ascii=False).encode()


def pieces(size: int) -> Iterator[bytes]:
    return (TEXT[start : start + size] for start in range(0, len(TEXT), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_yaml_is_written_as_the_library_writes_the_whole_document(size: int) -> None:
    output = io.StringIO()

    state_files.write_yaml(pieces(size), output)

    assert output.getvalue() == yaml.dump(DOCUMENT, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    assert read_yaml(output.getvalue()) == DOCUMENT


def test_a_document_that_ends_too_early_is_no_yaml() -> None:
    with pytest.raises(ValueError, match="ends too early"):
        state_files.write_yaml([TEXT[:-1]], io.StringIO())


def test_a_failed_export_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("before")

    with pytest.raises(ValueError, match="broken"), state_files.open_output(file) as output:
        output.write("half")
        raise ValueError("broken")

    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_an_exported_file_has_a_line_for_each_order(sandbox: Sandbox, tmp_path: Path) -> None:
    from refund_sandbox.cli.main import main

    file = tmp_path / "state.json"

    done = runner().invoke(main, ["state", "export", str(file), "--url", sandbox.url])

    assert done.exit_code == 0
    lines = file.read_text().splitlines()
    assert sum(line.startswith('{"order_id":') for line in lines) == 14
    assert sum(line.startswith('{"id":') and '"payment_status":' in line for line in lines) == 18


def test_a_sandbox_that_does_not_reply_in_time_is_called_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        with pytest.raises(Unreachable) as caught:
            connect(url=url, token=None, workspace=None, timeout=0.2).get("/health")

    assert str(caught.value) == f"The sandbox at {url} is busy: no reply within 0.2 s."
