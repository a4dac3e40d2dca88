"""Fake people and dates, with the names of Faker. The same seed gives the same ones."""

import random
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Person(Struct, frozen=True):
    """A fake person."""

    first_name: str
    last_name: str

    @property
    def email(self) -> str:
        """Address in the reserved domain example.test."""
        return f"{self.first_name}.{self.last_name}@example.test".lower().replace(" ", "")


class FakeDataGenerator:
    """Generator of fake people and dates. Each `topic` has its own sequence."""

    def __init__(self, seed: int, topic: str) -> None:
        from faker.providers.person.en_US import Provider  # takes 0.1 s to import

        self.random = random.Random(f"{topic} {seed}")  # noqa: S311 - fake data, reproducible on purpose
        self._people = random.Random(f"{topic} {seed}")  # noqa: S311
        self._first_names, self._last_names = tuple(Provider.first_names), tuple(Provider.last_names)

    def person(self) -> Person:
        return Person(self._people.choice(self._first_names), self._people.choice(self._last_names))

    def past(self) -> datetime:
        """Return an instant in the year before 2026, to the second."""
        return _EPOCH - timedelta(seconds=self.random.randrange(365 * 86_400))
