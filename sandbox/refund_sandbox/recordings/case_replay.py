"""Replay of recorded cases against a sandbox: each in its own state, and compared with the recorded reply."""

import http.client
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import UNSET
from msgspec.structs import replace

from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Request
from refund_sandbox.core.masks import GENERAL_MASKS, Masks
from refund_sandbox.core.spec.certainty import CertaintyTable
from refund_sandbox.recordings.case_file import Case
from refund_sandbox.recordings.operation_paths import Found, find_operation
from refund_sandbox.testing.control_client import CallFailed, CallRejected, Client
from refund_sandbox.verify.comparison import Difference, ReceivedReply, compare, compare_values, read_body
from refund_sandbox.verify.report import Row

_TIMEOUT_S = 30
_PARTIAL = ("ids", "body_shape", "body_omitted")
"""Fields of `expect` in cases that have only a part of the reply."""
_SITE = "<site>"


class CaseReplay:
    """Replays cases in one workspace of a sandbox, whose state each case replaces."""

    def __init__(self, client: Client, apis: Mapping[str, Api], settings: Mapping[str, Any] | None = None) -> None:
        self._client = client
        self._apis = apis
        self._settings = settings or {}
        self._url = client.url
        self._certainties: dict[str, CertaintyTable] = {}

    def row(self, case: Case) -> Row:
        """Return the result of one case. Raises CallFailed if the sandbox does not answer."""
        found = find_case(case, self._apis)
        request = case["request"]
        name = f"{case.get('id', '')} {case.get('name', '')}".strip()
        row = Row(name, "", "", "not tried", request=f"{request.get('method')} {request.get('path')}")
        reason = _reason(case, found)
        if found is None or reason:
            return replace(row, reason=reason or "no API of the sandbox has this path")
        row = replace(row, operation=found.match.operation.operation_id)
        try:
            self._arrange(case, found.api)
        except CallRejected as error:
            return replace(row, reason=f"the sandbox cannot hold the recorded state: {error}")
        recorded, got = _recorded(case), self._send(case["request"], found.api)
        differences = [*compare(recorded, got, _masks(found)), *self._order_differences(case, found)]
        known = set(_ids(case.get("given")))
        return self._result(row, found, recorded, got, [one for one in differences if not _is_new_id(one, known)])

    def _result(
        self, row: Row, found: Found, recorded: ReceivedReply, got: ReceivedReply, differences: Sequence[Difference]
    ) -> Row:
        table = self._certainty_of(found.api)
        certainty = table.of_differences(row.operation, got.status, [one.path for one in differences])
        row = replace(row, certainty=certainty.word, verified=certainty.versions)
        if not differences:
            return replace(row, outcome="alike")
        return replace(row, outcome="differs", differences=tuple(differences), expected=recorded, got=got)

    def _certainty_of(self, api: Api) -> CertaintyTable:
        if api.name not in self._certainties:
            self._certainties[api.name] = CertaintyTable(api.spec)
        return self._certainties[api.name]

    def _arrange(self, case: Case, api: Api) -> None:
        """Load the state before a case, and the faults of its gateway."""
        recording = api.descriptor.recording
        section = recording.section(case) if recording else {}
        clock = {"clock": case["at"].replace(" ", "T") + "Z"} if case.get("at") else {}
        settings = {"validation": "live", **case.get("settings", {}), **self._settings}
        self._client.put("/state", {"settings": settings, api.name: section, **clock})
        self._client.delete("/faults")
        for fault in case.get("gateway") or ():
            self._client.post("/faults", {"api": api.name, "times": 1, **fault})
        for earlier in case.get("preceded_by", ()):
            self._send({**earlier, "headers": case["request"].get("headers")}, api)

    def _send(self, request: Mapping[str, Any], api: Api) -> ReceivedReply:
        """Send the request of a case, byte for byte, once."""
        recording = api.descriptor.recording
        status, headers, content = send(self._url, request, recording.fill_in if recording else str)
        return ReceivedReply(status, headers, self._masked(read_body(content)))

    def _masked(self, value: Any) -> Any:
        """Return a body with `<site>` for the address of the sandbox."""
        if isinstance(value, str):
            return value.replace(self._url, _SITE)
        if isinstance(value, dict):
            return {name: self._masked(inner) for name, inner in value.items()}
        return [self._masked(inner) for inner in value] if isinstance(value, list) else value

    def _order_differences(self, case: Case, found: Found) -> list[Difference]:
        """Return how the order differs afterwards from the recorded one, in the recorded fields."""
        recording, given = found.api.descriptor.recording, case.get("given") or {}
        before = recording.order_of(given) if recording else None
        after = case["expect"].get("order") or (before[1] if before and case["expect"].get("unchanged") else None)
        if before is None or after is None:
            return []
        try:
            order = self._client.get(f"/{found.api.name}/orders/{quote(before[0], safe='')}")
        except CallRejected:
            return [Difference("order", before[0])]
        return [one for one in compare_values("order", after, order, _masks(found)) if one.expected is not UNSET]


