"""Checks of specs, scenarios, fixtures and state documents, without a server."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from refund_sandbox.app import APIS, build_workspaces, load_apis
from refund_sandbox.core import package_files
from refund_sandbox.core.api import Api
from refund_sandbox.core.errors import BadDocument, SandboxError
from refund_sandbox.core.spec import loader
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.workspaces import fixtures
from refund_sandbox.settings import Settings


def check_files(files: Iterable[Path] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the problems of each spec, each shipped fixture, and each state document in `files`."""
    problems = {name: _spec_problems(name) for name in (*APIS, "sandbox")}
    yield from ((f"specs/{name}.yaml", found) for name, found in problems.items())
    if any(problems.values()):
        return
    apis = load_apis()
    shipped = [package_files.path_of("fixtures", f"{name}.yaml") for name in fixtures.SHIPPED]
    for path in (*shipped, *files):
        yield str(path) if path not in shipped else f"fixtures/{path.name}", _check_fixture(path, apis)


def _spec_problems(name: str) -> list[str]:
    try:
        if name in APIS:
            Api(APIS[name], loader.load(name, APIS[name].spec))
        else:
            loader.load(name)
    except SandboxError as error:
        return [str(error)]
    return []


def _check_fixture(path: Path, apis: Mapping[str, Api]) -> list[str]:
    try:
        build_workspaces(Settings(fixture=path), apis, DeliveryWorker()).open()
    except BadDocument as bad:
        return [str(problem) for problem in bad.problems]
    return []
