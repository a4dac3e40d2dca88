"""Replies that no operation makes: those of faults and of a database that does not answer. Warnings about requests."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core.api import Api, Lifecycle
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import MAX_PROBLEMS, FaultError, StoreUnavailable
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.workspaces.workspace import Workspace

_MAX_WARNINGS = 10
"""Number of warnings in the header of a reply. The request log lists all."""
_MAX_HEADER_CHARS = 300
_MAX_WARNING_CHARS = 2000


def fault_reply(lifecycle: Lifecycle, context: Context, fault: Fault, default: Reply) -> Reply:
    """Return the reply of a fault, in the API's own error format where it has no body. Without a reply, `default`."""
    source = fault.reply
    if source is None:
        return replace(default, connection=fault.connection)
    headers = dict(source.get("headers", {}))
    if "body" not in source:
        error = lifecycle.render_error(FaultError(source["status"]), context.settings, context.ids)
        reply = lifecycle.render(context, error)
        reply = replace(reply, status=source["status"], headers={**reply.headers, **headers})
    else:
        reply = _literal_reply(source["status"], source["body"], headers)
    return replace(reply, connection=fault.connection)


def unavailable(api: Api, workspace: Workspace) -> Reply:
    """Return the reply to a request that the database did not serve, with the settings and ids of a workspace."""
    error = StoreUnavailable("The sandbox's database does not answer. Nothing was booked. Try again in a second.")
    reply = api.descriptor.lifecycle.render_error(error, workspace.base_settings.of(api.name), workspace.ids)
    return replace(reply, headers={"Content-Type": "application/json", "Retry-After": "1"})


def _literal_reply(status: int, body: Any, headers: Mapping[str, str]) -> Reply:
    """Return a reply with a text or a JSON value as its body."""
    media_type = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    default = {"Content-Type": media_type} if not any(name.lower() == "content-type" for name in headers) else {}
    return Reply(body, status, {**default, **headers}, content=body.encode() if isinstance(body, str) else None)


def warnings_of(context: Context) -> tuple[str, ...]:
    """Return the departures from the spec that were accepted, and how many are not listed, neither here nor in a refusal."""
    violations = context.violations
    texts = [f"{one.pointer or '/'} {one.message}"[:_MAX_WARNING_CHARS] for one in violations]
    more = [f"At most {MAX_PROBLEMS} violations are listed. There are {violations.more}."] if violations.more else []
    return (*texts, *more) if context.validation == "live" else tuple(more)


def warning_header(warnings: tuple[str, ...]) -> str:
    """Return the first warnings. HTTP clients refuse long headers."""
    listed = [warning[:_MAX_HEADER_CHARS] for warning in warnings[:_MAX_WARNINGS]]
    more = f"; and {len(warnings) - _MAX_WARNINGS} more" if len(warnings) > _MAX_WARNINGS else ""
    return ("; ".join(listed) + more).encode("ascii", "backslashreplace").decode()
