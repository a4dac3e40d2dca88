"""`state`: a whole world as one document, out of a store or a running sandbox and into another."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.order_commands import APIS
from refund_sandbox.cli.output import connect, or_exit
from refund_sandbox.settings import CLIENT_OPTIONS, OPTIONS, SettingsError, read_settings

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp

Command = Callable[..., None]
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.group()
def state() -> None:
    """Move a world, as one document, out of a store or a running sandbox and into another.

    \b
    Examples:
      refund-sandbox state export world.yaml
      refund-sandbox state export - --url http://127.0.0.1:8000 --workspace mine
      refund-sandbox state import world.yaml --store sqlite:///demo.db
    """


def _placed(command: Command) -> Command:
    """Options that say where the world is."""
    store = f"{OPTIONS['store'].help} [sqlite:///FILE or postgresql://…]; left out: a running sandbox has it"
    for name, about in reversed(list(CLIENT_OPTIONS.items())):
        command = click.option(f"--{name}", metavar=name.upper(), help=about.help)(command)
    return click.option("--store", help=store)(command)


@state.command("export")
@click.argument("file", type=_FILE)
@_placed
def export_state(file: Path, store: str | None, **place: str | None) -> None:
    """Write a world to FILE, as YAML, or as JSON when it ends in .json; `-` is the standard output."""
    _check_place(store, place)
    document = or_exit(lambda: _read(store, place))
    text = _as_text(document, file)
    if str(file) == "-":
        click.echo(text)
        return
    or_exit(lambda: file.write_text(text, encoding="utf-8"))
    click.echo(f"{file}: {_count(document)}")


@state.command("import")
@click.argument("file", type=_FILE)
@_placed
def import_state(file: Path, store: str | None, **place: str | None) -> None:
    """Replace a world by the one in FILE; a bad document is refused whole. `-` is the standard input."""
    from refund_sandbox.core.workspaces.fixtures import read_fixture

    _check_place(store, place)
    source = Path("/dev/stdin") if str(file) == "-" else file
    document = or_exit(lambda: read_fixture(source))
    or_exit(lambda: _replace(document, store, place))
    click.echo(f"{store or 'the running sandbox'}: {_count(document)}")


def _check_place(store: str | None, place: Mapping[str, str | None]) -> None:
    if store is not None and any(place.values()):
        or_exit(lambda: _refuse("--store names a world by itself; --url, --token and --workspace are for a running sandbox"))


def _read(store: str | None, place: Mapping[str, str | None]) -> Mapping[str, Any]:
    if store is None:
        document: Mapping[str, Any] = connect(**place).get("/state")
        return document
    with _opened(store) as sandbox:
        return sandbox.workspace.dump()


def _replace(document: Mapping[str, Any], store: str | None, place: Mapping[str, str | None]) -> None:
    if store is None:
        connect(**place).put("/state", document)
        return
    with _opened(store) as sandbox:
        sandbox.workspace.load(document)


@contextlib.contextmanager
def _opened(store: str) -> "Iterator[SandboxApp]":
    """A sandbox on a store that outlives it."""
    settings = read_settings({"store": store})
    if settings.store == "memory://":
        _refuse("memory:// ends with its server; leave --store out to ask the sandbox that runs")
    from refund_sandbox.app import build

    sandbox = build(settings)
    try:
        yield sandbox
    finally:
        sandbox.close()


def _refuse(reason: str) -> None:
    raise SettingsError(reason)


def _as_text(document: Mapping[str, Any], file: Path) -> str:
    import yaml

    if file.suffix == ".json":
        return json.dumps(document, indent=2)
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def _count(document: Mapping[str, Any]) -> str:
    counts = [f"{len(section.get('orders', []))} orders of {name}" for name, section in document.items() if name in APIS.choices]
    return ", ".join(counts) or "an empty world"
