"""Reference of the control API: operations from its spec, bodies from the code, examples from a running sandbox."""

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate import specs
from docs.generate.calls import Reply, sandbox, send
from docs.generate.control_examples import Example, examples
from docs.generate.control_schemas import BODIES, NOTES, QUERIES, state_tables
from docs.generate.markdown import as_json, code, kind_of, mono, page, sentence, table
from docs.generate.refund_cases import anchor
from docs.generate.shortened import shortened

_API = "sandbox"
_INTRODUCTION = """# Control API

The control API is below `/_sandbox`, and below `/w/{workspace}/_sandbox` for another workspace than `default`. It speaks JSON.

Writes need `Content-Type: application/json`; `PUT /_sandbox/state` also reads `application/yaml`. With `--admin-token`, every
operation but `GET /_sandbox/health` needs `Authorization: Bearer TOKEN`."""
_ERRORS = """## Errors

An error is a problem document (RFC 9457, `application/problem+json`). `errors` lists at most 100 wrong fields by JSON pointer."""
_STATUSES = (
    (400, "A query parameter is unknown or wrong."),
    (401, "The admin token is missing or wrong."),
    (403, "A web page of another origin sent the request, or the host name is not allowed."),
    (404, "The thing that the path names does not exist."),
    (413, "The body is larger than 1 GiB."),
    (415, "The Content-Type of a write is not JSON."),
    (422, "The document is wrong. Nothing is changed."),
    (503, "The database does not answer. Nothing is changed."),
)
_STATE = """## State document

`GET /_sandbox/state` returns the state of a workspace as one document, `PUT /_sandbox/state` replaces it.
`clock` is the time at which the clock is frozen, or null. `settings` are the
[settings of the workspace](settings.md#settings-of-a-workspace). `funnelfox` and `fluentcart` hold the records of the APIs.
Fields that are not required have defaults."""


def render() -> str:
    shown = examples()
    operations = list(specs.operations(_API))
    _check_queries()
    return page(
        _INTRODUCTION,
        "## Operations",
        table(("Operation", "Does"), (_row(*operation) for operation in operations)),
        *(_operation(*operation, shown[operation[2]["operationId"]]) for operation in operations),
        _ERRORS,
        table(("Status", "When"), _STATUSES),
        _example_of_an_error(),
        _STATE,
        *state_tables(),
    )


def _row(method: str, path: str, operation: Mapping[str, Any]) -> tuple[str, str]:
    name = f"{method} /_sandbox{path}"
    return f"[`{name}`](#{anchor(name)})", sentence(operation["summary"])


def _operation(method: str, path: str, operation: Mapping[str, Any], example: Example) -> str:
    name = operation["operationId"]
    parameters = [specs.resolve(_API, one) for one in operation.get("parameters", [])]
    return page(
        f"### {method} /_sandbox{path}",
        sentence(operation["summary"]),
        NOTES.get(name, ""),
        _parameters(parameters, QUERIES.get(name, {})),
        _body(name, operation),
        f"Statuses: {', '.join(operation['responses'])}. Example:",
        _example(example),
    )


def _parameters(path: list[Mapping[str, Any]], query: Mapping[str, str]) -> str:
    rows = [(mono(one["name"]), "path", one["description"]) for one in path]
    rows += [(mono(name), "query", text) for name, text in query.items()]
    return table(("Parameter", "In", "Meaning"), rows) if rows else ""


def _body(name: str, operation: Mapping[str, Any]) -> str:
    if name in BODIES:
        return BODIES[name]()
    if "requestBody" not in operation:
        return ""
    schema = specs.body_schema(_API, name)
    required = schema.get("required", [])
    rows = [
        (mono(field), kind_of(one), "yes" if field in required else "no", sentence(one.get("description", "")))
        for field, one in schema["properties"].items()
    ]
    return table(("Field", "Type", "Required", "Meaning"), rows)


def _example(example: Example) -> str:
    request = code(f"{example.method} {example.path}", "http")
    body = "" if example.body is None else as_json(example.body)
    return page(request, body, f"HTTP {example.reply.status}{'' if example.reply.body is None else ':'}", _shown(example.reply))


def _shown(reply: Reply) -> str:
    if reply.body is None:
        return ""
    return as_json(shortened(reply.body)) if isinstance(reply.body, (dict, list)) else code(str(reply.body), "text")


def _check_queries() -> None:
    """Raise AssertionError unless each query parameter exists, and others do not."""
    with sandbox() as running:
        for _, path, operation in specs.operations(_API):
            for name in QUERIES.get(operation["operationId"], ()):
                at = f"/_sandbox{path.replace('{api}', 'fluentcart')}"
                known, unknown = (send(running.url, "GET", f"{at}?{query}=1") for query in (name, "unknown"))
                if (known.status, unknown.status) != (200, 400):
                    raise AssertionError(f"{at}?{name}: {known.status}, with an unknown one {unknown.status}")


def _example_of_an_error() -> str:
    with sandbox() as running:
        reply = send(running.url, "POST", "/_sandbox/faults", {"scenario": "reply_lost", "times": "never"})
    body: Iterator[str] = iter([code("POST /_sandbox/faults", "http"), as_json({"scenario": "reply_lost", "times": "never"})])
    shown = {**reply.body, "title": "Unprocessable Entity"}  # the phrase depends on the version of Python
    return page(*body, f"HTTP {reply.status}:", as_json(shown))
