"""The way of one call: identified, admitted, answered or refused, checked, dressed, recorded."""

import logging
import re
from dataclasses import replace
from time import perf_counter_ns
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from sandbox.engine.api import Api, BodyTooLarge, SandboxFailed, StoreGone
from sandbox.engine.contract import check_reply
from sandbox.engine.errors import ApiError
from sandbox.engine.journal import Circumstances
from sandbox.engine.messages import Call, Reply
from sandbox.engine.runner import Runner
from sandbox.engine.workspace import Workspace
from sandbox.stores import Conflict, StoreError

_log = logging.getLogger(__name__)
_DRAIN = 64 * 1024 * 1024
_MAX_WARNINGS = 10
_TRIES = 5
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Disconnected(Exception):
    """The client went away before its request was whole; half a request is none."""


class Pipeline:
    """Answers the calls of one API in one workspace, as an ASGI application."""

    def __init__(self, workspace: Workspace, api: Api, runner: Runner, *, max_body: int, check_replies: bool) -> None:
        self._workspace = workspace
        self._api = api
        self._runner = runner
        self._max_body = max_body
        self._check_replies = check_replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        try:
            body = await read_body(scope, receive, self._max_body)
        except Disconnected:
            return
        call = read_call(scope, body)
        await send_reply(send, await self._runner.run(lambda: self.answer(call)), scope["method"])

    def answer(self, call: Call) -> Reply:
        """The reply to a call. Never raises but for a reply that breaks the spec, and then only where that is checked."""
        started = perf_counter_ns()
        workspace, api = self._workspace, self._api
        try:
            workspace.refresh()
            call = api.identify(call)
            call, reply = self._serve_again(call)
            reply = api.dress(call, reply)
        except StoreError as error:
            _log.warning("%s %s: %s", call.method, call.path, error)
            return _without_store(api)
        warnings = _warnings(call) if workspace.services.settings.validation == "live" else ()
        if warnings:
            reply = replace(reply, headers={**reply.headers, "X-Sandbox-Warning": _header(warnings)})
        took = (perf_counter_ns() - started) // 1000
        about = Circumstances(workspace.services.clock.now(), api.name, api.order_of(call), took, warnings)
        workspace.journal.record(call, reply, about)
        return reply

    def _serve_again(self, call: Call) -> tuple[Call, Reply]:
        """Serves a call, once more when another transaction stood in its way: nothing was kept of the first time."""
        for _ in range(_TRIES - 1):
            try:
                return self._serve_safely(call)
            except Conflict:
                continue
        return self._serve_safely(call)

    def _serve_safely(self, call: Call) -> tuple[Call, Reply]:
        try:
            return self._serve(call)
        except StoreError:
            raise
        except Exception:
            _log.exception("%s %s failed; this is a bug of the sandbox", call.method, call.path)
            if self._check_replies:
                raise
            return call, self._api.refuse(SandboxFailed("The sandbox failed. Its log says why."))

    def _serve(self, call: Call) -> tuple[Call, Reply]:
        api = self._api
        try:
            if call.oversized and call.operation:
                raise BodyTooLarge(self._max_body)
            admitted = api.admit(call)
            if isinstance(admitted, Reply):
                return call, admitted
            assert admitted.operation is not None
            call = replace(admitted, violations=tuple(admitted.operation.violations(admitted.document)))
            reply = api.handle(call)
        except ApiError as error:
            reply = api.refuse(error)
        if call.operation and self._check_replies:
            check_reply(call.operation, reply)
        return call, reply


def _without_store(api: Api) -> Reply:
    """503 in the API's own format, without what only the store knows."""
    reply = api.refuse(StoreGone("The sandbox's database does not answer; nothing was kept. Try again in a second."))
    return replace(reply, headers={"Content-Type": "application/json", "Retry-After": "1"})


def _warnings(call: Call) -> tuple[str, ...]:
    return tuple(f"{violation.pointer or '/'} {violation.message}" for violation in call.violations)


def _header(warnings: tuple[str, ...]) -> str:
    more = f"; and {len(warnings) - _MAX_WARNINGS} more" if len(warnings) > _MAX_WARNINGS else ""
    return ("; ".join(warnings[:_MAX_WARNINGS]) + more).encode("ascii", "backslashreplace").decode()


def read_call(scope: Scope, body: bytes | None) -> Call:
    """A Call from an ASGI scope; a body of None was larger than what is read."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host") or "127.0.0.1"
    path = scope.get("raw_path")
    return Call(
        method=scope["method"],
        path=path.partition(b"?")[0].decode("latin-1") if path else quote(scope["path"]),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body or b"",
        base_url=f"{scope.get('scheme', 'http')}://{host}",
        oversized=body is None,
    )


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The request's body, or None when it is larger than the limit. Raises Disconnected when its end never comes.

    A body that is too large is read to its end, up to a point, and thrown away, so that the client can read the answer.
    """
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and len(announced) < 20 and int(announced) > _DRAIN:
        return None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        if not message.get("more_body", False) or size > _DRAIN:
            return b"".join(chunks) if size <= limit else None


def _header_bytes(value: str) -> bytes:
    """A header's value in one line: a line break in it would start another header."""
    return _CONTROL.sub(" ", value).encode("latin-1", "replace")


async def send_reply(send: Send, reply: Reply, method: str) -> None:
    """Sends a reply; to HEAD only its headers."""
    content = b"" if method == "HEAD" else reply.to_bytes()
    headers = [(name.lower().encode("latin-1"), _header_bytes(value)) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
