"""YAML as another parser than the sandbox's own reads it."""

from typing import Any

import yaml


def read_yaml(text: str) -> Any:
    """Return a document. The parser in Python, which `yaml.safe_load` uses, takes 3 s for the spec of FluentCart."""
    return yaml.load(text, yaml.CSafeLoader)
