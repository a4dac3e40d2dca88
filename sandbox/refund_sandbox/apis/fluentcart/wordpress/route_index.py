"""Route indexes of WordPress and of the plugin, built from the operations in the spec."""

import re
from collections.abc import Iterable
from typing import Any

from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.spec.operation import SpecOperation

_NAMESPACE_NAME = NAMESPACE.strip("/")
_BRACES = re.compile(r"\{([^{}]*)\}")
_ANY_TEXT = r"[^\s(?!/)]+"  # the plugin's own pattern for a parameter of any text
_INDEX_ARGUMENTS = {
    "namespace": {"default": _NAMESPACE_NAME, "required": False},
    "context": {"default": "view", "required": False},
}

RouteIndex = dict[str, Any]


def plugin_index(operations: Iterable[SpecOperation], site_url: str) -> RouteIndex:
    """Return the body of GET /wp-json/fluent-cart/v2: the routes by pattern (05-064)."""
    links = {"up": [{"href": f"{site_url}/wp-json/"}]}
    return {"namespace": _NAMESPACE_NAME, "routes": _routes(operations, site_url), "_links": links}


def site_index(operations: Iterable[SpecOperation], site_url: str, name: str) -> RouteIndex:
    """Return the body of GET /wp-json/: the site and its routes.

    Source: WordPress core. Assumed: the site has the plugin's routes only.
    """
    authorize = f"{site_url}/wp-admin/authorize-application.php"
    return {
        "name": name,
        "description": "",
        "url": site_url,
        "home": site_url,
        "gmt_offset": "0",
        "timezone_string": "",
        "namespaces": [_NAMESPACE_NAME],
        "authentication": {"application-passwords": {"endpoints": {"authorization": authorize}}},
        "routes": _routes(operations, site_url),
        "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
    }


def _routes(operations: Iterable[SpecOperation], site_url: str) -> RouteIndex:
    by_pattern: dict[str, list[SpecOperation]] = {}
    for operation in operations:
        by_pattern.setdefault(_pattern(operation), []).append(operation)
    return {pattern: describe(pattern, on_route, site_url) for pattern, on_route in by_pattern.items()}


def _pattern(operation: SpecOperation) -> str:
    """Return the route as WordPress writes it: a regular expression with named groups."""
    path = operation.path.rstrip("/")
    live_names = operation.extensions.get("x-live-names", {})

    def group(parameter: re.Match[str]) -> str:
        name, digits = parameter[1], f"(?P<{parameter[1]}>[0-9]+)"
        return f"(?P<{live_names.get(name, name)}>{'[0-9]+' if digits in operation.expression else _ANY_TEXT})"

    return f"{NAMESPACE}{_BRACES.sub(group, path)}"


def describe(pattern: str, operations: list[SpecOperation], site_url: str) -> RouteIndex:
    """Return one route with its methods in the order of the spec, as OPTIONS shows it, too (05-042).

    A route without parameters also has its URL (05-049).
    """
    has_parameters = bool(operations[0].parameters)
    links = {} if has_parameters else {"_links": {"self": [{"href": f"{site_url}/wp-json{pattern}"}]}}
    endpoints = [{"methods": [operation.method], "args": _arguments(operation)} for operation in operations]
    methods = [operation.method for operation in operations]
    return {"namespace": _NAMESPACE_NAME, "methods": methods, "endpoints": endpoints, **links}


def _arguments(operation: SpecOperation) -> Any:
    if operation.path == "/":
        return _INDEX_ARGUMENTS
    live_names = operation.extensions.get("x-live-names", {})
    return {live_names.get(name, name): {"required": True} for name in operation.parameters} or []
