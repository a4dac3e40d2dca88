"""Replay of a recorded request against a sandbox on a socket, and the comparison of its reply."""

import base64
import http.client
import json
import re
from typing import Any

PASSWORD = "AbcdEFGH1234ijklMNOP5678"
_PASSWORD_IN_GROUPS = " ".join(PASSWORD[start : start + 4] for start in range(0, 24, 4))
_PLACEHOLDERS = {
    "<admin application password, in groups of 4 with dashes>": _PASSWORD_IN_GROUPS.replace(" ", "-"),
    "<admin application password, in groups of 4>": _PASSWORD_IN_GROUPS,
    "<admin application password lower-cased>": PASSWORD.lower(),
    "<admin application password>": PASSWORD,
    "<admin login password>": "login-password",
    "<admin revoked application password>": "RevoREVO1111revoREVO2222",
    "<sub application password>": "SubsSUBS1111subsSUBS2222",
    "<ed application password>": "EdedEDED1111ededEDED2222",
    "<shopworker application password>": "WorkWORK1111workWORK2222",
}
USERS = [
    {"login": "admin", "email": "admin@example.test", "application_password": PASSWORD, "permissions": ["super_admin"]},
    *[
        {
            "login": login,
            "email": f"{login}@example.test",
            "application_password": _PLACEHOLDERS[f"<{login} application password>"],
            "permissions": [],
        }
        for login in ("sub", "ed", "shopworker")
    ],
]
_VARIABLE_FIELDS = {"created_at", "updated_at", "canceled_at", "completed_at", "uuid", "ip_address"}
_TIMES = {"refunded_at", "settled_at", "next_billing_date"}
"""Fields of which only matters whether they have a time."""


def fill_placeholders(text: str) -> str:
    """Replace the placeholders of passwords."""
    for placeholder, value in _PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text


def read_header(name: str, value: str) -> str:
    """Return a recorded header as it is sent."""
    if name.lower() == "authorization" and value == "<admin application password>":
        return "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    return re.sub(
        r'base64\("(.*?)"\)',
        lambda found: base64.b64encode(fill_placeholders(found[1]).encode()).decode(),
        fill_placeholders(value),
    )


def send(address: tuple[str, int], request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Send a recorded request byte for byte. Return status, headers by lower-case name, and body."""
    body = request.get("raw_body")
    content = json.dumps(request["body"]).encode() if "body" in request else body.encode() if body is not None else None
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.putrequest(request["method"], fill_placeholders(request["path"]).replace(" ", "%20"), skip_accept_encoding=True)
    for name, value in (request.get("headers") or {}).items():
        connection.putheader(name, read_header(name, value))
    if content is not None or request["method"] in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(content or b"")))
    connection.endheaders(content or None)
    response = connection.getresponse()
    reply = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return reply


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
