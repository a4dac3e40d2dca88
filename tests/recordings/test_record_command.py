"""The commands `record`, `verify --recording` and `state import --from-recording`, as processes."""

import json
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.testing import Sandbox
from tests.recordings.test_flows import SHOP, headers_of, record_refunds
from tests.support.command_line import run, runner
from tests.support.ports import free_port
from tests.support.recording_proxy import exchange, http_request, status_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only

SCRIPT = [sys.executable, "-m", "refund_sandbox"]


@dataclass
class Running:
    """A process of `record`."""

    process: "subprocess.Popen[str]"
    output: Path
    address: tuple[str, int]
    errors: str = ""

    def printed(self) -> str:
        return self.output.read_text()


@contextmanager
def recorder(folder: Path, *options: str, is_quiet: bool = True) -> Iterator[Running]:
    """The command `record` on a free port. It is stopped by Ctrl-C at the end, unless it has ended before."""
    output = folder / "stdout"
    with output.open("w") as stdout:
        command = [*SCRIPT, "record", "--port", "0", *options]
        with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: "Send requests to" in output.read_text() or process.poll() is not None)
            found = re.search(r"to http://127\.0\.0\.1:(\d+)", output.read_text())
            assert found, process.communicate()[1]
            running = Running(process, output, ("127.0.0.1", int(found[1])))
            yield running
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                running.errors = process.communicate(timeout=30)[1]
            finally:
                process.kill()
    assert running.errors == "" or not is_quiet


@pytest.fixture(scope="module")
def live() -> Iterator[Sandbox]:
    with Sandbox(fluentcart_version="1.5.2", validation="live") as sandbox:
        yield sandbox


