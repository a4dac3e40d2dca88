"""The control API under /_sandbox: what tests and tools use to set a world up and to look behind it."""

import hmac
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox import __version__
from sandbox.engine import records
from sandbox.engine.errors import BadDocument, Problem, SandboxError, SpecError
from sandbox.engine.faults import Fault
from sandbox.engine.fixtures import read_fixture
from sandbox.engine.messages import dump
from sandbox.engine.pipeline import Disconnected, read_body
from sandbox.engine.runner import Runner
from sandbox.engine.spec import Operation, Spec
from sandbox.engine.text import read_json, read_yaml
from sandbox.engine.validation import Validator
from sandbox.engine.workspace import Workspace
from sandbox.settings import WorldSettings
from sandbox.stores import StoreError

_MAX_BODY = 256 * 1024 * 1024
_READERS: Mapping[str, Callable[[str], Any]] = {
    "application/json": read_json,
    "application/yaml": read_yaml,
    "application/x-yaml": read_yaml,
    "text/yaml": read_yaml,
}
_FILTERS = ("api", "operation", "status", "order")


class Refused(SandboxError):
    """A control call that can't be done: a status, what was wrong, and where."""

    def __init__(self, status: int, detail: str, problems: list[Problem] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = problems or []


Handler = Callable[[Request, Any], Response]


class Endpoint:
    """One operation of the control API, as an ASGI application."""

    def __init__(self, control: "Control", operation: Operation) -> None:
        self.operation = operation
        self._control = control
        handler: Handler | None = getattr(control, operation.handler_name, None)
        if handler is None:
            raise SpecError(f"specs/sandbox.yaml: {operation.operation_id} has no method {operation.handler_name}")
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        try:
            response = await self._answer(scope, receive)
        except Disconnected:
            return
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        request = Request(scope)
        try:
            self._control.check_token(self.operation, request)
            document = await self._control.read(self.operation, request, receive)
            return await self._control.runner.run(lambda: self._handler(request, document))
        except Refused as refused:
            return problem(refused.status, refused.detail, refused.problems)
        except StoreError as error:
            return problem(503, f"The database does not answer; nothing was kept: {error}", headers={"Retry-After": "1"})
        except BadDocument as bad:
            return problem(422, "The document was refused whole; nothing changed.", bad.problems)


class Control:
    """The control API of one workspace: a method for each operation of specs/sandbox.yaml."""

    def __init__(self, spec: Spec, workspace: Workspace, runner: Runner, admin_token: str | None) -> None:
        self.runner = runner
        self._workspace = workspace
        self._admin_token = admin_token
        self._settings = Validator(records.schema_of(WorldSettings))
        self._fault = Validator(_fault_schema())
        self.endpoints = [Endpoint(self, operation) for operation in spec.operations]

    def check_token(self, operation: Operation, request: Request) -> None:
        """Raises Refused unless the admin token is there, where one is set."""
        if self._admin_token is None or not operation.secured:
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode("latin-1"), self._admin_token.encode()):
            raise Refused(401, "Send the admin token as Authorization: Bearer TOKEN.")

    async def read(self, operation: Operation, request: Request, receive: Receive) -> Any:
        """The body of a write. Its type must say JSON (or YAML for state), which no web page of another origin can send."""
        if operation.method == "GET":
            return None
        body = await read_body(request.scope, receive, _MAX_BODY)
        if body is None:
            raise Refused(413, f"At most {_MAX_BODY} bytes are read.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        accepted = [name for name in _READERS if name == "application/json" or operation.operation_id == "putState"]
        if kind not in accepted and operation.method != "DELETE":
            raise Refused(415, f"The Content-Type must be {' or '.join(accepted)}.")
        if not body and operation.method != "PUT":
            return {}
        try:
            document = _READERS.get(kind, read_json)(body.decode("utf-8"))
        except UnicodeDecodeError:
            raise Refused(422, "The body is not UTF-8.") from None
        _check(operation.body, document)
        return document

    def get_health(self, _request: Request, _document: Any) -> Response:
        """Up, and what."""
        workspace = self._workspace
        store = workspace.services.store.name
        return _json({"status": "ok", "version": __version__, "store": store, "workspace": workspace.name})

    def reset(self, _request: Request, document: Any) -> Response:
        """Back to the fixture, or to another one that is shipped."""
        chosen = read_fixture(document["fixture"]) if "fixture" in document else None
        return _json({"status": "ok", "seed": self._workspace.reset(document.get("seed"), chosen)})

    def get_state(self, _request: Request, _document: Any) -> Response:
        """The world."""
        return _json(self._workspace.dump())

    def put_state(self, _request: Request, document: Any) -> Response:
        """Another world."""
        self._workspace.load(document)
        return _json({"status": "ok"})

    def get_settings(self, _request: Request, _document: Any) -> Response:
        """How this workspace behaves."""
        return _json(self._workspace.services.settings.to_document())

    def put_settings(self, _request: Request, document: Any) -> Response:
        """Another behaviour."""
        _check(self._settings, document)
        self._workspace.change_settings(self._workspace.base_settings.updated(document))
        return self.get_settings(_request, None)

    def list_faults(self, _request: Request, _document: Any) -> Response:
        """The armed faults."""
        return _json({"faults": self._workspace.services.faults.list()})

    def add_fault(self, _request: Request, document: Any) -> Response:
        """Arms."""
        _check(self._fault, document)
        self._check_aim(document)
        faults = self._workspace.services.faults
        added = [faults.describe(fault) for fault in faults.add(document)]
        return _json({"faults": added}, 201)

    def _check_aim(self, document: Mapping[str, Any]) -> None:
        """Raises BadDocument for a fault that could never hit."""
        apis = self._workspace.apis
        api, operation = document.get("api"), document.get("operation")
        if "at" not in document and document.get("scenario") is None:
            raise BadDocument([Problem("", "names neither `at` nor `scenario`")])
        if api is not None and api not in apis:
            raise BadDocument([Problem("/api", f"there is no API {api}; there are {', '.join(apis)}")])
        operations = [one.operation_id for name in apis if api in (None, name) for one in apis[name].spec.operations]
        if operation is not None and operation not in operations:
            raise BadDocument([Problem("/operation", f"there is no operation {operation}; there are {', '.join(operations)}")])

    def clear_faults(self, _request: Request, _document: Any) -> Response:
        """Disarms all."""
        self._workspace.services.faults.clear()
        return Response(status_code=204)

    def remove_fault(self, request: Request, _document: Any) -> Response:
        """Disarms one."""
        fault_id = request.path_params["id"]
        if not self._workspace.services.faults.remove(fault_id):
            raise Refused(404, f"No fault {fault_id} is armed.")
        return Response(status_code=204)

    def list_scenarios(self, _request: Request, _document: Any) -> Response:
        """The catalogue."""
        catalogue = self._workspace.services.faults.catalogue
        return _json({"scenarios": [{"name": name, **scenario} for name, scenario in catalogue.items()]})

    def list_requests(self, request: Request, _document: Any) -> Response:
        """The journal, filtered."""
        query = request.query_params
        unknown = sorted(set(query) - {*_FILTERS, "since", "limit"})
        if unknown:
            raise Refused(400, f"There is no filter {unknown[0]}; there are {', '.join(_FILTERS)}, since and limit.")
        wanted = {name: query[name] for name in _FILTERS if name in query}
        since, limit = _number(query.get("since", "0"), "since"), _number(query.get("limit", "100"), "limit")
        return _json({"requests": self._workspace.journal.find(wanted, since=since, limit=limit)})

    def clear_requests(self, _request: Request, _document: Any) -> Response:
        """Empties the journal."""
        self._workspace.journal.clear()
        return Response(status_code=204)

    def get_request(self, request: Request, _document: Any) -> Response:
        """One entry of the journal."""
        entry = self._workspace.journal.get(_number(request.path_params["id"], "id"))
        if entry is None:
            raise Refused(404, f"No request {request.path_params['id']} is remembered.")
        return _json(entry)

    def get_order(self, request: Request, _document: Any) -> Response:
        """One order of an API."""
        api, order_id = request.path_params["api"], request.path_params["id"]
        if api not in self._workspace.apis:
            raise Refused(404, f"There is no API {api}; there are {', '.join(self._workspace.apis)}.")
        self._workspace.refresh()
        order = self._workspace.apis[api].find_order(order_id)
        if order is None:
            raise Refused(404, f"There is no order {order_id} in {api}.")
        return _json(order)


def _fault_schema() -> dict[str, Any]:
    schema = dict(records.schema_of(Fault))
    return {**schema, "required": []}  # `at` may come from a scenario


def _check(validator: Validator | None, document: Any) -> None:
    violations = validator.violations(document) if validator else []
    if violations:
        raise BadDocument([Problem(violation.pointer, violation.message) for violation in violations])


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Refused(400, f"{name} must be a whole number.")
    return int(text)


def _json(value: Any, status: int = 200) -> Response:
    return Response(dump(value), status, media_type="application/json")


def problem(
    status: int, detail: str, problems: list[Problem] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An RFC 9457 problem; `errors` says where (JSON pointers) and why."""
    errors = [{"pointer": entry.pointer, "reason": entry.reason} for entry in problems or []]
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    content = body | ({"errors": errors} if errors else {})
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")
