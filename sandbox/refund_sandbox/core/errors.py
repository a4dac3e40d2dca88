"""The errors of the sandbox: what an API refuses, and what the sandbox itself got wrong."""

from refund_sandbox.frozen import frozen


class SandboxError(Exception):
    """Base of every error that this package raises on purpose."""


class ApiError(SandboxError):
    """An API says no. Each API subclasses it with what its error bodies carry and renders it in one place."""


class BrokenReply(SandboxError):
    """The sandbox was about to send a reply that its own spec forbids."""


class SpecError(SandboxError):
    """A spec file holds something that the sandbox does not enforce, or lacks something that it needs."""


@frozen
class Problem:
    """One thing that is wrong with a document: where (a JSON pointer) and why."""

    pointer: str
    reason: str


class BadDocument(SandboxError):
    """A document (fixture, state, fault …) is refused whole; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.pointer or '/'}: {problem.reason}" for problem in problems))
        self.problems = problems
