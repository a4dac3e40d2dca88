"""The commands `reset`, `snapshot …`, `clock …` and `workspaces …`: the data and the time of a workspace."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from refund_sandbox.cli.completion_values import complete_snapshots, complete_workspaces
from refund_sandbox.cli.groups import CommandGroup, DefaultCommandGroup
from refund_sandbox.cli.output import as_json, connected, print_json, print_list, without_none

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


@click.command()
@click.option("--fixture", help="Shipped fixture to load: demo or empty.")
@click.option("--seed", type=int, help="Random seed for ids and generated orders.")
@connected
def reset(client: "Client", fixture: str | None, seed: int | None) -> None:
    """Load the fixture again. Delete the request log, the faults and the webhook deliveries.

    \b
    Examples:
      refund-sandbox reset
      refund-sandbox reset --fixture empty --seed 7
    """
    reply = client.post("/reset", without_none({"fixture": fixture, "seed": seed}))
    click.echo(f"Reset (seed {reply['seed']}).")


@click.group(cls=CommandGroup)
def snapshot() -> None:
    """Save and restore the state of a workspace.

    \b
    Examples:
      refund-sandbox snapshot save before
      refund-sandbox snapshot restore before
    """


@snapshot.command("save")
@click.argument("name")
@connected
def save_snapshot(client: "Client", name: str) -> None:
    """Save the current state as snapshot NAME. Replace an older snapshot of that name.

    \b
    Examples:
      refund-sandbox snapshot save before
    """
    client.post("/snapshots", {"name": name})
    click.echo(f"Snapshot '{name}' saved.")


@snapshot.command("restore")
@click.argument("name", shell_complete=complete_snapshots)
@connected
def restore_snapshot(client: "Client", name: str) -> None:
    """Restore the snapshot NAME. The request log, the faults and the deliveries do not change.

    \b
    Examples:
      refund-sandbox snapshot restore before
    """
    client.post(f"/snapshots/{quote(name, safe='')}/restore")
    click.echo(f"Snapshot '{name}' restored.")


@snapshot.command("delete")
@click.argument("name", shell_complete=complete_snapshots)
@connected
def delete_snapshot(client: "Client", name: str) -> None:
    """Delete the snapshot NAME.

    \b
    Examples:
      refund-sandbox snapshot delete before
    """
    client.delete(f"/snapshots/{quote(name, safe='')}")
    click.echo(f"Snapshot '{name}' deleted.")


@snapshot.command("list")
@as_json
@connected
def list_snapshots(client: "Client", as_json: bool) -> None:
    """List the snapshots.

    \b
    Examples:
      refund-sandbox snapshot list
    """
    snapshots = client.get("/snapshots")["snapshots"]
    rows = ((one["name"], one["kept_at"]) for one in snapshots)
    print_list(snapshots, ("name", "saved at"), rows, empty="No snapshots yet.", as_json=as_json)


@click.group(cls=CommandGroup)
def clock() -> None:
    """Show and change the time of the sandbox.

    \b
    Examples:
      refund-sandbox clock show
      refund-sandbox clock freeze 2026-01-02T03:04:05Z
      refund-sandbox clock advance 30d
    """


@clock.command("show")
@as_json
@connected
def show_clock(client: "Client", as_json: bool) -> None:
    """Show the time.

    \b
    Examples:
      refund-sandbox clock show
    """
    now = client.get("/clock")
    if as_json:
        print_json(now)
    else:
        _print_time(now)


@clock.command("freeze")
@click.argument("at", required=False)
@connected
def freeze_clock(client: "Client", at: str | None) -> None:
    """Freeze the clock now, or AT a time such as 2026-01-02T03:04:05Z.

    \b
    Examples:
      refund-sandbox clock freeze
      refund-sandbox clock freeze 2026-01-02T03:04:05Z
    """
    _print_time(client.put("/clock", {"frozen": True, **without_none({"now": at})}))


@clock.command("resume")
@connected
def resume_clock(client: "Client") -> None:
    """Return to the real time.

    \b
    Examples:
      refund-sandbox clock resume
    """
    _print_time(client.put("/clock", {"frozen": False, "now": None}))


@clock.command("advance")
@click.argument("by")
@connected
def advance_clock(client: "Client", by: str) -> None:
    """Advance the clock BY 90s, 15m, 2h or 30d. Run the settlements, renewals and webhooks that become due.

    \b
    Examples:
      refund-sandbox clock advance 30d
    """
    _print_time(client.post("/clock/advance", {"by": by}))


def _print_time(clock: dict[str, Any]) -> None:
    ahead = round(clock["ahead_seconds"])
    state = " (frozen)" if clock["frozen"] else f" ({ahead} s ahead of real time)" if ahead else ""
    click.echo(f"{clock['now']}{state}")


@click.group(cls=DefaultCommandGroup)
def workspaces() -> None:
    """List the workspaces, or delete one. A workspace is created on its first use.

    \b
    Examples:
      refund-sandbox workspaces
      refund-sandbox workspaces delete mine
    """


@workspaces.command("list", hidden=True)
@as_json
@connected
def list_workspaces(client: "Client", as_json: bool) -> None:
    """List the workspaces with their URLs."""
    names = client.get("/workspaces")["workspaces"]
    print_list(names, ("name", "url"), ((name, client.within(name).url) for name in names), empty="", as_json=as_json)


@workspaces.command("delete")
@click.argument("name", shell_complete=complete_workspaces)
@connected
def delete_workspace(client: "Client", name: str) -> None:
    """Delete the workspace NAME with its snapshots.

    \b
    Examples:
      refund-sandbox workspaces delete mine
    """
    client.delete(f"/workspaces/{quote(name, safe='')}")
    click.echo(f"Workspace '{name}' deleted.")
