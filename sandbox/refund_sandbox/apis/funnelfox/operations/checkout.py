"""Checkout: sessions, payments, 3-D Secure challenges and one-click purchases. A browser calls these public operations."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors, rendering
from refund_sandbox.apis.funnelfox.bookkeeping import (
    charge,
    emit_order,
    find_price_point,
    grant_entitlement,
    new_sale,
    sales_of,
    saved_card,
    saved_method,
)
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
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
from refund_sandbox.core.context import Reply, UnitOfWork
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class PaymentAttempt(Struct, frozen=True):
    """Attempt to pay for a purchase with a payment method token, under an order id."""

    purchase: Purchase
    token: str
    order_id: str


def create_client_session(context: FunnelFoxContext) -> Reply:
    """POST /checkout/create_client_session. Assumed: the order is created by the first payment, not by the session."""
    document = context.document
    point = _find_buyable(context, context.org_id, document["external_id"], document["pp_ident"])
    _upsert_user(context.transaction, document["external_id"], document.get("email_address", ""))
    return Reply(rendering.session(_open_session(context), point))


def create_simple_client_session(context: FunnelFoxContext) -> Reply:
    """POST /checkout/create_simple_client_session."""
    return Reply({"client_token": _open_session(context).client_token})


def _open_session(context: FunnelFoxContext) -> Checkout:
    document = context.document
    session = Checkout(
        order_id=context.ids.uuid(),
        client_token=f"ct_{context.ids.base62(40)}",
        org_id=context.org_id,
        external_id=document.get("external_id", ""),
        email=document.get("email_address", ""),
        pp_ident=document.get("pp_ident", ""),
        region=document["region"],
        integration_type=document["integration_type"],
        country_code=document.get("country_code"),
        client_metadata=document.get("client_metadata", {}),
        created_at=write_time(context.now),
    )
    context.transaction.put(CHECKOUTS, session)
    return session


def _upsert_user(transaction: StoreTransaction, external_id: str, email: str) -> None:
    """Create the user or add an email address. Assumed: the first address stays; a second one becomes an alias."""
    user = transaction.get(USERS, external_id, for_update=True) or User(external_id)
    if email and not user.email:
        user = replace(user, email=email)
    elif email not in ("", user.email, *user.email_aliases):
        user = replace(user, email_aliases=[*user.email_aliases, email])
    transaction.put(USERS, user)


def update_client_session(context: FunnelFoxContext) -> Reply:
    """POST /checkout/update_client_session: change the price point. Assumed: only before the first payment attempt."""
    document, transaction = context.document, context.transaction
    session = _find_session(context)
    is_attempted = transaction.get(ORDERS, session.order_id) is not None
    if session.client_token != document["client_token"] or is_attempted:
        raise errors.session_not_found()
    prices.check_buyable(find_price_point(context, document["pp_ident"]))
    metadata = {**session.client_metadata, **document.get("client_metadata", {})}
    transaction.put(CHECKOUTS, replace(session, pp_ident=document["pp_ident"], client_metadata=metadata))
    return Reply({})


def get_tax_calculation(context: FunnelFoxContext) -> Reply:
    """POST /checkout/get_tax_calculation. Assumed: the list is empty, since the sandbox calculates no tax."""
    order_id = context.document["order_id"].lower()
    record = context.transaction.get(ORDERS, order_id) or context.transaction.get(CHECKOUTS, order_id)
    if record is None or record.org_id != context.org_id:
        raise errors.unknown_order()
    return Reply({"order_id": order_id, "tax_calculations": []})


def _find_session(context: FunnelFoxContext) -> Checkout:
    session = context.transaction.get(CHECKOUTS, context.document["order_id"].lower(), for_update=True)
    if session is None or session.org_id != context.org_id or not session.pp_ident:
        raise errors.session_not_found()
    return session


def create_payment(context: FunnelFoxContext) -> Reply:
    """POST /checkout/create_payment: charge a payment method.

    Assumed: a repeated request with the same order and token gets the first reply again. The browser SDK sends a
    request up to three times.
    """
    document = context.document
    token, session = document["payment_method_token"], _find_session(context)
    if token in session.answers:
        return Reply(session.answers[token])
    if any(result["checkout_status"] == "succeeded" for result in session.answers.values()):
        raise errors.double_purchase()
    _upsert_user(context.transaction, session.external_id, document.get("email_address") or session.email)
    metadata = {**session.client_metadata, **document.get("client_metadata", {})}
    return Reply(_pay_session(context, session, token, metadata))


def _pay_session(work: UnitOfWork, session: Checkout, token: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Pay for a session. A second attempt gets a new order and leaves the first one unchanged (facts §1.6)."""
    point = _find_buyable(work, session.org_id, session.external_id, session.pp_ident)
    purchase = Purchase(session.org_id, session.external_id, point, metadata, work.now)
    is_attempted = work.transaction.get(ORDERS, session.order_id) is not None
    order_id = work.ids.uuid() if is_attempted else session.order_id
    result = _attempt_payment(work, PaymentAttempt(purchase, token, order_id))
    if is_attempted:
        work.transaction.put(CHECKOUTS, _with_result(replace(session, order_id=order_id, answers={}), token, result))
        work.transaction.put(CHECKOUTS, replace(session, answers={**session.answers, token: result}))
    else:
        work.transaction.put(CHECKOUTS, _with_result(session, token, result))
    return result


