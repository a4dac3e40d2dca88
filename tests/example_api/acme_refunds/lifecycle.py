"""The stages of a request that are Acme's own: routing, the key, JSON, and the error format."""

import json
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core.context import Context, Reply, Request
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.spec.router import Match, Spec

BASE = "/acme/v1"
KEY = "acme-sandbox-key"


class Refusal(ApiError):
    """Refusal of a request: its status, and a code for programs."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.http_status, self.code = status, code


class AcmeContext(Context):
    def order_id(self) -> str | None:
        return self.params.get("charge_id")


def route(spec: Spec, request: Request) -> Match | None:
    return spec.find(request.path.removeprefix(BASE)).get(request.method)


def authorize_and_parse(context: AcmeContext) -> None:
    if context.request.headers.get("x-acme-key") != KEY:
        raise Refusal(401, "unauthorized", "The key is unknown.")
    if context.operation is None:
        raise Refusal(404, "no_route", f"There is no {context.request.path}.")
    if context.operation.body:
        try:
            context.document = json.loads(context.request.body)
        except ValueError:
            raise Refusal(400, "invalid_json", "The body is not JSON.") from None


def validate(context: AcmeContext) -> None:
    if context.violations:
        raise Refusal(422, "invalid", "; ".join(f"{one.pointer} {one.message}".strip() for one in context.violations))


def render(_context: AcmeContext, reply: Reply) -> Reply:
    return replace(reply, headers={"Content-Type": "application/json", **reply.headers})


def render_error(error: ApiError, _settings: Any, _ids: Ids) -> Reply:
    return Reply({"fault": {"code": getattr(error, "code", "sandbox"), "message": str(error)}}, error.http_status)
