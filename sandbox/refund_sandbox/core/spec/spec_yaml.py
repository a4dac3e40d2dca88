"""Specs as YAML text."""

from collections.abc import Mapping
from typing import Any

import yaml


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """YAML without anchors, which many readers of specs do not know."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_yaml(document: Mapping[str, Any]) -> str:
    """Return a spec as YAML."""
    return yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
