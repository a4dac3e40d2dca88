"""Routes of the plugin: the operations at a path in the emulated version, and the methods that a user may call there."""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from refund_sandbox.apis.fluentcart.versions import VERSIONS, Version, has_reached
from refund_sandbox.apis.fluentcart.wordpress import plugin_routes
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.spec.router import Match, Spec

_BRACES = re.compile(r"\{[^{}]*\}")


Find = Callable[[str], Mapping[str, Match]]
"""Function of a spec that returns the operations at a path by method."""


class Access(NamedTuple):
    """The operations of a route by method, and the methods that a user may call there, for the Allow header."""

    matches: Mapping[str, Match]
    allow: str


def find_matches(spec: Spec, route: str, version: Version | None = None) -> Mapping[str, Match]:
    """Return the operations at a REST route by method: those of every version, or of one."""
    if not route.lower().startswith(NAMESPACE):
        return {}
    path = route[len(NAMESPACE) :]
    return spec.find(path or "/") if version is None else _find_in_version(spec.find, path, version)


@lru_cache(256)
def _find_in_version(find: Find, path: str, version: Version) -> Mapping[str, Match]:
    found = {
        method: match
        for method, match in find(path or "/").items()
        if has_reached(version, match.operation.extensions.get("x-since", VERSIONS[-1]))
    }
    first = next(iter(found.values()), None)
    if first and first.params and not all(map(str.isdigit, first.params.values())):
        return {method: match for method, match in found.items() if _takes_text(match, path, version)}
    return found


def find_access(spec: Spec, route: str, version: Version, method: str | None, permissions: Collection[str]) -> Access:
    """Return the access of a user with these permissions to the route of the operation with a method, None for OPTIONS.

    It is empty if the emulated version has no such operation.
    """
    if not route.lower().startswith(NAMESPACE):
        return Access({}, "")
    return _find_access(spec.find, route[len(NAMESPACE) :], version, method, tuple(permissions))


@lru_cache(256)
def _find_access(find: Find, path: str, version: Version, method: str | None, permissions: tuple[str, ...]) -> Access:
    matches = _find_in_version(find, path, version)
    if method and method not in matches:
        return Access({}, "")
    if len(matches) > 1:
        matches = _of_one_route(matches, matches[method].operation if method else None)
    return Access(matches, ", ".join(methods_at(matches, permissions)))


def _takes_text(match: Match, path: str, version: Version) -> bool:
    """Whether an operation serves a path with a parameter that is no number.

    The plugin can demand digits there, or have a route of its own at that path: `/customers/attachable-user`.
    """
    digits_since = match.operation.extensions.get("x-digits-since")
    if digits_since and has_reached(version, digits_since):
        return False
    own = plugin_routes.find(match.operation.method, path, version)
    return own is None or own.path.count("{") >= len(match.params)


def _of_one_route(matches: Mapping[str, Match], operation: SpecOperation | None) -> Mapping[str, Match]:
    """Return the operations of the route that a request is for, without those of others at the same path.

    `/products/fetch-term` also fits `/products/{product}`. WordPress answers OPTIONS with the first route. An operation with
    `x-digits-route` has a route of its own for numbers, before that of the others (32-165).
    """
    operations = [match.operation for match in matches.values()]
    of_digits = [match for match in matches.values() if _is_of_digits(match)]
    if of_digits and operation in (None, of_digits[0].operation):
        return {of_digits[0].operation.method: of_digits[0]}
    chosen = _BRACES.sub("{}", (operation or min(operations, key=lambda one: len(one.parameters))).path)
    return {method: match for method, match in matches.items() if _BRACES.sub("{}", match.operation.path) == chosen}


def _is_of_digits(match: Match) -> bool:
    return "x-digits-route" in match.operation.extensions and all(map(str.isdigit, match.params.values()))


def available_operations(spec: Spec, version: Version) -> list[SpecOperation]:
    """Return the operations that the emulated version has."""
    return [operation for operation in spec.operations if has_reached(version, operation.extensions.get("x-since", VERSIONS[-1]))]


def methods_at(matches: Mapping[str, Match], permissions: Collection[str] = ("super_admin",)) -> list[str]:
    """Return the methods of a path that a user with these permissions may call.

    The plugin registers them in the order of the spec: `PUT, GET` for a customer (32-036).
    """
    operations = [match.operation for match in matches.values()]
    return [one.method for one in operations if has_permission(permissions, one.extensions.get("x-permission", ""))]
