"""Reference of the webhooks: each topic, when it is sent, and what a running sandbox sends."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docs.generate.markdown import as_json, mono, page, table
from docs.generate.shortened import shortened
from docs.generate.webhook_flows import webhooks
from refund_sandbox.app import APIS

_INTRODUCTION = """# Webhook topics

A topic names an event in the control API: `GET /_sandbox/webhooks/deliveries?topic=refund/settled`.
A webhook is sent only where an endpoint is configured. [Webhooks](../guides/webhooks.md) shows how."""
_FUNNELFOX = """## FunnelFox

A topic is the `event_type` and the `subtype` of the body. Where the endpoint has a `signing_secret`, the header
`ff-webhook-signature` has the HMAC-SHA256 of the body. `order_events: false` of an endpoint turns the topics of orders off,
`dispute_events: false` those of disputes.
`order/declined` is sent only with `declined_order_events: true`. No webhook is sent for a refund that fails."""
_FLUENTCART = """## FluentCart

The body does not name its topic. It is not signed, and a delivery that fails is not repeated.
No webhook is sent for a partial refund. `event_trigger` of an endpoint chooses its topics."""
_FIELDS = {
    "event_type": "`order`, `refund`, `oneoff`, `subscription`, `user` or `dispute`.",
    "subtype": "The second part of the topic, in the case of `funnelfox.webhook_subtype_case`.",
    "event_id": "The id of the event; each endpoint gets the same one.",
    "event_timestamp": "The time of the event in UTC, never before what it is about. No two events have the same.",
    "is_livemode": "Always false.",
    "user": "The user, with `external_id`, `email` and `email_aliases`.",
    "external_id": "Your id of the user.",
    "dispute_id": "The id of the dispute.",
    "psp_dispute_id": "The id of the dispute at the payment provider.",
    "processor": "The payment provider.",
    "trx_id": "The id of the refund's transaction.",
    "order_id": "The order that is refunded or disputed.",
    "amount_refunded": "The amount of this refund alone, in major units.",
    "currency_code": "The currency of the order.",
    "refund_at": "The time at which the refund was settled.",
    "created_at": "The time at which the refund was requested.",
    "subs_id": "The subscription of the order, or null.",
    "order": "The order.",
    "subscription": "The subscription; with an order, a refund or a dispute, where the order has one.",
    "oneoff": "The one-off purchase; with an order, a refund or a dispute, where the order has one.",
    "transactions": "The charges and refunds of the order.",
    "order_items": "The items of the order.",
    "subscriptions": "The subscriptions of the order.",
    "customer": "The customer.",
    "billing_address": "The billing address.",
    "shipping_address": "Always null.",
    "tax_rates": "Always empty.",
}
_SHOWN = ("refund/settled", "order/settled", "oneoff/revoked", "subscription/renewing", "user/update_email", "dispute/opened")


def render() -> str:
    sent = webhooks()
    return page(
        _INTRODUCTION,
        _FUNNELFOX,
        table(("Topic", "Sent when"), _topics(sent["funnelfox"], APIS["funnelfox"].webhooks.TOPICS)),
        "### FunnelFox fields",
        table(("Field", "Topics", "Meaning"), _fields(sent["funnelfox"])),
        *_examples(sent["funnelfox"], _SHOWN),
        _FLUENTCART,
        table(("Topic", "Sent when"), _topics(sent["fluentcart"], APIS["fluentcart"].webhooks.TOPICS)),
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
