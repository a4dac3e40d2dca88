"""A request as WordPress reads it: the route, the method, the user and the parameters."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.php_forms import parse_form, parse_multipart, parse_query
from refund_sandbox.apis.fluentcart.php_json import json_decode
from refund_sandbox.apis.fluentcart.php_json_errors import JsonError
from refund_sandbox.apis.fluentcart.site_records import User
from refund_sandbox.apis.fluentcart.wordpress.auth import find_user
from refund_sandbox.core.context import Request
from refund_sandbox.core.documents import has_nul
from refund_sandbox.core.spec.router import Match

NAMESPACE = "/fluent-cart/v2"
_PREFIX = re.compile(r"(?:/index\.php)?/wp-json(?=/|$)")
_JSON_TYPE = re.compile(r"(?:^|[\s,])application/(?:[\w!#$&-^.]+\+)?json(?:\+oembed)?(?:$|[\s,])")


class Target(NamedTuple):
    """Method, REST route and query string of a request, as WordPress reads them."""

    method: str
    """The HTTP method, after `_method` and X-HTTP-Method-Override."""
    route: str
    """The REST route, such as /fluent-cart/v2/orders/1001/refund."""
    query: Mapping[str, Any]
    """The query string, as PHP parses it."""


@dataclass
class WordPressRequest:
    """The parts of a request that WordPress reads before the body."""

    method: str
    route: str
    query: Mapping[str, Any]
    user: User | None
    """The authenticated user; None for an anonymous request."""
    site_url: str
    """The site's configured URL, or the base URL of the request."""
    has_nonce: bool
    permissions: Sequence[str]
    """The user's permissions; an anonymous request has none."""
    user_number: int | None
    """The WordPress id of the user."""
    matches: Mapping[str, Match] = field(default_factory=dict)
    """The operations of the path by method."""
    allow: str = ""
    """The methods of the path that this user may call, for the Allow header."""

    @property
    def jsonp_callback(self) -> Any:
        """The function in `_jsonp`; what PHP takes for empty is none."""
        callback = self.query.get("_jsonp")
        return None if php.is_empty(callback) else callback

    @property
    def has_jsonp_name(self) -> bool:
        """Whether `_jsonp` is the name of a function, or not there."""
        callback = self.jsonp_callback
        return callback is None or (isinstance(callback, str) and bool(re.fullmatch(r"[\w.]+", callback, re.ASCII)))


def read_target(request: Request) -> Target:
    """Return the target: the route is the path after /wp-json, else the `rest_route` parameter, else the path.

    Trailing slashes do not count.
    """
    return _read_target(request.method, request.path, request.query, request.headers.get("x-http-method-override"))


@lru_cache(256)  # each request needs it twice: to find the operation, and to authorize
def _read_target(method: str, path: str, sent_query: str, override_header: str | None) -> Target:
    query = parse_query(sent_query)
    override = query.get("_method") or override_header
    prefix = _PREFIX.match(path)
    route = path[prefix.end() :] if prefix else str(query.get("rest_route", path))
    return Target(str(override).upper() if override else method, route.rstrip("/"), query)


def read_request(request: Request, site_url: str | None, users: Iterable[User]) -> WordPressRequest:
    """Return the request with its user, whatever the route is."""
    method, route, query = read_target(request)
    number, user = find_user(request.headers.get("authorization", ""), users) or (None, None)
    has_nonce = bool(request.headers.get("x-wp-nonce") or query.get("_wpnonce"))
    permissions = user.permissions if user else ()
    return WordPressRequest(method, route, query, user, site_url or request.base_url, has_nonce, permissions, number)


def check_request(request: WordPressRequest) -> None:
    """Raise a refusal for a `_jsonp` that is not a function name, and for a nonce without a login (10-068)."""
    if "_jsonp" in request.query and not request.has_jsonp_name:
        raise errors.invalid_callback()
    if request.has_nonce and request.user is None:
        raise errors.invalid_nonce()


def read_params(request: Request, query: Mapping[str, Any], max_depth: int) -> dict[str, Any]:
    """Return the parameters of a request, in texts without NUL characters. Assumed: WordPress refuses these."""
    params = _read_params(request, query, max_depth)
    body = request.body
    may_have_nul = b"\0" in body or b"%00" in body or b"\\u0000" in body or "%00" in request.query
    if may_have_nul and has_nul(params):
        raise errors.invalid_text()
    return params


def _read_params(request: Request, query: Mapping[str, Any], max_depth: int) -> dict[str, Any]:
    """Return the parameters of a request: JSON overrides the form, the form overrides the query string (group 04).

    Invalid JSON is an error only under a JSON content type. Valid JSON is read under any content type.
    """
    params, body, content_type = dict(query), request.body, request.content_type
    if content_type == "application/x-www-form-urlencoded":
        params |= parse_form(body)
    elif content_type == "multipart/form-data" and request.method == "POST":  # PHP reads it for no other method
        form = parse_multipart(request.headers["content-type"], body)
        if form is not None:  # PHP keeps no body of such a form
            return params | form
    try:
        value = json_decode(body, max_depth) if body else {}
    except JsonError as error:
        if _JSON_TYPE.search(content_type):
            raise errors.invalid_json(error.code, error.message) from None
        return params
    return params | value if isinstance(value, dict) else params
