"""Loader of OpenAPI 3.1 files. It rejects, by name, every keyword that the sandbox would not enforce.

Query parameters are the exception: an API reads them itself. Each has to say so with `x-enforced: false`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

from refund_sandbox.core import package_files, shipped_documents
from refund_sandbox.core.errors import BadDocument, SpecError
from refund_sandbox.core.shipped_documents import read_prepared, read_shipped
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.validation.formats import FORMATS
from refund_sandbox.core.validation.keywords import ANNOTATIONS, ENFORCED, Schema, with_parts
from refund_sandbox.core.validation.validator import Validator

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"

# Keys that are allowed in each kind of object: those that the loader reads, and those that are for readers. Other keys are
# rejected, except for `x-…`.
_KNOWN: dict[str, frozenset[str]] = {
    "document": frozenset("openapi info servers security paths components tags".split()),
    "components": frozenset(["schemas", "responses", "parameters", "securitySchemes"]),
    "path": frozenset((*METHODS, "parameters", "summary", "description")),
    "operation": frozenset("operationId tags summary description parameters requestBody responses security deprecated".split()),
    "parameter": frozenset(["name", "in", "required", "description", "schema"]),
    "requestBody": frozenset(["required", "description", "content"]),
    "response": frozenset(["description", "content"]),
    "media type": frozenset(["schema", "example", "examples"]),
}

# Placeholder of a path parameter, the status of a response, and the regular expression of a parameter by type.
_BRACES = re.compile(r"\{([^{}]*)\}")
_STATUS = re.compile("[1-5][0-9][0-9]")
_SEGMENTS = {"string": "[^/]+", "integer": "[0-9]+"}


def load(api: str, path: Path | None = None) -> Spec:
    """Load a spec, by default `specs/{api}.yaml`. Raise SpecError for anything that would not be enforced."""
    path = path or package_files.path_of("specs", f"{api}.yaml")
    return parse(api, path.read_text(encoding="utf-8"))


def parse(api: str, text: str) -> Spec:
    """Parse the spec in `text`. Raise SpecError with file and location."""
    operations, schemas = read_prepared(api, text, partial(_read, api))
    return Spec(api, text, operations, schemas)


def prepare(folder: Path, api: str, text: str) -> None:
    """Write the file from which `parse` reads this spec faster."""
    shipped_documents.prepare(folder, api, text, partial(_read, api))


def _read(api: str, text: str) -> tuple[tuple[SpecOperation, ...], dict[str, Schema]]:
    """Return the operations and the named schemas of a spec."""
    try:
        document = _SpecReader(api, read_shipped(text))
    except BadDocument as bad:
        raise SpecError(f"specs/{api}.yaml: {bad}") from None
    return tuple(document.operations()), document.schemas()


class _SpecReader:
    def __init__(self, api: str, document: Any) -> None:
        self._api = api
        self._root = document
        self._shared: dict[str, Validator | None] = {}
        self._named: dict[str, Schema] = {}
        self._check_keys("document", document, "")
        if not str(document.get("openapi", "")).startswith("3.1"):
            self._fail("openapi", "must be 3.1")
        components = document.get("components", {})
        self._check_keys("components", components, "components")
        self._schemes = frozenset(components.get("securitySchemes", {}))
        for name in components.get("parameters", {}):
            self._parameter({"$ref": f"#/components/parameters/{name}"}, "components")
        for name, reply in components.get("responses", {}).items():
            self._reply(reply, f"components/responses/{name}")

    def schemas(self) -> dict[str, Schema]:
        schemas = self._root.get("components", {}).get("schemas", {})
        return {name: self._schema({"$ref": f"#/components/schemas/{name}"}, "components") for name in schemas}

    def operations(self) -> Iterator[SpecOperation]:
        operation_ids: set[str] = set()
        paths = self._root.get("paths")
        if not isinstance(paths, dict):
            self._fail("paths", "must be an object of paths")
        for path, item in paths.items():
            self._check_keys("path", item, f"paths/{path}")
            for method in item:
                if method in METHODS:
                    operation = self._operation(path, method, item[method], item.get("parameters", []))
                    if operation.operation_id in operation_ids:
                        self._fail(f"paths/{path}/{method}", f"operationId {operation.operation_id} is used twice")
                    operation_ids.add(operation.operation_id)
                    yield operation

    def _operation(self, path: str, method: str, source: Mapping[str, Any], shared: list[Any]) -> SpecOperation:
        location = f"paths/{path}/{method}"
        self._check_keys("operation", source, location)
        if "operationId" not in source:
            self._fail(location, "has no operationId, which names its handler")
        declared = [self._parameter(entry, location) for entry in (*shared, *source.get("parameters", []))]
        parameters = [entry for entry in declared if entry["in"] == "path"]
        self._check_parameters(path, parameters, location)
        return SpecOperation(
            api=self._api,
            operation_id=source["operationId"],
            method=method.upper(),
            path=path,
            expression=self._expression(path, parameters, location),
            ignores_case=bool(self._root.get("x-ignore-case")),
            secured=self._secured(source.get("security", self._root.get("security", [])), location),
            body=self._body(source.get("requestBody"), f"{location}/requestBody"),
            replies=dict(self._replies(source.get("responses", {}), f"{location}/responses")),
            parameters=tuple(entry["name"] for entry in parameters),
            extensions={key: value for key, value in source.items() if key.startswith("x-")},
            body_required=bool((source.get("requestBody") or {}).get("required", False)),
        )

    def _secured(self, requirements: list[Mapping[str, Any]], location: str) -> bool:
        for name in (name for requirement in requirements for name in requirement):
            if name not in self._schemes:
                self._fail(location, f"security scheme {name} is not declared")
        return bool(requirements)

    def _parameter(self, source: Any, location: str) -> Mapping[str, Any]:
        parameter: Mapping[str, Any] = self._resolve(source)
        location = f"{location}/parameters/{parameter.get('name')}"
        self._check_keys("parameter", parameter, location)
        if parameter.get("in") == "query" and parameter.get("x-enforced") is False:
            return {**parameter, "schema": self._schema(parameter.get("schema"), location)}
        if parameter.get("in") != "path":
            self._fail(location, f"parameters in {parameter.get('in')} are not enforced")
        schema = self._schema(parameter.get("schema"), location)
        others = sorted(set(schema) - ANNOTATIONS - {"type"})
        if others:
            self._fail(location, f"the keyword {others[0]} is not enforced in a path")
        if schema.get("type") not in _SEGMENTS:
            self._fail(location, f"the type {schema.get('type')} is not enforced in a path; known: {', '.join(_SEGMENTS)}")
        return {**parameter, "schema": schema}

    def _check_parameters(self, path: str, parameters: list[Mapping[str, Any]], location: str) -> None:
        """Check that the path's parameters are declared, and that declared ones are in the path."""
        declared_names, path_names = {entry["name"] for entry in parameters}, set(_BRACES.findall(path))
        for name in sorted(path_names - declared_names):
            self._fail(location, f"path parameter {name} is not declared")
        for name in sorted(declared_names - path_names):
            self._fail(location, f"path parameter {name} is in no path")

    def _expression(self, path: str, parameters: list[Mapping[str, Any]], location: str) -> str:
        types = {entry["name"]: entry["schema"]["type"] for entry in parameters}
        parts = _BRACES.split(path)
        for name in parts[1::2]:
            if not name.isidentifier():
                self._fail(location, f"path parameter {name} must be letters, digits and underscores")
            if parts[1::2].count(name) > 1:
                self._fail(location, f"path parameter {name} is used twice")
        literal = [re.escape(part) for part in parts[::2]]
        groups = [f"(?P<{name}>{_SEGMENTS[types[name]]})" for name in parts[1::2]]
        return "".join(map("".join, zip_longest(literal, groups, fillvalue="")))

    def _body(self, source: Any, location: str) -> Validator | None:
        if source is None:
            return None
        self._check_keys("requestBody", source, location)
        return self._content(source.get("content", {}), location)

    def _replies(self, source: Mapping[str, Any], location: str) -> Iterator[tuple[int, Validator | None]]:
        for status, reference in source.items():
            if not _STATUS.fullmatch(str(status)):
                self._fail(f"{location}/{status}", "a response must name one status")
            yield int(status), self._shared_reply(reference, f"{location}/{status}")

    def _shared_reply(self, reference: Any, location: str) -> Validator | None:
        """Read a response. A response that several operations reference is read once."""
        name = reference.get("$ref") if isinstance(reference, dict) else None
        if name is None:
            return self._reply(reference, location)
        if name not in self._shared:
            self._shared[name] = self._reply(self._resolve(reference), location)
        return self._shared[name]

    def _reply(self, source: Any, location: str) -> Validator | None:
        self._check_keys("response", source, location)
        return self._content(source.get("content", {}), location)

    def _content(self, content: Mapping[str, Any], location: str) -> Validator | None:
        others = sorted(set(content) - {JSON})
        if others:
            self._fail(location, f"content of type {', '.join(others)} is not enforced")
        if JSON not in content:
            return None
        self._check_keys("media type", content[JSON], location)
        return Validator(self._schema(content[JSON].get("schema"), location))

    def _schema(self, source: Any, location: str, within: tuple[str, ...] = ()) -> Schema:
        """Return the schema with every `$ref` replaced by its target."""
        if not isinstance(source, dict):
            self._fail(location, "must be a schema")
        if "$ref" in source:
            name = source["$ref"]
            if name in within:
                self._fail(location, f"{name} refers to itself, which is not supported")
            notes = {key: value for key, value in source.items() if key != "$ref"}
            for key in notes:
                if key not in ANNOTATIONS:
                    self._fail(location, f"the keyword {key} next to $ref is not enforced")
            if name not in self._named:
                self._named[name] = self._schema(self._resolve(source), name, (*within, name))
            return {**self._named[name], **notes} if notes else self._named[name]
        self._check_schema(source, location)
        return with_parts(source, lambda part, place: self._schema(part, f"{location}/{place}", within))

    def _check_schema(self, source: Mapping[str, Any], location: str) -> None:
        if "format" in source and source["format"] not in FORMATS:
            self._fail(location, f"the format {source['format']} is not enforced; known: {', '.join(sorted(FORMATS))}")
        for keyword, value in source.items():
            if keyword in ANNOTATIONS or keyword.startswith("x-"):
                continue
            if keyword not in ENFORCED:
                self._fail(location, f"the keyword {keyword} is not enforced")
            if not ENFORCED[keyword](value):
                self._fail(location, f"the keyword {keyword} can't be {value!r}")

    def _resolve(self, source: Any) -> Any:
        if not isinstance(source, dict) or "$ref" not in source:
            return source
        target: Any = self._root
        for part in str(source["$ref"]).removeprefix("#/").split("/"):
            if not isinstance(target, dict) or part not in target:
                self._fail(source["$ref"], "refers to nothing in this file")
            target = target[part]
        return target

    def _check_keys(self, kind: str, source: Any, location: str) -> None:
        if not isinstance(source, dict):
            self._fail(location, f"{kind} must be an object")
        for key in source:
            if key not in _KNOWN[kind] and not key.startswith("x-"):
                self._fail(location, f"{kind} key {key} is not supported")

    def _fail(self, location: str, reason: str) -> NoReturn:
        raise SpecError(f"specs/{self._api}.yaml, {location or 'top level'}: {reason}")
