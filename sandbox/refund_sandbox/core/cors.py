"""CORS of the sandbox's own headers. Everything else of CORS is the API's: it answers as the live service does."""

from msgspec.structs import replace

from refund_sandbox.core.context import Reply, Request

SCENARIO_HEADER = "X-Sandbox-Scenario"
WARNING_HEADER = "X-Sandbox-Warning"
_ALLOWED = "Access-Control-Allow-Headers"
_EXPOSED = "Access-Control-Expose-Headers"


def with_own_headers(request: Request, reply: Reply) -> Reply:
    """Return the reply to a page that may read it. The page may send X-Sandbox-Scenario and read X-Sandbox-Warning."""
    if "Access-Control-Allow-Origin" not in reply.headers:
        return reply
    if SCENARIO_HEADER.lower() in request.headers.get("access-control-request-headers", "").lower():
        return _add(reply, _ALLOWED, SCENARIO_HEADER)
    return _add(reply, _EXPOSED, WARNING_HEADER) if WARNING_HEADER in reply.headers else reply


def _add(reply: Reply, header: str, name: str) -> Reply:
    names = reply.headers.get(header, "")
    if name.lower() in names.lower():
        return reply
    return replace(reply, headers={**reply.headers, header: f"{names}, {name}" if names else name})
