"""Invented people and dates, the same ones for the same seed. Faker is only imported when somebody is invented."""

import random
from datetime import UTC, datetime, timedelta

from refund_sandbox.frozen import frozen

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class Person:
    """Somebody who does not exist."""

    first_name: str
    last_name: str

    @property
    def email(self) -> str:
        """An address that can't reach anybody."""
        return f"{self.first_name}.{self.last_name}@example.test".lower().replace(" ", "")


class FakeDataGenerator:
    """Invents from a seed; another `topic` gives other people."""

    def __init__(self, seed: int, topic: str) -> None:
        from faker import Faker  # costs a tenth of a second, so only when it is needed

        self.random = random.Random(f"{topic} {seed}")  # noqa: S311 - invented on purpose
        self._faker = Faker("en_US", use_weighting=False)
        self._faker.seed_instance(f"{topic} {seed}")

    def person(self) -> Person:
        """The next person."""
        return Person(self._faker.first_name(), self._faker.last_name())

    def past(self) -> datetime:
        """An instant in the year before 2026, to the second."""
        return _EPOCH - timedelta(seconds=self.random.randrange(365 * 86_400))
