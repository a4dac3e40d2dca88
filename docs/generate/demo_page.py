"""Reference of the demo data: credentials, orders and test cards, with the reply to a refund of each order."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from docs.generate.calls import ADMIN_KEY, Reply, send
from docs.generate.fluentcart_page import ADMIN, basic
from docs.generate.markdown import mono, page, sentence, table
from refund_sandbox.apis.funnelfox.rules.cards import CARDS, Card
from refund_sandbox.core.yaml_reader import read_yaml
from refund_sandbox.testing import Sandbox

_NOTES = Path(__file__).parents[2] / "fixtures" / "demo_orders.yaml"
_INTRODUCTION = """# Demo data

Every sandbox starts with this state: orders for each case, credentials and test cards. `GET /_sandbox/state` returns all of it,
`fixtures/demo.yaml` defines it, and `POST /_sandbox/reset` brings it back.

Money is decimal text in FunnelFox (`"4.99"`) and minor units in FluentCart (`499`).
The column *Full refund* says what the API answers to a refund of the whole refundable amount."""
_FUNNELFOX = """## FunnelFox

Base URL `http://127.0.0.1:8000/your-org-id/v1`. The header `ff-secret-key` has one of these keys:"""
_FLUENTCART = """## FluentCart

Base URL `http://127.0.0.1:8000/wp-json/fluent-cart/v2`. Basic authentication has a user with an application password:"""
_CARDS = """### Test cards

In the checkout of FunnelFox, a `payment_method_token` with the number of a test card means that card: `pm_4242424242424242`,
`4242 4242 4242 4242`. A suffix makes another token of the same card: `pm_4242424242424242_b`. A token without a number means
4242 4242 4242 4242. A token takes two checkout charges a day of one user. A number that is not listed is declined."""
_ONCE = "Pays in the checkout. Renewals and one-click purchases are declined."
_MORE = """## More orders

`--orders N` adds N generated orders to each API. The same `--seed` gives the same orders."""


def render() -> str:
    shows = {str(order): text for orders in read_yaml(_NOTES.read_text()).values() for order, text in orders.items()}
    with Sandbox() as running:
        state = running.state()
        funnelfox, fluentcart = state["funnelfox"], state["fluentcart"]
        return page(
            _INTRODUCTION,
            _FUNNELFOX,
            table(("Key", "Group", "Refund"), _keys(running, funnelfox["orgs"][0]["keys"])),
            "### FunnelFox orders",
            table(("Order", "User", "Amount", "Status", "Shows", "Full refund"), _billing_orders(running, funnelfox, shows)),
            "### Price points",
            table(("Price point", "Price", "Kind"), _price_points(funnelfox)),
            _CARDS,
            table(("Card", "Effect"), _cards()),
            _FLUENTCART,
            table(("User", "Application password", "Permissions", "Refund"), _users(running, fluentcart["users"])),
            "### FluentCart orders",
            table(("Order", "Transaction", "Paid", "Gateway", "Shows", "Full refund"), _shop_orders(running, fluentcart, shows)),
            _MORE,
        )


def _refund_payment(running: Sandbox, order: Mapping[str, Any], key: Mapping[str, str] = ADMIN_KEY) -> Reply:
    body = {"external_id": order["external_id"], "order_id": order["order_id"]}
    return send(running.url, "POST", "/your-org-id/v1/payment/refund", body, key)


def _refund_order(running: Sandbox, order: Mapping[str, Any], login: Mapping[str, str] = ADMIN) -> Reply:
    amount = order["total_paid"] - order["total_refund"] or order["total_amount"]
    info = {"transaction_id": order["transactions"][0]["id"], "amount": amount, "cancelSubscription": "true"}
    return send(running.url, "POST", f"/wp-json/fluent-cart/v2/orders/{order['id']}/refund", {"refund_info": info}, login)


def _keys(running: Sandbox, keys: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    order = running.funnelfox.find("00000000-0000-4000-8000-000000000002").document
    for key in keys:
        reply = _refund_payment(running, order, {"ff-secret-key": key["key"]})
        running.reset()
        yield mono(key["key"]), key["group"] + ("" if key["enabled"] else ", disabled"), str(reply.status)


def _users(running: Sandbox, users: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    order = running.fluentcart.find(1002).document
    for user in users:
        reply = _refund_order(running, order, basic(user["login"], user["application_password"]))
        running.reset()
        permissions = ", ".join(map(mono, user["permissions"]))
        yield mono(user["login"]), mono(user["application_password"]), permissions, str(reply.status)


def _billing_orders(running: Sandbox, section: Mapping[str, Any], shows: Mapping[str, str]) -> Iterator[Sequence[str]]:
    for order in section["orders"]:
        running.reset()
        reply = _refund_payment(running, order)
        newest = running.funnelfox.find(order["order_id"]).document["transactions"][-1]
        outcome = mono(reply.body["error"][0]["code"]) if reply.status != 200 else f"the refund is {newest['psp_status']}"
        money = f"{order['amount']} {order['currency_code']}"
        about = mono(order["order_id"]), mono(order["external_id"]), money, order["status"]
        yield *about, sentence(shows[order["order_id"]]), f"{reply.status}, {outcome}"


def _shop_orders(running: Sandbox, section: Mapping[str, Any], shows: Mapping[str, str]) -> Iterator[Sequence[str]]:
    for order in section["orders"]:
        running.reset()
        reply = _refund_order(running, order)
        money = f"{order['total_paid']} {order['currency']}"
        about = str(order["id"]), str(order["transactions"][0]["id"]), money, order["payment_method"]
        yield *about, sentence(shows[str(order["id"])]), f"{reply.status}, {_outcome(reply.body)}"


def _outcome(body: Mapping[str, Any]) -> str:
    if "gateway_refund" not in body:
        return str(body["message"])
    parts = [f"gateway {body['gateway_refund']['status']}"]
    if "subscription_cancel" in body:
        parts.append(f"cancellation {body['subscription_cancel']['status']}")
    return ", ".join(parts)


def _price_points(section: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    kinds = {feature["ident"]: feature["feature_type"] for feature in section["features"]}
    names = {"timebased": "subscription", "lifetime": "one-off", "consumable": "consumable; it can be bought again"}
    for point in section["price_points"]:
        price = point["lifetime_price"] or f"{point['next_price']} each {point['next_period_duration'].removesuffix('s')}"
        if point["intro_paid_trial_price"]:
            trial = f"{point['intro_paid_trial_period']} {point['intro_paid_trial_period_duration']}"
            price = f"{point['intro_paid_trial_price']} for {trial}, then {price}"
        yield mono(point["ident"]), price, names[kinds[point["features"][0]["ident"]]]


def _cards() -> Iterator[tuple[str, str]]:
    for effect, cards in groupby(sorted(CARDS.values(), key=_effect), _effect):
        yield ", ".join(_digits(card.number) for card in cards), effect[1]


def _digits(number: str) -> str:
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def _effect(card: Card) -> tuple[int, str]:
    """The place of a card in the table, and what charging it does."""
    if card.outcome == "challenged":
        return 2, "3-D Secure: a `resume_token` that ends in 1111 or 2222 fails, with any other it pays."
    if card.outcome == "declined":
        return 3, f"Declined: {card.message}"
    return (0, "Pays.") if card.later_outcome == "succeeds" else (1, _ONCE)
