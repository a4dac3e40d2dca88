"""Refusals of the plugin's resource layer."""

from collections.abc import Callable

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import Refusal
from refund_sandbox.core.context import Reply

Handler = Callable[[FluentCartContext], Reply]


def resource_error(code: int, message: str) -> Refusal:
    """HTTP 500 whose body has the plugin's own code: WordPress does not know its error object (14-034)."""
    return Refusal(500, {"code": code, "message": message, "data": None})


def crashes_before_1_4(context: FluentCartContext) -> bool:
    """Whether to imitate a crash of every call that 1.4.0 mended. Strict validation answers as the newer versions do."""
    return not context.rules.generic_errors and context.validation == "live"
