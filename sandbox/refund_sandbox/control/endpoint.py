"""Endpoints of the control API: authentication, request bodies, replies and errors."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from refund_sandbox.core.asgi import Disconnected, read_body, wait_unless_stopped
from refund_sandbox.core.browser_rules import is_from_foreign_page
from refund_sandbox.core.documents import NO_NUL, read_json
from refund_sandbox.core.errors import AccessRefused, BadDocument, Problem, SandboxError
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.json_writer import dump
from refund_sandbox.core.redaction import is_bearer
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import bad_document
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.core.workspaces.registry import Workspaces, name_of
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import StateReplaced
from refund_sandbox.gc_tuning import collection_paused
from refund_sandbox.stores.protocol import CommitUnknown, StoreError, WouldWait
from refund_sandbox.suggestions import unknown

_MAX_BODY_BYTES = 1024 * 1024 * 1024
_LARGE_BODY_BYTES = 64 * 1024
"""Size of a body above which it is read in a thread."""
_TAKES_LONG = frozenset(
    "getState putState reset saveSnapshot restoreSnapshot deleteSnapshot deleteWorkspace "
    "listRequests getArchive listOrders".split()
)
"""Operations that run in a thread over every store, since a large state or request log takes long."""


def _read_yaml(text: str) -> Any:
    from refund_sandbox.core.yaml_reader import read_yaml

    return read_yaml(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "application/json": read_json,
    "application/yaml": _read_yaml,
    "application/x-yaml": _read_yaml,
    "text/yaml": _read_yaml,
}


class ControlError(SandboxError):
    """Error reply of the control API: status, detail, and problems with their JSON pointers."""

    def __init__(self, status: int, detail: str, problems: list[Problem] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = problems or []


class ControlRequest(Struct, frozen=True):
    """An authenticated request: its workspace, the HTTP request, and its body as a document."""

    workspace: Workspace
    http: Request
    document: Any

    def param(self, name: str) -> str:
        return str(self.http.path_params[name])


Result = Response | Awaitable[Response]
Handler = Callable[[ControlRequest], Result]


class ControlContext(Struct, frozen=True):
    """Parts that every endpoint needs: workspaces, executor, admin token, progress of the state that is being loaded."""

    workspaces: Workspaces
    executor: Executor
    admin_token: str | None
    progress: Progress = field(default_factory=Progress)

    def check_token(self, operation: SpecOperation, request: Request) -> None:
        """Raise ControlError if an admin token is set and the request lacks it."""
        if self.admin_token is None or not operation.secured:
            return
        sent = request.headers.get("authorization", "")
        if not is_bearer(sent, self.admin_token):
            wrong = "The admin token is wrong. " if sent.lower().startswith("bearer ") else ""
            raise ControlError(401, f"{wrong}Send the admin token as Authorization: Bearer TOKEN.")


class Endpoint:
    """One operation of the control API, as an ASGI application."""

    def __init__(self, context: ControlContext, operation: SpecOperation, handler: Handler) -> None:
        self.operation = operation
        self._context = context
        self._handler = handler
        self._is_async = inspect.iscoroutinefunction(handler)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._reply(scope, receive)
        except Disconnected:
            return
        await response(scope, receive, send)

    def answer(self, scope: Scope, body: bytes) -> Response | None:
        """Return the reply in the thread of the caller, None if the handler needs the event loop."""
        http, context = Request(scope), self._context
        if self._is_async or context.executor.is_blocking:
            return None
        try:
            context.check_token(self.operation, http)
            _check_nul(http)
            document = self._parse(http, body)
            result = self._handle_here(ControlRequest(context.workspaces.open(name_of(scope)), http, document))
        except WouldWait:
            return None
        except _HANDLED as error:
            return _error_reply(error)
        return result if isinstance(result, Response) and not isinstance(result, StreamingResponse) else None

    async def _reply(self, scope: Scope, receive: Receive) -> Response:
        http, context = Request(scope), self._context
        try:
            context.check_token(self.operation, http)
            _check_nul(http)
            document = await self._read(http, receive)
            workspace = await context.workspaces.of(scope, context.executor, lambda: _check_creation(http))
            request = ControlRequest(workspace, http, document)
            return await self._handle(request, receive)
        except _HANDLED as error:
            return _error_reply(error)

    async def _handle(self, request: ControlRequest, receive: Receive) -> Response:
        """Run the handler: where it may wait or takes long, in a thread."""
        if self._is_async:
            await self._context.executor.run_control(request.workspace.store_use, request.workspace.store)
            result = cast(Awaitable[Response], self._handler(request))
            return cast(Response, await wait_unless_stopped(request.http.scope, receive, result))
        takes_long = self.operation.operation_id in _TAKES_LONG
        handle = partial(self._handle_here, request)
        return await self._context.executor.run_control(handle, request.workspace.store, takes_long=takes_long)

    def _handle_here(self, request: ControlRequest) -> Response:
        request.workspace.store_use()
        return cast(Response, self._handler(request))

    async def _read(self, request: Request, receive: Receive) -> Any:
        """Return the body of a write as a document."""
        if self.operation.method == "GET":
            return None
        body = await read_body(request.scope, receive, _MAX_BODY_BYTES)
        if body is None:
            raise ControlError(413, f"The body is larger than {_MAX_BODY_BYTES} bytes.")
        if len(body) <= _LARGE_BODY_BYTES:
            return self._parse(request, body)
        return await self._context.executor.run_in_thread_of_control(partial(self._parse_large, request, body))

    def _parse_large(self, request: Request, body: bytes) -> Any:
        with collection_paused():
            return self._parse(request, body)

    def _parse(self, request: Request, body: bytes) -> Any:
        """Return the body of a write as a document, None for a read.

        Its Content-Type must be JSON (or YAML for state). A page of another origin can't send these types.
        """
        operation = self.operation
        if operation.method == "GET":
            return None
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        accepted = [name for name in _READERS if name == "application/json" or operation.operation_id == "putState"]
        if kind not in accepted and operation.method != "DELETE":
            raise ControlError(415, f"The Content-Type must be {' or '.join(accepted)}.")
        if not body and operation.method != "PUT":
            return {}
        try:
            document = _READERS.get(kind, read_json)(body.decode("utf-8"))
        except UnicodeDecodeError:
            raise ControlError(422, "The body is not UTF-8.") from None
        check(operation.body, document)
        return document


def _check_nul(request: Request) -> None:
    """Raise ControlError for a NUL character in the URL, which a database would refuse."""
    if any("\0" in str(value) for value in request.path_params.values()):
        raise ControlError(404, "Not found: no name or id has a NUL character.")
    if b"%00" in request.scope["query_string"]:
        raise ControlError(400, f"Invalid query: {NO_NUL}.")


_HANDLED = (SandboxError, StoreError, StateReplaced)
"""Errors that are replies. Others are bugs."""


def _error_reply(error: Exception) -> Response:
    """Return the problem document of an error. Raise one that is a bug."""
    match error:
        case AccessRefused():
            return problem_reply(error.http_status, str(error))
        case ControlError():
            return problem_reply(error.status, error.detail, error.problems)
        case CommitUnknown():
            return problem_reply(503, f"The connection to the database broke; the change may have been made or not: {error}")
        case StoreError():
            detail = f"The database is not available; nothing was changed: {error}"
            return problem_reply(503, detail, headers={"Retry-After": "1"})
        case StateReplaced():
            return problem_reply(409, "The workspace was reset, loaded, restored or deleted before the request was complete.")
        case BadDocument():
            return problem_reply(422, "Invalid document; nothing was changed.", error.problems)
    raise error


def _check_creation(request: Request) -> None:
    """Raise AccessRefused for a link on a page of another origin: it creates no workspace."""
    if is_from_foreign_page(request.headers):
        raise AccessRefused(403, f"Workspace {name_of(request.scope)!r} does not exist. A link can't create it.")


def check(validator: Validator | None, document: Any) -> None:
    """Raise BadDocument for a document that violates the schema."""
    violations = validator.violations(document) if validator else None
    if violations:
        raise bad_document(violations)


def check_filters(names: Iterable[str], known: Sequence[str]) -> None:
    """Raise ControlError for a query parameter that is not a known filter."""
    for name in sorted(set(names) - set(known)):
        raise ControlError(400, unknown("filter", name, known))


def read_number(text: str, name: str) -> int:
    """Return a whole number from a URL. Raises ControlError."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ControlError(400, f"{name} must be a whole number.")
    return int(text)


def json_reply(value: Any, status: int = 200) -> Response:
    return Response(dump(value), status, media_type="application/json")


def no_content() -> Response:
    return Response(status_code=204)


def problem_reply(
    status: int, detail: str, problems: list[Problem] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a problem document (RFC 9457); `errors` lists JSON pointers and reasons."""
    errors = [{"pointer": entry.pointer, "reason": entry.reason} for entry in problems or []]
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    content = body | ({"errors": errors} if errors else {})
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")
