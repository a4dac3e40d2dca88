"""The command `refund`: a refund through the API of the order, as a client would request it."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.amounts import check_amount
from refund_sandbox.cli.api_lookup import find_order, order_path
from refund_sandbox.cli.completion_values import complete_orders
from refund_sandbox.cli.order_commands import read_summary, show_order
from refund_sandbox.cli.output import as_json, connected, print_json, without_none
from refund_sandbox.cli.user_errors import InputError

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


@click.command()
@click.argument("order", shell_complete=complete_orders)
@click.option("--amount", help="Amount as the API takes it: minor units such as 2500, or text such as 4.99. Default: all.")
@click.option("--reason", help="Reason of the refund; `sandbox:NAME` enables the scenario NAME for this request.")
@click.option("--soft", is_flag=True, help="Keep the subscription, in an API that cancels it.")
@click.option("--cancel", is_flag=True, help="Also cancel the subscription, in an API that keeps it.")
@click.option("--api", metavar="NAME", help="API of the order. Default: the first one that has an order with this id.")
@as_json
@connected
def refund(client: "Client", order: str, api: str | None, as_json: bool, **options: Any) -> None:
    """Refund an ORDER through its API. Exit code 1 if the API rejects the refund.

    \b
    Examples:
      refund-sandbox refund 1001 --amount 2500
      refund-sandbox refund 3c90c3cc-0d44-4b50-8888-8dd25736052a --amount 4.99
    """
    name, _ = find_order(client, order, api)
    status, reply = send_refund(client, name, order, options)
    if as_json:
        print_json({"status": status, "reply": reply, "order": client.get(order_path(name, order))})
    else:
        click.echo(f"{status} {json.dumps(reply, ensure_ascii=False)}\n")
        show_order(client, name, order)
    sys.exit(0 if status < 400 else 1)


def send_refund(client: "Client", api: str, order: str, options: Mapping[str, Any]) -> tuple[int, Any]:
    """Send a refund as a client would. Return status and reply. Raises InputError for an option without a field."""
    request = _build_request(client, api, order, options)
    return client.send(request["method"], request["path"], request["body"], request["headers"])


def _build_request(client: "Client", api: str, order: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the request of a refund with the options. Raises InputError for an option without a field."""
    path = f"{order_path(api, order)}/refund-form"
    fields = client.get(path)["fields"]
    names = {field["option"]: field["name"] for field in fields}
    values = {field["name"]: field["value"] for field in fields}
    for option, value in without_none(options).items():
        if value is False:
            continue
        if option not in names:
            raise InputError(f"--{option} does not apply to refunds of order {order} in {api}.")
        values[names[option]] = "true" if value is True else value
    for field in fields:
        if field["kind"] == "amount" and options["amount"] is not None:
            check_amount(values[field["name"]], field, read_summary(client, api, order))
    request: Mapping[str, Any] = client.post(path, {"values": values})
    return request
