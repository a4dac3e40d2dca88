"""JSON Schema fragments for the fields of the records, and the limits in them. Each annotates the type of a field."""

from typing import Any

from msgspec import Meta

MAX_WEBHOOKS = 7
"""Maximum number of webhooks of one organisation (documented)."""
MAX_PERIOD = 1_000_000
"""Maximum length of a period, in its unit. Assumed: the live service documents only that it is greater than 0."""

DECIMAL_TEXT = Meta(extra_json_schema={"type": "string", "format": "decimal"})
UUID = Meta(extra_json_schema={"type": "string", "format": "uuid"})
WEB_URL = Meta(extra_json_schema={"type": "string", "format": "web-url"})
NOT_EMPTY = Meta(extra_json_schema={"type": "string", "minLength": 1})
CURRENCY = Meta(
    extra_json_schema={
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "minor_units": {"type": "integer", "minimum": 0, "maximum": 8},
            "title": {"type": "string"},
            "symbol": {"type": "string"},
        },
    }
)
OBJECTS = Meta(extra_json_schema={"items": {"type": "object"}})
FEATURES = Meta(
    extra_json_schema={"items": {"type": "object", "required": ["ident"], "properties": {"ident": {"type": "string"}}}}
)
UUID_OR_NULL = Meta(extra_json_schema={"format": "uuid"})
PRICE = Meta(extra_json_schema={"format": "decimal"})
PERIOD = Meta(extra_json_schema={"minimum": 1, "maximum": MAX_PERIOD})
WEBHOOKS = Meta(extra_json_schema={"maxItems": MAX_WEBHOOKS})
PERCENT = Meta(extra_json_schema={"minimum": 0, "maximum": 99})
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
CHECKOUT_RESULTS = Meta(extra_json_schema={"additionalProperties": _CHECKOUT_RESULT})
DAY_OF_MONTH = Meta(extra_json_schema={"minimum": 1, "maximum": 31})
COUNT = Meta(extra_json_schema={"minimum": 0})
