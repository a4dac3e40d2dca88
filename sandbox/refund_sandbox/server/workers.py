"""Supervisor of worker processes: starts them, replaces one that ends, and stops all of them."""

import logging
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from refund_sandbox.server.stopping import ignore_stop_signals, when_signalled, without_ctrl_c

_log = logging.getLogger(__name__)
_RESTART_INTERVAL_S = 1.0
"""Shortest time between two starts of a worker that can't start, for example while the database is away."""
_MAX_STOP_S = 4.2
"""Time after which a worker is killed. It ends by itself before, unless it is stopped with SIGSTOP."""


def supervise(count: int, target: Callable[..., None], *arguments: object) -> None:
    """Run a function in several processes until SIGTERM, SIGHUP or Ctrl-C.

    The end of a process wakes the supervisor at once. It does not ask whether a process still answers: one that is busy
    or starts slowly is not replaced.
    """
    context = multiprocessing.get_context("spawn")

    def start() -> BaseProcess:
        process = context.Process(target=target, args=arguments)
        with without_ctrl_c():
            process.start()
        return process

    with _stop_signals() as stopped:
        workers = [start() for _ in range(count)]
        replaced_at = time.monotonic()
        while stopped not in wait([stopped, *[worker.sentinel for worker in workers]]):
            if wait([stopped], timeout=max(0, replaced_at + _RESTART_INTERVAL_S - time.monotonic())):
                break
            replaced_at = time.monotonic()
            workers = [worker if worker.is_alive() else _replace(worker, start) for worker in workers]
        _stop(workers)


def _replace(worker: BaseProcess, start: Callable[[], BaseProcess]) -> BaseProcess:
    _log.warning("worker %s ended (exit code %s) and is replaced", worker.pid, worker.exitcode)
    return start()


def _stop(workers: list[BaseProcess]) -> None:
    deadline = time.monotonic() + _MAX_STOP_S
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(max(0, deadline - time.monotonic()))
        worker.kill()
        worker.join()


@contextmanager
def _stop_signals() -> Iterator[socket.socket]:
    """Provide a socket that is readable after a signal to stop. Further ones are ignored at the end."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    when_signalled(lambda: writer.send(b"."))
    with reader, writer:
        yield reader
        ignore_stop_signals()
