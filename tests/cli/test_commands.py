"""The commands that talk to a running sandbox: what they print, and how they end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import Result

from refund_sandbox.cli.main import main
from refund_sandbox.settings import CLIENT_OPTIONS
from refund_sandbox.testing import Sandbox
from tests.support.command_line import runner
from tests.support.waiting import wait_until

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def world(server: Sandbox) -> Sandbox:
    server.reset()
    return server


def run(world: Sandbox, *arguments: str, **environment: str) -> Result:
    return runner().invoke(main, list(arguments), env={"REFUND_SANDBOX_URL": world.url, **environment})


def said(world: Sandbox, *arguments: str) -> str:
    done = run(world, *arguments)
    assert done.exit_code == 0, done.output
    return done.output


def documents(world: Sandbox, *arguments: str) -> Any:
    return json.loads(said(world, *arguments, "--json"))


def test_orders_are_a_table_of_both_apis(world: Sandbox) -> None:
    lines = said(world, "orders").splitlines()

    assert lines[0].split() == ["api", "order", "paid", "refunded", "currency", "status"]
    assert lines[1].split() == ["funnelfox", ORDER_ID, "9.99", "0", "USD", "settled"]
    assert any(line.split() == ["fluentcart", "1004", "10000", "2500", "USD", "partially_refunded"] for line in lines)
    assert len({line.index("USD") for line in lines if "USD" in line}) == 1


def test_orders_of_one_api_and_one_order(world: Sandbox) -> None:
    assert list(documents(world, "orders", "--api", "fluentcart")) == ["fluentcart"]
    assert documents(world, "orders", ORDER_ID)["external_id"] == "user_456"
    assert "129237  charge   10000  succeeded" in said(world, "orders", "1001")
    assert "SALE" in said(world, "orders", ORDER_ID)


def test_an_empty_world_is_said_to_be_empty(world: Sandbox) -> None:
    said(world, "reset", "--fixture", "empty", "--seed", "7")

    assert said(world, "orders") == "There are no orders.\n"
    assert said(world, "requests") == "Nothing was asked yet.\n"
    assert said(world, "webhooks") == "Nothing was sent yet.\n"
    assert said(world, "snapshot", "list") == "No world is kept.\n"
    assert said(world, "fault", "list") == "Nothing is armed.\n"


@pytest.mark.parametrize(
    ("order", "options", "refunded"),
    [
        ("1001", ["--amount", "2500"], 2500),
        ("1006", ["--cancel", "--reason", "duplicate"], 2900),
        (ORDER_ID, ["--amount", "4.99", "--soft"], "4.99"),
        (ORDER_ID, [], "9.99"),
    ],
)
def test_a_refund_goes_through_the_api(world: Sandbox, order: str, options: list[str], refunded: Any) -> None:
    found = world.fluentcart.find(int(order)) if order.isdigit() else world.funnelfox.find(order)

    said(world, "refund", order, *options)

    world.assert_refunded(found, refunded)


@pytest.mark.parametrize(("amount", "refunded"), [(None, 10000), ("25.5", 2550)])
def test_a_refund_knows_the_units_of_the_version(world: Sandbox, amount: str | None, refunded: int) -> None:
    world.settings(fluentcart={"version": "1.3.25"})
    order = world.fluentcart.find(1001)

    said(world, "refund", "1001", *(["--amount", amount] if amount else []))

    world.assert_refunded(order, refunded)


def test_a_refund_that_the_api_refuses_ends_with_one(world: Sandbox) -> None:
    done = run(world, "refund", "1009", "--amount", "1", "--json")

    assert done.exit_code == 1
    assert json.loads(done.output)["status"] == 422


def test_a_refund_whose_reply_is_lost_says_that_it_may_be_booked(world: Sandbox) -> None:
    said(world, "fault", "arm", "reply_lost", "--order", "1001")

    done = run(world, "refund", "1001", "--amount", "100")

    assert done.exit_code == 2
    assert done.stderr.startswith("refund-sandbox: no answer came, and the call may be booked all the same: ")
    world.assert_refunded(world.fluentcart.find(1001), 100, times=0)  # found after it was booked
    assert [refund.amount for refund in world.fluentcart.find(1001).refunds()] == [100]


def test_requests_tell_what_happened(world: Sandbox) -> None:
    said(world, "fault", "arm", "gateway_declined", "--order", "1002", "--times", "2")
    said(world, "refund", "1002", "--amount", "100")
    said(world, "refund", "1001", "--amount", "100")

    lines = said(world, "requests", "--order", "1002").splitlines()

    assert len(lines) == 2
    assert lines[1].endswith("gateway_declined, refund booked")
    (entry,) = documents(world, "requests", "--order", "1002", "--status", "200")
    assert said(world, "requests", str(entry["id"])).startswith(f"#{entry['id']} POST /wp-json")
    assert documents(world, "requests", str(entry["id"])) == entry


def test_faults_are_armed_listed_and_disarmed(world: Sandbox) -> None:
    options = (
        "--at",
        "before",
        "--status",
        "503",
        "--delay-ms",
        "1",
        "--times",
        "always",
        "--hold",
        "door",
        "--api",
        "funnelfox",
    )
    (armed,) = documents(world, "fault", "arm", *options)
    assert (armed["reply"], armed["times"], armed["api"]) == ({"status": 503}, None, "funnelfox")

    assert "hold door, wait ms 1" in said(world, "fault", "list")
    assert said(world, "fault", "release", "door") == "Released 1.\n"
    (flaky,) = documents(world, "fault", "arm", "flaky")
    assert said(world, "fault", "clear", flaky["id"]) == "Disarmed.\n"
    said(world, "fault", "arm", "gateway_declined", "--order", ORDER_ID)
    assert world.faults()[0]["match"] == {"order_id": ORDER_ID}
    said(world, "fault", "clear")
    assert world.faults() == []


def test_scenarios_are_listed_with_what_they_are(world: Sandbox) -> None:
    assert "The refund is booked, and the connection is reset" in said(world, "fault", "scenarios")
    assert "reply_lost" in [one["name"] for one in documents(world, "fault", "scenarios")]


def test_worlds_are_kept_and_gone_back_to(world: Sandbox) -> None:
    said(world, "snapshot", "keep", "before")
    said(world, "refund", "1001", "--amount", "100")
    said(world, "snapshot", "restore", "before")

    assert world.fluentcart.find(1001).refunds() == []
    assert "before" in said(world, "snapshot", "list")
    assert [one["name"] for one in documents(world, "snapshot", "list")] == ["before"]
    assert said(world, "snapshot", "delete", "before") == "Forgot before.\n"


def test_the_clock_is_seen_and_moved(world: Sandbox) -> None:
    assert said(world, "clock", "freeze", "2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z, standing still\n"
    assert said(world, "clock", "advance", "2h") == "2026-01-02T05:04:05Z, standing still\n"
    assert documents(world, "clock", "show")["frozen"] is True
    assert "standing" not in said(world, "clock", "free")
    assert said(world, "clock", "advance", "2h").endswith(" s ahead\n")
    assert said(world, "clock", "show").endswith(" s ahead\n")


def test_webhooks_and_their_targets_are_listed(world: Sandbox) -> None:
    assert documents(world, "webhooks", "--topic", "refund/settled") == []
    assert list(documents(world, "webhooks", "--targets")) == ["funnelfox", "fluentcart"]
    assert said(world, "webhooks", "--targets") == "Nobody is told.\n"
    assert "Delivery 7 not found." in run(world, "webhooks", "--replay", "7").stderr


def test_deliveries_are_listed_and_sent_again(world: Sandbox) -> None:
    world.webhooks.targets(fluentcart=[{"request_url": "http://127.0.0.1:1/", "event_trigger": ["order_fully_refunded"]}])
    said(world, "refund", "1002")
    number = str(world.webhooks.wait_for("order_fully_refunded", state="failed")["id"])

    listed = said(world, "webhooks", "--state", "failed").splitlines()

    assert listed[1].split()[2:4] == ["failed", "1"]
    assert listed[1].endswith("order_fully_refunded  http://127.0.0.1:1/")
    assert said(world, "webhooks", "--replay", number).splitlines()[1].split()[2] == "pending"
    assert said(world, "webhooks", "--targets").splitlines()[1].startswith("fluentcart  http://127.0.0.1:1/")


def test_requests_tell_of_departures_from_the_spec(world: Sandbox) -> None:
    world.settings(validation="live")
    said(world, "refund", "1001", "--amount", "100", "--reason", "sandbox:gateway_declined")
    url = f"{world.url}/wp-json/fluent-cart/v2/orders/1001/refund"
    body = {"refund_info": {"transaction_id": "129237", "amount": "100"}}
    httpx2.post(url, json=body, auth=world.fluentcart.auth)

    assert "warning: /refund_info" in said(world, "requests")


def test_a_world_goes_out_of_a_running_sandbox_and_into_another_workspace(world: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    said(world, "refund", "1001", "--amount", "100")

    assert said(world, "state", "export", str(file)) == f"{file}: 12 orders of funnelfox, 15 orders of fluentcart\n"
    assert said(world, "state", "import", str(file), "--workspace", "copy").startswith("the running sandbox: 12 orders")

    assert world.workspace("copy").fluentcart.find(1001).read()["total_refund"] == 100
    assert said(world, "state", "export", "-").startswith("clock: null\n")
    world.workspace("copy").delete()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("orders", "--url", "http://127.0.0.1:1"), "no sandbox answers at http://127.0.0.1:1: Connection refused"),
        (("orders", "--url", "nowhere"), "'nowhere' is no URL of a sandbox; write it like http://127.0.0.1:8000"),
        (("orders", "--workspace", "a b"), "Invalid workspace name 'a b' (letters, digits, '.', '_', '-'; at most 64)."),
        (("orders", "4711"), "Order 4711 not found in fluentcart."),
        (("orders", "a/b"), "No route for GET"),
        (("fault", "arm"), "needs `at` (before, gateway, cancel, after, webhook) or `scenario`"),
        (("fault", "arm", "nonsense"), "Unknown scenario 'nonsense'."),
        (("fault", "arm", "flaky", "--times", "often"), "/times"),
        (("fault", "release", "door"), "No held requests under the name 'door'."),
        (("snapshot", "restore", "never"), "Snapshot 'never' not found."),
        (("clock", "advance", "soon"), "/by"),
        (("requests", "99999"), "Request 99999 not found."),
        (("state", "export", "x.yaml", "--store", "memory://"), "memory:// ends with its server; leave --store out"),
        (("state", "export", "x.yaml", "--store", "sqlite:///x.db", "--workspace", "a"), "--store names a world by itself"),
    ],
)
def test_what_goes_wrong_is_one_line_and_exit_code_2(world: Sandbox, arguments: tuple[str, ...], says: str) -> None:
    done = run(world, *arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("refund-sandbox: ")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_amount_that_is_no_number_is_refused(world: Sandbox) -> None:
    done = run(world, "refund", "1001", "--amount", "much")

    assert done.exit_code == 2
    assert "--amount is a number, not 'much'" in done.stderr


def test_a_token_comes_from_a_flag_or_a_variable() -> None:
    with Sandbox(admin_token="secret") as sandbox:
        assert "Send the admin token" in run(sandbox, "orders").stderr
        assert run(sandbox, "orders", "--token", "secret").exit_code == 0
        assert run(sandbox, "orders", REFUND_SANDBOX_TOKEN="secret").exit_code == 0


def test_the_companions_variables_are_no_settings_of_a_server() -> None:
    variables = {f"REFUND_SANDBOX_{name.upper()}": "x" for name in CLIENT_OPTIONS}

    done = runner().invoke(main, ["serve", "--port", "none"], env=variables)

    assert "Invalid value for --port: 'none' (expected 0 to 65535)." in done.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_requests_are_told_as_they_happen(world: Sandbox, options: list[str]) -> None:
    command = [
        sys.executable,
        "-m",
        "refund_sandbox",
        "requests",
        "--follow",
        "--api",
        "fluentcart",
        "--url",
        world.url,
        *options,
    ]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=_listen_to_interrupts
    )
    try:
        assert process.stdout is not None
        if not options:
            assert process.stdout.readline().split()[:3] == ["id", "at", "status"]
        told = _first_line(process, world)
        process.send_signal(signal.SIGINT)
        code = process.wait(10)
    finally:
        process.kill()
        process.communicate(timeout=10)

    assert "/wp-json/fluent-cart/v2/orders/1001/refund" in told
    assert code == 0


def _listen_to_interrupts() -> None:
    """Ctrl-C ends the process, also where the tests are a shell's background job, which ignores it together with its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _first_line(process: "subprocess.Popen[str]", world: Sandbox) -> str:
    """The first request that is told; those before anybody listens are not."""
    import threading

    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(process.stdout.readline() if process.stdout else ""))
    reader.start()

    def is_shown() -> bool:
        run(world, "refund", ORDER_ID, "--amount", "0.01")
        run(world, "refund", "1001", "--amount", "1")
        reader.join(0.3)
        return bool(lines)

    wait_until(is_shown, timeout_s=20)
    return lines[0]


def _all_commands() -> Iterator[list[str]]:
    for name, command in sorted(main.commands.items()):
        yield [name]
        yield from ([name, sub] for sub in getattr(command, "commands", {}))


@pytest.mark.parametrize("command", list(_all_commands()), ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    done = runner().invoke(main, [*command, "--help"])

    assert done.exit_code == 0
    assert "--help" in done.output