def find_case(case: Case, apis: Mapping[str, Api]) -> Found | None:
    """Return the operation of a case, in the API that it names or in any."""
    request = case["request"]
    path, _, query = str(request.get("path", "")).partition("?")
    headers = {name.lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    chosen = {name: api for name, api in apis.items() if case.get("api") in (None, name)}
    return find_operation(chosen, Request(str(request.get("method", "")), path, query, headers, b""))


def _reason(case: Case, found: Found | None) -> str:
    """Return the reason why a case can't be replayed, else an empty text."""
    if case.get("without_reply"):
        return f"the live service did not reply: {case['without_reply']}"
    if "omitted" in case["request"] or "omitted" in case["expect"] or any(name in case["expect"] for name in _PARTIAL):
        return "the recording has only a part of the request or of the reply"
    if found and case.get("given") is None and case["expect"]["status"] < 400:
        return "the recording has no state before this request"
    return ""


def _recorded(case: Case) -> ReceivedReply:
    """Return the recorded reply. One to HEAD has no body."""
    expect = case["expect"]
    headers = {name.lower(): value for name, value in (expect.get("headers") or {}).items()}
    text = expect.get("raw", expect.get("text"))
    body = read_body(text.encode()) if isinstance(text, str) else expect.get("body")
    return ReceivedReply(expect["status"], headers, None if case["request"]["method"] == "HEAD" else body)


def _ids(value: Any) -> Iterator[Any]:
    """Yield the ids of all records of a state."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _ids(inner)
    if isinstance(value, dict) and "id" in value:
        yield str(value["id"])


def _is_new_id(difference: Difference, known: Collection[Any]) -> bool:
    """Whether a difference is the id of a record that the request has added: the live service counts other records too."""
    ids = difference.expected, difference.got
    return difference.path.endswith(".id") and all(isinstance(one, int) and str(one) not in known for one in ids)


def _masks(found: Found) -> Masks:
    recording = found.api.descriptor.recording
    return recording.MASKS if recording else GENERAL_MASKS


def send(url: str, request: Mapping[str, Any], fill_in: Any = str) -> tuple[int, dict[str, str], bytes]:
    """Send the request of a case byte for byte. Return status, headers by lower-case name, and body. Raises CallFailed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    content = _content(request)
    try:
        connection.putrequest(
            request["method"], parts.path + fill_in(request["path"]).replace(" ", "%20"), skip_accept_encoding=True
        )
        for name, value in (request.get("headers") or {}).items():
            connection.putheader(name, fill_in(value))
        if content is not None or request["method"] in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(content or b"")))
        connection.endheaders(content or None)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CallFailed(f"No reply of the sandbox: {error}") from None
    finally:
        connection.close()


def _content(request: Mapping[str, Any]) -> bytes | None:
    if "body" in request:
        return json.dumps(request["body"]).encode()
    text = request.get("raw_body")
    return None if text is None else str(text).encode("utf-8", "surrogateescape")
