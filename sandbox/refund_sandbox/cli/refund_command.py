"""`refund`: a refund as a client would ask for it, through the API that the order belongs to."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from refund_sandbox.cli.order_commands import APIS, api_of, read_order, show_order
from refund_sandbox.cli.output import as_json, connected, show, without_nothing

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


class Asked(NamedTuple):
    """A refund as its API wants it asked for."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@click.command()
@click.argument("order")
@click.option("--amount", help="As the API takes it: 4.99 for FunnelFox, 499 for FluentCart. Left out: all that is left.")
@click.option("--reason", help="What the refund is for; `sandbox:NAME` makes the scenario NAME happen.")
@click.option("--soft", is_flag=True, help="FunnelFox: leave the subscription as it is.")
@click.option("--cancel", is_flag=True, help="FluentCart: cancel the subscription too.")
@click.option("--api", type=APIS, help="Whose order it is, where its id does not say so.")
@as_json
@connected
def refund(client: "Client", order: str, api: str | None, as_json: bool, **wanted: Any) -> None:
    """Refund an ORDER by calling its API. Exit code 1 when the API refuses.

    \b
    Examples:
      refund-sandbox refund 1001 --amount 2500
      refund-sandbox refund 3c90c3cc-0d44-4b50-8888-8dd25736052a --amount 4.99
    """
    name = api or api_of(order)
    asked = _ASKS[name](client, read_order(client, name, order), wanted)
    status, answer = client.send("POST", asked.path, asked.body, asked.headers)
    after = read_order(client, name, order)
    if as_json:
        show({"status": status, "answer": answer, "order": after})
    else:
        click.echo(f"{status} {json.dumps(answer, ensure_ascii=False)}\n")
        show_order(name, after, as_json=False)
    sys.exit(0 if status < 400 else 1)


def _ask_funnelfox(client: "Client", order: Mapping[str, Any], wanted: Mapping[str, Any]) -> Asked:
    """With the first admin key of the order's organisation."""
    org_id = order["org_id"]
    keys = [key for org in client.get("/state")["funnelfox"]["orgs"] if org["id"] == org_id for key in org["keys"]]
    able = [key["key"] for key in keys if key["group"] == "admin" and key["enabled"]]
    fields = {"amount": wanted["amount"], "reason": wanted["reason"], "soft_refund": wanted["soft"] or None}
    body = {"external_id": order["external_id"], "order_id": order["order_id"], **without_nothing(fields)}
    return Asked(f"/{org_id}/v1/payment/refund", body, {"ff-secret-key": next(iter(able), "")})


def _ask_fluentcart(client: "Client", order: Mapping[str, Any], wanted: Mapping[str, Any]) -> Asked:
    """As the first user who may refund."""
    from refund_sandbox.testing import FluentCartClient

    users = client.get("/state")["fluentcart"]["users"]
    able = [user for user in users if {"super_admin", "orders/can_refund"} & set(user["permissions"])]
    shop = FluentCartClient(client, able[0]["login"], able[0]["application_password"]) if able else FluentCartClient(client)
    charges = [row["id"] for row in order["transactions"] if row["transaction_type"] == "charge"]
    info = {
        "transaction_id": next(iter(charges), 0),
        "amount": _number(wanted["amount"]) if wanted["amount"] else _all_that_is_left(client, order),
        "cancelSubscription": "true" if wanted["cancel"] else "false",
        **without_nothing({"reason": wanted["reason"]}),
    }
    return Asked(f"/wp-json/fluent-cart/v2/orders/{order['id']}/refund", {"refund_info": info}, shop.headers)


def _all_that_is_left(client: "Client", order: Mapping[str, Any]) -> float:
    """In the units that the version takes."""
    left: int = order["total_paid"] - order["total_refund"]
    return left / 100 if client.get("/settings")["fluentcart"]["version"] == "1.3.25" else left


def _number(text: str) -> float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise click.UsageError(f"--amount is a number, not {text!r}") from None


_ASKS: Mapping[str, Callable[["Client", Mapping[str, Any], Mapping[str, Any]], Asked]] = {
    "funnelfox": _ask_funnelfox,
    "fluentcart": _ask_fluentcart,
}
