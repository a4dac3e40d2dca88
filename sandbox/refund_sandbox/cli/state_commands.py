"""The commands `state …`: export and import of state documents."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.groups import CommandGroup
from refund_sandbox.cli.output import client_options, exit_on_error
from refund_sandbox.cli.progress import progress
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.settings import OPTIONS

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp
    from refund_sandbox.testing import Client

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.group(cls=CommandGroup)
def state() -> None:
    """Export and import the state of a workspace as one document.

    \b
    Examples:
      refund-sandbox state export state.yaml
      refund-sandbox state export - --workspace mine
      refund-sandbox state import state.yaml --store sqlite:///demo.db
    """


def _location_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator that adds --store, for a store without a server, and the options of a running sandbox."""
    store = f"{OPTIONS['store'].help} [sqlite:///FILE or postgresql://…; default: the store of the running sandbox]"
    return click.option("--store", metavar="STORE", help=store)(client_options(command))


@state.command("export")
@click.argument("file", type=_FILE)
@_location_options
def export_state(file: Path, store: str | None, **location: str | None) -> None:
    """Write the state to FILE: YAML, or JSON if FILE ends in .json; `-` is stdout.

    \b
    Examples:
      refund-sandbox state export state.yaml
      refund-sandbox state export - --workspace mine
    """
    document = exit_on_error(lambda: _read(store, location))
    with progress(f"Writing {_count_orders(document)}"):
        text = _as_text(document, file)
    if str(file) == "-":
        click.echo(text)
        return
    exit_on_error(lambda: file.write_text(text, encoding="utf-8"))
    click.echo(f"Exported {_count_orders(document)} to {file}.")


@state.command("import")
@click.argument("file", type=_FILE)
@_location_options
def import_state(file: Path, store: str | None, **location: str | None) -> None:
    """Replace the state with the document in FILE; `-` is stdin. An invalid document changes nothing.

    \b
    Examples:
      refund-sandbox state import state.yaml
      refund-sandbox state import state.yaml --store sqlite:///demo.db
    """
    from refund_sandbox.core.workspaces.fixtures import read_fixture

    source = Path("/dev/stdin") if str(file) == "-" else file
    with progress(f"Reading {file}"):
        document = exit_on_error(lambda: read_fixture(source))
    exit_on_error(lambda: _replace(document, store, location))
    click.echo(f"Imported {_count_orders(document)} into {store or 'the running sandbox'}.")


def _read(store: str | None, location: Mapping[str, str | None]) -> Mapping[str, Any]:
    _check_location(store, location)
    if store is None:
        document: Mapping[str, Any] = _client(location).get("/state")
        return document
    with progress(f"Reading {store}"), _open_store(store) as sandbox:
        return sandbox.workspace.dump()


def _replace(document: Mapping[str, Any], store: str | None, location: Mapping[str, str | None]) -> None:
    _check_location(store, location)
    if store is None:
        _client(location).put("/state", document)
        return
    with progress(f"Importing {_count_orders(document)}"), _open_store(store) as sandbox:
        sandbox.workspace.load(document)


def _client(location: Mapping[str, str | None]) -> "Client":
    from refund_sandbox.cli.waiting_client import connect  # slow to import

    return connect(url=location["url"], token=location["token"], workspace=location["workspace"])


def _check_location(store: str | None, location: Mapping[str, str | None]) -> None:
    if store is not None and any(location.values()):
        raise InputError("Use either --store, or --url, --token and --workspace for a running sandbox.")


@contextlib.contextmanager
def _open_store(store: str) -> "Iterator[SandboxApp]":
    """Context manager for a sandbox on a persistent store, without a server."""
    from refund_sandbox.app import build, read_settings

    settings = read_settings({"store": store})
    if settings.store == "memory://":
        raise InputError("--store memory:// has no data outside its server. Leave --store out to use the running sandbox.")
    sandbox = build(settings)
    try:
        yield sandbox
    finally:
        sandbox.close()


def _as_text(document: Mapping[str, Any], file: Path) -> str:
    import yaml

    if file.suffix == ".json":
        return json.dumps(document, indent=2)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # written in C where libyaml is there
    return str(yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True))


def _count_orders(document: Mapping[str, Any]) -> str:
    counts = [f"{len(part['orders'])} {name} orders" for name, part in document.items() if "orders" in (part or ())]
    return ", ".join(counts) or "no orders"
