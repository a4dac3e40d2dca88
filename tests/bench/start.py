"""From launch to the first booked refund, and the memory of an idle sandbox, beside a bare Starlette application.

Run it with `.venv/bin/python -m tests.bench.start [ROUNDS]`. Rounds alternate; the table shows medians.
"""

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.servers import as_installed

_BARE = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
listener = socket.create_server(("127.0.0.1", 0))
print("listening on http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
app = Starlette(routes=[Route("/{rest:path}", lambda request: JSONResponse({}), methods=["POST"])])
uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")).run(sockets=[listener])
"""
_REFUND = json.dumps({"external_id": "user_456", "order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "amount": "1"})
_HEADERS = {"Content-Type": "application/json", "ff-secret-key": "sandbox-secret-key"}


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds from launch to the first answer, and MiB of resident memory a second later."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=as_installed())
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/your-org-id/v1/payment/refund", _REFUND, _HEADERS)
        answer = connection.getresponse()
        took = time.perf_counter() - started
        assert (answer.status, answer.read()) == (200, b"{}")
        time.sleep(1)
        return took, _resident(process.pid)
    finally:
        process.kill()
        process.wait()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main(rounds: int, say: Callable[[str], object]) -> None:
    """Prints medians for both."""
    commands = {"sandbox": [sys.executable, "-m", "sandbox", "serve", "--port", "0"], "bare": [sys.executable, "-c", _BARE]}
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for one in range(rounds + 1):  # the first one warms up
        for name, command in commands.items():
            measured = measure(command)
            results[name] += [measured] if one else []
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in results.items()}
    say(f"{'':10}{'first answer':>14}{'idle memory':>14}")
    for name, (seconds, mebibytes) in medians.items():
        say(f"{name:10}{seconds:>12.3f} s{mebibytes:>10.1f} MiB")
    ratios = [mine / bare for mine, bare in zip(medians["sandbox"], medians["bare"], strict=True)]
    say(f"{'ratio':10}{ratios[0]:>14.2f}{ratios[1]:>14.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, lambda line: sys.stdout.write(line + "\n"))
