"""Progress of work that takes long: how many of the things that are counted are done."""

from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Progress of a thread. Other threads may read it at any time. Without a total, nothing is counted now."""

    def __init__(self) -> None:
        self.noun = ""
        self.done = self.total = 0

    @contextmanager
    def of(self, noun: str, total: int) -> Iterator[None]:
        """Context manager that counts things up to a total."""
        self.set(noun, 0, total)
        try:
            yield
        finally:
            self.total = 0

    def set(self, noun: str, done: int, total: int) -> None:
        """Set everything at once."""
        self.done, self.noun, self.total = done, noun, total
