"""Versions of the plugin, and the one table of what differs between them.

`Rules` names each change with the release that brought it. Code reads the rules of the emulated version and never compares
version texts. The table of versions in the documentation is made from it.

How a change is known: *measured* on a running 1.3.25 or 1.5.2; *overlay*: recorded from a 1.5.2 with the later functions
written into it; *source*: read in the plugin's code at a release; *changelog*: in the plugin's release notes only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

Version = Literal["1.6.5", "1.6.2", "1.5.2", "1.3.25"]
VERSIONS: tuple[Version, ...] = get_args(Version)
"""The emulated versions, newest first."""


class Change(NamedTuple):
    """A change of the plugin: the release that brought it, how it is known, and the behaviour since then."""

    since: str
    source: Literal["measured", "overlay", "source", "changelog"]
    text: str


def _since(release: str, source: str, text: str) -> Any:
    return field(metadata={"change": Change(release, source, text)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Rules:
    """Rules of one version: whether each change of the plugin is in it."""

    version: Version
    generic_errors: bool = _since("1.4.0", "measured", "A 500 hides PHP's message behind a general text.")
    checked_statuses: bool = _since("1.4.0", "measured", "A transaction accepts five statuses only.")
    numeric_tax_behavior: bool = _since("1.4.0", "measured", "`tax_behavior` of an order is a number, not text.")
    display_item_name: bool = _since("1.5.0", "measured", "A subscription has `display_item_name`.")
    shows_refundable: bool = _since("1.5.2", "measured", "A transaction has `refundable`, in minor units.")
    store_billing: bool = _since(
        "1.6.0", "source", "The shop can bill subscriptions itself. Such subscriptions can be paused, resumed and reactivated."
    )
    own_transaction: bool = _since("1.6.1", "overlay", "`GET /orders/{id}/transactions/{id}` checks the transaction's id.")
    allowed_relations: bool = _since("1.6.1", "overlay", "`with[]` accepts listed relations and ignores the others.")
    minor_units: bool = _since("1.6.2", "overlay", "The amount of a refund is minor units, not major units.")
    final_success: bool = _since("1.6.4", "overlay", "The status of a succeeded transaction cannot be changed.")


@lru_cache(256)  # each request compares its operation's release
def has_reached(version: str, release: str) -> bool:
    """Whether a version is at least a release."""
    return _numbers(version) >= _numbers(release)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


CHANGES: Mapping[str, Change] = {
    change.name: change.metadata["change"] for change in fields(Rules) if "change" in change.metadata
}
"""The changes by the name of their rule, in the order of the table."""


def _rules_of(version: Version) -> Rules:
    return Rules(version, **{name: has_reached(version, change.since) for name, change in CHANGES.items()})


RULES: Mapping[Version, Rules] = {version: _rules_of(version) for version in VERSIONS}
