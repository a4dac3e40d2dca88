"""WordPress around the plugin: who calls, which route is meant, how the body is read, what every answer carries."""

import base64
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.records import User
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.redaction import is_same

NAMESPACE = "/fluent-cart/v2"
_PREFIX = re.compile(r"(?:/index\.php)?/wp-json(?=/|$)")
_JSON_TYPE = re.compile(r"(?:^|[\s,])application/(?:[\w!#$&^.+-]+\+)?json(?:\+oembed)?(?:$|[\s,])")
_METHODS = "OPTIONS, GET, POST, PUT, PATCH, DELETE"
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|([^\s";,]+))""", re.IGNORECASE)
_FIELD_NAME = re.compile(rb"""content-disposition:[^\r\n]*[;\s]name=(?:"([^"\r\n]*)"|([^\s";]+))""", re.IGNORECASE)
_FILE_NAME = re.compile(rb"""content-disposition:[^\r\n]*[;\s]filename=""", re.IGNORECASE)
_NO_LETTER = re.compile(r"[^A-Za-z0-9]")
_MAX_HEAD = 4096
_NEVER_CACHE = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


class PhpObject(dict[str, Any]):
    """What is an object to PHP and no array: `_fields` keeps it whole (11-062)."""


@dataclass
class Visit:
    """What WordPress makes of a call before it looks at the body."""

    route: str
    """The REST route, such as /fluent-cart/v2/orders/1001/refund."""
    method: str
    """The method that counts, after overrides."""
    get: Mapping[str, Any]
    """The query string, as PHP reads it."""
    user: User | None
    url: str
    """The site's URL, which is that of the call where the site has none of its own."""
    allow: str = ""
    """The methods of the matched path that this user may use."""

    @property
    def permissions(self) -> Sequence[str]:
        """What the user may do; a stranger has none."""
        return self.user.permissions if self.user else ()

    @property
    def under_plugin(self) -> bool:
        """Whether the route is one of the plugin's, known or not."""
        return self.route.lower().startswith("/fluent-cart/")


def read_visit(context: Context, site_url: str | None, users: Iterable[User]) -> Visit:
    """The route, the method and the user of a call."""
    get = php.parse_query(context.query)
    override = get.get("_method") or context.headers.get("x-http-method-override")
    return Visit(
        route=_route(context, get),
        method=str(override).upper() if override else context.method,
        get=get,
        user=_user(context.headers.get("authorization", ""), users),
        url=site_url or context.base_url,
    )


def _route(context: Context, get: Mapping[str, Any]) -> str:
    """The part after /wp-json, or what `?rest_route=` says, or the path of neither; slashes at the end don't count."""
    prefix = _PREFIX.match(context.path)
    route = context.path[prefix.end() :] if prefix else str(get.get("rest_route", context.path))
    return route.rstrip("/")


def _user(authorization: str, users: Iterable[User]) -> User | None:
    """The user of an application password; whatever is wrong with the header, the caller is a stranger (group 10).

    Everything but letters and digits is dropped from the password, as WordPress shows it in groups.
    """
    login, password = _read_basic(authorization)
    if not password:
        return None
    for user in users:
        if login in (user.login.lower(), user.email.lower()) and is_same(password, _letters(user.application_password)):
            return user
    return None


@lru_cache(64)
def _read_basic(authorization: str) -> tuple[str, str]:
    """Login and password of a header, both empty where it has none."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    login, _, password = _decode_base64(encoded).decode("utf-8", "replace").partition(":")
    return login.lower(), _letters(password)


@lru_cache(64)
def _letters(password: str) -> str:
    return _NO_LETTER.sub("", password)


def _decode_base64(text: str) -> bytes:
    """Base64 as PHP reads it: what is no base64 is skipped, padding may be missing."""
    kept = re.sub(r"[^A-Za-z0-9+/]", "", text)
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    return base64.b64decode(kept + "=" * (-len(kept) % 4))


def has_permission(held: Collection[str], permission: str) -> bool:
    """Whether somebody who holds these permissions may do what a route asks for; what asks for nothing anybody may."""
    return not permission or permission in held or "super_admin" in held


def sanitize_text(value: Any) -> str:
    """A value as WordPress's sanitize_text_field leaves it: one line of text without tags and %xx (13-007); nothing of an array.

    Assumed: what stands between script or style tags stays.
    """
    if isinstance(value, php.ARRAY):
        return ""
    text = re.sub(r"<[^<>]*>?", "", php.to_text(value))
    return re.sub(r"[\r\n\t ]+", " ", re.sub(r"%[0-9A-Fa-f]{2}", "", text)).strip()


def check_nonce(context: Context, visit: Visit) -> None:
    """Raises the refusal of a nonce that nobody is logged in for (10-068)."""
    if _sends_nonce(context, visit) and visit.user is None:
        raise errors.invalid_nonce()


def _sends_nonce(context: Context, visit: Visit) -> bool:
    return bool(context.headers.get("x-wp-nonce") or visit.get.get("_wpnonce"))


def check_callback(visit: Visit) -> None:
    """Raises the refusal of a `_jsonp` that is no function name."""
    callback = visit.get.get("_jsonp")
    if callback is not None and not (isinstance(callback, str) and re.fullmatch(r"[\w.]+", callback, re.ASCII)):
        raise errors.invalid_callback()


def read_params(context: Context, visit: Visit, max_depth: int) -> dict[str, Any]:
    """The parameters of a call: JSON over form over query string, each key whole (group 04).

    Only a body that is declared as JSON can be refused; under any other type, JSON is read when it is there.
    """
    return {**visit.get, **_form(context), **_json(context, max_depth)}


def _json(context: Context, max_depth: int) -> dict[str, Any]:
    if not context.body:
        return {}
    try:
        value = php.json_decode(context.body, max_depth)
    except php.JsonError as error:
        if _JSON_TYPE.search(context.content_type):
            raise errors.invalid_json(error.code, error.message) from None
        return {}
    return value if isinstance(value, dict) else {}


def _form(context: Context) -> dict[str, Any]:
    kind = context.content_type
    if kind == "application/x-www-form-urlencoded":
        return php.parse_query(context.body.decode("utf-8", "replace"))
    if kind == "multipart/form-data":
        return _multipart(context.headers["content-type"], context.body)
    return {}


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a multipart form; files are left out, and so is whatever is no part of one."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return {}
    fields: dict[str, Any] = {}
    separator = b"--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    for part in body.split(separator)[1 : php.MAX_FIELDS + 1]:
        head, _, content = part.partition(b"\r\n\r\n")
        head = head[:_MAX_HEAD]
        name = _FIELD_NAME.search(head)
        if name and not _FILE_NAME.search(head):
            text = content.removesuffix(b"\r\n").decode("utf-8", "replace")
            php.set_field(fields, (name[1] or name[2]).decode("utf-8", "replace"), text)
    return fields


def render(context: Context, visit: Visit, reply: Reply) -> Reply:
    """The reply with WordPress's headers, and in the shape that `_fields`, `_envelope`, `_jsonp` and `_pretty` ask for."""
    body = reply.body
    if "_fields" in visit.get and reply.status < 400:
        body = _only(body, str(visit.get["_fields"]).split(","))
    status, allow = reply.status, "" if reply.status in (401, 403) else visit.allow
    if "_envelope" in visit.get:
        body, status, allow = {"body": body, "status": status, "headers": {"Allow": allow} if allow else []}, 200, ""
    content = php.json_encode(body, pretty="_pretty" in visit.get)
    kind = "application/json"
    callback = visit.get.get("_jsonp")
    if isinstance(callback, str) and status != 400:
        content, kind = b"/**/" + callback.encode() + b"(" + content + b")", "application/javascript"
    headers = _headers(kind, visit.url, allow, personal=visit.user is not None or _sends_nonce(context, visit))
    own = {**_cors(context, visit), **reply.headers}
    return Reply(body, status, {**headers, **own} if own else headers, content, reply.connection)


@lru_cache(64)
def _headers(kind: str, url: str, allow: str, *, personal: bool) -> Mapping[str, str]:
    """What WordPress says around every answer of a type, from a site, on a path with these methods."""
    return {
        "Content-Type": f"{kind}; charset=UTF-8",
        "X-Robots-Tag": "noindex",
        "Link": f'<{url}/wp-json/>; rel="https://api.w.org/"',
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
        "Access-Control-Allow-Headers": "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type",
        **({"Allow": allow} if allow else {}),
        **(_NEVER_CACHE if personal else {}),
    }


def _cors(context: Context, visit: Visit) -> Mapping[str, str]:
    origin = context.headers.get("origin")
    if origin:
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Credentials": "true",
            "Vary": "Origin",
        }
    return {"Vary": "Origin"} if context.method == "GET" and visit.user is None else {}


def _only(body: Any, names: list[str]) -> Any:
    """The fields that `_fields` names; a dot leads into a field."""
    if isinstance(body, list):
        return [_only(entry, names) for entry in body]
    if not isinstance(body, Mapping):
        return body
    kept: dict[str, Any] = {}
    for name in (name.strip() for name in names):
        head, _, rest = name.partition(".")
        if head not in body:
            continue
        part = _only(body[head], [rest]) if rest and not isinstance(body[head], PhpObject) else body[head]
        merged = {**kept[head], **part} if rest and isinstance(kept.get(head), dict) and isinstance(part, dict) else part
        kept[head] = merged
    return kept


def describe(url: str, methods: list[str], parameters: Iterable[str]) -> dict[str, Any]:
    """The answer to OPTIONS on a known path (05-042); one without parameters also says where it is (05-049)."""
    args = {name: {"required": True} for name in parameters}
    endpoints = [{"methods": [method], "args": args or []} for method in methods]
    links = {} if args else {"_links": {"self": [{"href": url}]}}
    return {"namespace": NAMESPACE.strip("/"), "methods": methods, "endpoints": endpoints, **links}
