"""Recordings of a live shop: how an order is read, and the state and the accounts of a case."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import live_state, php, verification
from refund_sandbox.core.context import Request
from refund_sandbox.core.masks import GENERAL_MASKS, Masks
from refund_sandbox.core.recording import OrderRead
from refund_sandbox.core.spec.router import Match

ACCOUNTS = "users"
CREDENTIALS = ("authorization", "cookie", "x-wp-nonce")
MASKS = Masks(
    fields=frozenset(
        "created_at updated_at canceled_at completed_at refunded_at settled_at next_billing_date uuid ip_address".split()
    ),
    ignored=verification.MASKS.ignored,
    texts={
        **GENERAL_MASKS.texts,
        r"\b(re|pi)_[A-Za-z0-9_]+": r"\1_#",
        r"\b(?=[0-9A-Z]*[0-9])(?=[0-9A-Z]*[A-Z])[0-9A-Z]{17}\b": "PP#",
        r"(<path>|/)[^ ]*?([A-Za-z]+\.php)": r"<path>/\2",
        r"on line \d+": "on line #",
    },
    headers=("content-type", "location"),
)
_ACCEPTED = "<admin application password>"
_DENIED = 'Basic base64("sub:<sub application password>")'
PASSWORD = "AbcdEFGH1234ijklMNOP5678"  # noqa: S105 - valid in recorded states only
_IN_GROUPS = " ".join(PASSWORD[start : start + 4] for start in range(0, 24, 4))
_PLACEHOLDERS = {
    "<admin application password, in groups of 4 with dashes>": _IN_GROUPS.replace(" ", "-"),
    "<admin application password, in groups of 4>": _IN_GROUPS,
    "<admin application password lower-cased>": PASSWORD.lower(),
    "<admin application password>": PASSWORD,
    "<admin login password>": "login-password",
    "<admin revoked application password>": "RevoREVO1111revoREVO2222",
    "<sub application password>": "SubsSUBS1111subsSUBS2222",
    "<ed application password>": "EdedEDED1111ededEDED2222",
    "<shopworker application password>": "WorkWORK1111workWORK2222",
}
USERS: Sequence[Mapping[str, Any]] = (
    {"login": "admin", "email": "admin@example.test", "application_password": PASSWORD, "permissions": ["super_admin"]},
    *(
        {
            "login": login,
            "email": f"{login}@example.test",
            "application_password": _PLACEHOLDERS[f"<{login} application password>"],
            "permissions": [],
        }
        for login in ("sub", "ed", "shopworker")
    ),
)
"""The accounts of all cases: one that may do everything, and three without permissions."""
SECTIONS = (
    "orders customers products labels label_relationships coupons customer_addresses activities order_tax_rates "
    "payment_settings integration_feeds"
).split()
"""Sections of the state document that `given` may have next to the fields of one order."""
_LOG_FIELDS = ("status", "log_type", "module_name", "title", "content")

gateway_faults = verification.gateway_faults


def stand_ins(_match: Match) -> Mapping[str, str]:
    return {}


def credentials(headers: Mapping[str, str], status: int) -> Mapping[str, str]:
    """Return the account that stands for the caller. A browser's session stands for the administrator too."""
    is_logged_in = "wordpress_logged_in" in headers.get("cookie", "")
    if status == 401 or not ("authorization" in headers or is_logged_in):
        return {}
    return {"Authorization": _DENIED if status == 403 else _ACCEPTED}


def find_order(match: Match, _request: Request) -> str | None:
    """Return the order that the path names."""
    order_id = match.params.get("order_id") or match.params.get("order")
    return order_id if order_id and order_id.isdecimal() else None


def order_reads(_match: Match, request: Request, order_id: str) -> Sequence[OrderRead]:
    """Return the read of an order with all its relations."""
    prefix = "/index.php/wp-json" if request.path.startswith("/index.php/") else "/wp-json"
    return (OrderRead("GET", f"{prefix}/fluent-cart/v2/orders/{order_id}"),)


def read_state(_request: Request, order_id: str, bodies: Sequence[Any]) -> dict[str, Any] | None:
    """Return the order with all its records, its customer, its log, its labels and the products of its items."""
    try:
        section = live_state.read_section(bodies[:1], (), ())
    except (KeyError, TypeError, AttributeError):
        return None
    order = next((order for order in section.pop("orders") if str(order["id"]) == order_id), None)
    return {**order, **{name: rows for name, rows in section.items() if rows}} if order else None


def read_outcome(request: Request, order_id: str, before: Sequence[Any], after: Sequence[Any]) -> dict[str, Any]:
    """Return the order afterwards, and the entries that its log has afterwards only, oldest first."""
    first, last = (read_state(request, order_id, bodies) for bodies in (before, after))
    order = order_of(last) if last else None
    if first is None or order is None:
        return {}
    known = {entry.get("id") for entry in _log(before)}
    added = sorted(
        (entry for entry in _log(after) if entry.get("id") not in known), key=lambda entry: php.to_int(entry.get("id"))
    )
    activity = [{name: entry.get(name) for name in _LOG_FIELDS} for entry in added]
    return {**({"unchanged": True} if order_of(first) == order else {"order": order[1]}), "activity": activity}


def _log(bodies: Sequence[Any]) -> list[dict[str, Any]]:
    entries = bodies[0]["order"].get("activities")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def section(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of a case. `given` is one order, or has sections, or both."""
    given = case.get("given") or {}
    shop = {name: given[name] for name in SECTIONS if name in given}
    order = order_of(given)
    shop["orders"] = [*shop.get("orders", []), *([order[1]] if order else [])]
    return {"users": list(USERS), **shop}


def order_of(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    order = {name: value for name, value in given.items() if name not in SECTIONS}
    return (str(order["id"]), order) if "id" in order else None


def fill_in(text: str) -> str:
    """Return a text with its placeholders filled in. `base64("…")` stands for the encoded text."""
    if text == _ACCEPTED:
        return "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    return re.sub(
        r'base64\("(.*?)"\)',
        lambda found: base64.b64encode(_fill_in_passwords(found[1]).encode()).decode(),
        _fill_in_passwords(text),
    )


def _fill_in_passwords(text: str) -> str:
    for placeholder, value in _PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text
