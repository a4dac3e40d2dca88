"""The optional method `answer` of an application, which skips ASGI."""

from collections.abc import Callable
from typing import Any

from starlette.types import Scope

from refund_sandbox.core.context import Reply

Answer = Callable[[Scope, bytes], Reply | None]
"""Type of `answer`: it takes a request with its body and returns the reply.

The reply is None if ASGI must answer: the request has to wait, or a fault does something to the connection.
"""


def find_answer(app: Any) -> Answer:
    """Return the method of the application inside uvicorn's wrappers, or `no_answer`."""
    while not hasattr(app, "answer") and hasattr(app, "app"):
        app = app.app
    return getattr(app, "answer", no_answer)


def no_answer(_scope: Scope, _body: bytes) -> None:
    """Leave every request to ASGI."""
