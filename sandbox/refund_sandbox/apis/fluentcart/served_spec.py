"""The spec as the emulated version of the plugin answers: its version, and the operations that it has."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.settings import FluentCartSettings
from refund_sandbox.apis.fluentcart.versions import VERSIONS, has_reached

Document = Mapping[str, Any]


def describe(document: Document, settings: FluentCartSettings) -> Document:
    paths = {
        path: {method: one for method, one in item.items() if has_reached(settings.version, one.get("x-since", VERSIONS[-1]))}
        for path, item in document["paths"].items()
    }
    info = {**document["info"], "version": settings.version}
    return {**document, "info": info, "paths": {path: item for path, item in paths.items() if item}}
