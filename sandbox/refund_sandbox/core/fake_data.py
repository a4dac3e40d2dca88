"""Fake people and dates by Faker. The same seed gives the same ones."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

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
        from faker import Factory  # takes 0.1 s to import

        self.random = random.Random(f"{topic} {seed}")  # noqa: S311 - fake data, reproducible on purpose
        self._faker: Any = Factory.create("en_US", use_weighting=False)
        self._faker.seed_instance(f"{topic} {seed}")

    def person(self) -> Person:
        return Person(self._faker.first_name(), self._faker.last_name())

    def past(self) -> datetime:
        """Return an instant in the year before 2026, to the second."""
        return _EPOCH - timedelta(seconds=self.random.randrange(365 * 86_400))
