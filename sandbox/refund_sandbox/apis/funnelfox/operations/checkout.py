"""Checkout: sessions, payments, 3-D Secure challenges and one-click purchases."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors, rendering
from refund_sandbox.apis.funnelfox.operations.charging import ChargingOperations
from refund_sandbox.apis.funnelfox.records import (
    CHECKOUTS,
    FEATURES,
    ONEOFFS,
    ORDERS,
    PAYMENT_METHODS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Checkout,
    Oneoff,
    Order,
    PaymentMethod,
    PricePoint,
    Subscription,
    User,
)
from refund_sandbox.apis.funnelfox.rules import checkout, prices
from refund_sandbox.apis.funnelfox.rules.cards import read_card
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.timestamps import write_time
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_NO_SAVED_METHOD = "There is no saved payment method."


class PaymentAttempt(Struct, frozen=True):
    """Attempt to pay for a purchase with a payment method token, under an order id."""

    purchase: Purchase
    token: str
    order_id: str


class CheckoutOperations(ChargingOperations):
    """Public operations that a browser calls."""

    def create_client_session(self, context: Context) -> Reply:
        """POST /checkout/create_client_session. Assumed: the order is created by the first payment, not by the session."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            point = self._find_price_point(transaction, document["pp_ident"])
            prices.check_buyable(point)
            self._check_not_owned(transaction, context.params["org_id"], document["external_id"], point)
            self._upsert_user(transaction, document["external_id"], document.get("email_address", ""))
            session = self._open_session(transaction, context, document)
        return Reply({"client_token": session.client_token, "order_id": session.order_id})

    def create_simple_client_session(self, context: Context) -> Reply:
        """POST /checkout/create_simple_client_session."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            session = self._open_session(transaction, context, document)
        return Reply({"client_token": session.client_token})

    def _open_session(self, transaction: StoreTransaction, context: Context, document: Mapping[str, Any]) -> Checkout:
        session = Checkout(
            order_id=self._services.ids.uuid(),
            client_token=f"ct_{self._services.ids.base62(40)}",
            org_id=context.params["org_id"],
            external_id=document.get("external_id", ""),
            email=document.get("email_address", ""),
            pp_ident=document.get("pp_ident", ""),
            region=document["region"],
            integration_type=document["integration_type"],
            country_code=document.get("country_code"),
            client_metadata=document.get("client_metadata", {}),
            created_at=self._now(),
        )
        transaction.put(CHECKOUTS, session)
        return session

    def _upsert_user(self, transaction: StoreTransaction, external_id: str, email: str) -> None:
        """Create the user or add an email address. Assumed: the first address stays; a second one becomes an alias."""
        user = transaction.get(USERS, external_id, for_update=True) or User(external_id)
        if email and not user.email:
            user = replace(user, email=email)
        elif email not in ("", user.email, *user.email_aliases):
            user = replace(user, email_aliases=[*user.email_aliases, email])
        transaction.put(USERS, user)

    def update_client_session(self, context: Context) -> Reply:
        """POST /checkout/update_client_session: change the price point. Assumed: only before the first payment attempt."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            session = self._find_session(transaction, context, document["order_id"])
            is_attempted = transaction.get(ORDERS, session.order_id) is not None
            if session.client_token != document["client_token"] or is_attempted:
                raise errors.session_not_found()
            prices.check_buyable(self._find_price_point(transaction, document["pp_ident"]))
            metadata = {**session.client_metadata, **document.get("client_metadata", {})}
            transaction.put(CHECKOUTS, replace(session, pp_ident=document["pp_ident"], client_metadata=metadata))
        return Reply({})

    def _find_session(self, transaction: StoreTransaction, context: Context, order_id: str) -> Checkout:
        session = transaction.get(CHECKOUTS, order_id.lower(), for_update=True)
        if session is None or session.org_id != context.params["org_id"] or not session.pp_ident:
            raise errors.session_not_found()
        return session

    def create_payment(self, context: Context) -> Reply:
        """POST /checkout/create_payment: charge a payment method.

        Assumed: a repeated request with the same order and token gets the first reply again. The browser SDK sends a
        request up to three times.
        """
        document = self._read(context)
        token = document["payment_method_token"]
        with self.transaction(context) as transaction:
            session = self._find_session(transaction, context, document["order_id"])
            if token in session.answers:
                return Reply(session.answers[token])
            if any(result["checkout_status"] == "succeeded" for result in session.answers.values()):
                raise errors.double_purchase()
            self._upsert_user(transaction, session.external_id, document.get("email_address") or session.email)
            metadata = {**session.client_metadata, **document.get("client_metadata", {})}
            result = self._pay_session(transaction, session, token, metadata)
        return Reply(result)

    def _pay_session(
        self, transaction: StoreTransaction, session: Checkout, token: str, metadata: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Pay for a session. A second attempt gets a new order and leaves the first one unchanged (facts §1.6)."""
        point = self._find_price_point(transaction, session.pp_ident)
        prices.check_buyable(point)
        self._check_not_owned(transaction, session.org_id, session.external_id, point)
        purchase = Purchase(session.org_id, session.external_id, point, metadata, self._services.clock.now())
        is_attempted = transaction.get(ORDERS, session.order_id) is not None
        order_id = self._services.ids.uuid() if is_attempted else session.order_id
        result = self._attempt_payment(transaction, PaymentAttempt(purchase, token, order_id))
        if is_attempted:
            transaction.put(CHECKOUTS, _with_result(replace(session, order_id=order_id, answers={}), token, result))
            transaction.put(CHECKOUTS, replace(session, answers={**session.answers, token: result}))
        else:
            transaction.put(CHECKOUTS, _with_result(session, token, result))
        return result

    def _attempt_payment(self, transaction: StoreTransaction, attempt: PaymentAttempt) -> dict[str, Any]:
        """Charge the token's card, or require 3-D Secure first."""
        self._count_charge(transaction, attempt)
        card = read_card(attempt.token)
        order = checkout.new_order(attempt.purchase, attempt.order_id, prices.first_charge(attempt.purchase.point))
        if card.outcome == "challenged":
            ids = self._services.ids
            sale = checkout.new_sale(order, card, ids.uuid(), f"pi_{ids.base62(24)}")
            transaction.put(ORDERS, order)
            transaction.put(TRANSACTIONS, replace(sale, threeds_challenge_issued=True))
            return rendering.checkout_result("processing", order.order_id, action_token=f"3ds_{ids.base62(32)}_challenge")
        return self._finish_payment(transaction, self._charge(transaction, order, card), attempt)

    def _finish_payment(self, transaction: StoreTransaction, order: Order, attempt: PaymentAttempt) -> dict[str, Any]:
        """Grant the entitlement of a settled order and save the payment method, or emit the decline."""
        if order.status == "settled":
            self._grant_entitlement(transaction, order, attempt.purchase)
            self._save_method(transaction, attempt)
            return rendering.checkout_result("succeeded", order.order_id)
        self._emit(transaction, self._order_event(transaction, order, "declined"))
        reason = self._sales_of(transaction, order)[-1].psp_reason_message
        return rendering.checkout_result("failed", order.order_id, reason or "")

    def _count_charge(self, transaction: StoreTransaction, attempt: PaymentAttempt) -> None:
        """Count a charge of a payment method. Raise a refusal for the third one within a day."""
        method = self._method_of(transaction, attempt)
        if not checkout.may_charge(method, attempt.purchase.at):
            raise errors.payment_limit()
        charges = [*method.charges[1 - checkout.MAX_CHARGES_PER_DAY :], write_time(attempt.purchase.at)]
        transaction.put(PAYMENT_METHODS, replace(method, charges=charges))

    def _save_method(self, transaction: StoreTransaction, attempt: PaymentAttempt) -> None:
        method = self._method_of(transaction, attempt)
        transaction.put(PAYMENT_METHODS, replace(method, saved_at=write_time(attempt.purchase.at), is_vaulted=True))

    def _method_of(self, transaction: StoreTransaction, attempt: PaymentAttempt) -> PaymentMethod:
        """Return the user's payment method of a token, or a new one. Assumed: each user has payment methods of their own."""
        owner = attempt.purchase.external_id
        methods = transaction.where(PAYMENT_METHODS, "external_id", owner)
        new_method = PaymentMethod(self._services.ids.uuid(), owner, attempt.token, is_vaulted=False)
        return next((method for method in methods if method.token == attempt.token), new_method)

    def resume_payment(self, context: Context) -> Reply:
        """POST /checkout/resume_payment: finish a payment after 3-D Secure.

        Assumed: a repeated request with the same token gets the first reply again.
        """
        document = self._read(context)
        key = f"resume {document['resume_token']}"
        with self.transaction(context) as transaction:
            session = self._find_session(transaction, context, document["order_id"])
            if key in session.answers:
                return Reply(session.answers[key])
            order = transaction.get(ORDERS, session.order_id, for_update=True)
            if not session.action_required_token or order is None or order.status != "processing":
                raise errors.nothing_to_resume()
            result = self._resume(transaction, session, order, passed=checkout.is_challenge_passed(document["resume_token"]))
            answers = {**session.answers, session.pay_with: result, key: result}
            transaction.put(CHECKOUTS, replace(session, action_required_token="", answers=answers))
        return Reply(result)

    def _resume(self, transaction: StoreTransaction, session: Checkout, order: Order, *, passed: bool) -> dict[str, Any]:
        self._upsert_user(transaction, session.external_id, "")
        point = prices.version_of(self._find_price_point(transaction, order.pp_ident), order.pp_version)
        now = self._services.clock.now()
        sale = self._sales_of(transaction, order)[-1]
        if passed:
            order, sale = checkout.settle(order, sale, write_time(now))
        else:
            order, sale = checkout.decline(order, sale, read_card(session.pay_with), write_time(now))
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, sale)
        purchase = Purchase(order.org_id, order.external_id, point, order.initial_order_metadata, now)
        return self._finish_payment(transaction, order, PaymentAttempt(purchase, session.pay_with, order.order_id))

    def one_click(self, context: Context) -> Reply:
        """POST /checkout/one_click: charge the saved payment method.

        Assumed: without one the purchase fails and creates no order. A repeated request gets `double_purchase`, except that
        a consumable is bought again.
        """
        document = self._read(context)
        with self.transaction(context) as transaction:
            point = self._find_price_point(transaction, document["pp_ident"])
            prices.check_buyable(point)
            org_id, external_id = context.params["org_id"], document["external_id"]
            user = transaction.get(USERS, external_id, for_update=True)
            self._check_not_owned(transaction, org_id, external_id, point)
            method = self._saved_method(transaction, external_id) if user else None
            if method is None:
                return Reply(rendering.checkout_result("failed", None, _NO_SAVED_METHOD))
            now = self._services.clock.now()
            purchase = Purchase(org_id, external_id, point, document.get("client_metadata", {}), now)
            order = checkout.new_order(purchase, self._services.ids.uuid(), prices.first_charge(point))
            order = self._charge(transaction, order, self._saved_card(transaction, external_id))
            result = self._finish_payment(transaction, order, PaymentAttempt(purchase, method.token, order.order_id))
        return Reply(result)

    def _check_not_owned(self, transaction: StoreTransaction, org_id: str, external_id: str, point: PricePoint) -> None:
        """Raise a refusal if the user already owns the price point."""
        entitlements: list[Subscription | Oneoff] = [
            *transaction.where(SUBSCRIPTIONS, "external_id", external_id),
            *transaction.where(ONEOFFS, "external_id", external_id),
        ]
        own = [entitlement for entitlement in entitlements if entitlement.org_id == org_id]
        if checkout.is_owned(point, own, {feature.ident: feature for feature in transaction.all(FEATURES)}):
            raise errors.double_purchase()


def _with_result(session: Checkout, token: str, result: dict[str, Any]) -> Checkout:
    """Return the session with a payment's result and its 3-D Secure challenge, if any."""
    action_token = result["action_required_token"]
    return replace(session, answers={**session.answers, token: result}, action_required_token=action_token, pay_with=token)