def _attempt_payment(work: UnitOfWork, attempt: PaymentAttempt) -> dict[str, Any]:
    """Charge the token's card, or require 3-D Secure first."""
    _count_charge(work, attempt)
    card = read_card(attempt.token)
    order = checkout.new_order(attempt.purchase, attempt.order_id, prices.first_charge(attempt.purchase.point))
    if card.outcome == "challenged":
        sale = new_sale(work, order, card)
        work.transaction.put(ORDERS, order)
        work.transaction.put(TRANSACTIONS, replace(sale, threeds_challenge_issued=True))
        return rendering.checkout_result("processing", order.order_id, action_token=f"3ds_{work.ids.base62(32)}_challenge")
    return _finish_payment(work, charge(work, order, card), attempt)


def _finish_payment(work: UnitOfWork, order: Order, attempt: PaymentAttempt) -> dict[str, Any]:
    """Grant the entitlement of a settled order and save the payment method, or emit the decline."""
    if order.status == "settled":
        grant_entitlement(work, order, attempt.purchase)
        method = replace(_method_of(work, attempt), saved_at=write_time(attempt.purchase.at), is_vaulted=True)
        work.transaction.put(PAYMENT_METHODS, method)
        return rendering.checkout_result("succeeded", order.order_id)
    emit_order(work, order)
    reason = sales_of(work.transaction, order)[-1].psp_reason_message
    return rendering.checkout_result("failed", order.order_id, reason or "")


def _count_charge(work: UnitOfWork, attempt: PaymentAttempt) -> None:
    """Count a charge of a payment method. Raise a refusal for the third one within a day."""
    method = _method_of(work, attempt)
    if not checkout.may_charge(method, attempt.purchase.at):
        raise errors.payment_limit()
    charges = [*method.charges[1 - checkout.MAX_CHARGES_PER_DAY :], write_time(attempt.purchase.at)]
    work.transaction.put(PAYMENT_METHODS, replace(method, charges=charges))


def _method_of(work: UnitOfWork, attempt: PaymentAttempt) -> PaymentMethod:
    """Return the user's payment method of a token, or a new one. Assumed: each user has payment methods of their own."""
    owner = attempt.purchase.external_id
    methods = work.transaction.where(PAYMENT_METHODS, "external_id", owner)
    new_method = PaymentMethod(work.ids.uuid(), owner, attempt.token, is_vaulted=False)
    return next((method for method in methods if method.token == attempt.token), new_method)


def resume_payment(context: FunnelFoxContext) -> Reply:
    """POST /checkout/resume_payment: finish a payment after 3-D Secure.

    Assumed: a repeated request with the same token gets the first reply again.
    """
    token = context.document["resume_token"]
    key, session = f"resume {token}", _find_session(context)
    if key in session.answers:
        return Reply(session.answers[key])
    order = context.transaction.get(ORDERS, session.order_id, for_update=True)
    if not session.action_required_token or order is None or order.status != "processing":
        raise errors.nothing_to_resume()
    result = _resume(context, session, order, passed=checkout.is_challenge_passed(token))
    answers = {**session.answers, session.pay_with: result, key: result}
    context.transaction.put(CHECKOUTS, replace(session, action_required_token="", answers=answers))
    return Reply(result)


def _resume(work: UnitOfWork, session: Checkout, order: Order, *, passed: bool) -> dict[str, Any]:
    _upsert_user(work.transaction, session.external_id, "")
    point = prices.version_of(find_price_point(work, order.pp_ident), order.pp_version)
    sale = sales_of(work.transaction, order)[-1]
    if passed:
        order, sale = checkout.settle(order, sale, write_time(work.now))
    else:
        order, sale = checkout.decline(order, sale, read_card(session.pay_with), write_time(work.now))
    work.transaction.put(ORDERS, order)
    work.transaction.put(TRANSACTIONS, sale)
    purchase = Purchase(order.org_id, order.external_id, point, order.initial_order_metadata, work.now)
    return _finish_payment(work, order, PaymentAttempt(purchase, session.pay_with, order.order_id))


def one_click(context: FunnelFoxContext) -> Reply:
    """POST /checkout/one_click: charge the saved payment method.

    Assumed: without one the purchase is refused and creates no order. A repeated request gets `double_purchase`, except that
    a consumable is bought again.
    """
    document = context.document
    external_id = document["external_id"]
    user = context.transaction.get(USERS, external_id, for_update=True)  # before the check, so that concurrent ones wait
    point = _find_buyable(context, context.org_id, external_id, document["pp_ident"])
    method = saved_method(context, external_id) if user else None
    if method is None:
        raise errors.no_payment_method()
    purchase = Purchase(context.org_id, external_id, point, document.get("client_metadata", {}), context.now)
    order = checkout.new_order(purchase, context.ids.uuid(), prices.first_charge(point))
    order = charge(context, order, saved_card(context, external_id))
    return Reply(_finish_payment(context, order, PaymentAttempt(purchase, method.token, order.order_id)))


def _find_buyable(work: UnitOfWork, org_id: str, external_id: str, ident: str) -> PricePoint:
    """Return a price point that the user may buy. Raise a refusal if the user already owns it."""
    point, transaction = find_price_point(work, ident), work.transaction
    prices.check_buyable(point)
    entitlements: list[Subscription | Oneoff] = [
        *transaction.where(SUBSCRIPTIONS, "external_id", external_id),
        *transaction.where(ONEOFFS, "external_id", external_id),
    ]
    own = [entitlement for entitlement in entitlements if entitlement.org_id == org_id]
    if checkout.is_owned(point, own, {feature.ident: feature for feature in transaction.all(FEATURES)}):
        raise errors.double_purchase()
    return point


def _with_result(session: Checkout, token: str, result: dict[str, Any]) -> Checkout:
    """Return the session with a payment's result and its 3-D Secure challenge, if any."""
    action_token = result["action_required_token"]
    return replace(session, answers={**session.answers, token: result}, action_required_token=action_token, pay_with=token)
