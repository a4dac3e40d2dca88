"""The command `refund`: a refund through the API of the order, as a client would request it."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from refund_sandbox.cli.order_commands import APIS, api_of, read_order, show_order
from refund_sandbox.cli.output import InputError, as_json, connected, print_json, without_none

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


class RefundRequest(NamedTuple):
    """HTTP request of a refund; the method is POST in both APIs."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@click.command()
@click.argument("order")
@click.option(
    "--amount", help="Amount as the API takes it: 4.99 for FunnelFox, 499 for FluentCart. Default: the refundable amount."
)
@click.option("--reason", help="Reason of the refund; `sandbox:NAME` enables the scenario NAME for this request.")
@click.option("--soft", is_flag=True, help="FunnelFox: keep the subscription.")
@click.option("--cancel", is_flag=True, help="FluentCart: also cancel the subscription.")
@click.option("--api", type=APIS, help="API of the order. Default: FluentCart for numbers, FunnelFox for other ids.")
@as_json
@connected
def refund(client: "Client", order: str, api: str | None, as_json: bool, **options: Any) -> None:
    """Refund an ORDER through its API. Exit code 1 if the API rejects the refund.

    \b
    Examples:
      refund-sandbox refund 1001 --amount 2500
      refund-sandbox refund 3c90c3cc-0d44-4b50-8888-8dd25736052a --amount 4.99
    """
    name = api or api_of(order)
    request = _REQUESTS[name](client, read_order(client, name, order), options)
    status, reply = client.send("POST", request.path, request.body, request.headers)
    after = read_order(client, name, order)
    if as_json:
        print_json({"status": status, "reply": reply, "order": after})
    else:
        click.echo(f"{status} {json.dumps(reply, ensure_ascii=False)}\n")
        show_order(name, after, as_json=False)
    sys.exit(0 if status < 400 else 1)


def _funnelfox_request(client: "Client", order: Mapping[str, Any], options: Mapping[str, Any]) -> RefundRequest:
    """Return the request with the first enabled admin key of the order's organisation."""
    org_id = order["org_id"]
    keys = [key for org in client.get("/state")["funnelfox"]["orgs"] if org["id"] == org_id for key in org["keys"]]
    admin_keys = [key["key"] for key in keys if key["group"] == "admin" and key["enabled"]]
    fields = {"amount": options["amount"], "reason": options["reason"], "soft_refund": options["soft"] or None}
    body = {"external_id": order["external_id"], "order_id": order["order_id"], **without_none(fields)}
    return RefundRequest(f"/{org_id}/v1/payment/refund", body, {"ff-secret-key": next(iter(admin_keys), "")})


def _fluentcart_request(client: "Client", order: Mapping[str, Any], options: Mapping[str, Any]) -> RefundRequest:
    """Return the request of the first user with the permission to refund."""
    from refund_sandbox.testing import FluentCartClient

    users = client.get("/state")["fluentcart"]["users"]
    permitted = [user for user in users if {"super_admin", "orders/can_refund"} & set(user["permissions"])]
    credentials = (permitted[0]["login"], permitted[0]["application_password"]) if permitted else ()
    charges = [row["id"] for row in order["transactions"] if row["transaction_type"] == "charge"]
    info = {
        "transaction_id": next(iter(charges), 0),
        "amount": _read_amount(options["amount"]) if options["amount"] else _refundable_amount(client, order),
        "cancelSubscription": "true" if options["cancel"] else "false",
        **without_none({"reason": options["reason"]}),
    }
    headers = FluentCartClient(client, *credentials).headers
    return RefundRequest(f"/wp-json/fluent-cart/v2/orders/{order['id']}/refund", {"refund_info": info}, headers)


def _refundable_amount(client: "Client", order: Mapping[str, Any]) -> float:
    """Return the refundable amount in the units of the emulated version: major units for 1.3.25, minor units otherwise."""
    refundable: int = order["total_paid"] - order["total_refund"]
    return refundable / 100 if client.get("/settings")["fluentcart"]["version"] == "1.3.25" else refundable


def _read_amount(text: str) -> float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise InputError(f"Invalid value for --amount: {text!r} (expected a number).") from None


_REQUESTS: Mapping[str, Callable[["Client", Mapping[str, Any], Mapping[str, Any]], RefundRequest]] = {
    "funnelfox": _funnelfox_request,
    "fluentcart": _fluentcart_request,
}
