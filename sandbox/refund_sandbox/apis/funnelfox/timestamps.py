"""Timestamps as the live API, the records and the state document write them: naive UTC with microseconds."""

from datetime import UTC, datetime

from refund_sandbox.core.clock import to_utc


def write_time(instant: datetime) -> str:
    """Return the text of an instant, such as `2026-01-02T03:04:05.000000`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")


def read_time(text: str) -> datetime:
    """Return the instant of a timestamp, with or without a zone. Raise ValueError for other text."""
    instant = datetime.fromisoformat(text)
    return to_utc(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
