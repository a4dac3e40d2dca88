"""Minimal servers for comparison: a Starlette route that parses JSON, and a bare ASGI application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


async def _refund(request: Request) -> JSONResponse:
    await request.json()
    return JSONResponse({})


starlette = Starlette(routes=[Route("/{org_id}/v1/payment/refund", _refund, methods=["POST"])])


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and reply `{}`."""
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
