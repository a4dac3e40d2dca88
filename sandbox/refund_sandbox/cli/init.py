"""The command `init`: files that bring the sandbox into a project."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refund_sandbox.cli.output import exit_on_error
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.whole_files import replacing

if TYPE_CHECKING:
    from refund_sandbox.core.api import ApiDescriptor
    from refund_sandbox.core.api_views import ClientRequest
    from refund_sandbox.core.workspaces.workspace import Workspace

_URL = "http://127.0.0.1:8000"
_CONFTEST = '''"""The application under test calls the sandbox. Each test starts with the demo data."""

import pytest


@pytest.fixture(autouse=True)
def sandbox_urls(refund_sandbox, monkeypatch):
    """Set the variables from which the application reads the base URLs. Use your own names."""
{variables}
'''
_COMPOSE = """services:
  refund-sandbox:
    image: refund-sandbox # docker build -t refund-sandbox PATH/TO/refund-sandbox
    ports: ['8000:8000']
  app:
    build: .
    environment:
{variables}
    depends_on: {{refund-sandbox: {{condition: service_healthy}}}}
"""
_CONTROL = """### The next refund of any order is booked, and its reply is lost
POST {{url}}/_sandbox/faults
Content-Type: application/json

{"scenario": "reply_lost"}

### The requests so far
GET {{url}}/_sandbox/requests

### Back to the demo data
POST {{url}}/_sandbox/reset
Content-Type: application/json

{}
"""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace files that exist.")
def init(folder: Path, force: bool) -> None:
    """Write conftest.py, compose.yaml and refunds.http to FOLDER. By default, it is the current one.

    \b
    Examples:
      refund-sandbox init
      refund-sandbox init tests --force
    """
    for path in exit_on_error(lambda: _write(folder, force=force)):
        click.echo(f"Wrote {path}")


def _write(folder: Path, *, force: bool) -> list[Path]:
    """Write the files and return their paths. Raises InputError if one exists and may not be replaced."""
    existing = [str(folder / name) for name in _FILES if (folder / name).exists()]
    if existing and not force:
        verb = "exists" if len(existing) == 1 else "exist"
        raise InputError(f"{' and '.join(existing)} {verb} already. Use --force to replace.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, render in _FILES.items():
        with replacing(folder / name) as output:
            output.write(render())
    return [folder / name for name in _FILES]


def _descriptors() -> "Mapping[str, ApiDescriptor]":
    from refund_sandbox.app import APIS

    return APIS


def _conftest() -> str:
    lines = [f'    monkeypatch.setenv("{name.upper()}_URL", refund_sandbox.api("{name}").url)' for name in _descriptors()]
    return _CONFTEST.format(variables="\n".join(lines))


def _compose() -> str:
    from refund_sandbox.app import build

    workspace = build().workspace
    urls = {f"{name.upper()}_URL": _base_url(workspace, name) for name in _descriptors()}
    return _COMPOSE.format(variables="\n".join(f"      {name}: http://refund-sandbox:8000{path}" for name, path in urls.items()))


def _base_url(workspace: "Workspace", api: str) -> str:
    """Return the path of an API for its first account."""
    descriptor = _descriptors()[api]
    with workspace.store.read_only() as transaction:
        account = next(iter(descriptor.listing.credentials(transaction)), {})
    return descriptor.mounts[0].format_map(account)


def _requests() -> str:
    """Return a file for the REST clients of editors: a refund of each API, and calls of the control API."""
    from refund_sandbox.app import build

    workspace = build().workspace
    refunds = [_refund(descriptor, workspace) for descriptor in _descriptors().values()]
    return "\n".join([f"@url = {_URL}\n", *(text for found in refunds for text in found), _CONTROL])


def _refund(api: "ApiDescriptor", workspace: "Workspace") -> Iterator[str]:
    """Yield the refund of the oldest order that was paid, if there is one."""
    from refund_sandbox.core.api_views import OrderQuery

    settings = workspace.settings().of(api.name)
    with workspace.store.read_only() as transaction:
        orders, _ = api.listing.page(transaction, OrderQuery(state="paid", limit=200))
        for order in orders[-1:]:
            values = {field.name: field.value for field in api.refund_form.fields(transaction, settings, order["id"])}
            request = api.refund_form.build_request(transaction, settings, order["id"], values)
            yield _as_http(f"{api.title}: refund of order {order['id']}", request)


def _as_http(title: str, request: "ClientRequest") -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    return f"### {title}\n{request.method} {{{{url}}}}{request.path}\n{headers}\n\n{json.dumps(request.body)}\n"


_FILES: Mapping[str, Callable[[], str]] = {"conftest.py": _conftest, "compose.yaml": _compose, "refunds.http": _requests}
