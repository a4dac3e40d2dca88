"""Refusals of the plugin's resource layer, and PHP errors as replies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash, Refusal
from refund_sandbox.core.context import Reply

Handler = Callable[[FluentCartContext], Reply]


def resource_error(code: int, message: str) -> Refusal:
    """HTTP 500 whose body has the plugin's own code: WordPress does not know its error object (14-034)."""
    return Refusal(500, {"code": code, "message": message, "data": None})


def crashes_before_1_4(context: FluentCartContext) -> bool:
    """Whether to imitate a crash of every call that 1.4.0 mended. Strict validation answers as the newer versions do."""
    return not context.rules.generic_errors and context.validation == "live"


@contextmanager
def php_errors(context: FluentCartContext) -> Iterator[None]:
    """Turn a PHP error into the plugin's reply. With strict validation it is refused as a field that is wrong."""
    try:
        yield
    except PluginCrash as crash:
        raise context.crash_refusal(crash) from None


def crashing(handler: Handler) -> Handler:
    """Wrap an operation whose values can crash PHP; nothing of it stays booked."""

    @wraps(handler)
    def handle(context: FluentCartContext) -> Reply:
        with php_errors(context):
            return handler(context)

    return handle
