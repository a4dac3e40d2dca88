"""An API of another distribution: what the sandbox does for every API works for it, over every store."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from refund_sandbox.app import build
from refund_sandbox.cli.main import main
from refund_sandbox.settings import Settings
from refund_sandbox.testing import CallRejected, Sandbox, WorkspaceClient
from tests.support.command_line import runner
from tests.support.server_process import serving
from tests.support.webhook_receiver import listening

SOURCE = Path(__file__).parent
MOST_LINES = 300


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the distribution, which nothing else of the tests sees."""
    folder = tmp_path_factory.mktemp("site")
    options = [
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "--target",
        str(folder),
    ]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(SOURCE)], check=True)
    return folder


def environment_with(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}


@contextmanager
def serving_with(installed: Path, store: str) -> Iterator[str]:
    """A server in an environment with the distribution."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment_with(installed)["PYTHONPATH"])
        with serving("--store", store) as process:
            yield process.url
            assert process.is_silent(), process.logged()


@pytest.fixture(scope="module")
def url(installed: Path, store_url: str) -> Iterator[str]:
    with serving_with(installed, store_url) as url:
        yield url


@pytest.fixture
def sandbox(url: str, request: pytest.FixtureRequest) -> Iterator[WorkspaceClient]:
    """A workspace of the test's own."""
    name = re.sub(r"\W", "-", request.node.name)[-60:].strip("-")
    workspace = Sandbox.at(f"{url}/w/{name}")
    yield workspace
    workspace.delete()


Refund = Callable[..., httpx2.Response]


@pytest.fixture
def refund(sandbox: WorkspaceClient) -> Refund:
    """Function that refunds a charge as a client of Acme does."""

    def refund(charge: str, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
        acme = sandbox.api("acme")
        return httpx2.post(f"{acme.url}/charges/{charge}/refunds", json=body, headers={**acme.headers, **(headers or {})})

    return refund


def test_the_example_is_small() -> None:
    lines = sum(len(file.read_text().splitlines()) for file in SOURCE.glob("acme_refunds/*.py"))

    assert lines <= MOST_LINES


def test_a_refund_is_booked_once(sandbox: WorkspaceClient, refund: Refund) -> None:
    order = sandbox.api("acme").order(amount=5000)

    reply = refund(order.id, amount=2000, reason="broken")

    assert (reply.status_code, reply.json()["status"]) == (201, "succeeded")
    sandbox.assert_refunded(order, 2000)
    charge = httpx2.get(f"{sandbox.api('acme').url}/charges/{order.id}", headers=sandbox.api("acme").headers).json()
    assert (charge["refunded"], [one["amount"] for one in charge["refunds"]]) == (2000, [2000])


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"X-Acme-Key": "wrong"}, {"amount": 1}, (401, "unauthorized")),
        ({}, {"amount": "all"}, (422, "invalid")),
        ({}, {"amount": 5001}, (409, "too_much")),
        ({"X-Sandbox-Scenario": "no_such"}, {"amount": 1}, (400, "sandbox")),
    ],
)
def test_refusals_have_its_own_format(
    headers: dict[str, str], body: dict[str, Any], expected: tuple[int, str], sandbox: WorkspaceClient, refund: Refund
) -> None:
    order = sandbox.api("acme").order(amount=5000)

    reply = refund(order.id, headers, **body)

    assert (reply.status_code, reply.json()["fault"]["code"]) == expected
    sandbox.assert_no_refunds()


def test_an_unknown_charge_is_refused_before_the_body_is_checked(sandbox: WorkspaceClient, refund: Refund) -> None:
    assert refund("ch_none", amount="all").json()["fault"]["code"] == "no_charge"


def test_faults_hit_it_in_every_phase(sandbox: WorkspaceClient, refund: Refund) -> None:
    acme = sandbox.api("acme")
    declined, unavailable, lost = (acme.order(amount=5000) for _ in range(3))
    sandbox.fault("gateway_declined", order=declined)
    sandbox.fault("unavailable", order=unavailable)
    sandbox.fault("reply_lost", order=lost)

    assert refund(declined.id, amount=100).json()["status"] == "failed"
    assert refund(unavailable.id, amount=100).status_code == 503
    with pytest.raises(httpx2.TransportError):
        refund(lost.id, amount=100)

    sandbox.assert_refunded(declined, 100, times=0)
    sandbox.assert_refunded(unavailable, 100, times=0)
    sandbox.assert_refunded(lost, 100)
    assert sandbox.faults() == []


