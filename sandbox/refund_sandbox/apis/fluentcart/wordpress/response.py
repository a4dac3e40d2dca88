"""Replies as WordPress sends them: headers, and the `_fields`, `_envelope`, `_jsonp` and `_pretty` parameters."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.php import PhpObject
from refund_sandbox.apis.fluentcart.php_json import json_encode
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE, WordPressRequest
from refund_sandbox.core.context import Reply, Request

_CORS_METHODS = "OPTIONS, GET, POST, PUT, PATCH, DELETE"
_BETWEEN_NAMES = re.compile(r"[\s,]+", re.ASCII)
_NO_CACHE = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


def render(sent: Request, request: WordPressRequest, reply: Reply) -> Reply:
    """Return the reply with WordPress's headers, in the shape that the query string selects."""
    body = reply.body
    names = _field_names(request.query["_fields"]) if "_fields" in request.query and reply.status < 400 else []
    if names:
        body = _select_fields(body, names)
    status, allow = reply.status, "" if reply.status in (401, 403) else request.allow
    if "_envelope" in request.query:
        body, status, allow = {"body": body, "status": status, "headers": {"Allow": allow} if allow else []}, 200, ""
    content = json_encode(body, pretty="_pretty" in request.query) if reply.content is None else reply.content
    media_type = "application/json"
    callback = request.query.get("_jsonp")
    if isinstance(callback, str) and status != 400:
        content, media_type = b"/**/" + callback.encode() + b"(" + content + b")", "application/javascript"
    headers = _headers(media_type, request.site_url, allow, no_cache=request.user is not None or request.has_nonce)
    if sent.headers.get("origin"):
        headers = {**headers, **_cors_headers(sent.headers["origin"])}
    elif sent.method == "GET" and request.user is None:
        headers = {**headers, "Vary": "Origin"}
    return Reply(body, status, {**headers, **reply.headers} if reply.headers else headers, content, reply.connection)


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


def _select_fields(body: Any, names: list[str]) -> Any:
    """Return the fields that `_fields` names; a dot selects a field inside a field."""
    if isinstance(body, list):
        return [_select_fields(entry, names) for entry in body]
    if not isinstance(body, Mapping):
        return body
    selected: dict[str, Any] = {}
    for name in (name.strip() for name in names):
        head, _, rest = name.partition(".")
        if head not in body:
            continue
        part = _select_fields(body[head], [rest]) if rest and not isinstance(body[head], PhpObject) else body[head]
        merged = {**selected[head], **part} if rest and isinstance(selected.get(head), dict) and isinstance(part, dict) else part
        selected[head] = merged
    return selected


def describe_route(url: str, methods: list[str], parameters: Iterable[str]) -> dict[str, Any]:
    """Return the reply to OPTIONS on a known path (05-042). A path without parameters also has its URL (05-049)."""
    args = {name: {"required": True} for name in parameters}
    endpoints = [{"methods": [method], "args": args or []} for method in methods]
    links = {} if args else {"_links": {"self": [{"href": url}]}}
    return {"namespace": NAMESPACE.strip("/"), "methods": methods, "endpoints": endpoints, **links}
