"""Charges of payment methods, for purchases, migrations and renewals."""

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox.operations.entitlements import EntitlementOperations
from refund_sandbox.apis.funnelfox.records import (
    ORDERS,
    PAYMENT_METHODS,
    PRICE_POINTS,
    TRANSACTIONS,
    Order,
    PaymentMethod,
    PricePoint,
    Subscription,
)
from refund_sandbox.apis.funnelfox.rules import checkout, prices
from refund_sandbox.apis.funnelfox.rules.cards import Card, read_card
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class ChargingOperations(EntitlementOperations):
    """Shared by purchases, migrations and renewals."""

    def _saved_method(self, transaction: StoreTransaction, external_id: str) -> PaymentMethod | None:
        """Return the payment method that the user saved last."""
        methods = transaction.where(PAYMENT_METHODS, "external_id", external_id)
        vaulted = sorted((method for method in methods if method.is_vaulted), key=lambda method: method.saved_at)
        return vaulted[-1] if vaulted else None

    def _saved_card(self, transaction: StoreTransaction, external_id: str) -> Card:
        """Return the card of the saved payment method. Assumed: a charge without a saved one succeeds."""
        method = self._saved_method(transaction, external_id)
        card = read_card(method.token if method else "")
        return replace(card, outcome=card.later_outcome)

    def _charge(self, transaction: StoreTransaction, order: Order, card: Card, *, off_session: bool = False) -> Order:
        """Charge a card and save the settled or declined order. `off_session` marks a charge without the customer."""
        ids = self._services.ids
        sale = replace(checkout.new_sale(order, card, ids.uuid(), f"pi_{ids.base62(24)}"), is_cit=not off_session)
        if card.outcome == "declined":
            order, sale = checkout.decline(order, sale, card, order.created_at)
        else:
            order, sale = checkout.settle(order, sale, order.created_at)
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, sale)
        return order

    def _price_point_of(self, transaction: ReadTransaction, subscription: Subscription) -> PricePoint | None:
        """Return the price point of a subscription, in the version that it was sold at."""
        point = transaction.get(PRICE_POINTS, subscription.pp_ident)
        return prices.version_of(point, subscription.pp_version) if point else None
