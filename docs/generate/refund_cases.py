"""Cases of a refund call: what is sent, and when the reply that it gets comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docs.generate.calls import NOW, Reply, send
from docs.generate.markdown import as_json, code, mono, page, table
from refund_sandbox.testing import WorkspaceClient


@dataclass(frozen=True)
class Case:
    """One call. `body` is a document, or text that is sent as it is; `shown` stands for a body that is too long to print."""

    name: str
    when: str
    path: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    settings: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""


def reply_to(sandbox: WorkspaceClient, case: Case, settings: Mapping[str, Any]) -> Reply:
    """The reply of a sandbox at its start."""
    sandbox.reset()
    sandbox.freeze(NOW)
    sandbox.settings(**{**settings, **case.settings}) if settings or case.settings else None
    body = case.body.encode() if isinstance(case.body, str) else case.body
    return send(sandbox.url, case.method, case.path, body, case.headers)


def anchor(name: str) -> str:
    """The anchor of a heading, as MkDocs makes it."""
    return "-".join("".join(sign for sign in name.lower() if sign.isalnum() or sign in " -_").split())


def request(case: Case) -> str:
    """The request of a case, as a reader sees it."""
    headers = "".join(f"\n{name}: {value}" for name, value in case.headers.items())
    first = code(f"{case.method} {case.path}{headers}", "http")
    if case.shown:
        return page(first, case.shown)
    if case.body is None:
        return first
    return page(first, code(case.body, "text") if isinstance(case.body, str) else as_json(case.body))


def shown_reply(reply: Reply) -> str:
    """The reply, as a reader sees it."""
    return page(f"HTTP {reply.status}:", as_json(reply.body))


def fields_table(schema: Mapping[str, Any], kind: Callable[[Mapping[str, Any]], str]) -> str:
    """The fields of a request body."""
    required = schema.get("required", [])
    rows = [
        (mono(name), kind(entry), "yes" if name in required else "no", " ".join(entry.get("description", "").split()))
        for name, entry in schema["properties"].items()
    ]
    return table(("Field", "Type", "Required", "Meaning"), rows)
