"""Hands out the console's files and the specs as JSON: from memory, compressed, and only again when they changed."""

import gzip
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from refund_sandbox.core.documents import read_yaml
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.frozen import frozen

FILES = Path(__file__).parent / "static"
_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",  # kept, and asked for again by its ETag
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@frozen
class _Page:
    """The bytes of one file, plain and compressed, and the tag by which they are known."""

    kind: str
    plain: bytes
    packed: bytes
    tag: str


class Console:
    """The pages at `/` and `/docs`, and all that they need below `/_console/`. Files are read when they are first asked for."""

    def __init__(self, specs: Mapping[str, Spec]) -> None:
        self._specs = specs
        self._pages: dict[str, _Page] = {}

    def routes(self) -> list[Route]:
        """All but the root, which WordPress shares."""
        return [
            Route("/docs", self.docs),
            Route("/_console/specs/{name}.json", self.spec),
            Route("/_console/{file:path}", self.file),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the console itself."""
        await self._answer(Request(scope), "index.html")(scope, receive, send)

    async def docs(self, request: Request) -> Response:
        """The reference of both APIs."""
        return self._answer(request, "docs.html")

    async def file(self, request: Request) -> Response:
        """One of the static files."""
        return self._answer(request, request.path_params["file"])

    async def spec(self, request: Request) -> Response:
        """A spec as JSON, which browsers can read."""
        return self._answer(request, f"specs/{request.path_params['name']}.json")

    def _answer(self, request: Request, name: str) -> Response:
        page = self._pages.get(name) or self._open(name)
        if page is None:
            return Response("The console has no such file.\n", 404, media_type="text/plain")
        if request.headers.get("if-none-match") == page.tag:
            return Response(status_code=304, headers={**_HEADERS, "ETag": page.tag})
        headers = {**_HEADERS, "ETag": page.tag, "Vary": "Accept-Encoding", "Content-Type": page.kind}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(page.packed, headers={**headers, "Content-Encoding": "gzip"})
        return Response(page.plain, headers=headers)

    def _open(self, name: str) -> _Page | None:
        """Reads a file once. Only names that the folder itself has are known, whatever dots a path holds."""
        content = self._spec_document(name) if name.startswith("specs/") else _read(name)
        if content is None:
            return None
        kind = _TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
        tag = f'"{sha256(content).hexdigest()[:20]}"'
        self._pages[name] = _Page(kind, content, gzip.compress(content, mtime=0), tag)
        return self._pages[name]

    def _spec_document(self, name: str) -> bytes | None:
        spec = self._specs.get(name.removeprefix("specs/").removesuffix(".json"))
        return json.dumps(read_yaml(spec.text)).encode() if spec else None


def _read(name: str) -> bytes | None:
    known = {path.relative_to(FILES).as_posix(): path for path in FILES.rglob("*") if path.is_file()}
    return known[name].read_bytes() if name in known else None
