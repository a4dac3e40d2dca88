"""The spec of an API as the sandbox serves it: with the URL that it was fetched from, and with what the settings change."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from refund_sandbox.core.shipped_documents import read_shipped
from refund_sandbox.core.spec.router import Spec

Document = Mapping[str, Any]
Describe = Callable[[Document, Any], Document]
"""Function that returns the spec as the API answers with its settings."""


class ServedSpec:
    """One spec in every form that it is served in. The settings of an API are hashable.

    `mount` is the path of the server, for a spec that names none.
    """

    def __init__(self, spec: Spec, mount: str, describe: Describe | None = None) -> None:
        self._spec = spec
        self._mount = mount
        self._describe = describe

    def document(self, settings: Any, base_url: str) -> Document:
        """Return the spec for clients that reach the workspace at `base_url`."""
        document = self._of(settings)
        return {**document, **_head(document, base_url)}

    def to_json(self, settings: Any, base_url: str) -> str:
        return json.dumps(self.document(settings, base_url), ensure_ascii=False, indent=1)

    def to_yaml(self, settings: Any, base_url: str) -> str:
        return _to_yaml(_head(self._of(settings), base_url)) + self._tail(settings)

    @lru_cache(8)  # noqa: B019 - a spec lives as long as the application
    def _of(self, settings: Any) -> Document:
        document: Document = read_shipped(self._spec.text)
        if "servers" not in document:
            document = {**document, "servers": [{"url": self._mount}]}
        return self._describe(document, settings) if self._describe else document

    @lru_cache(8)  # noqa: B019
    def _tail(self, settings: Any) -> str:
        """Return the YAML of everything that does not depend on the URL. It takes 150 ms."""
        document = self._of(settings)
        return _to_yaml({name: part for name, part in document.items() if name not in _head(document, "")})


def _head(document: Document, base_url: str) -> Document:
    """Return the first keys of a spec, up to the servers, with the path of each server below `base_url`."""
    servers = [{**server, "url": base_url + _path_of(server["url"])} for server in document["servers"]]
    return {"openapi": document["openapi"], "info": document["info"], "servers": servers}


def _path_of(url: str) -> str:
    """Return the path of a server's URL, which may have variables in braces."""
    parts = urlsplit(url)
    return url.removeprefix(f"{parts.scheme}://{parts.netloc}")


def _to_yaml(document: Document) -> str:
    from refund_sandbox.core.spec.spec_yaml import write_yaml  # PyYAML is slow to import

    return write_yaml(document)
