"""The commands `state …`: export and import of state documents."""

import contextlib
import io
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from refund_sandbox.cli import state_files
from refund_sandbox.cli.groups import CommandGroup
from refund_sandbox.cli.output import client_options, exit_on_error
from refund_sandbox.cli.progress import progress
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.settings import OPTIONS

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp
    from refund_sandbox.cli.waiting_client import WaitingClient
    from refund_sandbox.core.workspaces.state_document import WrittenState

_RECORDING = click.Path(dir_okay=False, path_type=Path)
_WATCH_INTERVAL_S = 0.5
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
    """Write the state to FILE. It is YAML, or JSON if FILE ends in .json; `-` is stdout.

    \b
    Examples:
      refund-sandbox state export state.yaml
      refund-sandbox state export - --workspace mine
    """
    exit_on_error(lambda: _export(file, store, location))


@state.command("import")
@click.argument("file", type=_FILE, required=False)
@click.option("--from-recording", "recording", metavar="FILE", type=_RECORDING, help="Import the orders of a recording instead.")
@_location_options
def import_state(file: Path | None, recording: Path | None, store: str | None, **location: str | None) -> None:
    """Replace the state with the document in FILE; `-` is stdin. An invalid document changes nothing.

    --from-recording takes a file of `record` or an HTTP Archive. Each order is as it was when it was first read.

    \b
    Examples:
      refund-sandbox state import state.yaml
      refund-sandbox state import state.yaml --store sqlite:///demo.db
      refund-sandbox state import --from-recording 40_my_shop.json
    """
    orders = exit_on_error(lambda: _import(file, recording, store, location))
    click.echo(f"Imported {_text_of(orders)} into {store or 'the running sandbox'}.")


def _import(
    file: Path | None, recording: Path | None, store: str | None, location: Mapping[str, str | None]
) -> Mapping[str, int]:
    """Import a document, or the orders of a recording. Return the number of orders by API. Raises InputError for none or both."""
    _check_location(store, location)
    if (file is None) == (recording is None):
        raise InputError("Give either a FILE with a state document, or --from-recording FILE.")
    with _recorded_document(recording) if recording else _naming_errors_of(file) as source:
        return _import_into_store(source, store) if store else _import_into_server(source, location)


@contextlib.contextmanager
def _naming_errors_of(file: Path | None) -> Iterator[Path]:
    """Context manager for a file of the user. The problems of its document name it."""
    from refund_sandbox.testing.control_client import CallRejected

    assert file
    try:
        yield file
    except CallRejected as error:
        if error.problems:
            raise InputError(f"{error} (in {file})") from None
        raise


@contextlib.contextmanager
def _recorded_document(recording: Path | None) -> Iterator[Path]:
    """Context manager for a file with the state document of a recording."""
    from refund_sandbox.app import load_apis
    from refund_sandbox.recordings.recording_report import recorded_state

    assert recording
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(recorded_state(recording, load_apis())), encoding="utf-8")
        yield file


def _export(file: Path, store: str | None, location: Mapping[str, str | None]) -> None:
    _check_location(store, location)
    work = Progress()
    with progress(f"Exporting {store or 'the state'}", work=work), _open_state(store, location) as written:
        pieces = _counted(written, work)
        write = state_files.write_json if state_files.is_json(file) else state_files.write_yaml
        with state_files.open_output(file) as output:
            write(pieces, output)
    if str(file) != "-":
        click.echo(f"Exported {_text_of(written.orders)} to {file}.")


@contextlib.contextmanager
def _open_state(store: str | None, location: Mapping[str, str | None]) -> "Iterator[WrittenState]":
    """Context manager for the state document of a store, or of a running sandbox."""
    if store is None:
        with _client(location).download_state() as written:
            yield written
        return
    with _open_store(store) as sandbox:
        yield sandbox.workspace.write()


def _counted(written: "WrittenState", work: Progress) -> Iterator[bytes]:
    """Yield the pieces of a state, and count its entries, which have a line each."""
    with work.of("entries", written.entries):
        for piece in written.pieces:
            yield piece
            work.done += piece.count(b"\n")


def _import_into_store(file: Path, store: str) -> Mapping[str, int]:
    from refund_sandbox.core.workspaces.fixtures import read_fixture
    from refund_sandbox.core.workspaces.state_document import count_orders

    work = Progress()
    with progress(f"Importing {file}", work=work):
        document = read_fixture(Path("/dev/stdin") if str(file) == "-" else file)
        with _open_store(store, work) as sandbox:
            sandbox.workspace.load(document)
            return count_orders(document, sandbox.workspace.apis)


def _import_into_server(file: Path, location: Mapping[str, str | None]) -> Mapping[str, int]:
    """Send a file to a running sandbox. A thread asks it how far it is."""
    work, client, loaded = Progress(), _client(location), threading.Event()
    kind = "application/json" if state_files.is_json(file) else "application/yaml"
    with progress(f"Importing {file}", work=work), _open_input(file) as source:
        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        if sys.stderr.isatty():
            threading.Thread(target=_watch, args=(client, work, loaded), daemon=True).start()
        try:
            return client.upload_state(state_files.read_chunks(source), size, kind)
        finally:
            loaded.set()


def _open_input(file: Path) -> IO[bytes]:
    try:
        return io.BytesIO(sys.stdin.buffer.read()) if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror or error}") from None


def _watch(client: "WaitingClient", work: Progress, loaded: threading.Event) -> None:
    """Note how many orders a sandbox has loaded, until it has loaded all of them."""
    from refund_sandbox.testing import CallFailed, Client

    with contextlib.suppress(CallFailed):
        while not loaded.wait(_WATCH_INTERVAL_S):
            loading = Client.call(client, "GET", "/health").get("loading", {})
            work.set("orders", loading.get("done", 0), loading.get("orders", 0))


def _client(location: Mapping[str, str | None]) -> "WaitingClient":
    from refund_sandbox.cli.waiting_client import connect  # slow to import

    return connect(url=location["url"], token=location["token"], workspace=location["workspace"])


def _check_location(store: str | None, location: Mapping[str, str | None]) -> None:
    if store is not None and any(location.values()):
        raise InputError("Use either --store, or --url, --token and --workspace for a running sandbox.")


@contextlib.contextmanager
def _open_store(store: str, work: Progress | None = None) -> "Iterator[SandboxApp]":
    """Context manager for a sandbox on a persistent store, without a server."""
    from refund_sandbox.app import build, read_settings

    settings = read_settings({"store": store})
    if settings.store == "memory://":
        raise InputError("--store memory:// has no data outside its server. Leave --store out to use the running sandbox.")
    sandbox = build(settings, progress=work)
    try:
        yield sandbox
    finally:
        sandbox.close()


def _text_of(orders: Mapping[str, int]) -> str:
    """Return the number of orders of each API as text."""
    return ", ".join(f"{count} {name} orders" for name, count in orders.items()) or "no orders"
