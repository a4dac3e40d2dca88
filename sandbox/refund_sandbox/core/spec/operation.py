"""Operations of a spec: what the loader reads, the router finds and the pipeline validates against."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from refund_sandbox.core.errors import BrokenReply
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import Violations

_NONE = Violations()


class SpecOperation(Struct, frozen=True, dict=True):
    """One method on one path. `operation_id` names the handler."""

    api: str
    operation_id: str
    method: str
    path: str
    expression: str
    """Regular expression that matches the operation's paths."""
    ignores_case: bool
    secured: bool
    body: Validator | None
    replies: Mapping[int, Validator | None]
    parameters: tuple[str, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    body_required: bool = True

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled `expression`. Compiled on first use, since a client uses few of the operations."""
        return re.compile(self.expression, re.IGNORECASE if self.ignores_case else 0)

    def violations(self, document: Any) -> Violations:
        """Return the first 100 violations of the spec in a request body."""
        return self.body.violations(document) if self.body else _NONE

    def check_reply(self, status: int, body: Any) -> None:
        """Raise BrokenReply if the spec does not declare the status or forbids the body: a bug of the sandbox."""
        reply = f"{self.operation_id} answered {status}"
        if status not in self.replies:
            raise BrokenReply(f"{reply}, which the spec does not declare")
        schema = self.replies[status]
        violations = schema.violations(body) if schema else []
        if violations:
            raise BrokenReply(
                f"{reply} with a body that the spec forbids: {violations[0].pointer or '/'} {violations[0].message}"
            )
