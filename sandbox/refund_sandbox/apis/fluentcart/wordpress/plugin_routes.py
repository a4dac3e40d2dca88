"""Routes of the plugin itself, whether the sandbox serves them or not: `plugin_routes.txt`."""

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from refund_sandbox.apis.fluentcart.versions import VERSIONS, Version, has_reached

_GROUPS = {"{}": "[^/]+", "{n}": "[0-9]+"}
_OF_EVERYBODY = ("/public/", "/checkout/", "/user/")
_OF_USERS = ("/address-info/", "/customer-profile")
"""Routes that need a login and no permission. Measured for both groups, in 1.5.2."""


class PluginRoute(NamedTuple):
    """One method of one path. `path` has `{}` for a parameter, and `{n}` for one of digits."""

    method: str
    path: str
    since: str

    @property
    def title(self) -> str:
        return self.path.replace("{n}", "{}")

    def admits(self, *, is_logged_in: bool, permissions: Collection[str]) -> bool:
        """Whether a user may call the route: one with any permission, as which one it takes is not known."""
        if self.path.startswith(_OF_EVERYBODY):
            return True
        return is_logged_in and (bool(permissions) or self.path.startswith(_OF_USERS))


def find(method: str, path: str, version: Version) -> PluginRoute | None:
    """Return the plugin's route for a path below its namespace. A path without parameters comes first."""
    found = [
        route
        for pattern, route in _routes()
        if route.method == method and has_reached(version, route.since) and pattern.fullmatch(path)
    ]
    return min(found, key=lambda route: route.path.count("{"), default=None)


@cache
def _routes() -> tuple[tuple[re.Pattern[str], PluginRoute], ...]:
    return tuple((_pattern(route.path), route) for route in _read())


def _read() -> Iterator[PluginRoute]:
    for line in Path(__file__).with_name("plugin_routes.txt").read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            path, methods, *since = line.split(" ")
            for method in methods.split(","):
                yield PluginRoute(method, path, since[0] if since else VERSIONS[-1])


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{n?\})", path)
    return re.compile("".join(_GROUPS.get(part) or re.escape(part) for part in parts), re.IGNORECASE)
