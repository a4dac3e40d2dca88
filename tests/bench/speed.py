"""Speed of the sandbox compared with bare applications and other mock servers, and its targets.

Run it with `.venv/bin/python -m tests.bench.speed`; `--help` lists the options. Needs wrk and two cores: one runs the
server, the other wrk. Rounds alternate. The tables show medians. `--install` installs the other mock servers. Missing ones are
skipped.
"""

import argparse
import itertools
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import ledger, servers, speed_targets, wrk
from tests.bench.servers import Say, Serving
from tests.bench.subjects import Case, Subject, install, subjects
from tests.bench.wrk import Load

_TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "refund-sandbox" / "bench"
_TIMEOUT_S = 60
"""Maximum seconds for the start of a server."""
_MEMORY_CONNECTIONS = 16
_MAX_DURATION_S = 120
"""Maximum seconds of load before memory is measured."""
_DURATION = (
    "A round loads each case at each number of connections: 5 cases of the sandbox, 1 or 2 of each other subject. With the "
    "bare applications and WireMock, --rounds 2 --seconds 3 takes 4 minutes, with one more round to warm up. Memory takes up to "
    "2 minutes for each subject. A short run: --rounds 1 --seconds 2 --connections 16 --requests 20000 --only sandbox."
)
_IMPORT = """
import time
started = time.perf_counter()
import refund_sandbox
imported = time.perf_counter()
from refund_sandbox.app import build
import uvicorn
there = time.perf_counter()
build()
print(imported - started, there - imported, time.perf_counter() - there)
"""


class Chosen(NamedTuple):
    """Options of the command line."""

    rounds: int
    seconds: int
    connections: Sequence[int]
    requests: int
    fresh: bool
    only: Sequence[str]
    tools: Path
    file: Path | None


Round = dict[str, float]
"""Result of wrk in a round, and the server's CPU time per request."""


class Pins(NamedTuple):
    """Command prefixes that pin a process to a core."""

    server: Sequence[str]
    client: Sequence[str]


