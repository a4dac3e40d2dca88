"""One call of the control API: who may make it, how its body is read, and how it is refused."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from refund_sandbox.core.asgi import Disconnected, read_body
from refund_sandbox.core.context import dump
from refund_sandbox.core.documents import read_json, read_yaml
from refund_sandbox.core.errors import BadDocument, Problem, SandboxError
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.redaction import is_same
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.workspaces.registry import Workspaces
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.frozen import frozen
from refund_sandbox.stores.protocol import StoreError

_MAX_BODY = 256 * 1024 * 1024
_READERS: Mapping[str, Callable[[str], Any]] = {
    "application/json": read_json,
    "application/yaml": read_yaml,
    "application/x-yaml": read_yaml,
    "text/yaml": read_yaml,
}


class ControlError(SandboxError):
    """A control call that can't be done: a status, what was wrong, and where."""

    def __init__(self, status: int, detail: str, problems: list[Problem] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = problems or []


@frozen
class ControlRequest:
    """A control call that was let in: its workspace, its request, and its body as a document."""

    workspace: Workspace
    http: Request
    document: Any

    def param(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.http.path_params[name])


Result = Response | Awaitable[Response]
Handler = Callable[[ControlRequest], Result]


@frozen
class ControlContext:
    """What every control call passes: its workspace is found, its token checked."""

    workspaces: Workspaces
    executor: Executor
    admin_token: str | None

    def check_token(self, operation: Operation, request: Request) -> None:
        """Raises ControlError unless the admin token is there, where one is set."""
        if self.admin_token is None or not operation.secured:
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        sent = token.encode("latin-1").decode("utf-8", "replace")
        if scheme.lower() != "bearer" or not is_same(sent, self.admin_token):
            raise ControlError(401, "Send the admin token as Authorization: Bearer TOKEN.")


class Endpoint:
    """One operation of the control API, as an ASGI application."""

    def __init__(self, context: ControlContext, operation: Operation, handler: Handler) -> None:
        self.operation = operation
        self._context = context
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        try:
            response = await self._answer(scope, receive)
        except Disconnected:
            return
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        http, context = Request(scope), self._context
        try:
            context.check_token(self.operation, http)
            document = await self._read(http, receive)
            request = ControlRequest(await context.workspaces.of(scope, context.executor), http, document)
            answer = await context.executor.run(lambda: self._handler(request))
            return await answer if inspect.isawaitable(answer) else answer
        except ControlError as refused:
            return problem_reply(refused.status, refused.detail, refused.problems)
        except StoreError as error:
            return problem_reply(503, f"The database does not answer; nothing was kept: {error}", headers={"Retry-After": "1"})
        except BadDocument as bad:
            return problem_reply(422, "The document was refused whole; nothing changed.", bad.problems)

    async def _read(self, request: Request, receive: Receive) -> Any:
        """The body of a write. Its type must say JSON (or YAML for state), which no web page of another origin can send."""
        operation = self.operation
        if operation.method == "GET":
            return None
        body = await read_body(request.scope, receive, _MAX_BODY)
        if body is None:
            raise ControlError(413, f"At most {_MAX_BODY} bytes are read.")
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


def check(validator: Validator | None, document: Any) -> None:
    """Raises BadDocument, listing every violation."""
    violations = validator.violations(document) if validator else []
    if violations:
        raise BadDocument([Problem(violation.pointer, violation.message) for violation in violations])


def read_number(text: str, name: str) -> int:
    """A whole number from a URL. Raises ControlError."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ControlError(400, f"{name} must be a whole number.")
    return int(text)


def json_reply(value: Any, status: int = 200) -> Response:
    """A JSON body."""
    return Response(dump(value), status, media_type="application/json")


def no_content() -> Response:
    """Nothing more to say."""
    return Response(status_code=204)


def problem_reply(
    status: int, detail: str, problems: list[Problem] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An RFC 9457 problem; `errors` says where (JSON pointers) and why."""
    errors = [{"pointer": entry.pointer, "reason": entry.reason} for entry in problems or []]
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    content = body | ({"errors": errors} if errors else {})
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")
