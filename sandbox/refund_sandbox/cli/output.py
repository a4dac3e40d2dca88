"""What the companion's commands have in common: where the sandbox is, how its answers are shown, how errors end."""

import functools
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from refund_sandbox.settings import CLIENT_OPTIONS, SettingsError, read_client_options

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

T = TypeVar("T")
_WIDEST = 60


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command --url, --token and --workspace, and calls it with the Client that they mean as its first argument.

    What the sandbox refuses, and a sandbox that is not there, end in one line on stderr and exit code 2.
    """

    @functools.wraps(command)
    def run(*, url: str | None, token: str | None, workspace: str | None, **rest: Any) -> None:
        or_exit(lambda: command(connect(url=url, token=token, workspace=workspace), **rest))

    for name, about in reversed(list(CLIENT_OPTIONS.items())):
        run = click.option(f"--{name}", metavar=name.upper(), help=about.help)(run)
    return run


def or_exit(make: Callable[[], T]) -> T:
    """What `make` makes; an error that a user can mend becomes one line on stderr and exit code 2."""
    from refund_sandbox.core.errors import SandboxError
    from refund_sandbox.stores.protocol import StoreError

    try:
        return make()
    except (SettingsError, SandboxError, StoreError, OSError) as error:
        click.echo(f"refund-sandbox: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(0)  # how a --follow ends


as_json = click.option("--json", "as_json", is_flag=True, help="Print the documents, for scripts.")


def connect(*, url: str | None, token: str | None, workspace: str | None) -> "Client":
    """The control API that flags and variables name. Raises Unreachable for a URL that is none."""
    from refund_sandbox.testing.control_client import Client

    place = read_client_options({"url": url, "token": token, "workspace": workspace})
    client = Client(place["url"] or "", token=place["token"])
    return client.within(place["workspace"]) if place["workspace"] else client


def show(document: Any) -> None:
    """A document on one line, for scripts."""
    click.echo(json.dumps(document, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Aligned columns, numbers to the right; `empty` is said where there are no rows."""
    written = [[_cell(value) for value in row] for row in rows]
    if not written:
        click.echo(empty)
        return
    widths = [max(map(len, column)) for column in zip(columns, *written, strict=True)]
    for row in (list(columns), *written):
        click.echo(line(row, widths))


def line(cells: Sequence[Any], widths: Sequence[int]) -> str:
    """Cells in columns of that width."""
    texts = [_cell(cell) for cell in cells]
    padded = (text.rjust(width) if _is_number(text) else text.ljust(width) for text, width in zip(texts, widths, strict=True))
    return "  ".join(padded).rstrip()


def time_of(instant: str) -> str:
    """An instant as its time of day is read: 12:30:05."""
    return instant[11:19]


def without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
