"""Progress of work that takes long: how many of the things that are counted are done."""


class Progress:
    """Progress of a thread. Other threads may read it at any time."""

    def __init__(self) -> None:
        self.noun = ""
        self.done = self.total = 0

    def start(self, noun: str, total: int) -> None:
        """Begin to count things up to a total."""
        self.done, self.noun, self.total = 0, noun, total
