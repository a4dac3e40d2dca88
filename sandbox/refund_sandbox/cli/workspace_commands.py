"""`reset`, `snapshot` and `clock`: another world, another time."""

from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from refund_sandbox.cli.output import as_json, connected, show, table, without_nothing

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


@click.command()
@click.option("--fixture", help="The shipped fixture to go to: demo or empty.")
@click.option("--seed", type=int, help="Where ids and invented orders start from.")
@connected
def reset(client: "Client", fixture: str | None, seed: int | None) -> None:
    """Go back to the start; journal, faults and deliveries are emptied."""
    said = client.post("/reset", without_nothing({"fixture": fixture, "seed": seed}))
    click.echo(f"Back at the start, with seed {said['seed']}.")


@click.group()
def snapshot() -> None:
    """Keep worlds, and go back to them.

    \b
    Examples:
      refund-sandbox snapshot keep before
      refund-sandbox snapshot restore before
    """


@snapshot.command("keep")
@click.argument("name")
@connected
def save_snapshot(client: "Client", name: str) -> None:
    """Keep the world as it is under a NAME."""
    client.post("/snapshots", {"name": name})
    click.echo(f"Kept as {name}.")


@snapshot.command("restore")
@click.argument("name")
@connected
def restore_snapshot(client: "Client", name: str) -> None:
    """Go back to the world of that NAME; journal, faults and deliveries stay."""
    client.post(f"/snapshots/{quote(name, safe='')}/restore")
    click.echo(f"Back at {name}.")


@snapshot.command("delete")
@click.argument("name")
@connected
def delete_snapshot(client: "Client", name: str) -> None:
    """Forget the world of that NAME."""
    client.delete(f"/snapshots/{quote(name, safe='')}")
    click.echo(f"Forgot {name}.")


@snapshot.command("list")
@as_json
@connected
def list_snapshots(client: "Client", as_json: bool) -> None:
    """List the kept worlds."""
    kept = client.get("/snapshots")["snapshots"]
    if as_json:
        show(kept)
        return
    table(("name", "kept at"), ((one["name"], one["kept_at"]) for one in kept), empty="No world is kept.")


@click.group()
def clock() -> None:
    """See and move the sandbox's time.

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
    """Say what time it is."""
    now = client.get("/clock")
    if as_json:
        show(now)
        return
    _say_time(now)


@clock.command("freeze")
@click.argument("at", required=False)
@connected
def freeze_clock(client: "Client", at: str | None) -> None:
    """Stop the clock, now or AT an instant such as 2026-01-02T03:04:05Z."""
    _say_time(client.put("/clock", {"frozen": True, **without_nothing({"now": at})}))


@clock.command("free")
@connected
def free_clock(client: "Client") -> None:
    """Go back to the real time."""
    _say_time(client.put("/clock", {"frozen": False, "now": None}))


@clock.command("advance")
@click.argument("by")
@connected
def advance_clock(client: "Client", by: str) -> None:
    """Let time pass: 90s, 15m, 2h, 30d. What falls due on the way is done."""
    _say_time(client.post("/clock/advance", {"by": by}))


def _say_time(now: dict[str, object]) -> None:
    ahead = f", {now['ahead_seconds']} s ahead" if now["ahead_seconds"] else ""
    click.echo(f"{now['now']}{', standing still' if now['frozen'] else ahead}")
