"""Pool of threads that do not keep the process from ending, whatever they wait for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreads(ThreadPoolExecutor):
    """Executor with daemon threads. Python waits for those of its own executors when it ends."""

    def __init__(self, max_threads: int, name: str) -> None:
        super().__init__(max_threads, name)  # starts no thread
        self._most, self._name = max_threads, name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._count = 0
        self._is_closed = False

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the call in an idle thread, or in a new one."""
        future: Future[T] = Future()
        self._put(partial(_complete, future, partial(work, *args, **kwargs)))
        return future

    def run(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Run the call in a thread. Return a future of the event loop, which takes half of the time of `run_in_executor`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(partial(_complete_in, loop, future, work))
        return future

    def _put(self, call: Callable[[], None]) -> None:
        if self._is_closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self._calls.put(call)
        if self._count < self._most and not self._calls.empty():  # no thread was idle
            self._start_thread()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads when their work is done, and do not wait for that."""
        self._is_closed = True
        for _ in range(self._count):
            self._calls.put(None)

    def _start_thread(self) -> None:
        with self._starting:
            if self._count < self._most:
                self._count += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while call := self._calls.get():
            call()
            del call  # it would keep what it refers to until the next one


def _set_result(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _set_exception(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _complete(future: Future[T], work: Callable[[], T]) -> None:
    """Run the work, and put its result or its error into the future."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
        del future  # the error refers to this frame, which would refer to the error


def _complete_in(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", work: Callable[[], T]) -> None:
    """Run the work, and let the event loop put its result or its error into the future."""
    if future.cancelled():
        return
    try:
        set_outcome = partial(_set_result, future, work())
    except BaseException as error:
        set_outcome = partial(_set_exception, future, error)
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(set_outcome)
    del future, set_outcome  # an error refers to this frame, which would refer to the error
