"""Work that falls due later, such as a refund that settles after an hour."""

import heapq
from datetime import datetime
from itertools import count
from typing import NamedTuple


class Task(NamedTuple):
    """One thing to do: at what time, by which API, what, and to which record."""

    due: datetime
    number: int
    api: str
    action: str
    subject: str


class Schedule:
    """The tasks of one workspace. It can be rebuilt from the records, so it is no part of the state document."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._numbers = count()

    def add(self, due: datetime, api: str, action: str, subject: str) -> None:
        """Plans a task."""
        heapq.heappush(self._tasks, Task(due, next(self._numbers), api, action, subject))

    def take_due(self, now: datetime) -> Task | None:
        """The earliest task that is due, taken off the schedule."""
        if self._tasks and self._tasks[0].due <= now:
            return heapq.heappop(self._tasks)
        return None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Everything that is planned, to be put back later."""
        return tuple(self._tasks)

    @tasks.setter
    def tasks(self, tasks: tuple[Task, ...]) -> None:
        self._tasks = list(tasks)

    def clear(self) -> None:
        """Forgets all tasks."""
        self._tasks.clear()
