"""Reference of FluentCart's refund: fields, headers, replies and errors by version, from the spec and a running sandbox."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate import specs
from docs.generate.calls import Reply, sandbox
from docs.generate.markdown import kind_of, mono, page, table
from docs.generate.refund_cases import Case, anchor, fields_table, reply_to, request, shown_reply
from refund_sandbox.apis.fluentcart import versions

_API = "fluentcart"
VERSIONS: tuple[str, str] = (versions.VERSIONS[0], versions.VERSIONS[-1])
"""The newest version, and the oldest one where its reply differs."""
_SCENARIO = "X-Sandbox-Scenario"
_PATH = "/wp-json/fluent-cart/v2/orders/{}/refund"


def basic(user: str, password: str) -> Mapping[str, str]:
    """The header of a user with an application password."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


ADMIN = basic("admin", "demo DEMO 1234 demo DEMO 5678")
_VIEWER = basic("viewer", "view VIEW 1234 view VIEW 5678")
_LIVE = {"validation": "live"}


def _info(transaction: Any, **more: Any) -> Mapping[str, Any]:
    return {"refund_info": {"transaction_id": transaction, **more}}


def _case(name: str, when: str, order: Any, body: Any, **more: Any) -> Case:
    return Case(name, when, **{"path": _PATH.format(order), "body": body, "headers": ADMIN, **more})


SUCCESSES = (
    _case("Refunded", "The gateway refunds.", 1001, _info(129237, amount=1900, cancelSubscription="false")),
    _case(
        "Refunded and cancelled",
        '`cancelSubscription` is `"true"`, and the gateway cancels.',
        1006,
        _info(5007, amount=1900, cancelSubscription="true"),
    ),
    _case(
        "Refunded but not cancelled",
        "The gateway does not cancel the subscription; it stays active.",
        1007,
        _info(5008, amount=1900, cancelSubscription="true"),
    ),
    _case(
        "Booked, but the gateway failed",
        "The gateway declines. The refund is booked anyway.",
        1008,
        _info(5009, amount=1900),
    ),
    _case("Booked, but the gateway cannot refund", "The payment method has no refunds.", 1005, _info(5006, amount=1900)),
    _case("Refunded by hand", "The charge was made by hand; no gateway is called.", 1015, _info(5017, amount=1900)),
)
ERRORS = (
    _case("No credentials", "User or application password are missing or wrong.", 1002, _info(5002, amount=1900), headers={}),
    _case("No permission", "The user lacks the permission `orders/can_refund`.", 1002, _info(5002, amount=1900), headers=_VIEWER),
    _case(
        "Invalid nonce",
        "A `X-WP-Nonce` is sent without a login that it belongs to.",
        1002,
        _info(5002, amount=1900),
        headers={"X-WP-Nonce": "0123456789"},
    ),
    _case("No route", "The path or the method is unknown.", 1002, _info(5002, amount=1900), method="PUT"),
    _case("No order", "The order does not exist.", 4711, _info(5002, amount=1900)),
    _case("No transaction", "The order has no such transaction.", 1002, _info(129237, amount=1900)),
    _case("Upgraded order", "The order was upgraded to another one.", 1011, _info(5013, amount=1900)),
    _case("Required fields", "`transaction_id` or `amount` is missing or empty.", 1002, {"refund_info": {}}),
    _case("Wrong type", "Strict validation: a field breaks the spec.", 1002, _info(5002, amount="1900")),
    _case("No amount", "`amount` is not above 0.", 1002, _info(5002, amount=0)),
    _case("More than was paid", "`amount` is more than the order's `total_paid`.", 1002, _info(5002, amount=4901)),
    _case("More than refundable", "`amount` is more than the refundable amount of the charge.", 1004, _info(5004, amount=7501)),
    _case("Unpaid order", "Nothing was paid for the order.", 1010, _info(5012, amount=3500)),
    _case("Invalid JSON", "The body is declared as JSON and is none.", 1002, '{"refund_info": '),
    _case(
        "No JSON type",
        "Strict validation: the body is not declared as JSON.",
        1002,
        '{"refund_info": {}}',
        headers={**ADMIN, "Content-Type": "text/plain"},
    ),
    _case(
        "Body too large",
        "The body is larger than `--max-body`.",
        1002,
        _info(5002, amount=1900, reason="x" * 1024 * 1024),
        shown="With a `reason` of 1 MiB.",
    ),
    _case(
        "Plugin exception",
        "Live validation: a type that the plugin fails on. The refund may be booked in part.",
        1002,
        _info(5002, amount=100, item_ids="all"),
        settings=_LIVE,
    ),
    _case(
        "Unknown scenario",
        "The requested scenario does not exist.",
        1002,
        _info(5002, amount=1900, reason="sandbox:reply_list"),
    ),
    _case(
        "Injected status",
        "A fault with a status, such as scenario `server_error`.",
        1002,
        _info(5002, amount=1900),
        headers={**ADMIN, _SCENARIO: "server_error"},
    ),
)
_INTRODUCTION = """# FluentCart refund

`POST /wp-json/fluent-cart/v2/orders/{order_id}/refund` refunds one charge of an order in full or in part. The paths
`/index.php/wp-json/…` and `/?rest_route=/fluent-cart/v2/…` do the same.

The refund is booked first, and then the gateway is called. **HTTP 200 does not mean that money was returned:** read
`gateway_refund.status`. A repeated request refunds twice."""
_VERSIONS = """## Versions

The setting `fluentcart.version` chooses the version. [FluentCart versions](fluentcart-versions.md) lists every difference.
The one that matters most is the unit of `amount`:"""
_UNITS = (("1.6.2 and newer", "minor units", "`1900`"), ("before", "major units", "`19`"))
_OUTAGES = """A text with a NUL character is refused with 400 and the code `rest_invalid_param`: no store could keep it.
When the database of the sandbox does not answer, the status is 503 and the code `rest_unavailable`.
A bug of the sandbox has the status 500 and the code `sandbox_error`."""
_AUTHORIZATION = "An application password: `Basic` and the Base64 text of `user:password`. The user needs `orders/can_refund`."


