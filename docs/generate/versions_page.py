"""Reference of what differs between the versions of FluentCart, from `apis/fluentcart/versions.py`."""

from collections.abc import Iterator

from docs.generate.markdown import mono, page, table
from refund_sandbox.apis.fluentcart.versions import CHANGES, RULES, VERSIONS

_INTRODUCTION = """# FluentCart versions

You can look up what a client sees in each version of the plugin that the sandbox emulates.

The setting `fluentcart.version` chooses the version: `refund-sandbox serve --fluentcart-version 1.5.2`, or
`PUT /_sandbox/settings` with `{"fluentcart": {"version": "1.5.2"}}`. Test with each version that your customers run."""
_SOURCES = """## How the sandbox knows

| Word | Means |
|---|---|
| measured | recorded from an unmodified plugin, 1.3.25 or 1.5.2 |
| overlay | recorded from a 1.5.2 into which the later functions were written one by one |
| source | read in the source of a release |

`tests/conformance` replays the recordings against each version, with live validation. [Fidelity](../about/fidelity.md) has the
figures."""


def render() -> str:
    return page(
        _INTRODUCTION,
        "## Versions",
        table(("Version", "Unit of a refund's `amount`", "`amount` to refund 19.00"), _units()),
        "## Changes",
        "A version has all changes up to it. The newest one is the default.",
        table(("Since", "Behaviour since then", "In", "Known from"), _changes()),
        _SOURCES,
    )


def _units() -> Iterator[tuple[str, str, str]]:
    for version in VERSIONS:
        name = mono(version) + (" (default)" if version == VERSIONS[0] else "")
        yield (name, "minor units", "`1900`") if RULES[version].minor_units else (name, "major units", "`19`")


def _changes() -> Iterator[tuple[str, str, str, str]]:
    for name, change in sorted(CHANGES.items(), key=lambda entry: tuple(map(int, entry[1].since.split("."))), reverse=True):
        versions = [version for version in reversed(VERSIONS) if getattr(RULES[version], name)]
        yield change.since, change.text, ", ".join(versions), change.source
