"""A request of every operation of every API, as a .http file and as a Postman collection. Both come from the specs."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from refund_sandbox.app import build
from refund_sandbox.core.api import Api
from refund_sandbox.core.shipped_documents import read_shipped
from refund_sandbox.settings import Settings

_URL = "http://127.0.0.1:8000"
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_JSON = "application/json"
Document = Mapping[str, Any]


class RequestSample(Struct, frozen=True):
    """A request with values of the demo data. `path` is below the base URL; a body of None is not sent."""

    title: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


def render_http() -> str:
    """Return all requests as a .http file."""
    parts = [f"@baseUrl = {_URL}\n"]
    for title, samples in _samples().items():
        parts += [f"# {title}\n", *map(_http, samples)]
    return "\n".join(parts)


def render_postman() -> str:
    """Return all requests as a Postman collection, with a folder for each API."""
    folders = [{"name": title, "item": list(map(_postman, samples))} for title, samples in _samples().items()]
    collection = {
        "info": {"name": "refund-sandbox", "schema": _SCHEMA},
        "variable": [{"key": "baseUrl", "value": _URL}],
        "item": folders,
    }
    return json.dumps(collection, ensure_ascii=False, indent=2) + "\n"


def _samples() -> dict[str, list[RequestSample]]:
    """Return the requests of each API by its title."""
    sandbox = build(Settings())
    try:
        workspace = sandbox.workspace
        with workspace.store.read_only() as transaction:
            credentials = {name: api.descriptor.listing.credentials(transaction)[0] for name, api in workspace.apis.items()}
        return {api.descriptor.title: list(_of_api(api, credentials[name])) for name, api in workspace.apis.items()}
    finally:
        sandbox.close()


def _of_api(api: Api, credentials: Document) -> Iterator[RequestSample]:
    samples, spec = {**api.descriptor.listing.SAMPLES, **credentials}, read_shipped(api.spec.text)
    headers: Mapping[str, str] = credentials["headers"]
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            content = operation.get("requestBody", {}).get("content", {}).get(_JSON)
            body = None if content is None else _example(spec, content, samples, "")
            yield RequestSample(
                f"{operation['operationId']}: {operation['summary']}",
                method.upper(),
                _filled(api.descriptor.mounts[0] + path, samples),
                {**headers, **({} if body is None else {"Content-Type": _JSON})},
                body,
            )


def _filled(path: str, samples: Document) -> str:
    """Return a path with values of the demo data; `{order}` is the sample of `order_id`."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return quote(str(samples.get(name, samples.get(f"{name}_id", 1))), safe="")

    return re.sub(r"\{(\w+)\}", value, path)


def _example(spec: Document, schema: Document, samples: Document, name: str) -> Any:
    """Return a value that fits a schema: its example, a value of the demo data, or the first that is allowed."""
    if "$ref" in schema:
        return _example(spec, _resolve(spec, schema["$ref"]), samples, name)
    if "example" in schema:
        return schema["example"]
    if "schema" in schema:
        return _example(spec, schema["schema"], samples, name)
    for keyword in ("allOf", "oneOf", "anyOf"):
        if keyword in schema and "properties" not in schema and "type" not in schema:
            return _example(spec, schema[keyword][0], samples, name)
    if name in samples and "properties" not in schema:
        return samples[name]
    if "properties" in schema:
        wanted = [one for one in schema["properties"] if one in schema.get("required", ()) or one in samples]
        return {one: _example(spec, schema["properties"][one], samples, one) for one in wanted}
    return _plain(spec, schema, samples, name)


def _plain(spec: Document, schema: Document, samples: Document, name: str) -> Any:
    for keyword in ("examples", "enum"):
        if schema.get(keyword):
            return schema[keyword][0]
    if "default" in schema:
        return schema["default"]
    if "email" in name:
        return "user@example.test"
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [_example(spec, schema.get("items", {}), samples, name)] if schema.get("minItems") else []
    values = {
        "string": "text",
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1),
        "boolean": True,
        "null": None,
    }
    formats = {"date-time": "2026-01-02T03:04:05Z", "uuid": "00000000-0000-4000-8000-000000000001", "decimal": "1.00"}
    return formats.get(schema.get("format", ""), values.get(str(kind), {}))


def _resolve(spec: Document, reference: str) -> Document:
    found: Any = spec
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _http(sample: RequestSample) -> str:
    lines = [f"### {sample.title}", f"{sample.method} {{{{baseUrl}}}}{sample.path}"]
    lines += [f"{name}: {value}" for name, value in sample.headers.items()]
    body = [] if sample.body is None else ["", json.dumps(sample.body, ensure_ascii=False, indent=2)]
    return "\n".join([*lines, *body, ""])


def _postman(sample: RequestSample) -> dict[str, Any]:
    raw = f"{{{{baseUrl}}}}{sample.path}"
    body = {"mode": "raw", "raw": json.dumps(sample.body, ensure_ascii=False, indent=2), "options": {"raw": {"language": "json"}}}
    return {
        "name": sample.title,
        "request": {
            "method": sample.method,
            "header": [{"key": name, "value": value} for name, value in sample.headers.items()],
            "url": {"raw": raw, "host": ["{{baseUrl}}"], "path": sample.path.strip("/").split("/")},
            **({} if sample.body is None else {"body": body}),
        },
    }
