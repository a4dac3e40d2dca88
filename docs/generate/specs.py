"""The specs as documents, with references resolved."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parents[2] / "specs"
METHODS = ("get", "post", "put", "patch", "delete")


@cache
def load(api: str) -> Mapping[str, Any]:
    """The document of `specs/{api}.yaml`."""
    document: Mapping[str, Any] = yaml.load((_FOLDER / f"{api}.yaml").read_text(), yaml.CSafeLoader)
    return document


def resolve(api: str, source: Any) -> Any:
    """A part of a spec with what its `$ref` names instead, at every depth."""
    if isinstance(source, list):
        return [resolve(api, part) for part in source]
    if not isinstance(source, Mapping):
        return source
    if "$ref" not in source:
        return {name: resolve(api, part) for name, part in source.items()}
    target: Any = load(api)
    for part in source["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**resolve(api, target), **{name: part for name, part in source.items() if name != "$ref"}}


def operations(api: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and document of each operation."""
    for path, item in load(api)["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def body_schema(api: str, operation_id: str) -> Mapping[str, Any]:
    """The schema of an operation's JSON body."""
    found = next(one for _, _, one in operations(api) if one["operationId"] == operation_id)
    schema: Mapping[str, Any] = resolve(api, found["requestBody"]["content"]["application/json"]["schema"])
    return schema
