"""Reads an OpenAPI 3.1 file into operations, refusing by name whatever it would not enforce."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple, NoReturn

from refund_sandbox.core import package_files
from refund_sandbox.core.documents import read_yaml
from refund_sandbox.core.errors import BadDocument, SpecError
from refund_sandbox.core.validation.validator import ANNOTATIONS, ENFORCED, FORMATS, Schema, Validator, Violation, schema_parts
from refund_sandbox.frozen import frozen

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"

# The keys that the loader reads or that only people read, per kind of object. Others are refused, but for `x-…`.
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

# A parameter in a path: where it stands, and what it may look like by its type.
_BRACES = re.compile(r"\{([^{}]*)\}")
_SEGMENTS = {"string": "[^/]+", "integer": "[0-9]+"}


@frozen
class Operation:
    """One method on one path; `operation_id` names the handler."""

    api: str
    operation_id: str
    method: str
    path: str
    expression: str
    """The regular expression of its paths."""
    ignores_case: bool
    secured: bool
    body: Validator | None
    replies: Mapping[int, Validator | None]
    parameters: tuple[str, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    body_required: bool = True

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when it is first asked for: few are by any one client."""
        return re.compile(self.expression, re.IGNORECASE if self.ignores_case else 0)

    @cached_property
    def handler_name(self) -> str:
        """`refundOrder` is answered by the method `refund_order`."""
        return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", self.operation_id)

    def violations(self, document: Any) -> list[Violation]:
        """Every way in which a request body departs from the spec."""
        return self.body.violations(document) if self.body else []


class Match(NamedTuple):
    """An operation at a path, and what the path's parameters are."""

    operation: Operation
    params: Mapping[str, str]


@frozen
class Spec:
    """One API's spec: its operations, its schemas, and the text that it was read from."""

    api: str
    text: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Schema]

    @cached_property
    def _by_end(self) -> Mapping[tuple[int, str], Mapping[str, list[Operation]]]:
        """The operations by how many parts their path has, since no parameter spans two, and by its last part; then by path.

        Where the last part is a parameter they are under every last part that others have, and under an empty one.
        """
        ends = {_end(operation.path) for operation in self.operations}
        found: dict[tuple[int, str], dict[str, list[Operation]]] = {}
        for operation in self.operations:
            length, last = _end(operation.path)
            for end in [(length, ""), *ends] if "{" in last else [(length, last)]:
                if end[0] == length:
                    found.setdefault(end, {}).setdefault(operation.expression, []).append(operation)
        return found

    def find(self, path: str) -> Mapping[str, Match]:
        """The operations at a path below the base URL, by method in the order of the file; none at an unknown one."""
        found = self._plain.get(path)
        if found is None:
            found = self._search(path)
            if path in self._plain:
                self._plain[path] = found
        return found

    @cached_property
    def _plain(self) -> dict[str, Mapping[str, Match] | None]:
        """What is at the paths that have no parameters, as they are written; None until somebody asks."""
        return dict.fromkeys(operation.path for operation in self.operations if "{" not in operation.path)

    def _search(self, path: str) -> Mapping[str, Match]:
        found: dict[str, Match] = {}
        length, last = _end(path)
        candidates = self._by_end.get((length, last)) or self._by_end.get((length, ""), {})
        for operations in candidates.values():
            here = operations[0].pattern.fullmatch(path)
            if here:
                params = here.groupdict()
                for operation in operations:
                    found.setdefault(operation.method, Match(operation, params))
        return found


def _end(path: str) -> tuple[int, str]:
    """How many parts a path has, and the last one, whatever its case."""
    return path.count("/"), path.rpartition("/")[2].lower()


def load(api: str) -> Spec:
    """The spec of `specs/{api}.yaml`. Raises SpecError for anything that would not be enforced."""
    text = package_files.path_of("specs", f"{api}.yaml").read_text(encoding="utf-8")
    return parse(api, text)


def parse(api: str, text: str) -> Spec:
    """The spec in `text`. Raises SpecError, naming file and place."""
    try:
        document = _Reader(api, read_yaml(text))
    except BadDocument as bad:
        raise SpecError(f"specs/{api}.yaml: {bad}") from None
    return Spec(api, text, tuple(document.operations()), document.schemas())


