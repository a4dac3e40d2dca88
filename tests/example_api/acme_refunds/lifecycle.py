"""The stages of a request that are Acme's own: routing, the key, JSON, and the error format."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acme_refunds.records import ACCOUNTS, CHARGES, Account
from refund_sandbox.core.context import Context, Reply, Request, dump
from refund_sandbox.core.errors import ApiError, BodyTooLarge, FaultError, StoreUnavailable
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.spec.router import Match, Spec
from refund_sandbox.stores.protocol import Read

MOUNT = "/acme/v1"


class Fault(ApiError):
    """A refusal: its status, and a code for programs."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class AcmeContext(Context):
    """One run of a request."""

    caller: Account | None = None

    def order_id(self) -> str | None:
        return self.params.get("charge_id")

    def fault_fields(self) -> dict[str, Any]:
        """A fault matches the id of the charge as `order_id`, and the fields of the body."""
        return {**(self.document if isinstance(self.document, dict) else {}), "order_id": self.order_id()}

    def order_scenario(self) -> str | None:
        charge = self.transaction.get(CHARGES, self.order_id() or "")
        return charge.scenario if charge else None


def route(spec: Spec, request: Request) -> Match | None:
    return spec.find(request.path.removeprefix(MOUNT)).get(request.method)


def prefetch(_match: Match) -> Sequence[Read]:
    return ()


def authorize_and_parse(context: AcmeContext) -> Reply | None:
    context.caller = context.transaction.get(ACCOUNTS, context.request.headers.get("x-acme-key", ""))
    if context.caller is None:
        raise Fault(401, "unauthorized", "The key is unknown.")
    if context.operation is None:
        raise Fault(404, "no_route", f"There is no {context.request.path}.")
    if context.operation.body:
        try:
            context.document = json.loads(context.request.body)
        except ValueError:
            raise Fault(400, "invalid_json", "The body is not JSON.") from None
    return None


def validate(context: AcmeContext) -> None:
    if context.violations and context.validation == "strict":
        first = context.violations[0]
        raise Fault(422, "invalid_field", f"{first.pointer or 'The body'} {first.message}")


def render(_context: AcmeContext, reply: Reply) -> Reply:
    headers = {"Content-Type": "application/json", **reply.headers}
    return Reply(reply.body, reply.status, headers, dump(reply.body), reply.connection)


def render_error(error: ApiError, _settings: Any, _ids: Ids) -> Reply:
    status, code = _STATUSES.get(type(error), (500, "internal"))
    status, code = getattr(error, "status", status), getattr(error, "code", code)
    return Reply({"fault": {"code": code, "message": str(error)}}, status)


_STATUSES = {BodyTooLarge: (413, "too_large"), StoreUnavailable: (503, "unavailable"), FaultError: (500, "injected")}
