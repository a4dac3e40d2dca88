"""Errors of the sandbox and of the emulated APIs."""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import islice
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")
MAX_PROBLEMS = 100
"""Number of problems of one document that are listed."""


def first_of(problems: Iterable[T]) -> tuple[list[T], str]:
    """Return the first 100 problems, and how many others there are, such as "57 more", or an empty text.

    A search for problems may take long, so it ends after 200.
    """
    search = iter(problems)
    first = list(islice(search, MAX_PROBLEMS))
    others = sum(1 for _ in islice(search, MAX_PROBLEMS)) if len(first) == MAX_PROBLEMS else 0
    return first, f"at least {others} more" if others == MAX_PROBLEMS else f"{others} more" if others else ""


class SandboxError(Exception):
    """Base class of every error that this package raises on purpose."""


class ApiError(SandboxError):
    """Refusal of an API. Each API has subclasses with the content of its error bodies, and renders them in one place."""

    http_status = 500
    """Status of the reply, unless the API has one of its own."""


class InternalError(ApiError):
    """A bug of the sandbox. The API renders it as its own internal error."""


class FaultError(ApiError):
    """A fault that replies with an HTTP status, in the API's own error format."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{_reason_phrase(status)}. This reply is an injected fault.")
        self.status = self.http_status = status


class UnknownScenario(ApiError):
    """The request names a scenario that does not exist."""

    http_status = 400


class StoreUnavailable(ApiError):
    """The store can't be reached. Nothing was booked, and the same request may succeed in a moment."""

    http_status = 503


class BodyTooLarge(ApiError):
    """The body is larger than `limit` bytes."""

    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than the limit of {limit} bytes.")
        self.limit = limit


class BrokenReply(SandboxError):
    """The sandbox was about to send a reply that its own spec forbids."""


class AccessRefused(SandboxError):
    """The sandbox refuses a request before an API gets it: HTTP status and reason."""

    def __init__(self, http_status: int, reason: str) -> None:
        super().__init__(reason)
        self.http_status = http_status


class SpecError(SandboxError):
    """A spec file has something that the sandbox does not enforce, or lacks something that it needs."""


class Problem(Struct, frozen=True):
    """One mistake in a document: its location (a JSON pointer) and the reason."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.reason}" if self.pointer else self.reason


class BadDocument(SandboxError):
    """A document (fixture, state, fault …) was rejected as a whole. `problems` lists the first 100 mistakes."""

    def __init__(self, problems: list[Problem], more: str = "") -> None:
        """Save the problems. `more` says how many others there are, if they are not in the list."""
        if len(problems) > MAX_PROBLEMS:
            more = f"{len(problems) - MAX_PROBLEMS} more"
        if more:
            last = Problem("", f"At most {MAX_PROBLEMS} problems are listed. There are {more}.")
            problems = [*problems[:MAX_PROBLEMS], last]
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"
