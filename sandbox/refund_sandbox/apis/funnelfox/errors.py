"""Every way in which FunnelFox says no, as data; wire.py renders them.

Assumed: no status and no code of a refused refund is documented. Statuses follow facts §2.3 and §7 questions 2 to 4, the
codes of refunds are the proposals of question 7, and the others were chosen here.
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
    """A refused call: an HTTP status and what is wrong. A status of None is the workspace's `error_status`."""

    def __init__(self, *items: Item, status: int | None = None) -> None:
        super().__init__("; ".join(item.msg for item in items))
        self.items = items
        self.status = status


def no_route(method: str, path: str) -> Refusal:
    """An unknown path."""
    return Refusal(Item(f"There is no {method} {path} here.", "not_found"), status=404)


def method_not_allowed(method: str) -> Refusal:
    """A known path with another method: every endpoint is POST."""
    return Refusal(Item(f"{method} is not allowed; every endpoint takes POST.", "method_not_allowed"), status=405)


def unauthorized() -> Refusal:
    """A missing, unknown or disabled key, or an organisation that does not exist: one answer, so nothing can be probed."""
    return Refusal(Item("Send a valid secret key of this organisation in the ff-secret-key header.", "unauthorized"), status=401)


def forbidden(group: str, allowed: list[str]) -> Refusal:
    """A key whose group may not do this."""
    need = " or ".join(allowed)
    return Refusal(Item(f"A key of the group {group} may not do this; use one of the group {need}.", "forbidden"), status=403)


def organization_not_found() -> Refusal:
    """An organisation that is not there, in a call that needs no key."""
    return Refusal(Item("There is no organisation of this name.", "organization_not_found"), status=404)


def of_engine(error: ApiError) -> Refusal:
    """What the sandbox itself has to say, in FunnelFox's form."""
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
            return Refusal(Item(str(error), _INJECTED.get(error.status, "internal_error")), status=error.status)
    return Refusal(Item(str(error), "internal_error"), status=500)


_INJECTED = {403: "forbidden", 429: "rate_limited", 502: "bad_gateway", 503: "unavailable", 504: "timeout"}


def order_not_found() -> Refusal:
    """No such order, or another user's or organisation's. Assumed: one answer for all (§7, question 6)."""
    return Refusal(Item("No order with this order_id belongs to this external_id.", "order_not_found"))


def order_not_refundable(reason: str) -> Refusal:
    """An order that never brought money, or not yet."""
    return Refusal(Item(reason, "order_not_refundable"))


def already_refunded() -> Refusal:
    """Nothing is left on the order; refunds that are not settled yet count."""
    return Refusal(Item("The order is already refunded in full.", "already_refunded"))


def amount_exceeds_order(order: Order) -> Refusal:
    """More than what is left on the order."""
    left = to_text(order.refundable, order.decimals)
    return Refusal(Item(f"At most {left} {order.currency_code} can still be refunded.", "amount_exceeds_order", loc=("amount",)))


def invalid_amount(reason: str) -> Refusal:
    """A number that is no refund: zero, negative, or finer than the currency."""
    return Refusal(Item(reason, "invalid_amount", loc=("amount",)))


def order_not_cancellable(reason: str) -> Refusal:
    """An order that is not waiting to be captured."""
    return Refusal(Item(reason, "order_not_cancellable"))


def subscription_not_found() -> Refusal:
    """No such subscription, or another user's or organisation's: one answer for all, as for orders."""
    return Refusal(Item("No subscription with this subs_id belongs to this external_id.", "subscription_not_found"))


def action_not_available(action: str, statuses: list[str], available: tuple[str, ...]) -> Refusal:
    """An action that the subscription's status does not allow."""
    can = f"available are {', '.join(available)}" if available else "nothing is available"
    return Refusal(Item(f"{action} is not available while {' and '.join(statuses)}; {can}.", "action_not_available"))


def invalid_date(name: str, reason: str) -> Refusal:
    """A date that is too early."""
    return Refusal(Item(f"{name} {reason}.", "invalid_date", loc=(name,)))


def invalid_price(ident: str) -> Refusal:
    """A price point that is not there, or that has no price. The code is observed (facts §2.2)."""
    return Refusal(Item(f"There is no price point {ident} that can be bought.", "invalid_price", loc=("pp_ident",)))


def strategy_not_available(reason: str) -> Refusal:
    """A migration that can't be done this way. HTTP 400 is documented, whatever the status of other refusals."""
    return Refusal(Item(reason, "strategy_not_available", loc=("strategy",)), status=400)


def price_point_not_found(ident: str) -> Refusal:
    """An update of a price point that is not there."""
    return Refusal(Item(f"There is no price point {ident}.", "price_point_not_found", loc=("ident",)))


def already_exists(what: str, ident: str) -> Refusal:
    """A price point or feature whose name is taken."""
    code = f"{what.replace(' ', '_')}_exists"
    return Refusal(Item(f"There is a {what} {ident} already.", code, loc=("ident",)))


def invalid_field(name: str, reason: str) -> Refusal:
    """A field that contradicts others, or the rules of its record."""
    return Refusal(Item(reason, "invalid_value", loc=(name,)))


def user_not_found() -> Refusal:
    """An external_id that nobody has."""
    return Refusal(Item("There is no user with this external_id.", "user_not_found"))


def double_purchase() -> Refusal:
    """The user has this already. Message, code and the status 200 are observed (facts §2.2 and §2.3)."""
    return Refusal(Item("user has not finished subscription", "double_purchase"), status=200)


def session_not_found() -> Refusal:
    """A checkout session that is not there, or no longer the one of this order."""
    return Refusal(Item("There is no checkout session of this order_id and client_token.", "session_not_found"))


def nothing_to_resume() -> Refusal:
    """An order that waits for no 3-D Secure challenge."""
    return Refusal(Item("No payment of this order waits for its buyer.", "nothing_to_resume"))


def payment_limit() -> Refusal:
    """A third checkout charge within a day; the limit is documented, its refusal is not."""
    message = "A payment method takes two charges a day in the checkout; try another one, or tomorrow."
    return Refusal(Item(message, "payment_limit_exceeded", loc=("payment_method_token",)))
