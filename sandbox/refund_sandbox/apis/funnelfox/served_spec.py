"""The spec as FunnelFox answers with its settings: which successes are in the envelope, and which may be errors.

The file `specs/funnelfox.yaml` describes the data of a success without its envelope. `x-errors-as-200` marks operations
with errors of status 200 whatever the settings are.
"""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.funnelfox.settings import FunnelFoxSettings

Document = Mapping[str, Any]
_SCHEMAS = "#/components/schemas/"
_EMPTY, _ERROR = f"{_SCHEMAS}Ok200", f"{_SCHEMAS}Error"


def describe(document: Document, settings: FunnelFoxSettings) -> Document:
    """Return the spec with the replies of status 200 that the settings lead to."""
    operations = {path: item["post"] for path, item in document["paths"].items()}
    data = {path: _data_of(operation) for path, operation in operations.items()}
    bare = {"always": (), "data": (_EMPTY,), "never": tuple(data.values())}[str(settings.envelope)]
    envelopes = {one: f"{one.removesuffix('Out')}Reply" for one in data.values() if one not in bare}
    paths = {
        path: {"post": _with_success(operation, _success(operation, envelopes.get(data[path], data[path]), settings))}
        for path, operation in operations.items()
    }
    wrapped = {name.removeprefix(_SCHEMAS): _envelope(reference) for reference, name in envelopes.items()}
    components = {**document["components"], "schemas": {**document["components"]["schemas"], **wrapped}}
    return {**document, "paths": paths, "components": components}


def _data_of(operation: Document) -> str:
    """Return the reference to the schema of a success's data."""
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    reference: str = schema.get("anyOf", [schema])[0]["$ref"]
    return reference


def _envelope(reference: str) -> Document:
    properties = {
        "status": {"type": "string", "enum": ["success"]},
        "data": {"$ref": reference},
        "req_id": {"type": "string", "pattern": "^[0-9A-Za-z]{8}$", "description": 'Id of the request, such as "4euAd4PZ".'},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _success(operation: Document, reference: str, settings: FunnelFoxSettings) -> Document:
    """Return the schema of status 200."""
    may_fail = settings.error_status == 200 or operation.get("x-errors-as-200", False)
    return {"anyOf": [{"$ref": reference}, {"$ref": _ERROR}]} if may_fail else {"$ref": reference}


def _with_success(operation: Document, schema: Document) -> Document:
    responses = operation["responses"]
    success = {**responses["200"], "content": {"application/json": {"schema": schema}}}
    return {**operation, "responses": {**responses, "200": success}}
