"""Answers the checkout: sessions, payments, 3-D Secure, and purchases with one click."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.funnelfox import errors, parsing
from refund_sandbox.apis.funnelfox.operations.charging import Billing
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
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.frozen import frozen, replace
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_NO_METHOD = "There is no saved payment method."


@frozen
class Attempt:
    """One try to pay: for what, with which token, under which order."""

    purchase: Purchase
    token: str
    order_id: str


class CheckoutHandlers(Billing):
    """The public operations that a browser calls."""

    def create_client_session(self, context: Context) -> Reply:
        """POST /checkout/create_client_session. Nothing is booked yet: the order begins with a payment (Assumed)."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            point = self._find_point(transaction, document["pp_ident"])
            prices.check_buyable(point)
            self._check_not_owned(transaction, context.params["org_id"], document["external_id"], point)
            self._meet(transaction, document["external_id"], document.get("email_address", ""))
            session = self._begin(transaction, context, document)
        return Reply({"client_token": session.client_token, "order_id": session.order_id})

    def create_simple_client_session(self, context: Context) -> Reply:
        """POST /checkout/create_simple_client_session."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            session = self._begin(transaction, context, document)
        return Reply({"client_token": session.client_token})

    def _begin(self, transaction: StoreTransaction, context: Context, document: Mapping[str, Any]) -> Checkout:
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

    def _meet(self, transaction: StoreTransaction, external_id: str, email: str) -> User:
        """The user, who is new, or whose email address may be. Assumed: one that is known stays; another is an alias."""
        user = transaction.get(USERS, external_id, for_update=True) or User(external_id)
        if email and not user.email:
            user = replace(user, email=email)
        elif email not in ("", user.email, *user.email_aliases):
            user = replace(user, email_aliases=[*user.email_aliases, email])
        transaction.put(USERS, user)
        return user

    def update_client_session(self, context: Context) -> Reply:
        """POST /checkout/update_client_session: another price point, until somebody tries to pay (Assumed)."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            session = self._find_session(transaction, context, document["order_id"])
            tried = transaction.get(ORDERS, session.order_id) is not None
            if session.client_token != document["client_token"] or tried:
                raise errors.session_not_found()
            prices.check_buyable(self._find_point(transaction, document["pp_ident"]))
            metadata = {**session.client_metadata, **document.get("client_metadata", {})}
            transaction.put(CHECKOUTS, replace(session, pp_ident=document["pp_ident"], client_metadata=metadata))
        return Reply({})

    def _find_session(self, transaction: StoreTransaction, context: Context, order_id: str) -> Checkout:
        session = transaction.get(CHECKOUTS, order_id.lower(), for_update=True)
        if session is None or session.org_id != context.params["org_id"] or not session.pp_ident:
            raise errors.session_not_found()
        return session

    def create_payment(self, context: Context) -> Reply:
        """POST /checkout/create_payment.

        Assumed: the same order and token get the same answer again, since the browser SDK sends a call up to three times.
        """
        document = self._read(context)
        token = document["payment_method_token"]
        with self.transaction(context) as transaction:
            session = self._find_session(transaction, context, document["order_id"])
            if token in session.answers:
                return Reply(session.answers[token])
            if any(given["checkout_status"] == "succeeded" for given in session.answers.values()):
                raise errors.double_purchase()
            self._meet(transaction, session.external_id, document.get("email_address") or session.email)
            metadata = {**session.client_metadata, **document.get("client_metadata", {})}
            answer = self._try(transaction, session, token, metadata)
        return Reply(answer)

    def _try(self, transaction: StoreTransaction, session: Checkout, token: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Pays for a session. An order that was tried before stays as it is: another one takes its place (facts §1.6)."""
        point = self._find_point(transaction, session.pp_ident)
        prices.check_buyable(point)
        self._check_not_owned(transaction, session.org_id, session.external_id, point)
        purchase = Purchase(session.org_id, session.external_id, point, metadata, self._services.clock.now())
        tried = transaction.get(ORDERS, session.order_id) is not None
        order_id = self._services.ids.uuid() if tried else session.order_id
        answer = self._pay(transaction, Attempt(purchase, token, order_id))
        if tried:
            transaction.put(CHECKOUTS, _answered(replace(session, order_id=order_id, answers={}), token, answer))
            transaction.put(CHECKOUTS, replace(session, answers={**session.answers, token: answer}))
        else:
            transaction.put(CHECKOUTS, _answered(session, token, answer))
        return answer

    def _pay(self, transaction: StoreTransaction, attempt: Attempt) -> dict[str, Any]:
        """Charges the card that the token stands for, or asks for 3-D Secure first."""
        self._count_charge(transaction, attempt)
        card = read_card(attempt.token)
        order = checkout.new_order(attempt.purchase, attempt.order_id, prices.first_charge(attempt.purchase.point))
        if card.outcome == "challenged":
            ids = self._services.ids
            sale = checkout.new_sale(order, card, ids.uuid(), f"pi_{ids.base62(24)}")
            transaction.put(ORDERS, order)
            transaction.put(TRANSACTIONS, replace(sale, threeds_challenge_issued=True))
            return checkout.answer("processing", order.order_id, action=f"3ds_{ids.base62(32)}_challenge")
        return self._conclude(transaction, self._charge(transaction, order, card), attempt)

    def _conclude(self, transaction: StoreTransaction, order: Order, attempt: Attempt) -> dict[str, Any]:
        """Gives what was paid for and remembers the payment method, or says why it was not paid."""
        if order.status == "settled":
            self._grant(transaction, order, attempt.purchase)
            self._save_method(transaction, attempt)
            return checkout.answer("succeeded", order.order_id)
        self._tell(transaction, self._news_of(transaction, order, "declined"))
        reason = self._sales(transaction, order)[-1].psp_reason_message
        return checkout.answer("failed", order.order_id, reason or "")

    def _count_charge(self, transaction: StoreTransaction, attempt: Attempt) -> None:
        """Counts a charge of a payment method. Raises the refusal of a third one within a day."""
        method = self._method_of(transaction, attempt)
        if not checkout.may_charge(method, attempt.purchase.at):
            raise errors.payment_limit()
        charges = [*method.charges[1 - checkout.CHARGES_A_DAY :], parsing.write_time(attempt.purchase.at)]
        transaction.put(PAYMENT_METHODS, replace(method, charges=charges))

    def _save_method(self, transaction: StoreTransaction, attempt: Attempt) -> None:
        method = self._method_of(transaction, attempt)
        saved = replace(method, saved_at=parsing.write_time(attempt.purchase.at), is_vaulted=True)
        transaction.put(PAYMENT_METHODS, saved)

    def _method_of(self, transaction: StoreTransaction, attempt: Attempt) -> PaymentMethod:
        """The user's payment method of a token. Assumed: a token is one user's, as the sandbox's are anybody's."""
        owner = attempt.purchase.external_id
        known = transaction.where(PAYMENT_METHODS, "external_id", owner)
        new = PaymentMethod(self._services.ids.uuid(), owner, attempt.token, is_vaulted=False)
        return next((method for method in known if method.token == attempt.token), new)

    def resume_payment(self, context: Context) -> Reply:
        """POST /checkout/resume_payment: after 3-D Secure. The same token gets the same answer again (Assumed)."""
        document = self._read(context)
        key = f"resume {document['resume_token']}"
        with self.transaction(context) as transaction:
            session = self._find_session(transaction, context, document["order_id"])
            if key in session.answers:
                return Reply(session.answers[key])
            order = transaction.get(ORDERS, session.order_id, for_update=True)
            if not session.action_required_token or order is None or order.status != "processing":
                raise errors.nothing_to_resume()
            answer = self._resume(transaction, session, order, passed=checkout.passed(document["resume_token"]))
            answers = {**session.answers, session.pay_with: answer, key: answer}
            transaction.put(CHECKOUTS, replace(session, action_required_token="", answers=answers))
        return Reply(answer)

    def _resume(self, transaction: StoreTransaction, session: Checkout, order: Order, *, passed: bool) -> dict[str, Any]:
        self._meet(transaction, session.external_id, "")
        point = prices.version_of(self._find_point(transaction, order.pp_ident), order.pp_version)
        now = self._services.clock.now()
        sale = self._sales(transaction, order)[-1]
        if passed:
            order, sale = checkout.settle(order, sale, parsing.write_time(now))
        else:
            order, sale = checkout.decline(order, sale, read_card(session.pay_with), parsing.write_time(now))
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, sale)
        purchase = Purchase(order.org_id, order.external_id, point, order.initial_order_metadata, now)
        return self._conclude(transaction, order, Attempt(purchase, session.pay_with, order.order_id))

    def one_click(self, context: Context) -> Reply:
        """POST /checkout/one_click: the payment method that was saved last, without the user's help.

        Assumed: without one it fails, and there is no order. A call that is repeated finds what the first one bought:
        `double_purchase`; but a consumable is bought again.
        """
        document = self._read(context)
        with self.transaction(context) as transaction:
            point = self._find_point(transaction, document["pp_ident"])
            prices.check_buyable(point)
            org_id, external_id = context.params["org_id"], document["external_id"]
            known = transaction.get(USERS, external_id, for_update=True)
            self._check_not_owned(transaction, org_id, external_id, point)
            method = self._method(transaction, external_id) if known else None
            if method is None:
                return Reply(checkout.answer("failed", None, _NO_METHOD))
            now = self._services.clock.now()
            purchase = Purchase(org_id, external_id, point, document.get("client_metadata", {}), now)
            order = checkout.new_order(purchase, self._services.ids.uuid(), prices.first_charge(point))
            order = self._charge(transaction, order, self._card_of(transaction, external_id))
            answer = self._conclude(transaction, order, Attempt(purchase, method.token, order.order_id))
        return Reply(answer)

    def _check_not_owned(self, transaction: StoreTransaction, org_id: str, external_id: str, point: PricePoint) -> None:
        """Raises the refusal of what the user has already."""
        held: list[Subscription | Oneoff] = [
            *transaction.where(SUBSCRIPTIONS, "external_id", external_id),
            *transaction.where(ONEOFFS, "external_id", external_id),
        ]
        own = [record for record in held if record.org_id == org_id]
        if checkout.is_owned(point, own, {feature.ident: feature for feature in transaction.all(FEATURES)}):
            raise errors.double_purchase()


def _answered(session: Checkout, token: str, answer: dict[str, Any]) -> Checkout:
    """The session with an answer, and with the challenge that it may ask for."""
    action = answer["action_required_token"]
    return replace(session, answers={**session.answers, token: answer}, action_required_token=action, pay_with=token)
