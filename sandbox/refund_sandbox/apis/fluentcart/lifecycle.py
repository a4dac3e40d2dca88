"""Stages of a request that are FluentCart's own: WordPress's routing, checks, validation and headers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import errors, parsing, php
from refund_sandbox.apis.fluentcart.context import BOUND, FluentCartContext
from refund_sandbox.apis.fluentcart.records import ITEMS, ORDERS
from refund_sandbox.apis.fluentcart.site_records import SITES, USERS, WEBHOOKS
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.apis.fluentcart.wordpress import plugin_list, plugin_routes, response, route_index, routes
from refund_sandbox.apis.fluentcart.wordpress.auth import find_user, has_permission
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE, check_request, read_params, read_target
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.spec.loader import JSON
from refund_sandbox.core.spec.router import Match, Spec
from refund_sandbox.core.validation.violation import Violation, Violations
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.stores.reads import All, Get, Read, Where

_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Rules], Iterable[Violation]]] = {"refundOrder": parsing.check_amount}
"""Checks of documents that depend on the version, by operation."""
_FIRST_READS: Sequence[Read] = (Get(SITES, 1), All(USERS))


def route(spec: Spec, request: Request) -> Match | None:
    """Return the operation at the path, of any version. HEAD is served wherever GET is."""
    target = read_target(request)
    return routes.find_matches(spec, target.route).get("GET" if target.method == "HEAD" else target.method)


def prefetch(match: Match) -> Sequence[Read]:
    """Return the reads of site and users; for a change also of the webhooks and of the records that the path names."""
    operation, params = match
    if operation.method == "GET":
        return _FIRST_READS
    reads = [*_FIRST_READS, All(WEBHOOKS)]
    if "x-binds" in operation.extensions:
        reads += [Get(BOUND[name][0], php.as_id(params[name]) or 0, for_update=True) for name in operation.extensions["x-binds"]]
    if "order_id" in params:
        order_id = php.as_id(params["order_id"]) or 0
        reads += Get(ORDERS, order_id, for_update=True), Where(ITEMS, "order_id", order_id)
    return reads


def authorize_and_parse(context: FluentCartContext) -> Reply | None:
    """Check nonce, OPTIONS, route, JSON, bound records and permission, in WordPress's order (facts §2, groups 10 and 13)."""
    caller, operation = context.caller, context.operation
    check_request(caller)
    if caller.method == "OPTIONS":
        return _describe_route(context)
    if caller.method in ("GET", "HEAD") and (reply := _reply_of_wordpress(context)):
        return reply
    if operation is None:
        _check_plugin_route(context)
        raise errors.no_route(under_plugin=caller.route.removeprefix("/").lower().startswith("fluent-cart"))
    if encoding := context.request.headers.get("content-encoding"):
        context.warn(f"The body has the Content-Encoding {encoding[:20]}, which WordPress does not decode.")
    context.document = read_params(context.request, caller.query, context.max_depth)
    for name in operation.extensions.get("x-binds", ()):
        context.bound(name)
    if operation.secured and not has_permission(caller.permissions, operation.extensions.get("x-permission", "")):
        raise errors.forbidden(logged_in=caller.user is not None)
    return None


def _reply_of_wordpress(context: FluentCartContext) -> Reply | None:
    """Return the reply to a read of WordPress itself: its index, or its list of plugins."""
    caller, version = context.caller, context.rules.version
    if not caller.route:
        operations = routes.available_operations(context.spec, version)
        return Reply(route_index.site_index(operations, caller.site_url, context.site.name))
    if caller.route == plugin_list.PATH:
        is_known = caller.user is not None
        return Reply(plugin_list.plugin_list(version, caller.permissions, caller.site_url, logged_in=is_known))
    return None


def _check_plugin_route(context: FluentCartContext) -> None:
    """Refuse a user who may not call a route that the plugin has and the sandbox does not serve; warn of it.

    The plugin checks JSON and login first. Assumed: any permission is enough, as the sandbox does not know the one needed.
    """
    caller, version = context.caller, context.rules.version
    path = caller.route.lower().removeprefix(NAMESPACE)
    route = plugin_routes.find("GET" if caller.method == "HEAD" else caller.method, path, version)
    if route is None:
        return
    context.warn(f"FluentCart {version} has {route.method} {route.title}, but the sandbox does not emulate it.")
    read_params(context.request, caller.query, context.max_depth)
    if not route.admits(is_logged_in=caller.user is not None, permissions=caller.permissions):
        raise errors.forbidden(logged_in=caller.user is not None)


def has_credentials(transaction: ReadTransaction, request: Request) -> bool:
    return find_user(request.headers.get("authorization", ""), transaction.all(USERS)) is not None


def _describe_route(context: FluentCartContext) -> Reply:
    """Return the reply to OPTIONS."""
    caller = context.caller
    if not caller.matches:
        return Reply([])
    operations = [match.operation for match in caller.matches.values()]
    return Reply(route_index.describe(caller.route, operations, caller.site_url))


def validate(context: FluentCartContext) -> None:
    """With strict validation, refuse requests that violate the spec; operations without a request body are not checked.

    Fields that the spec does not name get a warning in any mode.
    """
    operation = context.operation
    if operation is None or operation.body is None:
        return
    sent, query = context.document, context.caller.query
    if query:
        sent = {name: value for name, value in sent.items() if name not in query}
    for message in operation.body.unknown_fields(sent):
        context.warn(message)
    if operation.operation_id in _CHECKS:
        found = [*_CHECKS[operation.operation_id](context.document, context.rules)]
        if found:
            context.violations = Violations([*context.violations, *found], context.violations.more)
    body, content_type = context.request.body, context.request.content_type
    if context.validation == "live":
        if body and content_type != JSON:
            sent_as = f"Content-Type is {content_type}" if content_type else "Content-Type is missing"
            context.warn(f"{sent_as}, not {JSON}")
        return
    if body and content_type != JSON:
        raise errors.unsupported_media_type(content_type)
    if body and not body.lstrip().startswith(b"{"):
        raise errors.invalid_fields({"body": {"type": "The body must be an object."}})
    if context.violations:
        raise parsing.invalid_document(context.violations)


def render(context: FluentCartContext, reply: Reply) -> Reply:
    """Add WordPress's headers, and apply `_fields`, `_envelope`, `_jsonp` and `_pretty`."""
    return response.render(context.request, context.caller, reply)


def render_error(error: ApiError, _settings: Any, _ids: Ids) -> Reply:
    """Return the error in WordPress's form."""
    refusal = errors.from_api_error(error)
    return Reply(refusal.body, refusal.status)
