"""A state that moves from one store to another gives the same replies."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.cli.main import main
from refund_sandbox.settings import Settings
from tests.conformance.replay import difference, mask, send
from tests.conformance.test_recordings import LIVE, MISSES, arrange, order_of, recorded_cases
from tests.support.command_line import runner
from tests.support.yaml_files import read_yaml

pytestmark = pytest.mark.memory_only


@pytest.fixture(scope="module")
def other_stores(tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> Any:
    """A sandbox on SQLite and one on PostgreSQL."""
    urls = [f"sqlite:///{tmp_path_factory.mktemp('moved') / 'sandbox.db'}", postgresql_url]
    sandboxes = [build(Settings(store=url, check_replies=True)) for url in urls]
    yield sandboxes
    for sandbox in sandboxes:
        sandbox.close()


def answer_of(sandbox: SandboxApp, case: dict[str, Any], address: tuple[str, int]) -> tuple[int, Any, Any]:
    status, _, content = send(address, case["request"])
    body = json.loads(content) if content[:1] in (b"{", b"[") else None
    return status, mask(body), mask(order_of(sandbox, case))


CASES = [case for case in recorded_cases() if case["id"] not in MISSES and case["given"]]


@pytest.mark.sampled(60)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_a_moved_state_gives_the_same_replies(
    case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int], other_stores: list[SandboxApp]
) -> None:
    arrange(sandbox, case, LIVE)
    states = [sandbox.workspace.dump()]
    for other in other_stores:
        other.workspace.load(states[-1])
        states.append(other.workspace.dump())
    assert states[0] == states[1] == states[2]
    status, body, order = answer_of(sandbox, case, address)
    assert status == case["expect"]["status"]

    sandbox.workspace.load(states[2])
    for fault in case["gateway"]:
        sandbox.workspace.add_fault({"api": "fluentcart", **fault})

    again = answer_of(sandbox, case, address)
    assert again[0] == status
    assert difference(body, again[1]) is None
    assert difference(order, again[2]) is None


def run_state(*arguments: str) -> Result:
    return runner().invoke(main, ["state", *arguments])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_the_command_line_moves_a_state(suffix: str, tmp_path: Path, postgresql_url: str, sandbox: SandboxApp) -> None:
    file, sqlite = tmp_path / f"state.{suffix}", f"sqlite:///{tmp_path / 'sandbox.db'}"
    file.write_text(json.dumps(sandbox.workspace.dump()))

    imported = run_state("import", str(file), "--store", postgresql_url)
    assert imported.stdout.startswith("Imported 14 funnelfox orders, 18 fluentcart orders into")
    assert run_state("export", str(file), "--store", postgresql_url).exit_code == 0
    assert run_state("import", str(file), "--store", sqlite).exit_code == 0
    assert run_state("export", str(file), "--store", sqlite).exit_code == 0

    assert read_yaml(file.read_text()) == sandbox.workspace.dump()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", "x.yaml", "--store", "memory://"), "--store memory:// has no data outside its server"),
        (("export", "x.yaml", "--store", "postgresql://nobody@127.0.0.1:1/nothing"), "PostgreSQL: connection failed"),
        (("export", "x.yaml", "--store", "redis://"), "Invalid value for --store: 'redis://' (expected"),
    ],
)
def test_a_store_that_cannot_be_used_is_an_error_of_one_line(arguments: tuple[str, ...], says: str) -> None:
    done = run_state(*arguments)

    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
