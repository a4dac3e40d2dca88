"""The commands `fault …`: failures on demand."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from refund_sandbox.cli.api_lookup import find_order
from refund_sandbox.cli.completion_values import (
    complete_apis,
    complete_faults,
    complete_holds,
    complete_orders,
    complete_scenarios,
)
from refund_sandbox.cli.groups import CommandGroup
from refund_sandbox.cli.output import as_json, connected, print_list, without_none
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.suggestions import did_you_mean

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

_COLUMNS = ("id", "scenario", "api", "operation", "at", "effect", "times", "hits")


@click.group(cls=CommandGroup)
def fault() -> None:
    """Inject faults: enable, list, release, clear.

    \b
    Examples:
      refund-sandbox fault scenarios
      refund-sandbox fault enable reply_lost --order 1001
      refund-sandbox fault enable --at before --status 503 --times always
    """


@fault.command("enable")
@click.argument("scenario", required=False, shell_complete=complete_scenarios)
@click.option("--order", help="Only requests about this order.", shell_complete=complete_orders)
@click.option("--api", metavar="NAME", help="Only requests to this API.", shell_complete=complete_apis)
@click.option("--operation", help="Only requests of this operation, such as refundOrder.")
@click.option("--at", help="Phase: before, gateway, cancel, after or webhook.")
@click.option("--error", help="Error message of the payment gateway, for the phases gateway and cancel.")
@click.option("--status", type=int, help="HTTP status of the reply.")
@click.option("--connection", help="Effect on the connection: reset, close, truncate or hang.")
@click.option("--delay-ms", type=float, help="Delay in milliseconds.")
@click.option("--hold", metavar="NAME", help="Hold requests until `fault release NAME`.")
@click.option("--times", help="Number of hits, or always.")
@as_json
@connected
def enable_fault(client: "Client", as_json: bool, **options: Any) -> None:
    """Enable a SCENARIO, or a fault from options.

    \b
    Examples:
      refund-sandbox fault enable reply_lost --order 1001
      refund-sandbox fault enable --at before --status 503 --delay-ms 200 --times always
    """
    _check_what(client, options["scenario"], options["at"])
    enabled = client.post("/faults", _fault_document(client, options))["faults"]
    _show_faults(enabled, as_json=as_json)


@fault.command("list")
@as_json
@connected
def list_faults(client: "Client", as_json: bool) -> None:
    """List the enabled faults.

    \b
    Examples:
      refund-sandbox fault list
    """
    _show_faults(client.get("/faults")["faults"], as_json=as_json)


@fault.command("scenarios")
@as_json
@connected
def list_scenarios(client: "Client", as_json: bool) -> None:
    """List the scenarios.

    \b
    Examples:
      refund-sandbox fault scenarios
    """
    scenarios = client.get("/scenarios")["scenarios"]
    rows = ((one["name"], *(_column_of(one, field) for field in ("at", "api", "operation")), one["title"]) for one in scenarios)
    columns = ("scenario", "phase", "api", "operation", "effect")
    print_list(scenarios, columns, rows, empty="No scenarios.", as_json=as_json)


@fault.command("release")
@click.argument("name", shell_complete=complete_holds)
@connected
def release_fault(client: "Client", name: str) -> None:
    """Release requests held by a fault. NAME is the name of the hold or the id of the fault.

    \b
    Examples:
      refund-sandbox fault release door
    """
    released = client.post(f"/faults/{quote(name, safe='')}/release")["released"]
    click.echo(f"Held requests released ({len(released)} fault{'' if len(released) == 1 else 's'}).")


@fault.command("clear")
@click.argument("fault_id", required=False, shell_complete=complete_faults)
@connected
def clear_faults(client: "Client", fault_id: str | None) -> None:
    """Disable all faults, or the fault FAULT_ID.

    \b
    Examples:
      refund-sandbox fault clear
    """
    client.delete("/faults" if fault_id is None else f"/faults/{quote(fault_id, safe='')}")
    click.echo("All faults disabled." if fault_id is None else f"Fault {fault_id} disabled.")


def _check_what(client: "Client", scenario: str | None, at: str | None) -> None:
    """Raise InputError without a scenario and a phase, and for an unknown scenario."""
    if scenario is None and at is None:
        raise InputError("Name a SCENARIO, or a phase with --at. See: refund-sandbox fault scenarios")
    known = [one["name"] for one in client.get("/scenarios")["scenarios"]]
    if scenario is not None and scenario not in known:
        raise InputError(f"Unknown scenario {scenario!r}.{did_you_mean(scenario, known)} See: refund-sandbox fault scenarios")


def _column_of(scenario: Mapping[str, Any], field: str) -> str:
    """Return a field of the faults of a scenario; `any` without one."""
    return ", ".join(dict.fromkeys(fault.get(field) or "any" for fault in scenario["faults"]))


def _fault_document(client: "Client", options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fault of the options as the control API takes it. An order without --api must exist."""
    order, status, times = options["order"], options["status"], options["times"]
    copied = ("scenario", "api", "operation", "at", "error", "connection", "delay_ms", "hold")
    document = without_none({name: options[name] for name in copied})
    if order is not None:
        api = options["api"] or find_order(client, order, None)[0]
        document = {**document, "api": api, "match": {"order_id": order}}
    if status is not None:
        document["reply"] = {"status": status}
    if times is not None:
        document["times"] = _read_times(times)
    return document


def _read_times(text: str) -> int | None:
    if text == "always":
        return None
    if not text.isdecimal() or int(text) == 0:
        raise InputError(f"Invalid value for --times: {text!r} (expected a whole number from 1, or always).")
    return int(text)


def _show_faults(faults: list[dict[str, Any]], *, as_json: bool) -> None:
    rows = ([_column(name, one) for name in _COLUMNS] for one in faults)
    print_list(faults, _COLUMNS, rows, empty="No faults enabled.", as_json=as_json)


def _column(name: str, fault: Mapping[str, Any]) -> Any:
    if name == "effect":
        return _effect(fault)
    if name == "times" and fault["times"] is None:
        return "always"
    return fault[name]


def _effect(fault: Mapping[str, Any]) -> str:
    effects = {
        "hold": fault["hold"],
        "delay_ms": fault["delay_ms"],
        "connection": fault["connection"],
        "status": (fault["reply"] or {}).get("status"),
        "error": fault["error"],
        "webhook": fault["webhook"],
    }
    return ", ".join(f"{name} {value}" for name, value in effects.items() if value is not None) or "default error"
