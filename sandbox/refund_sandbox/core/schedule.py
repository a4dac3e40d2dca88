"""Scheduled tasks, such as a refund that settles after an hour."""

from datetime import datetime
from functools import lru_cache

from refund_sandbox.core.clock import read_instant, write_sortable
from refund_sandbox.stores.protocol import ReadTransaction, Record, RecordType, Transaction


class Task(Record):
    """A task: its time, its API, the action, and the key of the record that it is about."""

    id: int
    due: str
    api: str
    action: str
    subject: str

    @property
    def at(self) -> datetime:
        return _instant(self.due)


@lru_cache(64)  # every request compares the earliest task with its time
def _instant(due: str) -> datetime:
    return read_instant(due)


TASKS = RecordType("sandbox.task", Task, "id", ("due",))


def plan(transaction: Transaction, due: datetime, api: str, action: str, subject: str) -> None:
    """Schedule a task. Tasks follow from the records, so they are not part of the state document."""
    transaction.put(TASKS, Task(transaction.next_id(TASKS), write_sortable(due), api, action, subject))


def next_due(transaction: ReadTransaction, now: datetime) -> Task | None:
    """Return the earliest task if it is due."""
    task = transaction.first(TASKS, "due")
    return task if task and task.at <= now else None
