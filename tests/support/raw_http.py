"""Requests byte for byte, which a client library would not send."""

import base64
import contextlib
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import Any

from refund_sandbox.app import SandboxApp

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
FUNNELFOX = "/your-org-id/v1/payment/refund"
FLUENTCART = "/wp-json/fluent-cart/v2/orders/1001/refund"
CREDENTIALS = {
    "ff-secret-key": "sandbox-secret-key",
    "authorization": "Basic " + base64.b64encode(b"admin:demo DEMO 1234 demo DEMO 5678").decode(),
}
PATHS = {"funnelfox": FUNNELFOX, "fluentcart": FLUENTCART}
REFUNDS: dict[str, dict[str, Any]] = {
    "funnelfox": {"external_id": "user_1", "order_id": ORDER_ID, "amount": "1.00"},
    "fluentcart": {"refund_info": {"transaction_id": 5001, "amount": 100}},
}
MODES = [
    ("funnelfox", "strict", "1.6.5"),
    ("funnelfox", "live", "1.6.5"),
    ("fluentcart", "strict", "1.6.5"),
    ("fluentcart", "live", "1.6.5"),
    ("fluentcart", "strict", "1.3.25"),
    ("fluentcart", "live", "1.3.25"),
]
STATE: dict[str, Any] = {
    "funnelfox": {"orders": [{"order_id": ORDER_ID, "org_id": "your-org-id", "external_id": "user_1", "amount": "100.00"}]},
    "fluentcart": {
        "orders": [
            {
                "id": 1001,
                "total_amount": 10000,
                "total_paid": 10000,
                "transactions": [{"id": 5001, "total": 10000, "vendor_charge_id": "pi_ok_1"}],
                "items": [{"id": 7001, "line_total": 10000}],
            }
        ]
    },
}


def arrange(sandbox: SandboxApp, *, validation: str = "strict", version: str = "1.6.5") -> dict[str, Any]:
    """One order of 100.00 in each API; returns the whole state."""
    settings = {"validation": validation, "fluentcart": {"version": version}}
    sandbox.workspace.load({"settings": settings, **STATE})
    return sandbox.workspace.dump()


_TIMEOUT_S = 30.0
"""Seconds that an answer may take."""


@dataclass(frozen=True)
class Answer:
    """Reply of a server; status 0 where there was none."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def document(self) -> Any:
        """The body, which must be JSON in UTF-8."""
        return json.loads(self.body.decode("utf-8"))


def refund(api: str, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    """A refund of that API with credentials and any body, in bytes."""
    return request("POST", PATHS[api], body, {"content-type": content_type, **CREDENTIALS, **headers})


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """Return a whole request, with a Content-Length unless the headers define the framing."""
    sent = {"host": "sandbox", "connection": "close", **(headers or {})}
    if "transfer-encoding" not in sent:
        sent.setdefault("content-length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", *[f"{name}: {value}" for name, value in sent.items()]]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def send(address: tuple[str, int], content: bytes) -> Answer:
    """Send bytes as they are and return the reply."""
    with socket.create_connection(address, timeout=10) as connection:
        with contextlib.suppress(ConnectionError):  # a server may answer and hang up before it has read all
            connection.sendall(content)
        response = HTTPResponse(connection, method=content.partition(b" ")[0].decode("latin-1"))
        try:
            response.begin()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        except (ConnectionError, ValueError, TimeoutError):
            return Answer(0)


def exchange(address: tuple[str, int], pieces: Iterable[bytes], *, count: int = 0, quiet: float = 0.1) -> list[Answer]:
    """Send pieces one by one. Return the replies until the server hangs up, or has sent `count` and is silent for `quiet` s."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        return read_answers(receive(connection, quiet, count))


def receive(connection: socket.socket, quiet: float, count: int = 0) -> bytes:
    """Return all bytes until the server closes the connection, or is quiet after the expected number of replies."""
    content = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        connection.settimeout(quiet if _has_answers(content, count) else _TIMEOUT_S)
        while piece := connection.recv(65536):
            content += piece
            connection.settimeout(quiet if _has_answers(content, count) else _TIMEOUT_S)
    return content


def _has_answers(content: bytes, count: int) -> bool:
    try:
        return not count or len(read_answers(content)) >= count
    except HTTPException:
        return False


class _ReplayedSocket(BytesIO):
    """Bytes in the place of a socket, for more than one answer."""

    def makefile(self, *_: Any) -> "_ReplayedSocket":
        return self

    def close(self) -> None:
        pass


def read_answers(content: bytes) -> list[Answer]:
    """Yield the replies one by one. Raises HTTPException for bytes that are not a complete reply."""
    replayed, answers = _ReplayedSocket(content), []
    while replayed.tell() < len(content):
        response = HTTPResponse(replayed)  # type: ignore[arg-type]
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answers.append(Answer(response.status, headers, response.read()))
    return answers


def check_refund(
    sandbox: SandboxApp, api: str, before: dict[str, Any], answer: Answer, *, crashes: tuple[str, ...] = ("fluentcart live",)
) -> None:
    """The answer is one that the spec declares, and the ledger only moved for a 200, or where the plugin itself fell over.

    500 is only allowed in the modes of `crashes`, as the recordings have it: with the body of a plugin_exception.
    """
    (operation,) = [one for one in sandbox.workspace.apis[api].spec.operations if one.operation_id.startswith("refund")]
    schema = operation.replies[answer.status]
    assert schema is not None
    assert schema.violations(answer.document) == []
    crashed = answer.status == 500
    if crashed:
        assert answer.document["code"] == "plugin_exception"
        assert f"{api} {before['settings']['validation']}" in crashes
    assert sandbox.workspace.dump() == before or answer.status == 200 or crashed
