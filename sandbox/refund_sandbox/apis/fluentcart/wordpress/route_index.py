"""What WordPress says that it serves, made of the spec's operations, and what the plugin tells its own screen."""

import re
from collections.abc import Iterable
from typing import Any

from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.spec.loader import METHODS
from refund_sandbox.core.spec.operation import Operation

_NAME = NAMESPACE.strip("/")
_BRACES = re.compile(r"\{([^{}]*)\}")
_ANY = r"[^\s(?!/)]+"  # what the plugin writes for a parameter that may be any text; with it goes what it means
_CONTEXT = {"namespace": {"default": _NAME, "required": False}, "context": {"default": "view", "required": False}}

Routes = dict[str, Any]


def of_plugin(operations: Iterable[Operation], url: str) -> Routes:
    """GET /wp-json/fluent-cart/v2: the routes by their pattern (05-064). `url` is the site's."""
    return {"namespace": _NAME, "routes": _routes(operations, url), "_links": {"up": [{"href": f"{url}/wp-json/"}]}}


def of_site(operations: Iterable[Operation], url: str, name: str) -> Routes:
    """GET /wp-json/: the site and its routes. Source: WordPress core. Assumed: only the plugin's routes are there."""
    authorize = f"{url}/wp-admin/authorize-application.php"
    return {
        "name": name,
        "description": "",
        "url": url,
        "home": url,
        "gmt_offset": "0",
        "timezone_string": "",
        "namespaces": [_NAME],
        "authentication": {"application-passwords": {"endpoints": {"authorization": authorize}}},
        "routes": _routes(operations, url),
        "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
    }


def _routes(operations: Iterable[Operation], url: str) -> Routes:
    by_route: dict[str, list[Operation]] = {}
    for operation in operations:
        by_route.setdefault(_pattern(operation), []).append(operation)
    return {route: _route(route, found, url) for route, found in by_route.items()}


def _pattern(operation: Operation) -> str:
    """The route as WordPress writes it: a regular expression with named groups."""
    path = operation.path.rstrip("/")
    live = operation.extensions.get("x-live-names", {})

    def group(found: re.Match[str]) -> str:
        name, number = found[1], f"(?P<{found[1]}>[0-9]+)"
        return f"(?P<{live.get(name, name)}>{'[0-9]+' if number in operation.expression else _ANY})"

    return f"{NAMESPACE}{_BRACES.sub(group, path)}"


def _route(route: str, operations: list[Operation], url: str) -> Routes:
    """One route with its methods, in WordPress's order; one without parameters also says where it is."""
    found = sorted(operations, key=lambda operation: METHODS.index(operation.method.lower()))
    plain = not operations[0].parameters
    links = {"_links": {"self": [{"href": f"{url}/wp-json{route}"}]}} if plain else {}
    endpoints = [{"methods": [operation.method], "args": _arguments(operation)} for operation in found]
    return {"namespace": _NAME, "methods": [operation.method for operation in found], "endpoints": endpoints, **links}


def _arguments(operation: Operation) -> Any:
    if operation.path == "/":
        return _CONTEXT
    live = operation.extensions.get("x-live-names", {})
    return {live.get(name, name): {"required": True} for name in operation.parameters} or []


def app(url: str, name: str) -> Routes:
    """GET /app/init: keys as read in the source. Assumed: the values; nothing is translated, and the currency is USD."""
    base = f"{url}/wp-json/"
    namespace, _, version = _NAME.partition("/")
    return {
        "rest": {"base_url": base, "url": f"{base}{_NAME}", "nonce": "", "namespace": namespace, "version": version},
        "asset_url": f"{url}/wp-content/plugins/fluent-cart/assets/",
        "trans": [],
        "shop": {"currency": "USD", "currency_sign": "&#36;", "is_zero_decimal": False, "store_name": name, "store_logo": ""},
    }
