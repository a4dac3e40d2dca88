"""Every webhook of both APIs, sent by a running sandbox in the course of purchases, renewals and refunds."""

from collections.abc import Mapping
from typing import Any

from docs.generate.calls import ADMIN_KEY, sandbox, send
from docs.generate.fluentcart_page import ADMIN
from refund_sandbox.testing import Sandbox

_GOOD, _POOR, _ONCE = "pm_4242424242424242", "pm_4000000000009995", "pm_4000000000000341"
_NOBODY = "http://127.0.0.1:9/"
_LONG_ENOUGH = "40d"
"""A trial of a week, a month, and all attempts to charge a card that declines."""


def webhooks() -> Mapping[str, Mapping[str, list[Any]]]:
    """The bodies of the webhooks, oldest first, by API and topic."""
    with sandbox() as running:
        running.load(running.state())  # plans the renewals of the demo data, whatever day it is
        running.settings(webhooks={"retries": 0})
        every_event = {"url": _NOBODY, "declined_order_events": True}
        running.webhooks.targets(funnelfox=[every_event], fluentcart=[{"request_url": _NOBODY}])
        _bill(running)
        _sell(running)
        found: dict[str, dict[str, list[Any]]] = {"funnelfox": {}, "fluentcart": {}}
        for delivery in reversed(running.webhooks.deliveries(limit=1000)):
            found[delivery["api"]].setdefault(delivery["topic"], []).append(delivery["body"])
        return found


def _bill(running: Sandbox) -> None:
    """Cause every event of FunnelFox."""
    order = _buy(running, "user_a", "coins_499", _GOOD)
    running.client.post(f"/funnelfox/orders/{order}/dispute")
    _ask(running, "payment/refund", external_id="user_a", order_id=order)
    _ask(running, "user/update_email", external_id="user_a", email_address="new@example.test")
    _buy(running, "user_b", "premium_monthly_999", _POOR)
    _use_every_action(running)
    _buy(running, "user_d", "premium_monthly_999", _ONCE)
    _buy(running, "user_e", "premium_monthly_999", _ONCE)
    running.advance("11d")
    _buy(running, "user_d", "coins_499", _GOOD)  # the card of the next attempt
    running.advance(_LONG_ENOUGH)


def _use_every_action(running: Sandbox) -> None:
    _buy(running, "user_c", "premium_monthly_999", _GOOD)
    subscription = {"subs_id": _subscription_of(running, "user_c")}
    _ask(running, "subscription/disable_autorenew", **subscription)
    _ask(running, "subscription/enable_autorenew", **subscription)
    _ask(running, "subscription/pause", **subscription)
    _ask(running, "subscription/resume", **subscription)
    _ask(running, "subscription/defer", **subscription, defer_till="2026-11-28T12:00:00Z")
    yearly = {"ident": "premium_yearly", "intro_type": "no_intro", "currency_code": "USD", "next_price": "99.00"}
    _ask(running, "pp/create", **yearly, next_period=1, next_period_duration="years")
    order = _buy(running, "user_f", "premium_monthly_999", _GOOD)
    moved = {"subs_id": _subscription_of(running, "user_f")}
    _ask(running, "subscription/migration", **moved, pp_ident="premium_yearly", strategy="delayed_start")
    _ask(running, "payment/refund", external_id="user_f", order_id=order)


def _sell(running: Sandbox) -> None:
    """Cause every event of FluentCart."""
    _shop(running, "POST", "1002/refund", {"refund_info": {"transaction_id": 5002, "amount": 4900}})
    _shop(running, "POST", "1006/refund", {"refund_info": {"transaction_id": 5007, "amount": 100, "cancelSubscription": "true"}})
    _shop(running, "PUT", "1003/statuses", {"action": "change_order_status", "statuses": {"order_status": "canceled"}})


def _buy(running: Sandbox, user: str, point: str, token: str) -> str:
    session = {"region": "default", "integration_type": "primer", "email_address": f"{user}@example.test"}
    opened = _ask(running, "checkout/create_client_session", **session, external_id=user, pp_ident=point)["data"]
    _ask(running, "checkout/create_payment", order_id=opened["order_id"], payment_method_token=token)
    return str(opened["order_id"])


def _subscription_of(running: Sandbox, user: str) -> str:
    return str(_ask(running, "subscription/search", external_id=user)["data"]["subscriptions"][0]["subs_id"])


def _ask(running: Sandbox, operation: str, **body: Any) -> Any:
    reply = send(running.url, "POST", f"/your-org-id/v1/{operation}", body, ADMIN_KEY)
    if reply.status != 200:
        raise AssertionError(f"{operation}: {reply}")
    return reply.body


def _shop(running: Sandbox, method: str, path: str, body: Any) -> None:
    reply = send(running.url, method, f"/wp-json/fluent-cart/v2/orders/{path}", body, ADMIN)
    if reply.status != 200:
        raise AssertionError(f"{path}: {reply}")
