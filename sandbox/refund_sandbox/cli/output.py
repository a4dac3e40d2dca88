"""Shared parts of the commands: the client of a running sandbox, tables and JSON, and errors as one line."""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.settings import CLIENT_OPTIONS, SettingsError

T = TypeVar("T")
_MAX_CELL_WIDTH = 60
_UNKNOWN = re.compile(r"^/\S*: (?=Unknown )")
_NUMBER = re.compile(r"-?\d+(\.\d+)?( [A-Z]{3})?")
"""A number, or an amount with its currency."""


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator that adds --url, --token and --workspace to a command and passes it the Client as first argument.

    Errors end the command with one line on stderr and exit code 2.
    """

    @functools.wraps(command)
    def run(*, url: str | None, token: str | None, workspace: str | None, **rest: Any) -> None:
        from refund_sandbox.cli.waiting_client import connect  # slow to import

        exit_on_error(lambda: command(connect(url=url, token=token, workspace=workspace), **rest))

    return client_options(run)


def client_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator that adds --url, --token and --workspace to a command."""
    complete = {"workspace": _complete_workspaces}
    for name, option in reversed(list(CLIENT_OPTIONS.items())):
        add = click.option(f"--{name}", metavar=name.upper(), help=option.help, shell_complete=complete.get(name))
        command = add(command)
    return command


def _complete_workspaces(context: click.Context, param: click.Parameter, incomplete: str) -> Any:
    from refund_sandbox.cli.completion_values import complete_workspaces

    return complete_workspaces(context, param, incomplete)


def exit_on_error(action: Callable[[], T]) -> T:
    """Return the result of `action`. An error that the user can fix becomes one line on stderr and exit code 2."""
    from refund_sandbox.core.errors import SandboxError
    from refund_sandbox.stores.protocol import StoreError

    try:
        return action()
    except BrokenPipeError:
        raise  # the reader of a pipe stopped, which click handles
    except (InputError, SettingsError, SandboxError, StoreError, OSError) as error:
        click.echo(f"refund-sandbox: {text_of(error)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(0)  # ends --follow


def text_of(error: Exception) -> str:
    """Return the text of an error. A single problem of a document stands alone, and the name of an unknown field, too."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename} can't be used: {error.strerror}" if error.filename else error.strerror
    problems: Sequence[str] = getattr(error, "problems", ())
    if len(problems) != 1:
        return str(error)
    return _UNKNOWN.sub("", str(problems[0]))


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def print_json(document: Any) -> None:
    """Print a document on one line."""
    click.echo(json.dumps(document, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print aligned columns, numbers on the right; or the text `empty` if there are no rows. The last column is not shortened."""
    cells = [[*map(_cell, row[:-1]), printable(row[-1])] for row in rows]
    if not cells:
        click.echo(empty)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in (list(columns), *cells):
        click.echo(_align(row, widths))


def print_list(document: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str, as_json: bool) -> None:
    """Print a document as JSON, or as the table of `columns` and `rows`."""
    if as_json:
        print_json(document)
    else:
        print_table(columns, rows, empty=empty)


def print_pairs(pairs: Mapping[str, Any]) -> None:
    """Print names and values, one pair on a line."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        click.echo(f"{name.ljust(width)}  {value}")


def table_row(values: Sequence[Any], widths: Sequence[int]) -> str:
    return _align([_cell(value) for value in values], widths)


def _align(texts: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(texts, widths, strict=True)
    return "  ".join(text.rjust(width) if _NUMBER.fullmatch(text) else text.ljust(width) for text, width in pairs).rstrip()


def printable(value: Any) -> str:
    """Return the text of a value without control characters: data must not control the terminal."""
    text = "" if value is None else str(value)
    return text if text.isprintable() else "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def time_of_day(timestamp: str) -> str:
    """Return the time of an RFC 3339 timestamp: 12:30:05."""
    return timestamp[11:19]


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _cell(value: Any) -> str:
    text = printable(value)
    return text if len(text) <= _MAX_CELL_WIDTH else text[: _MAX_CELL_WIDTH - 1] + "…"