def render() -> str:
    replies = {version: dict(_replies(version)) for version in VERSIONS}
    schema = specs.body_schema(_API, "refundOrder")
    operations = "Every operation is below `/wp-json/fluent-cart/v2`. Other paths of the plugin answer 404."
    return page(
        _INTRODUCTION,
        _VERSIONS,
        table(("Version", "Unit of `amount`", "To refund 19.00"), _UNITS),
        f"The examples on this page are for {VERSIONS[0]}.",
        "## Headers",
        table(("Header", "Required", "Meaning"), _headers()),
        "## Request fields",
        "The body is an object with one field, `refund_info`:",
        fields_table(schema["properties"]["refund_info"], kind_of),
        "## Replies",
        *(_example(case, replies) for case in SUCCESSES),
        "## Errors",
        table(("Error", "Status", "Code or message", "When"), (_row(case, replies[VERSIONS[0]][case.name]) for case in ERRORS)),
        _OUTAGES,
        "## Examples of the errors",
        *(_example(case, replies) for case in ERRORS),
        "## Operations of the API",
        operations,
        table(("Method", "Path", "Operation", "Permission", "Does", "Certainty"), _operations()),
    )


def _replies(version: str) -> Iterator[tuple[str, Reply]]:
    with sandbox() as running:
        for case in (*SUCCESSES, *ERRORS):
            sent = case if version == VERSIONS[0] else _in_major_units(case)
            yield case.name, reply_to(running, sent, {"fluentcart": {"version": version}})


def _in_major_units(case: Case) -> Case:
    """The same amount for 1.3.25."""
    info = case.body.get("refund_info") if isinstance(case.body, dict) else None
    if not isinstance(info, dict) or not isinstance(info.get("amount"), int):
        return case
    amount = info["amount"] / 100
    body = {"refund_info": {**info, "amount": int(amount) if amount.is_integer() else amount}}
    return Case(**{**vars(case), "body": body})


def _headers() -> Iterator[tuple[str, str, str]]:
    yield mono("Authorization"), "yes", _AUTHORIZATION
    yield mono("Content-Type"), "yes", "`application/json`. With live validation, forms are read too."
    yield mono(_SCENARIO), "no", "A [scenario](scenarios.md) for this request alone."


def _example(case: Case, replies: Mapping[str, Mapping[str, Reply]]) -> str:
    newer, older = (replies[version][case.name] for version in VERSIONS)
    parts = [f"### {case.name}", case.when, request(case), shown_reply(newer)]
    if (newer.status, newer.body) != (older.status, older.body):
        parts += ["With 1.3.25:", shown_reply(older)]
    return page(*parts)


def _row(case: Case, reply: Reply) -> tuple[str, str, str, str]:
    return f"[{case.name}](#{anchor(case.name)})", str(reply.status), _essence(reply.body), case.when


def _essence(body: Any) -> str:
    """The code of a reply, its message, or its fields."""
    if "code" in body:
        return mono(body["code"])
    if "message" in body:
        return str(body["message"]).replace("\\", "\\\\")
    return ", ".join(f"{mono(name)}: {next(iter(rules.values()))}" for name, rules in body.items())


def _operations() -> Iterator[tuple[str, str, str, str, str, str]]:
    for method, path, operation in specs.operations(_API):
        since = f" (since {operation['x-since']})" if "x-since" in operation else ""
        permission = mono(operation.get("x-permission", "")) or "none"
        yield (
            method,
            mono(path),
            mono(operation["operationId"]),
            permission,
            operation["summary"] + since,
            operation["x-certainty"],
        )