def test_ctrl_c_ends_with_a_summary(live: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "40_shop.json"
    with recorder(tmp_path, "--target", live.url, "--out", str(out)) as running:
        exchange(running.address, http_request("GET", f"{SHOP}/orders/1001", headers_of(live.client)))
        wait_until(lambda: "40-001" in running.printed())

    lines = running.printed().splitlines()
    assert running.process.returncode == 0
    assert re.fullmatch(r"\d\d:\d\d:\d\d 40-001  GET /wp-json/fluent-cart/v2/orders/1001  200", lines[1])
    assert lines[2] == f"1 exchange in {out}"
    assert lines[3].startswith("replaced: 1 city, 1 email, ")
    assert json.loads(out.read_text())[0]["id"] == "40-001"


def test_shadow_prints_each_difference_as_it_happens(live: Sandbox, tmp_path: Path) -> None:
    options = ("--target", live.url, "--out", str(tmp_path / "r.json"), "--shadow", "--setting", "fluentcart.version=1.3.25")
    with recorder(tmp_path, *options) as running:
        exchange(running.address, http_request("GET", f"{SHOP}/orders/4711", headers_of(live.client)))
        exchange(running.address, http_request("GET", f"{SHOP}/orders/1001", headers_of(live.client)))
        wait_until(lambda: "body.order.is_b2b_order" in running.printed())

    assert "\n  alike\n" in running.printed()
    assert "\n    body.order.is_b2b_order\n      live     false\n      sandbox  (missing)\n" in running.printed()
    assert running.printed().splitlines()[-1] == "sandbox: 1 alike, 1 differs."


def test_shadow_compares_with_a_sandbox_that_runs_and_leaves_its_data_alone(live: Sandbox, tmp_path: Path) -> None:
    with Sandbox() as other:
        before = other.client.get("/state")
        options = ("--target", live.url, "--out", str(tmp_path / "r.json"), "--shadow", other.url, "--json")
        with recorder_json(tmp_path, *options) as running:
            exchange(running.address, http_request("GET", f"{SHOP}/orders/4711", headers_of(live.client)))
            wait_until(lambda: '"outcome"' in running.printed())

        assert other.client.get("/state") == before
        assert sorted(other.client.get("/workspaces")["workspaces"]) == ["default", "record-shadow"]

    first, summary = (json.loads(line) for line in running.printed().splitlines())
    assert first["shadow"]["outcome"] == "alike"
    assert summary["shadow"] == {"alike": 1}


@contextmanager
def recorder_json(folder: Path, *options: str) -> Iterator[Running]:
    """The command with --json, which prints no address: the test chooses the port."""
    port = free_port()
    output = folder / "stdout"
    with output.open("w") as stdout:
        command = [*SCRIPT, "record", "--port", str(port), *options]
        with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: is_listening(port) or process.poll() is not None)
            yield Running(process, output, ("127.0.0.1", port))
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=30)[1] == ""


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_killed_process_leaves_a_file_that_is_whole(live: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with recorder(tmp_path, "--target", live.url, "--out", str(out)) as running:
        for _ in range(3):
            reply = exchange(running.address, http_request("GET", f"{SHOP}/orders/1001", headers_of(live.client)))
            assert status_of(reply) == 200
        wait_until(lambda: "r-003" in running.printed())
        running.process.kill()

    assert len(json.loads(out.read_text())) == 3


def test_a_full_disk_loses_no_recorded_exchange_and_no_reply(live: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "40.json"
    request = http_request("GET", f"{SHOP}/orders/1001", headers_of(live.client))
    with recorder(tmp_path, "--target", live.url, "--out", str(out), is_quiet=False) as running:
        pid, stderr = running.process.pid, running.process.stderr
        exchange(running.address, request)
        wait_until(lambda: "40-001" in running.printed())
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE, (out.stat().st_size + 100, resource.RLIM_INFINITY))
        statuses = [status_of(exchange(running.address, request)) for _ in range(3)]
        errors = [stderr.readline() for _ in range(3)] if stderr else []
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
        exchange(running.address, request)
        wait_until(lambda: "40-002" in running.printed())

    assert statuses == [200, 200, 200]
    assert [case["id"] for case in json.loads(out.read_text())] == ["40-001", "40-002"]
    assert errors == ["not recorded: GET /orders/1001: 200: File too large\n"] * 3
    assert running.errors == f"refund-sandbox: 3 exchanges not recorded: {out} had no room\n"
    assert running.process.returncode == 2
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_cut_off_is_read_up_to_its_last_whole_case(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    record_refunds(path)
    path.write_bytes(path.read_bytes()[:-2000])

    done = runner().invoke(main_command(), ["verify", "--recording", str(path), "--json"])

    assert len(json.loads(done.stdout)["rows"]) == 12


def main_command() -> Any:
    from refund_sandbox.cli.main import main

    return main


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--target", "shop.example", "--out", "new.json"), "Invalid --target 'shop.example'."),
        (("--target", "https://u:p@shop.example", "--out", "new.json"), "Invalid --target"),
        (("--target", "https://shop.example/?a=1", "--out", "new.json"), "Invalid --target"),
        (("--target", "http://127.0.0.1:x", "--out", "new.json"), "Invalid --target"),
        (("--target", "https://shop.example", "--out", "old.json"), "old.json exists."),
        (("--target", "https://shop.example", "--out", "no/new.json"), "No such file or directory"),
        (("--target", "https://shop.example", "--out", "new.json", "--api", "fluentkart"), "Did you mean 'fluentcart'?"),
        (("--target", "https://shop.example", "--out", "new.json", "--setting", "version"), "expected NAME=VALUE"),
        (("--target", "https://shop.example", "--out", "new.json", "--ca-file", "old.json"), "--ca-file old.json: "),
        (("--target", "https://shop.example", "--out", "new.json", "--shadow", "http://127.0.0.1:1"), "No sandbox answers"),
        (("--target", "https://shop.example", "--out", "new.json", "--shadow", "--setting", "fluentcart.versoin=1"), "versoin"),
        (("--target", "https://shop.example", "--out", "new.json", "--host", "203.0.113.1"), "can't listen on"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(
    options: tuple[str, ...], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.json").write_text("[]")

    done = runner().invoke(main_command(), ["record", "--port", "0", *options])

    assert done.exit_code == 2
    assert error in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "new.json").exists()


def test_verify_replays_a_recording_and_its_exit_code_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    record_refunds(path)

    alike = runner().invoke(main_command(), ["verify", "--recording", str(path)])
    cases = json.loads(path.read_text())
    cases[1]["expect"]["body"]["fluent_cart_refund"]["message"] = "Planted."
    path.write_text(json.dumps(cases))
    different = runner().invoke(main_command(), ["verify", "--recording", str(path)])

    assert (alike.exit_code, different.exit_code) == (0, 1)
    assert "13 behaviours: 13 alike." in alike.stdout
    assert "Planted." in different.stdout
    assert "13 behaviours: 12 alike, 1 differs." in different.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["verify"], "--api is missing."),
        (["verify", "--recording", "none.json"], "none.json"),
        (["verify", "--recording", "text.json"], "text.json is no recording and no HTTP Archive"),
        (["verify", "--recording", "list.json"], "list.json is no recording"),
        (["verify", "--recording", "latin-1.har"], "latin-1.har is not UTF-8"),
        (["verify", "--recording", "empty.har"], "the HTTP Archive has no request to an API of the sandbox"),
        (["verify", "--recording", "broken.har"], "not an HTTP Archive"),
        (["verify", "--recording", "list.json", "--user", "x"], "--user does not apply to --recording."),
        (["verify", "--api", "fluentcart", "--base-url", "http://x", "--setting", "a=1"], "--setting needs --recording."),
        (["state", "import"], "Give either a FILE with a state document, or --from-recording FILE."),
        (["state", "import", "a.yaml", "--from-recording", "b.json"], "Give either a FILE"),
        (["state", "import", "--from-recording", "case.json"], "case.json has no state of an order"),
    ],
)
def test_a_wrong_recording_is_one_line_and_exit_code_2(
    arguments: list[str], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.json").write_text("hello")
    Path("list.json").write_text("[1]")
    Path("latin-1.har").write_text('{"log": "ä"}', encoding="latin-1")
    Path("empty.har").write_text('{"log": {"entries": []}}')
    Path("broken.har").write_text('{"log": {"entries": [{"request": {}}]}}')
    Path("case.json").write_text('[{"request": {"method": "GET", "path": "/"}, "expect": {"status": 200}}]')

    done = runner().invoke(main_command(), arguments)

    assert done.exit_code == 2
    assert error in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_orders_of_a_recording_are_imported_into_a_running_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    record_refunds(path)

    with Sandbox() as sandbox:
        done = run(sandbox, "state", "import", "--from-recording", str(path))
        orders = [order["id"] for order in sandbox.client.get("/fluentcart/orders")["orders"]]

    assert done.stdout == "Imported 1 funnelfox orders, 1 fluentcart orders into the running sandbox.\n"
    assert orders == ["1001"]
