"""Commands that talk to a running sandbox: their output and exit codes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import httpx2
import pytest

from refund_sandbox.app import read_settings
from refund_sandbox.cli.main import main
from refund_sandbox.settings import CLIENT_OPTIONS
from refund_sandbox.testing import Sandbox
from tests.support.command_line import handle_interrupts, json_of, output_of, run, runner
from tests.support.waiting import wait_until

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def test_empty_lists_say_so(sandbox: Sandbox) -> None:
    assert output_of(sandbox, "reset", "--fixture", "empty", "--seed", "7") == "Reset (seed 7).\n"

    assert output_of(sandbox, "orders") == "No orders.\n"
    assert output_of(sandbox, "requests") == "No requests yet.\n"
    assert output_of(sandbox, "webhooks") == "No deliveries yet.\n"
    assert output_of(sandbox, "snapshot", "list") == "No snapshots yet.\n"
    assert output_of(sandbox, "fault", "list") == "No faults enabled.\n"


def test_requests_show_faults_and_booked_refunds(sandbox: Sandbox) -> None:
    output_of(sandbox, "fault", "enable", "gateway_declined", "--order", "1002", "--times", "2")
    output_of(sandbox, "refund", "1002", "--amount", "100")
    output_of(sandbox, "refund", "1001", "--amount", "100")

    lines = output_of(sandbox, "requests", "--order", "1002").splitlines()

    assert len(lines) == 2
    assert lines[1].endswith("gateway_declined, refund of 1.00 USD booked")
    output_of(sandbox, "fault", "enable", "gateway_declined", "--order", ORDER_ID)
    output_of(sandbox, "refund", ORDER_ID, "--amount", "1.00")
    assert output_of(sandbox, "requests", "--order", ORDER_ID).splitlines()[1].endswith("  gateway_declined"), "not booked"
    (entry,) = json_of(sandbox, "requests", "--order", "1002", "--status", "200")
    assert output_of(sandbox, "requests", str(entry["id"])).startswith(f"#{entry['id']} POST /wp-json")
    assert json_of(sandbox, "requests", str(entry["id"])) == entry


def test_faults_are_enabled_listed_and_cleared(sandbox: Sandbox) -> None:
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
    (enabled,) = json_of(sandbox, "fault", "enable", *options)
    assert (enabled["reply"], enabled["times"], enabled["api"]) == ({"status": 503}, None, "funnelfox")

    assert "hold door, delay_ms 1" in output_of(sandbox, "fault", "list")
    assert output_of(sandbox, "fault", "release", "door") == "Held requests released (1 fault).\n"
    (flaky,) = json_of(sandbox, "fault", "enable", "flaky")
    assert output_of(sandbox, "fault", "clear", flaky["id"]) == f"Fault {flaky['id']} disabled.\n"
    output_of(sandbox, "fault", "enable", "gateway_declined", "--order", ORDER_ID)
    assert sandbox.faults()[0]["match"] == {"order_id": ORDER_ID}
    assert output_of(sandbox, "fault", "clear") == "All faults disabled.\n"
    assert sandbox.faults() == []


def test_scenarios_are_listed_with_their_titles(sandbox: Sandbox) -> None:
    assert "The refund is booked, and the connection is reset" in output_of(sandbox, "fault", "scenarios")
    assert "reply_lost" in [one["name"] for one in json_of(sandbox, "fault", "scenarios")]


def test_scenarios_say_what_they_hit(sandbox: Sandbox) -> None:
    rows = [line.split() for line in output_of(sandbox, "fault", "scenarios").splitlines()]

    assert rows[0] == ["scenario", "phase", "api", "operation", "effect"]
    assert ["reply_lost", "after", "funnelfox,", "fluentcart", "refundPayment,", "refundOrder"] in [row[:6] for row in rows]
    assert ["server_error", "before", "any", "any"] in [row[:4] for row in rows]


def test_data_does_not_control_the_terminal(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.order(external_id="\x1b[2J\nforged")

    shown = output_of(sandbox, "orders", "--search", order.id)

    assert "\x1b" not in shown
    assert "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}forged" in shown


def test_snapshots_are_saved_and_restored(sandbox: Sandbox) -> None:
    assert output_of(sandbox, "snapshot", "save", "before") == "Snapshot 'before' saved.\n"
    output_of(sandbox, "refund", "1001", "--amount", "100")
    assert output_of(sandbox, "snapshot", "restore", "before") == "Snapshot 'before' restored.\n"

    assert sandbox.fluentcart.find(1001).refunds() == []
    assert "before" in output_of(sandbox, "snapshot", "list")
    assert [one["name"] for one in json_of(sandbox, "snapshot", "list")] == ["before"]
    assert output_of(sandbox, "snapshot", "delete", "before") == "Snapshot 'before' deleted.\n"


def test_the_clock_is_shown_and_changed(sandbox: Sandbox) -> None:
    assert output_of(sandbox, "clock", "freeze", "2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z (frozen)\n"
    assert output_of(sandbox, "clock", "advance", "2h") == "2026-01-02T05:04:05Z (frozen)\n"
    assert json_of(sandbox, "clock", "show")["frozen"] is True
    assert "frozen" not in output_of(sandbox, "clock", "resume")
    assert output_of(sandbox, "clock", "advance", "2h").endswith(" s ahead of real time)\n")
    assert output_of(sandbox, "clock", "show").endswith(" s ahead of real time)\n")


def test_deliveries_and_endpoints_are_listed(sandbox: Sandbox) -> None:
    assert json_of(sandbox, "webhooks", "--topic", "refund/settled") == []
    assert list(json_of(sandbox, "webhooks", "--targets")) == ["funnelfox", "fluentcart"]
    assert output_of(sandbox, "webhooks", "--targets") == "No webhook endpoints configured.\n"
    assert "Delivery 7 not found." in run(sandbox, "webhooks", "--replay", "7").stderr


def test_deliveries_are_listed_and_resent(sandbox: Sandbox) -> None:
    sandbox.webhooks.targets(fluentcart=[{"request_url": "http://127.0.0.1:1/", "event_trigger": ["order_fully_refunded"]}])
    output_of(sandbox, "refund", "1002")
    number = str(sandbox.webhooks.wait_for("order_fully_refunded", state="failed")["id"])

    listed = output_of(sandbox, "webhooks", "--state", "failed").splitlines()

    assert listed[1].split()[2:4] == ["failed", "1"]
    assert listed[1].endswith("order_fully_refunded  http://127.0.0.1:1/")
    assert output_of(sandbox, "webhooks", "--replay", number).splitlines()[1].split()[2] == "pending"
    assert output_of(sandbox, "webhooks", "--targets").splitlines()[1].startswith("fluentcart  http://127.0.0.1:1/")


def test_requests_show_warnings_of_live_validation(sandbox: Sandbox) -> None:
    sandbox.settings(validation="live")
    output_of(sandbox, "refund", "1001", "--amount", "100", "--reason", "sandbox:gateway_declined")
    url = f"{sandbox.url}/wp-json/fluent-cart/v2/orders/1001/refund"
    body = {"refund_info": {"transaction_id": "129237", "amount": "100"}}
    httpx2.post(url, json=body, auth=sandbox.fluentcart.auth)

    assert "warning: /refund_info" in output_of(sandbox, "requests")


def test_state_is_exported_and_imported_into_another_workspace(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    output_of(sandbox, "refund", "1001", "--amount", "100")

    assert output_of(sandbox, "state", "export", str(file)) == f"Exported 14 funnelfox orders, 18 fluentcart orders to {file}.\n"
    assert output_of(sandbox, "state", "import", str(file), "--workspace", "copy").endswith(
        "18 fluentcart orders into the running sandbox.\n"
    )

    assert sandbox.workspace("copy").fluentcart.find(1001).read()["total_refund"] == 100
    assert output_of(sandbox, "state", "export", "-").startswith("clock: null\n")
    sandbox.workspace("copy").delete()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("orders", "--url", "http://127.0.0.1:1"), "No sandbox answers at http://127.0.0.1:1: Connection refused"),
        (("orders", "--url", "nowhere"), "Invalid URL 'nowhere'. Use http://HOST:PORT, for example http://127.0.0.1:8000."),
        (("orders", "--workspace", "a b"), "Invalid workspace name 'a b' (letters, digits, '.', '_', '-'; at most 64)."),
        (("orders", "4711"), "Order 4711 not found in funnelfox or fluentcart."),
        (("orders", "4711", "--api", "fluentcart"), "Order 4711 not found in fluentcart."),
        (("orders", "a/b"), "Order a/b not found in funnelfox or fluentcart."),
        (("orders", "--api", "acme"), "Invalid value for --api: 'acme' (expected funnelfox or fluentcart)."),
        (("requests", "--api", "acme"), "Invalid value for --api: 'acme' (expected funnelfox or fluentcart)."),
        (("fault", "enable", "flaky", "--api", "acme"), "Unknown API 'acme'. Known: funnelfox, fluentcart"),
        (("fault", "enable", "flaky", "--order", "4711"), "Order 4711 not found in funnelfox or fluentcart."),
        (("refund", ORDER_ID, "--cancel"), f"--cancel does not apply to refunds of order {ORDER_ID} in funnelfox."),
        (("refund", "1001", "--cancel"), "--cancel does not apply to refunds of order 1001 in fluentcart."),
        (("refund", "1001", "--soft"), "--soft does not apply to refunds of order 1001 in fluentcart."),
        (("fault", "enable"), "Name a SCENARIO, or a phase with --at. See: refund-sandbox fault scenarios"),
        (("fault", "enable", "nonsense"), "Unknown scenario 'nonsense'. See: refund-sandbox fault scenarios"),
        (
            ("fault", "enable", "flaky", "--times", "often"),
            "Invalid value for --times: 'often' (expected a whole number from 1, or always).",
        ),
        (("fault", "enable", "flaky", "--times", "0"), "Invalid value for --times: '0'"),
        (("orders", "create", "amount=25"), '/amount: must be a decimal amount as text, such as "25.00"'),
        (
            ("orders", "create", "--api", "fluentcart", "total_paid=25.00"),
            "/total_paid: must be of type integer, in minor units: 2500 for 25.00",
        ),
        (("snapshot", "save", "a b"), "/name: must have 1 to 64 letters, digits, dots, dashes and underscores"),
        (("state", "export", "/nowhere/x.yaml"), "refund-sandbox: /nowhere/x.yaml can't be used: No such file or directory"),
        (("settings", "get", "nope"), "Unknown setting 'nope'. See: refund-sandbox settings get"),
        (("fault", "enable", "--at", "after"), "refund-sandbox: The fault has no effect: with `at: after` it needs"),
        (("fault", "release", "door"), "No held requests under the name 'door'."),
        (("snapshot", "restore", "never"), "Snapshot 'never' not found."),
        (("clock", "advance", "soon"), "/by"),
        (("requests", "99999"), "Request 99999 not found."),
        (
            ("state", "export", "x.yaml", "--store", "memory://"),
            "--store memory:// has no data outside its server. Leave --store out",
        ),
        (
            ("state", "export", "x.yaml", "--store", "sqlite:///x.db", "--workspace", "a"),
            "Use either --store, or --url, --token and --workspace",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(sandbox: Sandbox, arguments: tuple[str, ...], says: str) -> None:
    done = run(sandbox, *arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("refund-sandbox: ")
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"fluentcart": {"orders": [}}', "not JSON: line 1, column 28: Expecting value (in {file})"),
        ('{"fluentcart": {"orders": [{"id": "one"}]}}', "/fluentcart/orders/0/id: must be of type integer (in {file})"),
    ],
)
def test_an_import_names_the_file_and_what_is_wrong_in_it(sandbox: Sandbox, content: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)

    done = run(sandbox, "state", "import", str(file))

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"refund-sandbox: {says.replace('{file}', str(file))}\n"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("fluentcart.verson=1.6.5", "Unknown field 'verson'. Did you mean 'version'?"),
        ("fluentcart.version=1.6.4", "/fluentcart/version: must be one of '1.6.5'"),
    ],
)
def test_a_recording_with_an_invalid_setting_does_not_start(sandbox: Sandbox, setting: str, says: str, tmp_path: Path) -> None:
    target = ("--target", "http://127.0.0.1:1", "--out", str(tmp_path / "new.json"), "--host", "203.0.113.1")

    done = run(sandbox, "record", *target, "--setting", setting)

    assert done.exit_code == 2
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_token_comes_from_a_flag_or_a_variable() -> None:
    with Sandbox(admin_token="secret") as sandbox:
        assert "The variable REFUND_SANDBOX_TOKEN sets it" in run(sandbox, "orders").stderr
        assert "The admin token is wrong" in run(sandbox, "orders", "--token", "public").stderr
        assert run(sandbox, "orders", "--token", "secret").exit_code == 0
        assert run(sandbox, "orders", REFUND_SANDBOX_TOKEN="secret").exit_code == 0


def test_variables_of_other_commands_do_not_stop_a_server() -> None:
    variables = {f"REFUND_SANDBOX_{name.upper()}": "x" for name in CLIENT_OPTIONS}

    done = runner().invoke(main, ["serve", "--port", "none"], env=variables)

    assert "Invalid value for --port: 'none' (expected 0 to 65535)." in done.stderr


def test_variables_of_service_links_do_not_stop_a_server() -> None:
    links = {
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT": "8000",
        "SERVICE_PORT_HTTP": "8000",
        "PORT": "tcp://10.0.0.1:8000",
        "PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "PORT_8000_TCP_ADDR": "10.0.0.1",
        "PORT_8000_TCP_PROTO": "tcp",
        "PORT_8000_TCP_PORT": "8000",
        "NAME": "/web/refund-sandbox",
        "ENV_PATH": "/bin",
    }
    variables = {f"REFUND_SANDBOX_{name}": text for name, text in links.items()}

    assert read_settings({}, variables).port == 8000
    assert read_settings({}, {**variables, "REFUND_SANDBOX_PORT": "9000"}).port == 9000


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_new_requests_are_streamed(sandbox: Sandbox, options: list[str]) -> None:
    command = [
        sys.executable,
        "-m",
        "refund_sandbox",
        "requests",
        "--follow",
        "--api",
        "fluentcart",
        "--url",
        sandbox.url,
        *options,
    ]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=handle_interrupts
    )
    try:
        assert process.stdout is not None
        if not options:
            assert process.stdout.readline().split()[:3] == ["id", "at", "status"]
        line = _first_line(process, sandbox)
        process.send_signal(signal.SIGINT)
        code = process.wait(10)
    finally:
        process.kill()
        process.communicate(timeout=10)

    assert "/wp-json/fluent-cart/v2/orders/1001/refund" in line
    assert code == 0


def _first_line(process: "subprocess.Popen[str]", sandbox: Sandbox) -> str:
    """Send refunds until the first request is printed; requests before the stream is open are not."""
    import threading

    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(process.stdout.readline() if process.stdout else ""))
    reader.start()

    def is_printed() -> bool:
        run(sandbox, "refund", ORDER_ID, "--amount", "0.01")
        run(sandbox, "refund", "1001", "--amount", "1")
        reader.join(0.3)
        return bool(lines)

    wait_until(is_printed)
    return lines[0]


def _all_commands() -> Iterator[list[str]]:
    context = click.Context(main)
    for name in main.list_commands(context):
        yield [name]
        yield from ([name, child] for child in getattr(main.get_command(context, name), "commands", {}))


@pytest.mark.parametrize("command", list(_all_commands()), ids=" ".join)
def test_every_command_has_help(command: list[str]) -> None:
    done = runner().invoke(main, [*command, "--help"])

    assert done.exit_code == 0
    assert "--help" in done.output


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["refnd"], "Did you mean 'refund'?"),
        (["settings", "show"], "Unknown command 'show'. Known: get, set."),
        (["help"], "Unknown command 'help'.\n"),
        (["fault", "enabel"], "Did you mean 'enable'?"),
        (["serve", "--prot"], "--port"),  # click suggests options, each version in its own words
    ],
)
def test_a_misspelt_command_or_option_gets_a_suggestion(command: list[str], hint: str) -> None:
    done = runner().invoke(main, command)

    assert done.exit_code == 2
    assert hint in done.stderr


@pytest.mark.parametrize("command", [["requests"], ["webhooks"]])
def test_an_empty_list_with_filters_says_that_nothing_matches(sandbox: Sandbox, command: list[str]) -> None:
    option = ["--operation", "nothing"] if command == ["requests"] else ["--topic", "nothing"]

    assert output_of(sandbox, *command, *option).startswith("No matching ")
