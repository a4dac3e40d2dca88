"""Checks of specs, scenarios, fixtures and state documents, without a server."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from refund_sandbox.app import APIS, build_workspaces
from refund_sandbox.core import package_files
from refund_sandbox.core.errors import BadDocument, SandboxError
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.workspaces import fixtures
from refund_sandbox.settings import Settings


def check_files(files: Iterable[Path] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the problems of each spec, each shipped fixture, and each state document in `files`."""
    specs: dict[str, Spec] = {}
    for name in (*APIS, "sandbox"):
        try:
            specs[name] = loader.load(name)
            yield f"specs/{name}.yaml", []
        except SandboxError as error:
            yield f"specs/{name}.yaml", [str(error)]
    if len(specs) <= len(APIS):
        return
    shipped = [package_files.path_of("fixtures", f"{name}.yaml") for name in fixtures.SHIPPED]
    for path in (*shipped, *files):
        yield str(path) if path not in shipped else f"fixtures/{path.name}", _check_fixture(path, specs)


def _check_fixture(path: Path, specs: Mapping[str, Spec]) -> list[str]:
    try:
        build_workspaces(Settings(fixture=path), specs, DeliveryWorker()).open()
    except BadDocument as bad:
        return [str(problem) for problem in bad.problems]
    return []
