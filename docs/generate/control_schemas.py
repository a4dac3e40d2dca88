"""Request bodies and query parameters of the control API that its spec does not have."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from docs.generate.markdown import kind_of, mono, page, table
from refund_sandbox.app import APIS
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.record_schema import schema_of
from refund_sandbox.core.workspaces.state_document import state_schema

_FAULT = {
    "at": "`before`: nothing is booked. `gateway`: the payment gateway refuses the refund. `cancel`: it refuses to cancel the "
    "subscription. `after`: the refund is booked, and its reply is replaced or lost. `webhook`: a delivery is changed.",
    "api": "Only requests of this API.",
    "operation": "Only this operation; with `at: webhook`, only this topic.",
    "match": "Only requests with these fields, such as `order_id`, `transaction_id` or `external_id`.",
    "error": "The message of the payment gateway, at `gateway` and `cancel`.",
    "reply": "The reply to send instead, at `before` and `after`. Without `body` it has the error body of the API.",
    "connection": "What happens to the socket, at `before` and `after`.",
    "delay_ms": "How long the request waits, in milliseconds; `min` and `max` for a random time.",
    "hold": "A name. The request waits until `POST /_sandbox/faults/{name}/release`.",
    "webhook": "What happens to the delivery, with `at: webhook`.",
    "unlocked": "With `hold` at `gateway`: the request continues with the data that it read before it waited.",
    "times": "How many requests are hit; `null` means every one.",
    "skip": "How many matching requests pass first.",
    "probability": "The share of the matching requests that is hit.",
    "optional": "Whether a test may end without a hit. See [Inject faults](../guides/inject-faults.md#check-that-it-was-hit).",
    "scenario": "The name of a scenario.",
}


def fault_table() -> str:
    """The fields of a fault."""
    rows = [
        (mono(name), kind_of(schema), mono(_default(schema, name)), _FAULT[name])
        for name, schema in schema_of(Fault)["properties"].items()
    ]
    return table(("Field", "Type", "Default", "Meaning"), rows)


def _default(schema: Mapping[str, Any], name: str) -> str:
    value = {field: getattr(Fault("before"), field) for field in _FAULT}[name]
    return "" if value is None or value == {} or name == "at" else str(value).lower()


_LISTS = {"api": "Only requests of this API.", "operation": "Only this operation.", "status": "Only replies with this status."}
_FILTERS = {
    **_LISTS,
    "order": "Only requests about this order.",
    "since": "Only requests with a greater id.",
    "before": "Only requests with a smaller id.",
    "limit": "At most this number, the newest. The default is 100.",
}
QUERIES: Mapping[str, Mapping[str, str]] = {
    "listRequests": _FILTERS,
    "getArchive": _FILTERS,
    "listDeliveries": {
        "api": "Only deliveries of this API.",
        "topic": "Only this [topic](webhook-topics.md).",
        "state": "`pending`, `delivered`, `failed` or `dropped`.",
        "url": "Only deliveries to this URL.",
        "event_id": "Only deliveries of this event.",
        "limit": "At most this number, the newest. The default is 100.",
    },
    "listOrders": {
        "id": "Only the order with this id.",
        "search": "Only orders with this text. `order_search` in `GET /_sandbox/apis` lists the fields.",
        "state": "Only orders in this state, such as `paid` or `refunded`.",
        "page": "The page, from 1.",
        "per_page": "Orders a page, 1 to 200. The default is 50.",
    },
}


def _settings() -> str:
    return "The body has any of the [settings of a workspace](settings.md#settings-of-a-workspace)."


def _state() -> str:
    return "The body is a [state document](#state-document), as JSON or YAML."


def _faults() -> str:
    return page("`at` or `scenario` is required. The fields:", fault_table())


def _targets() -> str:
    parts = ["The body has a list of targets for each API; APIs that it leaves out stay as they are."]
    for api, place in (("funnelfox", "orgs"), ("fluentcart", "")):
        section = APIS[api].state.SCHEMA["properties"]
        schema = section[place]["items"]["properties"]["webhooks"] if place else section["webhooks"]
        parts += [f"A target of {api}:", _fields(schema["items"])]
    return page(*parts)


def _order() -> str:
    shorthands = (
        (mono("paid"), "What was paid; decimal text for FunnelFox, minor units for FluentCart."),
        (mono("refunded"), "What of it is refunded already."),
        (mono("subscription"), "`true` for an order that pays for a subscription."),
    )
    text = "The body has any fields of an order in the [state document](#state-document), and these. The rest follows from them."
    return page(text, table(("Field", "Meaning"), shorthands))


NOTES = {
    "listApis": "`settings` is a JSON Schema. `refund_record` is the record that a refund adds to the ledger. "
    "A declined refund has the fields in `failed`.",
    "listTransactions": "Amounts are integers in minor units. `counts` is false for a failed refund.",
    "listOrders": "Amounts are integers in minor units; `decimals` is the number of decimals of the currency.",
    "addFault": "A scenario with faults for several APIs enables all of them; `api` chooses one.",
    "triggerWebhook": "The reply lists the deliveries; there is none without an endpoint for the [topic](webhook-topics.md). "
    "`refund/settled` of an order without a refund shows a refund of all that is left, which is not booked.",
    "openDispute": "FunnelFox sends `dispute/opened`; the order stays as it is. FluentCart gets a transaction of type `dispute`, "
    "which `acceptDispute` settles; it sends nothing.",
    "getMetrics": "Counting begins at the first read, with the requests of the request log. Until then it costs nothing. "
    "Status `none` is a lost reply. With several workers each one counts its own requests; `process` tells them apart.",
    "streamEvents": "Events are requests, deliveries and changes of the state. `Last-Event-ID` continues after a request.",
}
"""Remarks on operations, which the spec does not have."""
BODIES: Mapping[str, Callable[[], str]] = {
    "putState": _state,
    "putSettings": _settings,
    "addFault": _faults,
    "putTargets": _targets,
    "addOrder": _order,
}


def state_tables() -> Iterator[str]:
    """A table for each kind of record in the state document."""
    properties = state_schema(APIS)["properties"]
    for api in APIS:
        for name, schema in properties[api]["properties"].items():
            yield from _record(f"{api}.{name}", schema)


def _record(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """A table of the fields of a record, and of those that it holds."""
    entry = schema.get("items", schema)
    yield f"### {name}"
    yield _fields(entry)
    for field, inner in entry.get("properties", {}).items():
        if inner.get("items", inner).get("properties"):
            yield from _record(f"{name}.{field}", inner)


def _fields(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (mono(name), kind_of(_outside(one)), "yes" if name in required else "no")
        for name, one in schema.get("properties", {}).items()
    ]
    return table(("Field", "Type", "Required"), rows)


def _outside(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without the fields of the records that it holds; they have a table of their own."""
    if "items" in schema and schema["items"].get("properties"):
        return {**schema, "items": {"type": "object"}}
    return {name: part for name, part in schema.items() if name != "properties"}
