"""Operations of all APIs at the paths of a live service, which may have a prefix."""

from collections.abc import Mapping
from typing import NamedTuple

from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Request
from refund_sandbox.core.spec.router import Match


class Found(NamedTuple):
    """An operation of an API at the path of a request. `prefix` is the part of the path before that of the API."""

    api: Api
    match: Match
    request: Request
    prefix: str


def find_operation(apis: Mapping[str, Api], request: Request) -> Found | None:
    """Return the operation of a request: a shop may lie in a folder of its site, so that the path has a prefix."""
    segments = request.path.split("/")
    for start in range(len(segments)):
        path = "/" + "/".join(segments[start + 1 :])
        own = Request(request.method, path, request.query, request.headers, request.body)
        for api in apis.values():
            match = api.descriptor.lifecycle.route(api.spec, own)
            if match is not None:
                return Found(api, match, own, "/".join(segments[: start + 1]))
    return None


def changes_data(found: Found | None) -> bool:
    """Whether an operation may change data. All of some APIs are POST, also those that only read."""
    return found is not None and not found.api.descriptor.operations[found.match.operation.operation_id].reads_only
