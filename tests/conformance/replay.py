"""Replay of a recorded request against a sandbox on a socket, and the comparison of its reply."""

import re
from typing import Any

from refund_sandbox.apis.fluentcart import recording
from refund_sandbox.recordings import case_replay

_VARIABLE_FIELDS = {"created_at", "updated_at", "canceled_at", "completed_at", "uuid", "ip_address"}
_TIMES = {"refunded_at", "settled_at", "next_billing_date"}
"""Fields of which only matters whether they have a time."""


def send(address: tuple[str, int], request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Send a recorded request byte for byte. Return status, headers by lower-case name, and body."""
    return case_replay.send(f"http://{address[0]}:{address[1]}", request, recording.fill_in)


def mask(value: Any) -> Any:
    """Return the value without variable parts: times, hashes, vendor ids, file paths."""
    if isinstance(value, dict):
        fixed = {key: mask(entry) for key, entry in value.items() if key not in _VARIABLE_FIELDS}
        fixed = {key: "#" if key in _TIMES and entry else entry for key, entry in fixed.items()}
        return {key: str(entry) if key == "card_last_4" and isinstance(entry, int) else entry for key, entry in fixed.items()}
    if isinstance(value, list):
        return [mask(entry) for entry in value]
    if isinstance(value, str):
        value = re.sub(r"\b[0-9a-f]{24,64}\b", "#", value)
        value = re.sub(r"\b(re|pi)_[A-Za-z0-9_]+", r"\1_#", value)
        value = re.sub(r"\b(?=[0-9A-Z]*[0-9])(?=[0-9A-Z]*[A-Z])[0-9A-Z]{17}\b", "PP#", value)
        value = re.sub(r"(<path>|/)[^ ]*?([A-Za-z]+\.php)", r"<path>/\2", value)
        value = re.sub(r"on line \d+", "on line #", value)
        value = re.sub(r"http://(127\.0\.0\.1:\d+|<site>)", "<site>", value)
    return value


def difference(want: Any, got: Any, path: str = "") -> str | None:
    """Return the first difference from the recording, else None. More keys are allowed; [] equals {} in PHP."""
    if want in ([], {}, None) and got in ([], {}, None):
        return None
    if isinstance(want, dict) and isinstance(got, dict):
        missing = [f"{path}.{key} is missing" for key in want if key not in got]
        return missing[0] if missing else _first(difference(want[key], got[key], f"{path}.{key}") for key in want)
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return _first(
            difference(left, right, f"{path}[{index}]") for index, (left, right) in enumerate(zip(want, got, strict=True))
        )
    same = want == got and isinstance(want, bool) == isinstance(got, bool)
    return None if same else f"{path}: recorded {want!r}, replied {got!r}"


def _first(differences: Any) -> str | None:
    return next((found for found in differences if found), None)


def shape_difference(want: Any, got: Any, path: str = "body") -> str | None:
    """Return the first difference in keys or JSON types, else None. Null fits any value; [] equals {} in PHP."""
    if want is None or (want == [] and got in ([], {})):
        return None
    if type(want) is not type(got):
        return f"{path}: recorded {want!r}, replied {got!r}"
    if isinstance(want, dict):
        if want.keys() != got.keys():
            return f"{path}: {sorted(want.keys() - got.keys())} missing, {sorted(got.keys() - want.keys())} unexpected"
        return next(filter(None, (shape_difference(want[key], got[key], f"{path}.{key}") for key in want)), None)
    if isinstance(want, list) and want:
        return shape_difference(want[0], got[0], f"{path}[0]") if got else f"{path}: recorded some entries, replied none"
    return None
