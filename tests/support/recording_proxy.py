"""The recording proxy in this process, and clients of it that send bytes as they are."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refund_sandbox.app import load_apis
from refund_sandbox.recordings.case_file import Case, read_cases
from refund_sandbox.recordings.case_replay import CaseReplay
from refund_sandbox.recordings.proxy import RecordingProxy
from refund_sandbox.recordings.proxy_server import ProxyServer
from refund_sandbox.recordings.recorder import Recorder, make_scrubber
from refund_sandbox.recordings.upstream import Upstream
from refund_sandbox.testing import Client
from refund_sandbox.verify.report import Row

APIS = load_apis()


@dataclass
class Recording:
    """A proxy that records. `cases` and `rows` are complete when it has stopped."""

    address: tuple[str, int]
    path: Path
    rows: list[Row]

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def cases(self) -> list[Case]:
        return read_cases(self.path)


@contextmanager
def recording(
    target: str,
    path: Path,
    shadow: Client | None = None,
    settings: Mapping[str, Any] | None = None,
    timeout_s: float = 5,
    ca_file: Path | None = None,
) -> Iterator[Recording]:
    """A proxy before `target`. With `shadow`, each case is compared with that sandbox."""
    listener = socket.create_server(("127.0.0.1", 0))
    upstream = Upstream(target, timeout_s, ca_file)
    found = Recording(listener.getsockname(), path, [])
    compare = CaseReplay(shadow, APIS).row if shadow else None
    recorder = Recorder(
        path,
        make_scrubber(APIS, list(upstream.sites)),
        settings or {},
        lambda _, row: found.rows.append(row) if row else None,
        compare,
    )
    with ProxyServer(RecordingProxy(upstream, APIS, recorder.record), listener):
        yield found
    recorder.close()


def exchange(address: tuple[str, int], request: bytes) -> bytes:
    """Send bytes, and return all that comes until the connection ends."""
    with socket.create_connection(address, 20) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def http_request(method: str, path: str, headers: Mapping[str, str], body: Any = None) -> bytes:
    """Return a request whose reply ends the connection."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: proxy.test", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None and "Transfer-Encoding" not in headers:
        lines.append(f"Content-Length: {len(content)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])
