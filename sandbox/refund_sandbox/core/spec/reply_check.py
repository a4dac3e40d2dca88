"""Checks a reply against the spec of its operation: a mistake here is the sandbox's own."""

from refund_sandbox.core.context import Reply
from refund_sandbox.core.errors import BrokenReply
from refund_sandbox.core.spec.loader import Operation


def check_reply(operation: Operation, reply: Reply) -> None:
    """Raises BrokenReply when the spec does not declare the status or forbids the body."""
    where = f"{operation.operation_id} answered {reply.status}"
    if reply.status not in operation.replies:
        raise BrokenReply(f"{where}, which the spec does not declare")
    schema = operation.replies[reply.status]
    broken = schema.violations(reply.body) if schema else []
    if broken:
        raise BrokenReply(f"{where} with a body that the spec forbids: {broken[0].pointer or '/'} {broken[0].message}")
