"""Serves the console's files: from memory, compressed, with ETags."""

import gzip
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

FILES = Path(__file__).parent / "static"
_MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_CONTENT_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",  # browsers store it, and revalidate it by its ETag
    "Content-Security-Policy": _CONTENT_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _File(Struct, frozen=True):
    """Content of one file, plain and compressed, with its ETag."""

    media_type: str
    content: bytes
    compressed: bytes
    etag: str


class Console:
    """The pages at `/` and `/docs` and their files below `/_console/`. A file is read at its first request."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def routes(self) -> list[Route]:
        """Return all routes except the root, where an API may have a path too."""
        return [
            Route("/docs", self.docs),
            Route("/_console/{file:path}", self.file),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the console at `/`."""
        await self._reply(Request(scope), "index.html")(scope, receive, send)

    async def docs(self, request: Request) -> Response:
        return self._reply(request, "docs.html")

    async def file(self, request: Request) -> Response:
        return self._reply(request, request.path_params["file"])

    def _reply(self, request: Request, name: str) -> Response:
        file = self._files.get(name) or self._load(name)
        if file is None:
            return Response("No such file.\n", 404, media_type="text/plain")
        if (root := request.scope.get("root_path")) and name.endswith(".html"):
            file = _file(name, file.content.replace(b'"/', f'"{quote(root)}/'.encode()))
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers={**_HEADERS, "ETag": file.etag})
        headers = {**_HEADERS, "ETag": file.etag, "Vary": "Accept-Encoding", "Content-Type": file.media_type}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.compressed, headers={**headers, "Content-Encoding": "gzip"})
        return Response(file.content, headers=headers)

    def _load(self, name: str) -> _File | None:
        """Read a file, once. Only names from a listing of the folder are read, so a path can't leave it."""
        content = _read(name)
        if content is None:
            return None
        self._files[name] = _file(name, content)
        return self._files[name]


def _file(name: str, content: bytes) -> _File:
    media_type = _MEDIA_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
    etag = f'"{sha256(content).hexdigest()[:20]}"'
    return _File(media_type, content, gzip.compress(content, mtime=0), etag)


def _read(name: str) -> bytes | None:
    paths = {path.relative_to(FILES).as_posix(): path for path in FILES.rglob("*") if path.is_file()}
    return paths[name].read_bytes() if name in paths else None
