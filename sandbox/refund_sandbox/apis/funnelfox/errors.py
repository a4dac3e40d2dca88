"""FunnelFox's errors, one function for each error code. `rendering.error_reply` renders them.

Assumed: no status and no code of a refused refund is documented. Statuses follow facts §2.3 and §7 questions 2 to 4. The
codes of refunds are the proposals of question 7. The other codes were chosen here.
"""

from typing import NamedTuple

from refund_sandbox.apis.funnelfox.records import Order
from refund_sandbox.core.errors import ApiError, BodyTooLarge, FaultError, StoreUnavailable, UnknownScenario
from refund_sandbox.core.money import to_text


class Item(NamedTuple):
    """One entry of the `error` list."""

    msg: str
    code: str
    type: str = "api_exception"
    loc: tuple[str | int, ...] = ()


class Refusal(ApiError):
    """Refused request. A status of None stands for the workspace's `error_status`."""

    def __init__(self, *items: Item, status: int | None = None) -> None:
        super().__init__("; ".join(item.msg for item in items))
        self.items = items
        self.status = status


def no_route(method: str, path: str) -> Refusal:
    return Refusal(Item(f"There is no {method} {path} here.", "not_found"), status=404)


def method_not_allowed(method: str) -> Refusal:
    return Refusal(Item(f"{method} is not allowed; every endpoint takes POST.", "method_not_allowed"), status=405)


def unauthorized() -> Refusal:
    """Missing, unknown or disabled key, or unknown organisation. All get the same reply, so that nothing can be probed."""
    return Refusal(Item("Send a valid secret key of this organisation in the ff-secret-key header.", "unauthorized"), status=401)


def forbidden(group: str, allowed: list[str]) -> Refusal:
    """Key of a group that must not call the operation."""
    groups = " or ".join(allowed)
    return Refusal(Item(f"A key of the group {group} may not do this; use one of the group {groups}.", "forbidden"), status=403)


def organization_not_found() -> Refusal:
    """Unknown organisation in a request to a public operation."""
    return Refusal(Item("There is no organisation of this name.", "organization_not_found"), status=404)


def from_api_error(error: ApiError) -> Refusal:
    """Return an error of the sandbox's core as a FunnelFox error; a Refusal is returned unchanged."""
    match error:
        case Refusal():
            return error
        case BodyTooLarge():
            message = f"The body is too large; at most {error.limit} bytes are read."
            return Refusal(Item(message, "payload_too_large"), status=413)
        case StoreUnavailable():
            return Refusal(Item(str(error), "unavailable"), status=503)
        case UnknownScenario():
            return Refusal(Item(str(error), "unknown_scenario"), status=400)
        case FaultError(status=401):
            return unauthorized()
        case FaultError():
            return Refusal(Item(str(error), _FAULT_CODES.get(error.status, "internal_error")), status=error.status)
    return Refusal(Item(str(error), "internal_error"), status=500)


_FAULT_CODES = {403: "forbidden", 429: "rate_limited", 502: "bad_gateway", 503: "unavailable", 504: "timeout"}


def unknown_order() -> Refusal:
    """Unknown order, or an order of another organisation, in a request that names no user."""
    return Refusal(Item("There is no order with this order_id.", "order_not_found"))


def order_not_found() -> Refusal:
    """Unknown order, or an order of another user or organisation. Assumed: the same reply for all (§7, question 6)."""
    return Refusal(Item("No order with this order_id belongs to this external_id.", "order_not_found"))


def order_not_refundable(reason: str) -> Refusal:
    """Order that is not settled, or an order of 0.00."""
    return Refusal(Item(reason, "order_not_refundable"))


def already_refunded() -> Refusal:
    """Order whose refundable amount is 0. Pending refunds count."""
    return Refusal(Item("The order is already refunded in full.", "already_refunded"))


def amount_exceeds_order(order: Order) -> Refusal:
    """Amount above the order's refundable amount."""
    refundable = to_text(order.refundable, order.decimals)
    return Refusal(
        Item(f"At most {refundable} {order.currency_code} can still be refunded.", "amount_exceeds_order", loc=("amount",))
    )


def invalid_amount(reason: str) -> Refusal:
    """Amount that is zero, negative, or has more decimals than the currency."""
    return Refusal(Item(reason, "invalid_amount", loc=("amount",)))


def order_not_cancellable(reason: str) -> Refusal:
    """Order that is not authorized."""
    return Refusal(Item(reason, "order_not_cancellable"))


def subscription_not_found() -> Refusal:
    """Unknown subscription, or one of another user or organisation. All get the same reply, as for orders."""
    return Refusal(Item("No subscription with this subs_id belongs to this external_id.", "subscription_not_found"))


def action_not_available(action: str, statuses: list[str], available: tuple[str, ...]) -> Refusal:
    """Action that the subscription's status does not allow."""
    hint = f"available are {', '.join(available)}" if available else "nothing is available"
    return Refusal(Item(f"{action} is not available while {' and '.join(statuses)}; {hint}.", "action_not_available"))


def invalid_date(name: str, reason: str) -> Refusal:
    """Date that is too early."""
    return Refusal(Item(f"{name} {reason}.", "invalid_date", loc=(name,)))


def invalid_price(ident: str) -> Refusal:
    """Unknown price point, or one without a price. The code is observed (facts §2.2)."""
    return Refusal(Item(f"There is no price point {ident} that can be bought.", "invalid_price", loc=("pp_ident",)))


def strategy_not_available(reason: str) -> Refusal:
    """Migration strategy that is not available. HTTP 400 is documented; `error_status` does not change it."""
    return Refusal(Item(reason, "strategy_not_available", loc=("strategy",)), status=400)


def price_point_not_found(ident: str) -> Refusal:
    """Update of an unknown price point."""
    return Refusal(Item(f"There is no price point {ident}.", "price_point_not_found", loc=("ident",)))


def already_exists(noun: str, ident: str) -> Refusal:
    """Price point or feature whose name is in use."""
    code = f"{noun.replace(' ', '_')}_exists"
    return Refusal(Item(f"There is a {noun} {ident} already.", code, loc=("ident",)))


def invalid_field(name: str, reason: str) -> Refusal:
    """Field that contradicts other fields or the rules of its record."""
    return Refusal(Item(reason, "invalid_value", loc=(name,)))


def user_not_found() -> Refusal:
    return Refusal(Item("There is no user with this external_id.", "user_not_found"))


def no_payment_method() -> Refusal:
    """One-click purchase without a saved payment method.

    Assumed: code and text. Only an error with status 200 lets the browser SDK report that nothing was bought.
    """
    return Refusal(Item("There is no saved payment method.", "payment_failed"), status=200)


def double_purchase() -> Refusal:
    """Purchase of something that the user owns. Message, code and status 200 are observed (facts §2.2 and §2.3)."""
    return Refusal(Item("user has not finished subscription", "double_purchase"), status=200)


def session_not_found() -> Refusal:
    """Unknown checkout session, or one that no longer belongs to the order."""
    return Refusal(Item("There is no checkout session of this order_id and client_token.", "session_not_found"))


def nothing_to_resume() -> Refusal:
    """Order without an open 3-D Secure challenge."""
    return Refusal(Item("No payment of this order waits for its buyer.", "nothing_to_resume"))


def payment_limit() -> Refusal:
    """Third checkout charge within a day. The limit is documented, its error is not."""
    message = "A payment method takes two charges a day in the checkout; try another one, or tomorrow."
    return Refusal(Item(message, "payment_limit_exceeded", loc=("payment_method_token",)))
