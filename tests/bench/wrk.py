"""Load by wrk, with exact figures."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from tests.bench.servers import Request

_SCRIPT = """
local requests, last = {%s}, 0
request = function() last = last %% #requests + 1; return requests[last] end
done = function(summary, latency)
  local errors = summary.errors
  local figures = '\\n{"requests": %%d, "seconds": %%f, "median_ms": %%f, "p99_ms": %%f, "refused": %%d, "failed": %%d}'
  io.write(string.format(figures,
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class Load(NamedTuple):
    """Result of wrk: replies, replies with a status of 400 and above, and requests without a reply."""

    requests: int
    seconds: float
    median_ms: float
    p99_ms: float
    refused: int
    failed: int

    @property
    def per_second(self) -> float:
        """Replies per second."""
        return self.requests / self.seconds


def find() -> str:
    """Return the path of wrk. Exit if it is not installed."""
    found = shutil.which("wrk")
    if not found:
        sys.exit("wrk is needed: https://github.com/wg/wrk (apt-get install wrk, brew install wrk)")
    return found


def load(port: int, requests: Sequence[Request], *, connections: int, seconds: int, prefix: Sequence[str] = ()) -> Load:
    """Send the requests in turn, repeatedly. `prefix` is a command prefix that pins wrk to a core."""
    texts = ",\n".join(json.dumps(_text(request)) for request in requests)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(_SCRIPT % texts)
        file.flush()
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", file.name]
        command = [*prefix, find(), *options, f"http://127.0.0.1:{port}"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Load(**json.loads(output.splitlines()[-1]))


def _text(request: Request) -> str:
    """Return a request in bytes."""
    body = request.body or ""
    headers = {"Host": "127.0.0.1", **request.headers, "Content-Length": str(len(body.encode()))}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", body])
