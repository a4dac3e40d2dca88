"""The version of the plugin that a shop runs, and the emulated version that is nearest to it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart.versions import CHANGES, RULES, VERSIONS, Version, has_reached
from refund_sandbox.core.record_fields import rows_with
from refund_sandbox.core.verification import LiveServiceError

_NUMBER = re.compile(r"\d+(\.\d+){1,3}")
_STABLE_TAG = re.compile(r"^Stable tag:\s*(\d+(?:\.\d+){1,3})\s*$", re.IGNORECASE | re.MULTILINE)
_PLUGIN = "fluent-cart/fluent-cart"


class FoundVersion(Struct, frozen=True):
    """A version, where it was found, and whether that place says it or only shows what the version has."""

    number: str
    source: str
    is_certain: bool = True

    @property
    def profile(self) -> Version:
        """The emulated version that is nearest."""
        if not self.is_certain and self.number in _LATEST:
            return _LATEST[self.number]
        return nearest(self.number)


_LATEST: Mapping[str, Version] = {"1.6.2": VERSIONS[0]}
"""Versions that replies do not tell from later ones, with the latest of those."""


def nearest(number: str) -> Version:
    """Return the emulated version with the fewest changes to a version. The unit of amounts must be the same."""
    rules = {name: has_reached(number, change.since) for name, change in CHANGES.items()}

    def distance(version: Version) -> tuple[bool, int]:
        emulated = RULES[version]
        differing = sum(getattr(emulated, name) is not has for name, has in rules.items())
        return emulated.minor_units is not rules["minor_units"], differing

    return min(VERSIONS, key=distance)


def check_number(text: str) -> str:
    """Return a version that a user has typed. Raise LiveServiceError if it is none."""
    if not _NUMBER.fullmatch(text):
        raise LiveServiceError(f"Invalid version {text!r}. Use a version of the plugin, such as {VERSIONS[0]}.")
    return text


def in_plugin_list(body: Any) -> str | None:
    """Return the version from WordPress's list of plugins, which only administrators may read."""
    for plugin in body if isinstance(body, list) else ():
        if isinstance(plugin, Mapping) and plugin.get("plugin") == _PLUGIN:
            version = plugin.get("version")
            return version if isinstance(version, str) and _NUMBER.fullmatch(version) else None
    return None


def in_readme(body: Any) -> str | None:
    """Return the version from the plugin's readme.txt."""
    found = _STABLE_TAG.search(body) if isinstance(body, str) else None
    return found[1] if found else None


def guess(routes: Mapping[str, Any], order: Mapping[str, Any]) -> FoundVersion:
    """Return the latest release of which a route or a field is there."""
    reached = [release for release, is_there in _SIGNS.items() if is_there(routes, order)]
    return FoundVersion(reached[-1] if reached else VERSIONS[-1], "its routes and fields", is_certain=False)


_Sign = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def _has_route(ending: str) -> _Sign:
    return lambda routes, _: any(route.endswith(ending) for route in routes)


_SIGNS: Mapping[str, _Sign] = {
    "1.4.0": lambda _, order: isinstance(order.get("tax_behavior"), int),
    "1.5.2": lambda _, order: "is_b2b_order" in order or bool(rows_with(order.get("transactions"), "refundable")),
    "1.6.0": _has_route("/sync"),
    "1.6.2": _has_route("/vendor-ids"),
}
"""Signs of a release, oldest first: what the replies have since then."""
