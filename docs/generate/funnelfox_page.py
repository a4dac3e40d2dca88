"""Reference of FunnelFox's refund: fields, headers, replies and errors, from the spec and a running sandbox."""

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate import specs
from docs.generate.calls import ADMIN_KEY, Reply, sandbox
from docs.generate.markdown import kind_of, mono, page, table
from docs.generate.refund_cases import Case, anchor, fields_table, reply_to, request, shown_reply

_API = "funnelfox"
_PATH = "/your-org-id/v1/payment/refund"
_ORDER = "00000000-0000-4000-8000-0000000000{:02}"
_SUBSCRIPTION = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
_SCENARIO = "X-Sandbox-Scenario"


def _body(number: int | str = 2, **more: Any) -> Mapping[str, Any]:
    order_id = number if isinstance(number, str) else _ORDER.format(number)
    return {"external_id": "user_456", "order_id": order_id, **more}


def _refused(code: str, when: str, body: Any, **more: Any) -> Case:
    return Case(code, when, **{"path": _PATH, "body": body, "headers": ADMIN_KEY, **more})


SUCCESSES = (
    _refused("A part of the order", "The usual reply.", _body(_SUBSCRIPTION, amount="4.99")),
    _refused(
        "In the response envelope",
        "With the setting `funnelfox.envelope: always`.",
        _body(_SUBSCRIPTION, amount="4.99"),
        settings={"funnelfox": {"envelope": "always"}},
    ),
)
ERRORS = (
    _refused("order_not_found", "No order of this `external_id` has this `order_id`.", _body(99)),
    _refused("order_not_refundable", "The order is not settled, or nothing was paid for it.", _body(6)),
    _refused("already_refunded", "The refundable amount is 0; pending refunds count.", _body(5)),
    _refused("amount_exceeds_order", "`amount` is more than the refundable amount.", _body(4, amount="15.01")),
    _refused("invalid_amount", "`amount` is not above 0, or has more decimals than the currency.", _body(8, amount="10.5")),
    _refused("missing", "A required field is missing.", {"external_id": "user_456"}),
    _refused("string_type", "A text field has another JSON type.", _body(reason=5)),
    _refused(
        "string_too_long",
        "A text is longer than its field allows.",
        _body(reason="x" * 257),
        shown="With a `reason` of 257 characters.",
    ),
    _refused("uuid_type", "`order_id` is not text.", {"external_id": "user_456", "order_id": 7}),
    _refused("uuid_parsing", "`order_id` is not a UUID.", _body("1001")),
    _refused("decimal_type", "`amount` is neither a number nor a text.", _body(amount=[])),
    _refused("decimal_parsing", "`amount` is text that is not a number.", _body(amount="4,99")),
    _refused("finite_number", "`amount` is infinite or not a number.", _body(amount="NaN")),
    _refused("bool_type", "`soft_refund` has another JSON type.", _body(soft_refund=[])),
    _refused("bool_parsing", "`soft_refund` is text or a number that is not a boolean.", _body(soft_refund="perhaps")),
    _refused("model_type", "The body is not a JSON object.", []),
    _refused("json_invalid", "The body is not JSON in UTF-8.", '{"order_id": '),
    _refused("unauthorized", "The key is missing, unknown, disabled, or another organisation's.", _body(), headers={}),
    _refused("forbidden", "The group of the key may not refund.", _body(), headers={"ff-secret-key": "sandbox-viewer-key"}),
    _refused("not_found", "The path is unknown.", _body(), path="/your-org-id/v1/payment/refunds"),
    _refused("method_not_allowed", "The method is not POST.", None, method="GET"),
    _refused(
        "payload_too_large",
        "The body is larger than `--max-body`.",
        _body(comment="x" * 1024 * 1024),
        shown="With a `comment` of 1 MiB.",
    ),
    _refused("unknown_scenario", "The requested scenario does not exist.", _body(reason="sandbox:reply_list")),
    _refused("internal_error", "Scenario `server_error`.", _body(), headers={**ADMIN_KEY, _SCENARIO: "server_error"}),
    _refused("rate_limited", "Scenario `rate_limited`.", _body(), headers={**ADMIN_KEY, _SCENARIO: "rate_limited"}),
    _refused(
        "unavailable",
        "Scenario `unavailable`, or the database of the sandbox does not answer.",
        _body(),
        headers={**ADMIN_KEY, _SCENARIO: "unavailable"},
    ),
)
_NOTES = """Refusals whose status is 400 here have the status of the setting `funnelfox.error_status` (200, 400 or 422),
but for `unknown_scenario`. All wrong fields are listed at once. With live validation, fields are read as pydantic does:
`"true"` is a truth value, and a UUID may be written without hyphens.

A fault with another status has the code `forbidden` (403), `bad_gateway` (502), `timeout` (504) or `internal_error`."""
_OPERATIONS = """Every operation is POST below `/{org_id}/v1`. Its certainty is `documented`, `observed` in a working client,
or `assumed`."""
_REPEATED = """No header makes calls idempotent, as far as is known of the live API.
[Retry safely](../guides/retry-safely.md) shows what a client can do.
Assumed: all but the codes `double_purchase` and the replies to payments."""
_ORDER_OF_CHECKS = """The checks run in this order: path, key, JSON, fields, order, state of the order, amount.
A refused request changes nothing."""


