"""Every way in which FunnelFox says no, as data; wire.py renders them.

Assumed: no status and no code of a refused refund is documented. Statuses follow facts §2.3 and §7 questions 2 to 4, the
codes of refunds are the proposals of question 7, and the others were chosen here.
"""

from dataclasses import dataclass

from sandbox.engine.api import BodyTooLarge, Injected, StoreGone, UnknownScenario
from sandbox.engine.errors import ApiError
from sandbox.engine.money import to_text
from sandbox.funnelfox.records import Order


@dataclass(frozen=True)
class Item:
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


def of_engine(error: ApiError) -> Refusal:
    """What the sandbox itself has to say, in FunnelFox's form."""
    match error:
        case Refusal():
            return error
        case BodyTooLarge():
            message = f"The body is too large; at most {error.limit} bytes are read."
            return Refusal(Item(message, "payload_too_large"), status=413)
        case StoreGone():
            return Refusal(Item(str(error), "unavailable"), status=503)
        case UnknownScenario():
            return Refusal(Item(str(error), "unknown_scenario"), status=400)
        case Injected(status=401):
            return unauthorized()
        case Injected():
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
