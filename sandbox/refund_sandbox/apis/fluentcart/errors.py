"""Every way in which WordPress and FluentCart say no, as data: an HTTP status and a body."""

from typing import Any

from refund_sandbox.core.errors import ApiError, BodyTooLarge, FaultError, StoreUnavailable, UnknownScenario

_ENV = {"wpfluent": {"env": "production"}}


class Refusal(ApiError):
    """A refused call."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def wordpress(status: int, code: str, message: str, **data: Any) -> Refusal:
    """WordPress's own error: a code, a message, and the status again in `data`."""
    return Refusal(status, {"code": code, "message": message, "data": {"status": status, **data}})


def no_route(*, under_plugin: bool) -> Refusal:
    """An unknown path, or a known one with another method: WordPress knows no 405 (group 05)."""
    data = _ENV if under_plugin else {}
    return wordpress(404, "rest_no_route", "No route was found matching the URL and request method.", **data)


def invalid_json(code: int, message: str) -> Refusal:
    """A body that is declared as JSON and is none (group 04)."""
    data = {"json_error_code": code, "json_error_message": message}
    return wordpress(400, "rest_invalid_json", "Invalid JSON body passed.", **data)


def forbidden(*, logged_in: bool) -> Refusal:
    """Nobody known (401), or somebody without the permission (403): the same words (group 10)."""
    return wordpress(403 if logged_in else 401, "rest_forbidden", "Sorry, you are not allowed to do that.")


def invalid_nonce() -> Refusal:
    """A nonce without a login that it belongs to (10-068)."""
    return wordpress(403, "rest_cookie_invalid_nonce", "Cookie check failed")


def invalid_callback() -> Refusal:
    """A `_jsonp` that is no function name. Source: WordPress core."""
    return wordpress(400, "rest_callback_invalid", "Invalid JSONP callback function.")


def unsupported_media_type(sent: str) -> Refusal:
    """Strict validation only: the plugin itself reads JSON under any type."""
    said = f"is declared as {sent}" if sent else "has no Content-Type"
    return wordpress(415, "rest_unsupported_media_type", f"The body {said}; send JSON with Content-Type: application/json.")


def of_engine(error: ApiError) -> Refusal:
    """What the sandbox itself has to say, in WordPress's form.

    Assumed: the live answers to a body that is too large, to an outage and to too many calls are the web server's.
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
    """A record that is not there; the id is echoed as PHP prints it."""
    return Refusal(404, {"message": f"No query results for model [FluentCart\\App\\Models\\{model}] {ids}", "data": dict(_ENV)})


def entity_not_found(message: str, button: str, route: str) -> Refusal:
    """The 404 of reads, which tells a screen where to go back to (11-069, 11-099, 11-125)."""
    data: dict[str, Any] = {"message": message, "buttonText": button, "route": route, **_ENV}
    return Refusal(404, {"data": data, "code": "fluent_cart_entity_not_found"})


def unbound(model: str) -> Refusal:
    """A path whose id names no record, on the routes that look for it before they ask who calls (13-026, 13-029, 14-028)."""
    message = f"No query results for model [FluentCart\\App\\Models\\{model}]."
    return wordpress(403, "Permission Callback Error", message)


def no_transaction() -> Refusal:
    """An order without any transaction has no statuses to follow (14-046)."""
    return Refusal(404, {"message": "No transaction found for this order", "data": dict(_ENV)})


def no_order_to_delete(order_id: str) -> Refusal:
    """The 404 of a deletion, which has a shape of its own (14-061)."""
    data = {"order_id": order_id, "status": "error", **_ENV}
    return Refusal(404, {"message": "Order not found", "data": data, "errors": []})


def undeletable(order_id: int, invoice_no: str, reason: str) -> Refusal:
    """An order that must stay (14-058)."""
    message = f"Order {invoice_no} cannot be deleted {reason}."
    data = {"order_id": order_id, "invoice_no": invoice_no, "status": "error", "reason": "order_cannot_be_deleted"}
    return Refusal(400, {"message": message, "data": data, "errors": [message]})


def status_refused(message: str) -> Refusal:
    """A status that cannot be set. The plugin hands its own error to WordPress, which makes it a 500 (14-034, 14-036)."""
    return Refusal(500, {"code": 400, "message": message, "data": None})


def not_refundable() -> Refusal:
    """The order was upgraded to another one (group 06)."""
    return Refusal(400, {"message": "Order can not be refunded."})


def invalid_fields(fields: dict[str, dict[str, str]]) -> Refusal:
    """A map of field to rule to message, without anything around it."""
    return Refusal(422, fields)


def refused(message: str, status: int = 422, **more: Any) -> Refusal:
    """What the plugin will not do: its message, and what else that refusal says."""
    return Refusal(status, {**more, "message": message})


def plugin_exception(message: str, version: str) -> Refusal:
    """PHP fell over. Since 1.4.0 its own words are no longer shown."""
    said = message if version == "1.3.25" else "An internal error occurred."
    return Refusal(500, {"code": "plugin_exception", "data": [], "message": said})
