"""File of a recording: a JSON list with one case on each line, which is complete after every exchange."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from refund_sandbox.core.documents import read_json
from refund_sandbox.core.errors import BadDocument, Problem

Case = dict[str, Any]
_BEGIN, _END = b"[\n", b"\n]\n"


class CaseFile:
    """A recording that is being written. Raises FileExistsError for a file with content."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        if path.exists() and path.stat().st_size:
            raise FileExistsError(f"{path} exists. Remove it, or use another --out.")
        path.touch(mode=0o600)
        self._file: BinaryIO = path.open("r+b", buffering=0)
        self._file.write(_BEGIN + _END[1:])

    def append(self, case: Case) -> None:
        """Write a case at the end, in one call, so that the file is a whole document before and after it."""
        separator = b",\n" if self.count else b""
        self._file.seek(-len(_END if self.count else _END[1:]), 2)
        self._file.write(separator + _line(case) + _END)
        self.count += 1

    def close(self, change: Callable[[Any], Any] | None = None) -> None:
        """Close the file. `change` is applied to each case once more; the changed file replaces the other one at once."""
        self._file.close()
        if change is None or not self.count:
            return
        cases = [change(case) for case in read_cases(self.path)]
        part = self.path.with_name(f"{self.path.name}.part")
        part.touch(mode=0o600)
        part.write_bytes(_BEGIN + b",\n".join(map(_line, cases)) + _END)
        part.replace(self.path)


def _line(case: Case) -> bytes:
    return json.dumps(case, ensure_ascii=False).encode("utf-8", "backslashreplace")


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file. The last one is left out if the file ends within it. Raise BadDocument for another file."""
    return check_cases(read_document(path), path)


def check_cases(document: Any, path: Path) -> list[Case]:
    """Return the document of a file as cases. Raise BadDocument if it is none of a recording."""
    if not isinstance(document, list) or not all(_is_case(case) for case in document):
        raise BadDocument([Problem("", f"{path} is no recording: a list of cases with `request` and `expect` is expected")])
    return document


def read_document(path: Path) -> Any:
    """Return the JSON of a file. One that was cut off within a case ends before it."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        return read_json(text)
    except BadDocument as error:
        whole = _whole_lines(text)
        if not whole:
            raise BadDocument([Problem("", f"{path} is no recording and no HTTP Archive: {error}")]) from None
        return whole


def _whole_lines(text: str) -> list[Any]:
    """Return the cases of a file that was cut off."""
    if not text.startswith("[\n{"):
        return []
    cases = []
    for line in text.splitlines()[1:]:
        try:
            cases.append(read_json(line.rstrip(",")))
        except BadDocument:
            break
    return cases


def _is_case(case: Any) -> bool:
    parts = (case.get("request"), case.get("expect")) if isinstance(case, dict) else ()
    return bool(parts) and all(isinstance(part, Mapping) for part in parts)
