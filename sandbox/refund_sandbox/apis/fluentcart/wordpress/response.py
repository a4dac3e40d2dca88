"""Replies as WordPress sends them: headers, and the `_fields`, `_envelope`, `_jsonp` and `_pretty` parameters."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.php import PhpObject
from refund_sandbox.apis.fluentcart.php_json import json_encode
from refund_sandbox.apis.fluentcart.wordpress.request import WordPressRequest
from refund_sandbox.core.context import Reply, Request

_CORS_METHODS = "OPTIONS, GET, POST, PUT, PATCH, DELETE"
_BETWEEN_NAMES = re.compile(r"[\s,]+", re.ASCII)
_NO_CACHE = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


def render(sent: Request, request: WordPressRequest, reply: Reply) -> Reply:
    """Return the reply with WordPress's headers, in the shape that the query string selects."""
    has_callback = "_jsonp" in request.query
    if has_callback and not request.has_jsonp_name:
        return _without_callback(reply, request.site_url)
    body = reply.body
    names = _field_names(request.query["_fields"]) if "_fields" in request.query and reply.status < 400 else []
    if names and _is_array(body):
        fields = _fields(names)
        body = [_select_fields(entry, fields) for entry in body] if isinstance(body, list) else _select_fields(body, fields)
    status, allow = reply.status, "" if reply.status in (401, 403) else request.allow
    if "_envelope" in request.query:
        body, status, allow = (
            {"body": _without_environment(body), "status": status, "headers": {"Allow": allow} if allow else []},
            200,
            "",
        )
    content = json_encode(body, pretty="_pretty" in request.query) if reply.content is None else reply.content
    media_type = "application/json"
    if has_callback and (callback := request.jsonp_callback):
        content, media_type = b"/**/" + callback.encode() + b"(" + content + b")", "application/javascript"
    headers = _headers(media_type, request.site_url, allow, no_cache=request.user is not None or request.has_nonce)
    if sent.headers.get("origin"):
        headers = {**headers, **_cors_headers(sent.headers["origin"])}
    elif sent.method == "GET" and request.user is None:
        headers = {**headers, "Vary": "Origin"}
    return Reply(body, status, {**headers, **reply.headers} if reply.headers else headers, content, reply.connection)


def _without_callback(reply: Reply, site_url: str) -> Reply:
    """Return the refusal of a `_jsonp` that is no function name: without `data`, and before WordPress adds other headers."""
    sent_later = ("Access-Control-Expose-Headers", "Access-Control-Allow-Headers")
    headers = _headers("application/javascript", site_url, "", no_cache=False)
    sent_now = {name: value for name, value in headers.items() if name not in sent_later}
    body = {name: value for name, value in reply.body.items() if name != "data"}
    return Reply(body, reply.status, {**sent_now, **(reply.headers or {})}, json_encode(body), reply.connection)


@lru_cache(64)
def _headers(media_type: str, site_url: str, allow: str, *, no_cache: bool) -> Mapping[str, str]:
    return {
        "Content-Type": f"{media_type}; charset=UTF-8",
        "X-Robots-Tag": "noindex",
        "Link": f'<{site_url}/wp-json/>; rel="https://api.w.org/"',
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
        "Access-Control-Allow-Headers": "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type",
        **({"Allow": allow} if allow else {}),
        **(_NO_CACHE if no_cache else {}),
    }


def _cors_headers(origin: str) -> Mapping[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _CORS_METHODS,
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin",
    }


def _field_names(sent: Any) -> list[str]:
    """Return the names in `_fields`: a list, or a text with commas or blanks between them."""
    names = map(php.to_text, php.entries(sent)) if isinstance(sent, php.ARRAY) else _BETWEEN_NAMES.split(sent)
    return list(filter(None, names))


def _fields(names: list[str]) -> dict[str, Any]:
    """Return the selected fields by their parts: True for a whole field, else the fields inside of it.

    A field inside of one that is already whole ends the selection, so that WordPress ignores all later names.
    """
    fields: dict[str, Any] = {}
    for name in names:
        *outer, last = name.strip().split(".")
        inside = fields
        for part in outer:
            inside = inside.setdefault(part, {})
            if inside is True:
                return fields
        inside[last] = True
    return fields


def _select_fields(body: Any, fields: Mapping[str, Any]) -> Any:
    """Return the selected fields. A part of a list is selected by its index. What is empty is a list, as in PHP."""
    entries = body if isinstance(body, Mapping) else {str(index): entry for index, entry in enumerate(body)}
    selected = {
        key: _select_fields(value, fields[key]) if _is_array(value) and fields[key] is not True else value
        for key, value in entries.items()
        if key in fields
    }
    is_list = list(selected) == list(map(str, range(len(selected))))
    return list(selected.values()) if is_list else selected


def _is_array(value: Any) -> bool:
    return isinstance(value, (Mapping, list)) and not isinstance(value, PhpObject)


def _without_environment(body: Any) -> Any:
    """Return an error body without the plugin's `wpfluent`, which it adds only where there is no envelope."""
    data = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(data, Mapping) or "wpfluent" not in data:
        return body
    rest = {name: value for name, value in data.items() if name != "wpfluent"}
    return {name: rest if name == "data" else value for name, value in body.items() if name != "data" or rest}