class _Reader:
    def __init__(self, api: str, document: Any) -> None:
        self._api = api
        self._root = document
        self._shared: dict[str, Validator | None] = {}
        self._named: dict[str, Schema] = {}
        self._check_keys("document", document, "")
        if not str(document.get("openapi", "")).startswith("3.1"):
            self._refuse("openapi", "must be 3.1")
        components = document.get("components", {})
        self._check_keys("components", components, "components")
        self._schemes = frozenset(components.get("securitySchemes", {}))
        for name in components.get("parameters", {}):
            self._parameter({"$ref": f"#/components/parameters/{name}"}, "components")
        for name, reply in components.get("responses", {}).items():
            self._reply(reply, f"components/responses/{name}")

    def schemas(self) -> dict[str, Schema]:
        named = self._root.get("components", {}).get("schemas", {})
        return {name: self._schema(schema, f"components/schemas/{name}") for name, schema in named.items()}

    def operations(self) -> Iterator[Operation]:
        seen: set[str] = set()
        paths = self._root.get("paths")
        if not isinstance(paths, Mapping):
            self._refuse("paths", "must say which operations there are")
        for path, item in paths.items():
            self._check_keys("path", item, f"paths/{path}")
            for method in METHODS:
                if method in item:
                    operation = self._operation(path, method, item[method], item.get("parameters", []))
                    if operation.operation_id in seen:
                        self._refuse(f"paths/{path}/{method}", f"operationId {operation.operation_id} is used twice")
                    seen.add(operation.operation_id)
                    yield operation

    def _operation(self, path: str, method: str, source: Mapping[str, Any], shared: list[Any]) -> Operation:
        place = f"paths/{path}/{method}"
        self._check_keys("operation", source, place)
        if "operationId" not in source:
            self._refuse(place, "has no operationId, which names its handler")
        parameters = [self._parameter(entry, place) for entry in (*shared, *source.get("parameters", []))]
        self._check_parameters(path, parameters, place)
        return Operation(
            api=self._api,
            operation_id=source["operationId"],
            method=method.upper(),
            path=path,
            expression=self._expression(path, parameters, place),
            ignores_case=bool(self._root.get("x-ignore-case")),
            secured=self._secured(source.get("security", self._root.get("security", [])), place),
            body=self._body(source.get("requestBody"), f"{place}/requestBody"),
            replies=dict(self._replies(source.get("responses", {}), f"{place}/responses")),
            parameters=tuple(entry["name"] for entry in parameters),
            extensions={key: value for key, value in source.items() if key.startswith("x-")},
            body_required=bool((source.get("requestBody") or {}).get("required", False)),
        )

    def _secured(self, requirements: list[Mapping[str, Any]], place: str) -> bool:
        for name in (name for requirement in requirements for name in requirement):
            if name not in self._schemes:
                self._refuse(place, f"security scheme {name} is not declared")
        return bool(requirements)

    def _parameter(self, source: Any, place: str) -> Mapping[str, Any]:
        parameter: Mapping[str, Any] = self._resolve(source)
        place = f"{place}/parameters/{parameter.get('name')}"
        self._check_keys("parameter", parameter, place)
        if parameter.get("in") != "path":
            self._refuse(place, f"parameters in {parameter.get('in')} are not enforced")
        schema = self._schema(parameter.get("schema"), place)
        others = sorted(set(schema) - ANNOTATIONS - {"type"})
        if others:
            self._refuse(place, f"the keyword {others[0]} is not enforced in a path")
        if schema.get("type") not in _SEGMENTS:
            self._refuse(place, f"the type {schema.get('type')} is not enforced in a path; known: {', '.join(_SEGMENTS)}")
        return {**parameter, "schema": schema}

    def _check_parameters(self, path: str, parameters: list[Mapping[str, Any]], place: str) -> None:
        """Every parameter of the path is declared, and every declared one is in the path or in a server's URL."""
        urls = "".join(server.get("url", "") for server in self._root.get("servers", []))
        declared, named = {entry["name"] for entry in parameters}, set(_BRACES.findall(path))
        for name in sorted(named - declared):
            self._refuse(place, f"path parameter {name} is not declared")
        for name in sorted(declared - named - set(_BRACES.findall(urls))):
            self._refuse(place, f"path parameter {name} is in no path")

    def _expression(self, path: str, parameters: list[Mapping[str, Any]], place: str) -> str:
        types = {entry["name"]: entry["schema"]["type"] for entry in parameters}
        parts = _BRACES.split(path)
        for name in parts[1::2]:
            if not name.isidentifier():
                self._refuse(place, f"path parameter {name} must be letters, digits and underscores")
            if parts[1::2].count(name) > 1:
                self._refuse(place, f"path parameter {name} is used twice")
        literal = [re.escape(part) for part in parts[::2]]
        groups = [f"(?P<{name}>{_SEGMENTS[types[name]]})" for name in parts[1::2]]
        return "".join(map("".join, zip_longest(literal, groups, fillvalue="")))

    def _body(self, source: Any, place: str) -> Validator | None:
        if source is None:
            return None
        self._check_keys("requestBody", source, place)
        return self._content(source.get("content", {}), place)

    def _replies(self, source: Mapping[str, Any], place: str) -> Iterator[tuple[int, Validator | None]]:
        for status, reference in source.items():
            if not re.fullmatch("[1-5][0-9][0-9]", str(status)):
                self._refuse(f"{place}/{status}", "a response must name one status")
            yield int(status), self._shared_reply(reference, f"{place}/{status}")

    def _shared_reply(self, reference: Any, place: str) -> Validator | None:
        """A response; one that many operations refer to is read once."""
        name = reference.get("$ref") if isinstance(reference, Mapping) else None
        if name is None:
            return self._reply(reference, place)
        if name not in self._shared:
            self._shared[name] = self._reply(self._resolve(reference), place)
        return self._shared[name]

    def _reply(self, source: Any, place: str) -> Validator | None:
        self._check_keys("response", source, place)
        return self._content(source.get("content", {}), place)

    def _content(self, content: Mapping[str, Any], place: str) -> Validator | None:
        others = sorted(set(content) - {JSON})
        if others:
            self._refuse(place, f"content of type {', '.join(others)} is not enforced")
        if JSON not in content:
            return None
        self._check_keys("media type", content[JSON], place)
        return Validator(self._schema(content[JSON].get("schema"), place))

    def _schema(self, source: Any, place: str, within: tuple[str, ...] = ()) -> Schema:
        """The schema with every `$ref` replaced by what it names."""
        if not isinstance(source, Mapping):
            self._refuse(place, "must be a schema")
        if "$ref" in source:
            name = source["$ref"]
            if name in within:
                self._refuse(place, f"{name} refers to itself, which is not supported")
            notes = {key: value for key, value in source.items() if key != "$ref"}
            for key in notes:
                if key not in ANNOTATIONS:
                    self._refuse(place, f"the keyword {key} beside $ref is not enforced")
            if name not in self._named:
                self._named[name] = self._schema(self._resolve(source), name, (*within, name))
            return {**self._named[name], **notes}
        self._check_schema(source, place)
        whole = dict(source)
        for part_place, part in schema_parts(source):
            _put(whole, part_place.split("/"), self._schema(part, f"{place}/{part_place}", within))
        return whole

    def _check_schema(self, source: Mapping[str, Any], place: str) -> None:
        if source.get("format", next(iter(FORMATS))) not in FORMATS:
            self._refuse(place, f"the format {source['format']} is not enforced; known: {', '.join(sorted(FORMATS))}")
        for keyword, value in source.items():
            if keyword in ANNOTATIONS or keyword.startswith("x-"):
                continue
            if keyword not in ENFORCED:
                self._refuse(place, f"the keyword {keyword} is not enforced")
            if not ENFORCED[keyword](value):
                self._refuse(place, f"the keyword {keyword} can't be {value!r}")

    def _resolve(self, source: Any) -> Any:
        if not isinstance(source, Mapping) or "$ref" not in source:
            return source
        target: Any = self._root
        for part in str(source["$ref"]).removeprefix("#/").split("/"):
            if not isinstance(target, Mapping) or part not in target:
                self._refuse(source["$ref"], "refers to nothing in this file")
            target = target[part]
        return target

    def _check_keys(self, kind: str, source: Any, place: str) -> None:
        if not isinstance(source, Mapping):
            self._refuse(place, f"{kind} must be an object")
        for key in source:
            if key not in _KNOWN[kind] and not key.startswith("x-"):
                self._refuse(place, f"{kind} key {key} is not supported")

    def _refuse(self, place: str, reason: str) -> NoReturn:
        raise SpecError(f"specs/{self._api}.yaml, {place or 'top level'}: {reason}")


def _put(whole: dict[str, Any], keys: list[str], part: Schema) -> None:
    """Replaces one sub-schema of `whole`, copying what lies on the way."""
    if len(keys) == 1:
        whole[keys[0]] = part
        return
    container = whole[keys[0]]
    if isinstance(container, list):
        whole[keys[0]] = [part if index == int(keys[1]) else entry for index, entry in enumerate(container)]
        return
    whole[keys[0]] = {**container, "/".join(keys[1:]): part}
