"""Reference of the webhooks: each topic, when it is sent, and what a running sandbox sends."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docs.generate.markdown import as_json, mono, page, table
from docs.generate.shortened import shortened
from docs.generate.webhook_flows import webhooks

_INTRODUCTION = """# Webhook topics

A topic names an event in the control API: `GET /_sandbox/webhooks/deliveries?topic=refund/settled`.
A webhook is sent only where an endpoint is configured. [Webhooks](../guides/webhooks.md) shows how."""
_FUNNELFOX = """## FunnelFox

A topic is the `event_type` and the `subtype` of the body. Where the endpoint has a `signing_secret`, the header
`ff-webhook-signature` has the HMAC-SHA256 of the body. `order_events: false` of an endpoint turns the topics of orders off.
No webhook is sent for a refund that fails."""
_FLUENTCART = """## FluentCart

The body does not name its topic. It is not signed, and a delivery that fails is not repeated.
No webhook is sent for a partial refund. `event_trigger` of an endpoint chooses its topics."""
_BILLING_TOPICS = {
    "order/settled": "An order is paid: a purchase, a renewal or a migration.",
    "order/declined": "A charge is declined, in the checkout or at a renewal.",
    "refund/settled": "A refund is settled, full or partial; with `funnelfox.settle_after`, when that time is over.",
    "oneoff/granted": "A one-off purchase is paid.",
    "oneoff/revoked": "A full refund revokes a one-off purchase.",
    "subscription/starting_trial": "A subscription begins with a trial.",
    "subscription/convertion": "The first full price is paid: after the trial, or at once where there is none.",
    "subscription/renewing": "A renewal is paid.",
    "subscription/start_grace": "A renewal is declined for the first time; access stays.",
    "subscription/finish_grace": "The attempts with access are used up.",
    "subscription/start_retry": "Access ends, and the attempts continue.",
    "subscription/recovering": "A renewal is paid after declined attempts.",
    "subscription/expiration": "It ends: by a full refund or a migration, with its period, or after declined charges.",
    "subscription/unsubscription": "Auto-renewal is turned off, also by a partial refund.",
    "subscription/recovering_autorenew": "Auto-renewal is turned on again.",
    "subscription/pausing": "A subscription is paused.",
    "subscription/resuming": "A paused subscription resumes.",
    "subscription/defering": "The next charge is deferred.",
    "subscription/planning_postponed_subscription": "A migration with `delayed_start` is planned.",
    "user/update_email": "The email address of a user is changed.",
}
_SHOP_TOPICS = {
    "order_fully_refunded": "The payment status of an order becomes `refunded`.",
    "order_status_changed_to_canceled": "The status of an order becomes `canceled`.",
    "subscription_canceled": "The status of a subscription becomes `canceled`.",
}
_FIELDS = {
    "event_type": "`order`, `refund`, `oneoff`, `subscription` or `user`.",
    "subtype": "The second part of the topic.",
    "event_id": "The id of the event; each endpoint gets the same one.",
    "event_timestamp": "The time of the event in UTC. No two events have the same.",
    "is_livemode": "Always false.",
    "user": "The user, with `external_id`, `email` and `email_aliases`.",
    "external_id": "Your id of the user.",
    "trx_id": "The id of the refund's transaction.",
    "order_id": "The order that is refunded.",
    "amount_refunded": "The amount of this refund alone, in major units.",
    "currency_code": "The currency of the order.",
    "refund_at": "The time at which the refund was settled.",
    "created_at": "The time at which the refund was requested.",
    "subs_id": "The subscription of the order, or null.",
    "order": "The order.",
    "subscription": "The subscription; with an order or a refund, where the order has one.",
    "oneoff": "The one-off purchase; with an order or a refund, where the order has one.",
    "transactions": "The charges and refunds of the order.",
    "order_items": "The items of the order.",
    "subscriptions": "The subscriptions of the order.",
    "customer": "The customer.",
    "billing_address": "The billing address.",
    "shipping_address": "Always null.",
    "tax_rates": "Always empty.",
}
_SHOWN = ("refund/settled", "order/settled", "oneoff/revoked", "subscription/renewing", "user/update_email")


def render() -> str:
    sent = webhooks()
    return page(
        _INTRODUCTION,
        _FUNNELFOX,
        table(("Topic", "Sent when"), _topics(sent["funnelfox"], _BILLING_TOPICS)),
        "### FunnelFox fields",
        table(("Field", "Topics", "Meaning"), _fields(sent["funnelfox"])),
        *_examples(sent["funnelfox"], _SHOWN),
        _FLUENTCART,
        table(("Topic", "Sent when"), _topics(sent["fluentcart"], _SHOP_TOPICS)),
        "### FluentCart fields",
        table(("Field", "Topics", "Meaning"), _fields(sent["fluentcart"])),
        *_examples(sent["fluentcart"], ["order_fully_refunded"]),
    )


def _topics(sent: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if sent.keys() != texts.keys():
        raise AssertionError(f"topics without a text or never sent: {sorted(sent.keys() ^ texts.keys())}")
    yield from ((mono(topic), text) for topic, text in texts.items())


def _fields(sent: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, str, str]]:
    names = {name for bodies in sent.values() for body in bodies for name in body}
    for name in sorted(names, key=list(_FIELDS).index):
        with_it = [topic for topic, bodies in sent.items() if any(name in body for body in bodies)]
        kinds = sorted({topic.partition("/")[0] for topic in with_it})
        yield mono(name), "all" if len(with_it) == len(sent) else ", ".join(map(mono, kinds)), _FIELDS[name]


def _examples(sent: Mapping[str, Any], topics: Sequence[str]) -> Iterator[str]:
    for topic in topics:
        yield f"### Example: {topic}"
        yield as_json(shortened(sent[topic][0]))
