"""A request as WordPress reads it: the route, the method, the user and the parameters."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.records import User
from refund_sandbox.apis.fluentcart.wordpress.auth import find_user
from refund_sandbox.core.context import Context

NAMESPACE = "/fluent-cart/v2"
_PREFIX = re.compile(r"(?:/index\.php)?/wp-json(?=/|$)")
_JSON_TYPE = re.compile(r"(?:^|[\s,])application/(?:[\w!#$&^.+-]+\+)?json(?:\+oembed)?(?:$|[\s,])")
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|([^\s";,]+))""", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"""content-disposition:[^\r\n]*[;\s]name=(?:"([^"\r\n]*)"|([^\s";]+))""", re.IGNORECASE)
_FILE_NAME = re.compile(rb"""content-disposition:[^\r\n]*[;\s]filename=""", re.IGNORECASE)
_MAX_PART_HEADER_BYTES = 4096


@dataclass
class WordPressRequest:
    """The parts of a request that WordPress reads before the body."""

    route: str
    """The REST route, such as /fluent-cart/v2/orders/1001/refund."""
    method: str
    """The HTTP method, after `_method` and X-HTTP-Method-Override."""
    query: Mapping[str, Any]
    """The query string, as PHP parses it."""
    user: User | None
    """The authenticated user; None for an anonymous request."""
    site_url: str
    """The site's configured URL, or the base URL of the request."""
    has_nonce: bool
    allow: str = ""
    """The methods of the path that this user may call, for the Allow header."""

    @property
    def permissions(self) -> Sequence[str]:
        """The user's permissions; an anonymous request has none."""
        return self.user.permissions if self.user else ()

    @property
    def is_under_plugin(self) -> bool:
        """Whether the route begins like the plugin's routes, known or unknown."""
        return self.route.lower().startswith("/fluent-cart/")


def read_request(context: Context, site_url: str | None, users: Iterable[User]) -> WordPressRequest:
    query = php.parse_query(context.query)
    override = query.get("_method") or context.headers.get("x-http-method-override")
    return WordPressRequest(
        route=_read_route(context, query),
        method=str(override).upper() if override else context.method,
        query=query,
        user=find_user(context.headers.get("authorization", ""), users),
        site_url=site_url or context.base_url,
        has_nonce=bool(context.headers.get("x-wp-nonce") or query.get("_wpnonce")),
    )


def _read_route(context: Context, query: Mapping[str, Any]) -> str:
    """Return the path after /wp-json, else the `rest_route` parameter, else the path. Trailing slashes do not count."""
    prefix = _PREFIX.match(context.path)
    route = context.path[prefix.end() :] if prefix else str(query.get("rest_route", context.path))
    return route.rstrip("/")


def check_nonce(request: WordPressRequest) -> None:
    """Raise a refusal for a nonce without a login (10-068)."""
    if request.has_nonce and request.user is None:
        raise errors.invalid_nonce()


def check_callback(request: WordPressRequest) -> None:
    """Raise a refusal for a `_jsonp` that is not a function name."""
    callback = request.query.get("_jsonp")
    if callback is not None and not (isinstance(callback, str) and re.fullmatch(r"[\w.]+", callback, re.ASCII)):
        raise errors.invalid_callback()


def read_params(context: Context, request: WordPressRequest, max_depth: int) -> dict[str, Any]:
    """Return the parameters of a request: JSON overrides the form, the form overrides the query string (group 04).

    Invalid JSON is an error only under a JSON content type. Valid JSON is read under any content type.
    """
    return {**request.query, **_read_form(context), **_read_json(context, max_depth)}


def _read_json(context: Context, max_depth: int) -> dict[str, Any]:
    if not context.body:
        return {}
    try:
        value = php.json_decode(context.body, max_depth)
    except php.JsonError as error:
        if _JSON_TYPE.search(context.content_type):
            raise errors.invalid_json(error.code, error.message) from None
        return {}
    return value if isinstance(value, dict) else {}


def _read_form(context: Context) -> dict[str, Any]:
    if context.content_type == "application/x-www-form-urlencoded":
        return php.parse_query(context.body.decode("utf-8", "replace"))
    if context.content_type == "multipart/form-data":
        return _read_multipart(context.headers["content-type"], context.body)
    return {}


def _read_multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the text fields of a multipart form; files and malformed parts are skipped."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return {}
    fields: dict[str, Any] = {}
    separator = b"--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    for part in body.split(separator)[1 : php.MAX_INPUT_VARS + 1]:
        header, _, content = part.partition(b"\r\n\r\n")
        header = header[:_MAX_PART_HEADER_BYTES]
        name = _FIELD_NAME.search(header)
        if name and not _FILE_NAME.search(header):
            text = content.removesuffix(b"\r\n").decode("utf-8", "replace")
            php.set_field(fields, (name[1] or name[2]).decode("utf-8", "replace"), text)
    return fields


def sanitize_text(value: Any) -> str:
    """Return a value as WordPress's sanitize_text_field does: one line without tags and %xx (13-007); "" for an array.

    Assumed: the content of script and style elements stays.
    """
    if isinstance(value, php.ARRAY):
        return ""
    text = re.sub(r"<[^<>]*>?", "", php.to_text(value))
    return re.sub(r"[\r\n\t ]+", " ", re.sub(r"%[0-9A-Fa-f]{2}", "", text)).strip()
