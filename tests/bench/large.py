"""Large states: start with many orders, memory of an order, export and import of a state through the command line.

Run it with `.venv/bin/python -m tests.bench.large [--start N] [--orders N] [--stores memory,sqlite,postgresql] [--json FILE]`.
Both numbers are orders over both APIs. Processor time is that of the command and of the server. It says more on a busy machine.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.bench import servers
from tests.bench.servers import Say, Serving

_STORES = ("memory", "sqlite", "postgresql")


class Step(NamedTuple):
    """One step: seconds, processor seconds of the command and of the server, and the size of the file in MB."""

    name: str
    seconds: float
    command: float
    server: float
    file_mb: float


class Start(NamedTuple):
    """Start with fake orders. `beyond_records` is the memory of an order, in bytes, that its records do not take."""

    orders: int
    seconds: float
    memory_mib: float
    record_bytes: float
    beyond_records: float


def main(start: int, orders: int, stores: list[str], file: Path | None, say: Say) -> None:
    """Measure and print."""
    results: dict[str, Any] = {"load": os.getloadavg(), "start": _start(start, say)._asdict() if start else None, "steps": {}}
    say(f"{'':12}{'':24}{'seconds':>9}{'command':>9}{'server':>9}{'file, MB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for store in stores:
            steps = results["steps"][store] = []
            for step in _steps(store, orders, Path(folder)):
                cells = f"{step.seconds:>9.1f}{step.command:>9.1f}{step.server:>9.1f}{step.file_mb:>10.0f}"
                say(f"{store:12}{step.name:24}{cells}")
                steps.append(step._asdict())
    servers.write_results(results, file)


def _start(orders: int, say: Say) -> Start:
    with servers.serve("memory://") as small:
        empty = servers.memory(small.pid)
    with servers.serve("memory://", "--orders", str(orders // 2)) as serving:
        memory = servers.memory(serving.pid)
    record_bytes = _record_bytes()
    beyond = (memory - empty) * 2**20 / orders - record_bytes
    result = Start(orders, serving.seconds, memory, record_bytes, beyond)
    say(f"start with {orders:,} orders: {result.seconds:.1f} s, {memory:,.0f} MiB")
    say(f"an order: {record_bytes:,.0f} bytes of records, {beyond:,.0f} beyond them")
    return result


def _record_bytes(orders: int = 2000) -> float:
    """Return the size of the records of a fake order, a mean over both APIs. Values that records share count once."""
    sandbox = build(Settings(orders=orders))
    with sandbox.workspace.store.read_only() as transaction:
        seen: set[int] = set()
        size = sum(_size_of(record, seen) for kind in sandbox.workspace.replacer.record_types for record in transaction.all(kind))
    sandbox.close()
    return size / (2 * orders)


def _size_of(value: Any, seen: set[int]) -> int:
    if id(value) in seen:
        return 0
    seen.add(id(value))
    size = sys.getsizeof(value)
    if hasattr(value, "__struct_fields__"):
        return size + sum(_size_of(getattr(value, name), seen) for name in value.__struct_fields__)
    if isinstance(value, dict):
        return size + sum(_size_of(part, seen) for pair in value.items() for part in pair)
    return size + sum(_size_of(part, seen) for part in value) if isinstance(value, list | tuple) else size


def _steps(store: str, orders: int, folder: Path) -> Iterator[Step]:
    """Export and import through a server, and without one if the store outlives it."""
    with ExitStack() as stack:
        url = "memory://"
        if store == "sqlite":
            url = f"sqlite:///{folder / 'sandbox.db'}"
        elif store == "postgresql":
            url = stack.enter_context(servers.postgresql()).get_uri()
        with servers.serve(url, "--orders", str(orders // 2)) as serving:
            for kind in ("json", "yaml"):
                for what in ("export", "import"):
                    yield _step(what, folder / f"state.{kind}", ("--url", f"http://127.0.0.1:{serving.port}"), serving)
        for kind in ("json", "yaml") if store != "memory" else ():
            for what in ("export", "import"):
                yield _step(what, folder / f"state.{kind}", ("--store", url), None)


def _step(what: str, file: Path, where: tuple[str, ...], serving: Serving | None) -> Step:
    command = [sys.executable, "-m", "refund_sandbox", "state", what, str(file), *where]
    children, server = _children_time(), servers.processor_time(serving.pid) if serving else 0.0
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=servers.as_installed())
    seconds = time.perf_counter() - started
    used = servers.processor_time(serving.pid) - server if serving else 0.0
    name = f"{what} {file.suffix[1:].upper()}{'' if serving else ', no server'}"
    return Step(name, seconds, _children_time() - children, used, file.stat().st_size / 1e6)


def _children_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large")
    parser.add_argument("--start", type=int, default=400_000, help="orders of both APIs at the start; 0 skips this part")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--stores", default=",".join(_STORES))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print_line: Say = lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush())  # noqa: E731
    main(options.start, options.orders, options.stores.split(","), options.json, print_line)
