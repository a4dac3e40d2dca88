"""The emulated APIs: one package each, and those of other distributions."""

from importlib import import_module
from importlib.metadata import entry_points

from refund_sandbox.core.api import ApiDescriptor

_OWN = ("funnelfox", "fluentcart")
_GROUP = "refund_sandbox.apis"
"""Entry point group of the APIs of other distributions. An entry point is an ApiDescriptor."""


def load_descriptors() -> dict[str, ApiDescriptor]:
    """Return the descriptors of all installed APIs by name."""
    own = [import_module(f"{__name__}.{name}.api").API for name in _OWN]
    others = [entry.load() for entry in entry_points(group=_GROUP)]
    return {api.name: api for api in (*own, *others)}
