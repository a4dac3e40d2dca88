"""What the payment gateways say to a refund and to the cancellation of a subscription."""

from collections.abc import Callable
from typing import NamedTuple

from refund_sandbox.apis.fluentcart.records import Subscription, Transaction
from refund_sandbox.core.ids import Ids

NOT_IMPLEMENTED = "Refund process is not implemented for this payment gateway."

# Gateways that list the refund feature but can't do it (07-033 to 07-035).
_PROMISED_ONLY = frozenset(("offline_payment", "square", "airwallex"))
# Gateways that can cancel a subscription; offline_payment has nobody to ask.
_REMOTE = frozenset(("stripe", "paypal"))
# Whom a gateway bills for a subscription, where the world does not say: the customer that the recordings were made with.
CUSTOMERS = {"stripe": "cus_golden"}


class Answer(NamedTuple):
    """What came of asking a gateway: an `error`, or the id it gave the refund ("" when nobody was asked)."""

    error: str | None = None
    refund_id: str = ""
    manual_source: str | None = None
    """Not None when the shop says that it refunds by hand; the text says how, and may be empty."""


# Charge ids that decide the outcome, like a payment provider's test cards: the ones that the recordings were made with.
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


def refund(charge: Transaction, ids: Ids, failure: Callable[[], str | None]) -> Answer:
    """Asks the gateway of a charge to give money back. `failure` is asked only when the gateway really is."""
    manual = _by_prefix(_MANUAL_CHARGES, charge.vendor_charge_id)
    if manual is not None:
        return Answer(manual_source=manual)
    method = charge.payment_method
    if method in _PROMISED_ONLY:
        return Answer(NOT_IMPLEMENTED)
    if method not in _REMOTE:
        return Answer()
    if not charge.vendor_charge_id:
        return Answer("Invalid transaction ID for refund." if method == "stripe" else "Please provide a valid charge Id!")
    error = failure() or _by_prefix(_TEST_CHARGES[method], charge.vendor_charge_id)
    if error is not None:
        return Answer(error)
    return Answer(refund_id=f"re_{ids.hex(24)}" if method == "stripe" else ids.upper(17))


class Cancellation(NamedTuple):
    """What came of asking a gateway to cancel. `error` with `cancelled`: the shop cancels all the same."""

    cancelled: bool
    error: str | None = None


def cancel(subscription: Subscription, failure: Callable[[], str | None]) -> Cancellation:
    """Asks the gateway of a subscription to cancel it.

    Assumed: 1.6.2 refuses one without a vendor id, as recorded; by 1.6.3's source the shop cancels such a one by itself.
    """
    method = subscription.current_payment_method
    if method == "offline_payment":
        return Cancellation(True)
    if method not in _REMOTE:
        return Cancellation(True, "This payment method does not support remote subscription cancel")
    if not subscription.vendor_subscription_id:
        return Cancellation(False, "Invalid vendor subscription ID.")
    error = failure() or _test_subscription(subscription)
    return Cancellation(error is None, error)


def _test_subscription(subscription: Subscription) -> str | None:
    vendor_id = subscription.vendor_subscription_id
    if vendor_id.startswith("sub_nosuch"):
        return f"No such subscription: '{vendor_id}'"
    return _by_prefix(_TEST_SUBSCRIPTIONS, vendor_id)


def _by_prefix(table: dict[str, str], text: str) -> str | None:
    if not text.startswith(tuple(table)):  # nearly always
        return None
    return next(value for prefix, value in table.items() if text.startswith(prefix))
