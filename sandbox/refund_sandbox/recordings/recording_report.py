"""Uses of a recording: a report of its replay, and a state document with its orders."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from refund_sandbox import __version__
from refund_sandbox.core.api import Api
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.recordings.case_file import Case, check_cases, read_document
from refund_sandbox.recordings.case_replay import CaseReplay, find_case
from refund_sandbox.recordings.har_reader import cases_of_archive
from refund_sandbox.testing import Sandbox
from refund_sandbox.verify.report import Report, ShowProgress

Rows = list[dict[str, Any]]


def read_recording(path: Path, apis: Mapping[str, Api]) -> list[Case]:
    """Return the cases of a recording or of an HTTP Archive. Raise BadDocument for another file."""
    document = read_document(path)
    if isinstance(document, dict) and "log" in document:
        return cases_of_archive(document, apis)
    return check_cases(document, path)


def replay_recording(path: Path, apis: Mapping[str, Api], settings: Mapping[str, Any], progress: ShowProgress) -> Report:
    """Replay a recording against a sandbox of its own, each case in its recorded state."""
    cases = read_recording(path, apis)
    rows = []
    with Sandbox(fixture="empty") as sandbox:
        if settings:
            sandbox.client.put("/settings", settings)  # refuses unknown ones
        replay = CaseReplay(sandbox.client, apis, settings)
        for number, case in enumerate(cases, 1):
            progress(number, len(cases), str(case.get("name", "")))
            rows.append(replay.row(case))
    facts = {"Recording": path.name, "Sandbox": __version__, "Date": f"{datetime.now(UTC):%Y-%m-%d}"}
    return Report(facts, rows)


def recorded_state(path: Path, apis: Mapping[str, Api]) -> dict[str, Any]:
    """Return a state document with the orders of a recording, each as it was at first. Raise BadDocument if it has none."""
    document: dict[str, Any] = {}
    for case in read_recording(path, apis):
        found = find_case(case, apis)
        recording = found.api.descriptor.recording if found else None
        if found is None or recording is None or not case.get("given"):
            continue
        section = {name: rows for name, rows in recording.section(case).items() if name != recording.ACCOUNTS}
        document[found.api.name] = _merged(document.get(found.api.name, {}), section)
        document["settings"] = {**document.get("settings", {}), **case.get("settings", {})}
    if not document:
        raise BadDocument([Problem("", f"{path} has no state of an order: it was recorded without reads of orders")])
    return document


def _merged(section: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section with the rows of another one that it does not have. An order is not merged: the first one stands."""
    merged = dict(section)
    for name, rows in more.items():
        if isinstance(rows, list):
            merged[name] = _merged_rows(merged.get(name, []), rows, deep=name != "orders")
        else:
            merged.setdefault(name, rows)
    return merged


def _merged_rows(rows: Rows, more: Rows, *, deep: bool) -> Rows:
    """Return rows and those of another list with other keys. The first field of a row is its key."""
    merged = {_key(row): row for row in rows}
    for row in more:
        known = merged.setdefault(_key(row), row)
        if deep and known is not row:
            lists = {name: value for name, value in row.items() if isinstance(value, list) and _is_rows(value)}
            both = {name: _merged_rows(known.get(name, []), value, deep=True) for name, value in lists.items()}
            merged[_key(row)] = {**known, **both}
    return list(merged.values())


def _is_rows(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(row, dict) for row in value)


def _key(row: Mapping[str, Any]) -> str:
    return str(next(iter(row.values()), ""))
