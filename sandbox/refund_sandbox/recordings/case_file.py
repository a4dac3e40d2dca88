"""File of a recording: a JSON list with one case on each line, which is complete after every exchange."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from refund_sandbox.core.documents import read_json
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.whole_files import replacing

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
        self._file = FileIO(path, "r+")
        self._write(_BEGIN + _END[1:])

    def append(self, case: Case) -> None:
        """Write a case at the end, so that the file is a whole document before and after it.

        Raise OSError where the disk is full. The file stays as it was then.
        """
        end = _END if self.count else _END[1:]
        size = self._file.seek(0, 2)
        try:
            self._file.seek(size - len(end))
            self._write((b",\n" if self.count else b"") + _line(case) + _END)
        except OSError:
            self._file.seek(size - len(end))
            self._write(end)  # into blocks that the file has
            self._file.truncate()
            raise
        self.count += 1

    def _write(self, content: bytes) -> None:
        """Write all of it: on a full disk, a first call may write a part."""
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]

    def close(self, change: Callable[[Any], Any] | None = None) -> None:
        """Close the file. `change` is applied to each case once more; the changed file replaces the other one at once."""
        self._file.close()
        if change is None or not self.count:
            return
        cases = [change(case) for case in read_cases(self.path)]
        with replacing(self.path, is_private=True) as output:
            output.write((_BEGIN + b",\n".join(map(_line, cases)) + _END).decode())


def _line(case: Case) -> bytes:
    return json.dumps(case, ensure_ascii=False).encode("utf-8", "backslashreplace")


def check_readable(case: Case) -> None:
    """Raise BadDocument for a case that could not be read again: one would make the whole file unreadable."""
    read_json(_line(case).decode())


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
    text = _read_text(path)
    try:
        return read_json(text)
    except BadDocument as error:
        whole = _whole_lines(text)
        if not whole:
            raise BadDocument([Problem("", f"{path} is no recording and no HTTP Archive: {error}")]) from None
        return whole


def _read_text(path: Path) -> str:
    content = path.read_bytes().removeprefix(BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            raise BadDocument([Problem("", f"{path} is not UTF-8")]) from None
        return content[: error.start].decode()  # it was cut off within a character


def _whole_lines(text: str) -> list[Any]:
    """Return the cases of a file that was cut off."""
    if not text.startswith("[\n{"):
        return []
    cases = []
    for line in text.split("\n")[1:]:  # a text may have other characters that end a line
        try:
            cases.append(read_json(line.rstrip(",")))
        except BadDocument:
            break
    return cases


def _is_case(case: Any) -> bool:
    parts = (case.get("request"), case.get("expect")) if isinstance(case, dict) else ()
    return bool(parts) and all(isinstance(part, Mapping) for part in parts)
