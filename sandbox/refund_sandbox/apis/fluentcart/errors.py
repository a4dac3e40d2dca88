"""Error replies of WordPress and FluentCart: an HTTP status and a body for each."""

from typing import Any

from refund_sandbox.apis.fluentcart import models
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.core.documents import NO_NUL
from refund_sandbox.core.errors import ApiError, BodyTooLarge, FaultError, StoreUnavailable, UnknownScenario

_ENV = {"wpfluent": {"env": "production"}}


class Refusal(ApiError):
    """A request that WordPress or the plugin refuses."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


class PluginCrash(Exception):
    """An uncaught PHP error. Records that were written before it stay written, as in the plugin."""


def wordpress(status: int, code: str, message: str, **data: Any) -> Refusal:
    """Error in WordPress's own form: a code, a message, and the status again in `data`."""
    return Refusal(status, {"code": code, "message": message, "data": {"status": status, **data}})


def no_route(*, under_plugin: bool) -> Refusal:
    """404 for an unknown path, and for a known path with another method: WordPress has no 405 (group 05)."""
    data = _ENV if under_plugin else {}
    return wordpress(404, "rest_no_route", "No route was found matching the URL and request method.", **data)


def invalid_json(code: int, message: str) -> Refusal:
    """400 for invalid JSON under a JSON content type (group 04)."""
    data = {"json_error_code": code, "json_error_message": message}
    return wordpress(400, "rest_invalid_json", "Invalid JSON body passed.", **data)


def invalid_text() -> Refusal:
    """400 for a parameter with a NUL character, which no store could keep."""
    return wordpress(400, "rest_invalid_param", f"Invalid parameter: {NO_NUL}.")


def forbidden(*, logged_in: bool) -> Refusal:
    """401 for an anonymous request, 403 for a user without the permission; the message is the same (group 10)."""
    return wordpress(403 if logged_in else 401, "rest_forbidden", "Sorry, you are not allowed to do that.")


def plugins_forbidden(*, logged_in: bool) -> Refusal:
    """Refusal of the list of plugins. Source: WordPress core."""
    message = "Sorry, you are not allowed to manage plugins for this site."
    return wordpress(403 if logged_in else 401, "rest_cannot_view_plugins", message)


def invalid_nonce() -> Refusal:
    """403 for a nonce without a login (10-068)."""
    return wordpress(403, "rest_cookie_invalid_nonce", "Cookie check failed")


def invalid_callback() -> Refusal:
    """400 for a `_jsonp` that is not a function name. Source: WordPress core."""
    return wordpress(400, "rest_callback_invalid", "Invalid JSONP callback function.")


def unsupported_media_type(sent: str) -> Refusal:
    """415 of strict validation. The plugin itself reads JSON under any content type."""
    problem = f"Content-Type is {sent}" if sent else "Content-Type is missing"
    return wordpress(415, "rest_unsupported_media_type", f"{problem}; send JSON with Content-Type: application/json.")


def from_api_error(error: ApiError) -> Refusal:
    """Return an error of the sandbox itself in WordPress's form.

    Assumed: in production, the web server answers oversized bodies, outages and too many requests.
    """
    match error:
        case Refusal():
            return error
        case BodyTooLarge():
            return wordpress(413, "rest_request_too_large", f"The body is too large; at most {error.limit} bytes are read.")
        case StoreUnavailable():
            return wordpress(503, "rest_unavailable", str(error))
        case UnknownScenario():
            return wordpress(400, "sandbox_unknown_scenario", str(error))
        case FaultError(status=401 | 403 as status):
            return forbidden(logged_in=status == 403)
        case FaultError():
            return wordpress(error.status, "sandbox_fault", str(error))
    return wordpress(500, "sandbox_error", str(error))


def model_not_found(model: str, ids: str) -> Refusal:
    """404 for a missing record. The message has the id as PHP prints it."""
    return Refusal(404, {"message": f"No query results for model [{models.PREFIX}{model}] {ids}", "data": dict(_ENV)})


def entity_not_found(message: str, button: str, route: str) -> Refusal:
    """404 of the reads, with the button that leads back to a list (11-069, 11-099, 11-125)."""
    data: dict[str, Any] = {"message": message, "buttonText": button, "route": route, **_ENV}
    return Refusal(404, {"data": data, "code": "fluent_cart_entity_not_found"})


def unbound(model: str) -> Refusal:
    """403 for an unknown id on routes that load records before authorization (13-026, 13-029, 14-028)."""
    message = f"No query results for model [{models.PREFIX}{model}]."
    return wordpress(403, "Permission Callback Error", message)


def no_transaction() -> Refusal:
    """404 for an order without transactions to sync from (14-046)."""
    return Refusal(404, {"message": "No transaction found for this order", "data": dict(_ENV)})


def no_order_to_delete(order_id: str) -> Refusal:
    """404 of a deletion, which has its own shape (14-061)."""
    data = {"order_id": order_id, "status": "error", **_ENV}
    return Refusal(404, {"message": "Order not found", "data": data, "errors": []})


def undeletable(order_id: int, invoice_no: str | None, reason: str) -> Refusal:
    """400 for an order that cannot be deleted (14-058)."""
    message = f"Order {invoice_no} cannot be deleted {reason}."
    data = {"order_id": order_id, "invoice_no": invoice_no, "status": "error", "reason": "order_cannot_be_deleted"}
    return Refusal(400, {"message": message, "data": data, "errors": [message]})


def resource_error(code: int, message: str) -> Refusal:
    """500 whose body has the plugin's own code: WordPress does not know its error object (14-034, 14-036)."""
    return Refusal(500, {"code": code, "message": message, "data": None})


def not_refundable() -> Refusal:
    """400 for an order that was upgraded to another one (group 06)."""
    return Refusal(400, {"message": "Order can not be refunded."})


def invalid_fields(fields: dict[str, dict[str, str]]) -> Refusal:
    """422 with a map of field to rule to message, without an envelope."""
    return Refusal(422, fields)


def check_fields(problems: dict[str, dict[str, str]]) -> None:
    """Raise the refusal of a document, if it has problems."""
    if problems:
        raise invalid_fields(problems)


def refused(message: str, status: int = 422, **more: Any) -> Refusal:
    """Plain refusal by the plugin: a message and more fields."""
    return Refusal(status, {**more, "message": message})


def not_found(message: str) -> Refusal:
    """404 with the plugin's message. Every 404 of the plugin names its environment."""
    return Refusal(404, {"message": message, "data": _ENV})


def plugin_exception(message: str, rules: Rules) -> Refusal:
    """500 for an uncaught PHP error. Since 1.4.0 the reply hides PHP's message."""
    visible_message = "An internal error occurred." if rules.generic_errors else message
    return Refusal(500, {"code": "plugin_exception", "data": [], "message": visible_message})
