"""Simulated payment gateways: replies to refunds and to cancellations of subscriptions."""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.records import Subscription, Transaction
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.core.ids import Ids

NOT_IMPLEMENTED = "Refund process is not implemented for this payment gateway."

REMOTE = frozenset(("stripe", "paypal"))
"""Payment methods whose gateway can refund, cancel a subscription and be queried."""

# Gateways that list the refund feature but do not implement it (07-033 to 07-035).
_REFUND_NOT_IMPLEMENTED = frozenset(("offline_payment", "airwallex"))
# Default `vendor_customer_id` of a subscription: the customer of the recordings.
DEFAULT_VENDOR_CUSTOMERS = {"stripe": "cus_golden"}


ClaimError = Callable[[], str | None]
"""Return the error message of a fault at the gateway and count its hit; None without a fault."""


class GatewayReply(Struct, frozen=True):
    """Reply to a refund: an `error`, or the gateway's id of the refund ("" without a request to a gateway)."""

    error: str | None = None
    refund_id: str = ""
    crash: str | None = None
    """PHP's message of an error that the plugin does not catch; the gateway got no request."""
    manual_source: str | None = None
    """Description of a refund by hand, possibly empty; None for a refund through a gateway."""


# Prefixes of charge ids that decide the outcome, like test cards: those of the recordings.
_TEST_CHARGES: dict[str, dict[str, str]] = {
    "stripe": {
        "pi_failed_": "Refund could not be processed in stripe. Please check on your stripe account",
        "pi_reqaction_": "Refund could not be processed in stripe. Please check on your stripe account",
        "pi_already_": "Charge ch_3Golden has already been refunded.",
        "pi_insufficient_": "Insufficient funds in your Stripe balance to refund this amount.",
        "pi_rate_": "Too many requests in a short period of time",
        "pi_timeout_": "cURL error 28: Operation timed out after 5001 milliseconds with 0 bytes received",
        "pi_500_": "Unknown Stripe API request error",
    },
    "paypal": {
        "CAPALREADY": "CAPTURE_FULLY_REFUNDED",
        "CAPNOSUCH": "INVALID_RESOURCE_ID",
        "CAPPENDING": "Refund not completed in paypal. Please refund from PayPal Manually.",
    },
}
_TEST_SUBSCRIPTIONS = {"sub_fail_": "An unknown error occurred at Stripe."}
_MANUAL_CHARGES = {"manualsrc_": "Bank transfer", "manual_": ""}


def refund(charge: Transaction, reason: Any, rules: Rules, ids: Ids, claim_error: ClaimError) -> GatewayReply:
    """Refund a charge through its gateway. `claim_error` is called only for a request that reaches the gateway.

    PayPal gets the reason as text: a list crashes the plugin (20-304).
    """
    manual = _by_prefix(_MANUAL_CHARGES, charge.vendor_charge_id)
    if manual is not None:
        return GatewayReply(manual_source=manual)
    method = charge.payment_method
    if method in _REFUND_NOT_IMPLEMENTED or (method == "square" and not rules.square_refunds):
        return GatewayReply(NOT_IMPLEMENTED)
    if method not in REMOTE:
        return GatewayReply()
    if not charge.vendor_charge_id:
        return GatewayReply("Invalid transaction ID for refund." if method == "stripe" else "Please provide a valid charge Id!")
    if method == "paypal" and isinstance(reason, php.ARRAY) and reason:
        return GatewayReply(crash="substr(): Argument #1 ($string) must be of type string, array given")
    error = claim_error() or _by_prefix(_TEST_CHARGES[method], charge.vendor_charge_id)
    if error is not None:
        return GatewayReply(error)
    return GatewayReply(refund_id=f"re_{ids.hex(24)}" if method == "stripe" else ids.upper(17))


class Cancellation(NamedTuple):
    """Reply to a cancellation. With both `cancelled` and `error`, the shop cancels in spite of the error."""

    cancelled: bool
    error: str | None = None


def cancel(subscription: Subscription, rules: Rules, claim_error: ClaimError) -> Cancellation:
    """Cancel a subscription through its gateway. Since 1.6.0 the shop itself cancels one without a vendor id."""
    method = subscription.current_payment_method
    if not subscription.vendor_subscription_id and rules.cancels_without_vendor_id:
        return Cancellation(True)
    if method == "offline_payment" and not rules.offline_cancel_fails:
        return Cancellation(True)
    if method not in REMOTE:
        return Cancellation(True, "This payment method does not support remote subscription cancel")
    if not subscription.vendor_subscription_id:
        return Cancellation(False, "Invalid vendor subscription ID.")
    error = claim_error() or _simulated_error(subscription)
    return Cancellation(error is None, error)


def _simulated_error(subscription: Subscription) -> str | None:
    vendor_id = subscription.vendor_subscription_id
    if vendor_id.startswith("sub_nosuch"):
        return f"No such subscription: '{vendor_id}'"
    return _by_prefix(_TEST_SUBSCRIPTIONS, vendor_id)


def _by_prefix(table: dict[str, str], text: str) -> str | None:
    if not text.startswith(tuple(table)):  # the usual case
        return None
    return next(value for prefix, value in table.items() if text.startswith(prefix))
