"""Export of the request log as an HTTP Archive (HAR 1.2), which browsers and other tools open."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from refund_sandbox import __version__


def archive(entries: Iterable[Mapping[str, Any]], base_url: str) -> dict[str, Any]:
    """Return a HAR of rendered journal entries, as an iterator. Secrets are redacted in them already."""
    creator = {"name": "refund-sandbox", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": (_entry(entry, base_url) for entry in entries)}}


def _entry(entry: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    return {
        "startedDateTime": entry["at"],
        "time": entry["duration_ms"],
        "request": _request(entry, base_url),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": entry["duration_ms"], "receive": 0},
        "_sandbox": {name: entry[name] for name in ("id", "api", "operation", "order", "warnings", "faults", "changes")},
    }


def _request(entry: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    headers, text = entry["request"]["headers"], _text(entry["request"]["body"])
    body = {"mimeType": headers.get("content-type", ""), "text": text} if text else None
    return {
        "method": entry["method"],
        "url": base_url + entry["path"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(entry["path"]).query, True)],
        **({"postData": body} if body else {}),
        "headersSize": -1,
        "bodySize": len(text.encode()),
    }


def _response(entry: Mapping[str, Any]) -> dict[str, Any]:
    headers, text = entry["reply"]["headers"], _text(entry["reply"]["body"])
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return {
        "status": entry["status"],
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": len(text.encode()), "mimeType": kind, "text": text},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(text.encode()),
        **({"_error": f"connection: {entry['connection']}"} if entry["connection"] else {}),
    }


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _text(body: Any) -> str:
    """Return a body as text. The journal shows a JSON body as a value."""
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