class Bench:
    """Starts servers and loads them."""

    def __init__(self, pins: Pins, chosen: Chosen, say: Say) -> None:
        self._pins = pins
        self._chosen = chosen
        self._say = say

    @contextmanager
    def serve(self, subject: Subject) -> Iterator[Serving]:
        """Run a subject in a process of its own until it has answered its first request."""
        port, started = _free_port(), time.perf_counter()
        command = [*self._pins.server, *map(str, subject.command(port))]
        environment = servers.as_installed()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        try:
            while not _answers(port, subject):
                assert process.poll() is None and time.perf_counter() - started < _TIMEOUT_S, f"{subject.name} does not start"
                time.sleep(0.002)
            yield Serving(process.pid, port, time.perf_counter() - started)
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(_TIMEOUT_S)

    def start(self, found: Sequence[Subject]) -> dict[str, dict[str, Any]]:
        """Return seconds to the first reply, CPU seconds, and MiB a second later."""
        measured: dict[str, list[tuple[float, ...]]] = {subject.name: [] for subject in found}
        for one in range(self._chosen.rounds + 1):  # the first one fills the disk's cache
            for subject in found:
                with self.serve(subject) as serving:
                    used = servers.processor_time(serving.pid)
                    time.sleep(1)
                    measured[subject.name].append((serving.seconds, used, servers.memory(serving.pid)))
            self._say(f"starts: round {one} of {self._chosen.rounds}")
        names = ("start_s", "start_processor_s", "idle_mib")
        return {name: dict(zip(names, _medians(rows[1:]), strict=True)) for name, rows in measured.items()}

    def speed(self, found: Sequence[Subject]) -> list[dict[str, Any]]:
        """Measure each case of each subject at each number of connections."""
        measured: dict[tuple[str, str, int], list[Round]] = {}
        rounds = range(self._chosen.rounds + 1)  # the first one warms up
        for some in [[one] for one in rounds] if self._chosen.fresh else [rounds]:
            with ExitStack() as stack:
                serving = {subject.name: stack.enter_context(self.serve(subject)) for subject in found}
                for one in some:
                    for connections, subject in itertools.product(self._chosen.connections, found):
                        with _alone(serving[subject.name], serving.values()):
                            for case, row in self._round(subject, serving[subject.name], connections):
                                measured.setdefault((subject.name, case.name, connections), []).append(row)
                    self._say(f"speed: round {one} of {self._chosen.rounds}")
        return [
            {"subject": subject, "case": case, "connections": connections, "rounds": rows[1:]}
            for (subject, case, connections), rows in measured.items()
        ]

    def _round(self, subject: Subject, serving: Serving, connections: int) -> Iterator[tuple[Case, Round]]:
        cases = subject.renew(serving.port)
        for number in range(len(cases)):
            used = servers.processor_time(serving.pid)
            load = self._load(subject, serving.port, cases[number], connections)
            used = servers.processor_time(serving.pid) - used
            self._check(subject, serving.port, cases[number], load, connections)
            yield cases[number], {**load._asdict(), "processor_us": used / load.requests * 1e6}
            cases = subject.renew(serving.port)

    def _load(self, subject: Subject, port: int, case: Case, connections: int) -> Load:
        """Check the replies of a load."""
        body = ledger.ask(port, case.requests[0], case.status)
        assert case.says in body, f"{subject.name}, {case.name}: {body[:500]!r}"
        load = wrk.load(port, case.requests, connections=connections, seconds=self._chosen.seconds, prefix=self._pins.client)
        wrong = load.failed + (load.refused if case.status < 400 else load.requests - load.refused)
        assert load.requests and not wrong, f"{subject.name}, {case.name}: {wrong} of {load.requests} answers are wrong"
        return load

    def _check(self, subject: Subject, port: int, case: Case, load: Load, connections: int) -> None:
        """Check that every answered refund is booked. Refunds in progress when wrk stopped may be booked too."""
        if subject.booked:
            time.sleep(0.2)
            booked, answered = subject.booked(port), 1 + load.requests if case.books else 0
            most = answered + connections if case.books else 0
            assert answered <= booked <= most, f"{subject.name}, {case.name}: {booked} booked, {answered} answered"

    def memory(self, subject: Subject, *, renewed: bool = False) -> dict[str, float]:
        """Return MiB after the chosen number of requests, and after half as many more."""
        with self.serve(subject) as serving:
            sent, after = 0, []
            for requests in (self._chosen.requests, self._chosen.requests // 2):
                sent += self._send(subject, serving.port, requests, renewed=renewed)
                time.sleep(1)
                after.append(servers.memory(serving.pid))
        return {"loaded_mib": after[0], "later_mib": after[1], "requests": sent}

    def _send(self, subject: Subject, port: int, requests: int, *, renewed: bool) -> int:
        """Send requests of the first case, a second at a time. With `renewed`, each second starts with a new state."""
        case, sent, started = subject.renew(port)[0], 0, time.perf_counter()
        while sent < requests and time.perf_counter() - started < _MAX_DURATION_S:
            sent += wrk.load(port, case.requests, connections=_MEMORY_CONNECTIONS, seconds=1, prefix=self._pins.client).requests
            case = subject.renew(port)[0] if renewed else case
        return sent


def imports(rounds: int) -> dict[str, float]:
    """Return milliseconds of `import refund_sandbox`, of the other imports, and of building an application."""
    command = [sys.executable, "-c", _IMPORT]
    options: dict[str, Any] = {"capture_output": True, "text": True, "check": True, "env": servers.as_installed()}
    outputs = [subprocess.run(command, **options).stdout for _ in range(rounds + 1)]
    took = _medians([tuple(float(part) * 1000 for part in line.split()) for line in outputs[1:]])
    return dict(zip(("import_ms", "libraries_ms", "ready_ms"), took, strict=True))


def main(chosen: Chosen, say: Say) -> None:
    """Measure and print the tables."""
    wrk.find()
    say(f"Python {platform.python_version()} of {platform.python_compiler()}, {sys.executable}")
    with tempfile.TemporaryDirectory() as scratch:
        found = list(_choose(subjects(chosen.tools, Path(scratch)), chosen.only, say))
        bench = Bench(pins(), chosen, say)
        speed = bench.speed(found)
        speed_targets.report_speed(speed, say)
        processes = bench.start(found)
        for subject in found:
            say(f"memory: {subject.name}")
            processes[subject.name] |= bench.memory(subject)
            if subject.booked:
                processes[f"{subject.name}, renewed"] = bench.memory(subject, renewed=True)
        speed_targets.report_processes(processes, say)
    results = {"speed": speed, "processes": processes, "imports": imports(chosen.rounds)}
    targets = speed_targets.judge(results)
    speed_targets.report(targets, say)
    reached = [{**target._asdict(), "reached": target.reached} for target in targets]
    servers.write_results({**results, "reach": reached}, chosen.file)


@contextmanager
def _alone(one: Serving, all_of_them: Iterable[Serving]) -> Iterator[None]:
    """Suspend the other servers: some continue to work for seconds after a load."""
    others = [serving.pid for serving in all_of_them if serving is not one]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def _choose(all_of_them: Sequence[Subject], only: Sequence[str], say: Say) -> Iterator[Subject]:
    """Yield the selected subjects that can be started."""
    for subject in all_of_them:
        if only and subject.name not in only:
            continue
        if subject.missing:
            say(f"{subject.name} is left out, without {', '.join(subject.missing)}: see --install")
            continue
        yield subject


def pins() -> Pins:
    """Pin the server to one core and the client to another. Exit if there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("two cores are needed, one for the server and one for wrk")
    return Pins(*(["taskset", "-c", str(core)] for core in cores[:2]))


def _answers(port: int, subject: Subject) -> bool:
    try:
        return bool(ledger.ask(port, subject.first))
    except (OSError, AssertionError):
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _medians(rows: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rows, strict=True)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.speed", epilog=_DURATION)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="how long each case is loaded in a round")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--requests", type=int, default=200_000, help="after how many the memory is measured")
    parser.add_argument("--fresh", action="store_true", help="restart the servers for each round, as a test suite does")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="measure only these, as the tables call them")
    parser.add_argument("--tools", type=Path, default=_TOOLS, help="where the other mock servers are installed")
    parser.add_argument("--install", action="store_true", help="install them there first")
    parser.add_argument("--json", type=Path, dest="file", metavar="FILE")
    options = vars(parser.parse_args())
    if options.pop("install"):
        install(options["tools"])
    main(
        Chosen(**options),
        lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()),
    )
