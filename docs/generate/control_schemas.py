"""Request bodies of the control API whose schemas are in the code."""

from collections.abc import Mapping
from typing import Any

from docs.generate.markdown import kind_of, mono, table
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.record_schema import schema_of

_FAULT = {
    "at": "`before` (nothing is booked), `gateway` (the payment provider refuses the refund), `cancel` (it refuses to cancel the "
    "subscription), `after` (the refund is booked, and its reply is replaced or lost) or `webhook`.",
    "api": "Only requests of this API.",
    "operation": "Only this operation; with `at: webhook`, only this topic.",
    "match": "Only requests with these fields, such as `order_id`, `transaction_id` or `external_id`.",
    "error": "The message of the payment provider, at `gateway` and `cancel`.",
    "reply": "The reply to send instead, at `before` and `after`. Without `body` it has the error body of the API.",
    "connection": "What happens to the socket, at `before` and `after`.",
    "delay_ms": "How long the request waits, in milliseconds; `min` and `max` for a random time.",
    "hold": "A name. The request waits until `POST /_sandbox/faults/{name}/release`.",
    "webhook": "What happens to the delivery, with `at: webhook`.",
    "unlocked": "With `hold` at `gateway`: the request goes on with what it read before it waited.",
    "times": "How many requests are hit; `null` means every one.",
    "skip": "How many matching requests pass first.",
    "probability": "The share of the matching requests that is hit.",
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
