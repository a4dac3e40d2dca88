"""`fault`: failures on demand."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from refund_sandbox.cli.order_commands import APIS, api_of
from refund_sandbox.cli.output import as_json, connected, show, table, without_nothing

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

_COLUMNS = ("id", "scenario", "api", "operation", "at", "does", "times", "hits")


@click.group()
def fault() -> None:
    """Make things fail.

    \b
    Examples:
      refund-sandbox fault scenarios
      refund-sandbox fault arm reply_lost --order 1001
      refund-sandbox fault arm --at before --status 503 --times always
    """


@fault.command("arm")
@click.argument("scenario", required=False)
@click.option("--order", help="Only calls about this order.")
@click.option("--api", type=APIS, help="Only calls of this API.")
@click.option("--operation", help="Only calls of this operation, such as refundOrder.")
@click.option("--at", help="before, gateway, cancel, after or webhook.")
@click.option("--error", help="What the payment provider says, at gateway or cancel.")
@click.option("--status", type=int, help="Answer with this HTTP status.")
@click.option("--connection", help="reset, close, truncate or hang.")
@click.option("--delay-ms", type=float, help="Wait so many milliseconds.")
@click.option("--hold", metavar="NAME", help="Wait until `fault release NAME`.")
@click.option("--times", help="How many calls, or always.")
@as_json
@connected
def arm_fault(client: "Client", as_json: bool, **wanted: Any) -> None:
    """Arm a SCENARIO, or a fault of your own."""
    armed = client.post("/faults", _document(wanted))["faults"]
    _show_faults(armed, as_json=as_json)


@fault.command("list")
@as_json
@connected
def list_faults(client: "Client", as_json: bool) -> None:
    """List what is armed."""
    _show_faults(client.get("/faults")["faults"], as_json=as_json)


@fault.command("scenarios")
@as_json
@connected
def list_scenarios(client: "Client", as_json: bool) -> None:
    """List the named ones."""
    scenarios = client.get("/scenarios")["scenarios"]
    if as_json:
        show(scenarios)
        return
    width = max(len(one["name"]) for one in scenarios)
    for one in scenarios:
        click.echo(f"{one['name'].ljust(width)}  {one['title']}")


@fault.command("release")
@click.argument("name")
@connected
def release_fault(client: "Client", name: str) -> None:
    """Let go of the calls that a fault holds, by the NAME of its hold or its id."""
    released = client.post(f"/faults/{quote(name, safe='')}/release")["released"]
    click.echo(f"Released {len(released)}.")


@fault.command("clear")
@click.argument("fault_id", required=False)
@connected
def clear_faults(client: "Client", fault_id: str | None) -> None:
    """Disarm all, or the one with FAULT_ID."""
    client.delete("/faults" if fault_id is None else f"/faults/{quote(fault_id, safe='')}")
    click.echo("Disarmed.")


def _document(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The fault that options say."""
    order, status, times = wanted["order"], wanted["status"], wanted["times"]
    plain = ("scenario", "api", "operation", "at", "error", "connection", "delay_ms", "hold")
    document = without_nothing({name: wanted[name] for name in plain})
    if order is not None:
        document = {"api": api_of(order), **document, "match": {"order_id": order}}
    if status is not None:
        document["reply"] = {"status": status}
    if times is not None:
        document["times"] = None if times == "always" else int(times) if times.isdigit() else times
    return document


def _show_faults(faults: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        show(faults)
        return
    rows = ([_told(name, one) for name in _COLUMNS] for one in faults)
    table(_COLUMNS, rows, empty="Nothing is armed.")


def _told(column: str, fault: Mapping[str, Any]) -> Any:
    if column == "does":
        return _effect(fault)
    if column == "times" and fault["times"] is None:
        return "always"
    return fault[column]


def _effect(fault: Mapping[str, Any]) -> str:
    """What a fault does, in a few words."""
    told = {
        "hold": fault["hold"],
        "wait ms": fault["delay_ms"],
        "connection": fault["connection"],
        "status": (fault["reply"] or {}).get("status"),
        "says": fault["error"],
        "webhook": fault["webhook"],
    }
    return ", ".join(f"{name} {value}" for name, value in told.items() if value is not None) or "refuses"
