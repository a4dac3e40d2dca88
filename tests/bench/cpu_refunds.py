"""CPU time of refunds in process, with the version of the sandbox that is installed.

It reads requests from stdin, and prints CPU seconds per refund as JSON, by API and way. `against` runs it in the environment of
each version, so it imports nothing else of this project.
"""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

_PASSES = 4
"""Number of measured refunds of each order."""

Reply = Any
Direct = Callable[[dict[str, Any], bytes], Reply]


class Exchange:
    """A request, and the status of its reply."""

    def __init__(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> None:
        self.body = body.encode()
        self.status = 0
        fields = {"host": "127.0.0.1", **headers, "content-length": str(len(self.body))}
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50_000),
            "scheme": "http",
            "method": method,
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
            "state": {},
        }

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


async def measure(app: Any, given: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return CPU seconds per refund, by API and way. The first pass over the orders warms up."""
    await _run_asgi(app, [Exchange(*given["load"])])
    direct = _direct_way(app)
    seconds: dict[str, dict[str, float]] = {}
    for number in range(2):
        for api, refunds in given["refunds"].items():
            times = _PASSES if number else 1
            seconds[api] = {"ASGI": await _measure_asgi(app, _exchanges(refunds, times))}
            if direct:
                seconds[api]["direct"] = _measure_direct(direct, _exchanges(refunds, times))
    return seconds


def _exchanges(refunds: Sequence[Any], times: int) -> list[Exchange]:
    return [Exchange(*refund) for _ in range(times) for refund in refunds]


async def _measure_asgi(app: Any, exchanges: Sequence[Exchange]) -> float:
    started = time.process_time()
    await _run_asgi(app, exchanges)
    return _seconds_each(time.process_time() - started, exchanges)


async def _run_asgi(app: Any, exchanges: Sequence[Exchange]) -> None:
    for one in exchanges:
        await app(one.scope, one.receive, one.send)
    _check(exchanges)


def _measure_direct(direct: Direct, exchanges: Sequence[Exchange]) -> float:
    started = time.process_time()
    for one in exchanges:
        one.status = direct(one.scope, one.body).status
    return _seconds_each(time.process_time() - started, exchanges)


def _seconds_each(seconds: float, exchanges: Sequence[Exchange]) -> float:
    _check(exchanges)
    return seconds / len(exchanges)


def _check(exchanges: Sequence[Exchange]) -> None:
    wrong = [(one.scope["path"], one.status) for one in exchanges if one.status != 200]
    assert not wrong, f"{len(wrong)} of {len(exchanges)} replies are wrong: {wrong[:3]}"


def _direct_way(app: Any) -> Direct | None:
    """Return the function that answers without ASGI, as the server calls it. Its name and parameters differ by version."""
    if hasattr(app, "answer"):
        return app.answer  # type: ignore[no-any-return]
    if hasattr(app, "at_once"):
        return lambda scope, body: app.at_once([(scope, body)])[0]
    return None


def _tune_collector(package: str) -> None:
    """Tune the garbage collector as `serve` does. Its default searches all modules now and then, for 50 ms."""
    for module, function in (("gc_tuning", "tune"), ("collector", "spare")):
        if find_spec(f"{package}.{module}"):
            getattr(importlib.import_module(f"{package}.{module}"), function)()


if __name__ == "__main__":
    package = "refund_sandbox" if find_spec("refund_sandbox") else "sandbox"
    sandbox = importlib.import_module(f"{package}.app").build()
    _tune_collector(package)
    sys.stdout.write(json.dumps(asyncio.run(measure(sandbox.app, json.load(sys.stdin)))))
    sandbox.close()
