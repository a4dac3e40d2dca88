"""JSON Schema fragments for the fields of the records, and the limits in them. Each is the metadata of a field."""

from typing import Any

MAX_WEBHOOKS = 7
"""Maximum number of webhooks of one organisation (documented)."""
MAX_PERIOD = 1_000_000
"""Maximum length of a period, in its unit. Assumed: the live service documents only that it is greater than 0."""

DECIMAL_TEXT: dict[str, Any] = {"schema": {"type": "string", "format": "decimal"}}
UUID: dict[str, Any] = {"schema": {"type": "string", "format": "uuid"}}
INTERNAL: dict[str, Any] = {"internal": True}
NOT_EMPTY: dict[str, Any] = {"schema": {"type": "string", "minLength": 1}}
CURRENCY: dict[str, Any] = {
    "schema": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "minor_units": {"type": "integer", "minimum": 0, "maximum": 8},
            "title": {"type": "string"},
            "symbol": {"type": "string"},
        },
    }
}
OBJECTS: dict[str, Any] = {"schema": {"items": {"type": "object"}}}
FEATURES: dict[str, Any] = {
    "schema": {"items": {"type": "object", "required": ["ident"], "properties": {"ident": {"type": "string"}}}}
}
UUID_OR_NULL: dict[str, Any] = {"schema": {"format": "uuid"}}
PRICE: dict[str, Any] = {"schema": {"format": "decimal"}}
PERIOD: dict[str, Any] = {"schema": {"minimum": 1, "maximum": MAX_PERIOD}}
WEBHOOKS: dict[str, Any] = {"schema": {"maxItems": MAX_WEBHOOKS}}
PERCENT: dict[str, Any] = {"schema": {"minimum": 0, "maximum": 99}}
_CHECKOUT_RESULT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["action_required_token", "checkout_status", "failed_message_for_user", "order_id"],
    "properties": {
        "action_required_token": {"type": "string"},
        "checkout_status": {"enum": ["processing", "succeeded", "failed", "cancelled"]},
        "failed_message_for_user": {"type": "string"},
        "order_id": {"type": ["string", "null"], "format": "uuid"},
    },
}
CHECKOUT_RESULTS: dict[str, Any] = {"schema": {"additionalProperties": _CHECKOUT_RESULT}}
COUNT: dict[str, Any] = {"schema": {"minimum": 0}}
