"""Parts of a Markdown page."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WIDTH = 110


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; a `|` inside a cell is escaped."""
    lines = [_row(columns), _row(["---"] * len(columns)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[Any]) -> str:
    texts = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(texts)} |"


def code(text: str, language: str = "") -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def as_json(document: Any) -> str:
    """A JSON block; what fits on a line is on one line."""
    return code(_json(document, ""), "json")


def _json(value: Any, indent: str) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + len(indent) <= _WIDTH or not isinstance(value, (dict, list)):
        return short
    deeper = f"{indent}  "
    if isinstance(value, list):
        lines, ends = [_json(part, deeper) for part in value], "[]"
    else:
        lines, ends = [f"{json.dumps(name, ensure_ascii=False)}: {_json(part, deeper)}" for name, part in value.items()], "{}"
    inside = f",\n{deeper}".join(lines)
    return f"{ends[0]}\n{deeper}{inside}\n{indent}{ends[1]}"


def mono(text: Any) -> str:
    """Text in code type, empty where there is none."""
    return f"`{text}`" if text not in (None, "") else ""


def sentence(text: str) -> str:
    """A text with a capital letter and a full stop."""
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":", "…", "]")) or not text else f"{text}."


def page(*parts: str) -> str:
    """Parts with an empty line between two."""
    return "\n\n".join(part.strip("\n") for part in parts if part)


def either(texts: Sequence[str]) -> str:
    """The texts as a choice: `a, b or c`."""
    return f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else "".join(texts)


def kind_of(schema: Mapping[str, Any]) -> str:
    """A JSON Schema's type in a few words."""
    if "enum" in schema:
        return either([mono(json.dumps(value)) for value in schema["enum"]])
    if "const" in schema:
        return mono(json.dumps(schema["const"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(part) for part in schema["anyOf"]))
    kinds = schema.get("type", "any value")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_kind(kind, schema) for kind in kinds)


def _kind(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        return f"list of {kind_of(schema['items'])}" if schema.get("items") else "list"
    if kind == "object" and schema.get("properties"):
        return f"object ({', '.join(map(mono, schema['properties']))})"
    limits = _limits(schema) if kind in ("integer", "number", "string") else ""
    name = schema.get("format", kind).replace("duration-60s", "duration of at most 60s") if kind == "string" else kind
    return f"{name} {limits}".strip()


def _limits(schema: Mapping[str, Any]) -> str:
    if "maxLength" in schema:
        return f"of at most {schema['maxLength']} characters"
    least, most = (None if abs(schema.get(name, 2**62)) >= 2**62 else schema[name] for name in ("minimum", "maximum"))
    if least is not None and most is not None:
        return f"from {least} to {most}"
    return f"from {least}" if least is not None else ""