def test_a_failed_assertion_lists_its_requests(sandbox: WorkspaceClient, refund: Refund) -> None:
    order = sandbox.api("acme").order(amount=5000)
    refund(order.id, amount=100)

    with pytest.raises(
        AssertionError, match=rf"acme order {order.id} should be refunded once \(200\); it was refunded once \(100\)"
    ):
        sandbox.assert_refunded(order, 200)


def test_the_request_log_has_its_requests(sandbox: WorkspaceClient, refund: Refund) -> None:
    order = sandbox.api("acme").order(amount=5000)
    refund(order.id, amount=100)

    (entry,) = sandbox.requests(order=order)

    assert (entry.api, entry.operation, entry.status, entry.refunded) == ("acme", "createRefund", 201, True)


def test_clock_snapshots_and_state_document(sandbox: WorkspaceClient, refund: Refund) -> None:
    sandbox.freeze("2030-01-01T00:00:00Z")
    order = sandbox.api("acme").order(amount=5000)
    sandbox.snapshot("unpaid")
    sandbox.advance("1d")
    refund(order.id, amount=100)
    state = sandbox.state()

    assert order.read()["refunds"][0]["created_at"] == "2030-01-02T00:00:00Z"
    sandbox.restore("unpaid")
    assert order.read()["refunds"] == []
    sandbox.load(state)
    assert sandbox.state() == state
    sandbox.assert_refunded(order, 100)


def test_its_webhook_is_delivered(sandbox: WorkspaceClient, refund: Refund) -> None:
    order = sandbox.api("acme").order(amount=5000)
    with listening() as receiver:
        sandbox.client.put("/webhooks/targets", {"acme": [{"url": receiver.url}]})
        refund(order.id, amount=100)
        (delivery,) = receiver.wait_for(1)

    assert b'"amount":100' in delivery.body


def test_its_webhook_is_sent_without_a_request(sandbox: WorkspaceClient) -> None:
    order = sandbox.api("acme").order(amount=5000, refunds=[{"amount": 100}])
    with listening() as receiver:
        sandbox.client.put("/webhooks/targets", {"acme": [{"url": receiver.url}]})
        sandbox.client.post("/acme/webhooks/trigger", {"topic": "refund.created", "order": order.id})
        (delivery,) = receiver.wait_for(1)

    assert b'"amount":100' in delivery.body
    with pytest.raises(CallRejected, match=r"Acme Pay has no disputes\."):
        sandbox.client.post(f"/acme/orders/{order.id}/dispute")


def test_the_command_line_knows_it(sandbox: WorkspaceClient) -> None:
    order = sandbox.api("acme").order(amount=5000)

    refunded = runner().invoke(main, ["refund", order.id, "--amount", "100", "--url", sandbox.url])
    in_dollars = runner().invoke(main, ["refund", order.id, "--amount", "1.00", "--url", sandbox.url])
    listed = runner().invoke(main, ["orders", "--api", "acme", "--url", sandbox.url])

    assert refunded.exit_code == 0, refunded.output
    assert "The API counts minor units: use 100 for 1.00 USD." in in_dollars.stderr
    assert order.id in listed.output
    sandbox.assert_refunded(order, 100)


@pytest.mark.memory_only
def test_its_own_tests_pass_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(SOURCE / "own_tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]

    done = subprocess.run(command, cwd=tmp_path, env=environment_with(installed), capture_output=True, text=True, check=False)

    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.memory_only
def test_without_a_comparison_it_can_not_be_verified(installed: Path) -> None:
    command = ["verify", "--api", "acme", "--base-url", "http://127.0.0.1:1", "--key", "k"]

    command = [sys.executable, "-m", "refund_sandbox", *command]
    done = subprocess.run(command, env=environment_with(installed), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"refund-sandbox: Acme.* can't be verified: its package has no comparison\.\n", done.stderr)


@pytest.mark.memory_only
def test_it_can_be_installed_when_a_database_exists(installed: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'sandbox.db'}"
    build(Settings(store=store)).close()

    with serving_with(installed, store) as url:
        order = Sandbox.at(f"{url}/w/later").api("acme").order(amount=100)
        assert Sandbox.at(url).api("acme").order(amount=100).id != order.id
