"""The stages of a request that are FunnelFox's own."""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote

from refund_sandbox.apis.funnelfox import errors, parsing, pydantic_compat, rendering
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.records import ORDERS, ORGS, TRANSACTIONS, USERS
from refund_sandbox.apis.funnelfox.settings import FunnelFoxSettings
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.json_writer import dump
from refund_sandbox.core.redaction import is_same
from refund_sandbox.core.spec.router import Match, Spec
from refund_sandbox.core.validation.violation import Violations
from refund_sandbox.stores.reads import Get, Read, Where

_ORG_TWICE = re.compile(r"/([^/]+)/billing/(?=\1/v1/)")
# Assumed: pages of any origin may call public operations, as the browser SDK does (facts §0).
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_JSON_HEADERS = {"Content-Type": "application/json"}
_NOT_ALLOWED_HEADERS = {**_JSON_HEADERS, "Allow": "POST"}
_PUBLIC_HEADERS = {**_JSON_HEADERS, **_ANY_ORIGIN}


def route(spec: Spec, request: Request) -> Match | None:
    org_id, path = _split_path(request.path)
    match = spec.find(path).get(request.method)
    return Match(match.operation, {**match.params, "org_id": org_id}) if match else None


def prefetch(match: Match) -> Sequence[Read]:
    return (Get(ORGS, match.params["org_id"]),)


def authorize_and_parse(context: FunnelFoxContext) -> Reply | None:
    """Check path, key and JSON. Assumed: in this order (§7, question 5), and without a check of the Content-Type."""
    operation, request = context.operation, context.request
    if operation is None:
        return _reply_without_operation(context.spec, request)
    org = context.transaction.get(ORGS, context.params["org_id"])
    if operation.secured:
        for key in org.keys if org else ():
            if key.enabled and is_same(request.headers.get("ff-secret-key", ""), key.key):
                context.caller = key
                break
        else:
            raise errors.unauthorized()
        allowed = operation.extensions.get("x-groups", ["admin"])
        if key.group not in allowed:
            raise errors.forbidden(key.group, allowed)
    elif org is None:
        raise errors.organization_not_found()  # Assumed: an unknown organisation of a public operation is not found
    is_empty = not operation.body_required and not request.body.strip()
    context.document = {} if is_empty else parsing.read_json(request.body, context.max_depth)
    if operation.operation_id == "refundPayment" and context.transaction.is_remote:
        _prefetch_order(context)
    return None


def _reply_without_operation(spec: Spec, request: Request) -> Reply:
    """Reply to the CORS preflight of a public operation. Refuse every other request without an operation."""
    matches = spec.find(_split_path(request.path)[1])
    if request.method == "OPTIONS" and "POST" in matches and not matches["POST"].operation.secured:
        names = request.headers.get("access-control-request-headers", "content-type")
        allowed = {"Access-Control-Allow-Methods": "POST, OPTIONS", "Access-Control-Allow-Headers": names}
        return Reply(None, 204, {**_ANY_ORIGIN, **allowed, "Access-Control-Max-Age": "86400"})
    raise errors.method_not_allowed(request.method) if matches else errors.no_route(request.method, request.path)


def _prefetch_order(context: FunnelFoxContext) -> None:
    """Announce the reads of a refund. The document is not validated yet."""
    order_id = context.order_id()
    if order_id is None:
        return
    reads: list[Read] = [Get(ORDERS, order_id, for_update=True), Where(TRANSACTIONS, "sale_of", order_id)]
    external_id = context.document.get("external_id")
    if isinstance(external_id, str):
        reads.append(Get(USERS, external_id))
    if context.has_scenarios:
        reads.append(Get(ORDERS, order_id))
    context.transaction.prefetch(*reads)


def validate(context: FunnelFoxContext) -> None:
    """Raise a refusal of an invalid document. Live validation coerces the document first, as pydantic does.

    A time without a zone is UTC, as the live API writes its own times. It is valid in both modes.
    """
    violations = context.violations
    if violations:
        context.document = pydantic_compat.with_zones(context.document)
        others = [one for one in violations if not pydantic_compat.is_local_time(one)]
        violations = context.violations = Violations(others, violations.more)
    if violations and context.validation == "live":
        assert context.operation is not None
        context.document = pydantic_compat.coerce(context.document)
        violations = context.operation.violations(context.document)
    pydantic_compat.check(context.document, violations)


def render(context: FunnelFoxContext, reply: Reply) -> Reply:
    """Return the reply as JSON, in the success envelope if the setting says so."""
    if reply.status == 204:
        return Reply(None, 204, reply.headers, b"", reply.connection)
    body = reply.body
    envelope = context.settings.envelope
    if (envelope == "always" or (envelope == "data" and body)) and body.get("status") != "error":
        body = rendering.envelope(body, context.ids.base62(8))
    is_public = context.operation is not None and not context.operation.secured
    headers = _PUBLIC_HEADERS if is_public else _NOT_ALLOWED_HEADERS if reply.status == 405 else _JSON_HEADERS
    headers = {**headers, **reply.headers} if reply.headers else headers
    return Reply(body, reply.status, headers, dump(body), reply.connection)


def render_error(error: ApiError, settings: FunnelFoxSettings, ids: Ids) -> Reply:
    """Return the error envelope. Assumed: it has no `data` (facts §2.2)."""
    refusal = errors.from_api_error(error)
    return rendering.error_reply(refusal, refusal.status or settings.error_status, ids.base62(8))


@lru_cache(64)
def _split_path(path: str) -> tuple[str, str]:
    """Return the organisation and the operation's path, which follows `/v1`.

    The browser SDK writes the organisation twice for one operation: `/{org}/billing/{org}/v1/checkout/one_click` (facts §1).
    """
    match = _ORG_TWICE.match(path)
    path = path[match.end() - 1 :] if match and path.endswith("/v1/checkout/one_click") else path
    org_id, _, operation_path = path.removeprefix("/").partition("/v1")
    return unquote(org_id), "" if "/" in org_id or "%00" in path else operation_path