def render() -> str:
    with sandbox() as running:
        replies = {case.name: reply_to(running, case, {}) for case in (*SUCCESSES, *ERRORS)}
    schema = specs.body_schema(_API, "refundPayment")
    return page(
        "# FunnelFox refund\n\n`POST /{org_id}/v1/payment/refund` refunds an order in full or in part.",
        _ORDER_OF_CHECKS,
        "## Headers",
        table(("Header", "Required", "Meaning"), _headers()),
        "## Request fields",
        fields_table(schema, kind_of),
        "## Replies",
        *(_example(case, replies[case.name]) for case in SUCCESSES),
        _after(),
        "## Errors",
        table(("Code", "Status", "When"), (_row(case, replies[case.name]) for case in ERRORS)),
        _NOTES,
        "## Examples of the errors",
        *(_example(case, replies[case.name]) for case in ERRORS),
        "## Operations of the API",
        _OPERATIONS,
        table(("Path", "Operation", "Key", "Does", "Certainty"), _operations()),
        "## Repeated calls",
        _REPEATED,
        table(("Path", "The same call again"), ((mono(path), one["x-repeated"]) for _, path, one in specs.operations(_API))),
    )


def _headers() -> Iterator[tuple[str, str, str]]:
    yield mono("ff-secret-key"), "yes", "The secret key. Its group must be `admin`."
    yield mono("Content-Type"), "no", "The body is read as JSON, whatever the header says."
    yield mono(_SCENARIO), "no", "A [scenario](scenarios.md) for this request alone."


def _after() -> str:
    return """The reply says nothing about the refund. `GET /_sandbox/funnelfox/orders/{id}` shows it as a transaction with
`psp_transaction_type` REFUND. Its `psp_status` is PENDING for the time of the setting `funnelfox.settle_after`, then SETTLED,
or FAILED where the payment gateway refuses it."""


def _row(case: Case, reply: Reply) -> tuple[str, str, str]:
    codes = [item["code"] for item in reply.body["error"]]
    if case.name not in codes:
        raise AssertionError(f"{case.name} is answered with {reply.status} {codes}")
    return f"[`{case.name}`](#{anchor(case.name)})", str(reply.status), case.when


def _example(case: Case, reply: Reply) -> str:
    return page(f"### {case.name}", case.when, request(case), shown_reply(reply))


def _operations() -> Iterator[tuple[str, str, str, str, str]]:
    document = specs.load(_API)
    for _, path, operation in specs.operations(_API):
        secured = operation.get("security", document.get("security"))
        groups = operation.get("x-groups", ["admin"])
        key = "none" if not secured else "admin" if groups == ["admin"] else "any"
        yield mono(path), mono(operation["operationId"]), key, operation["summary"], operation["x-certainty"]
