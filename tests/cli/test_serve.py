"""The command `serve`, and its errors."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import Result

from refund_sandbox.cli.main import main
from tests.support import raw_http
from tests.support.command_line import runner
from tests.support.waiting import wait_until

SANDBOX = [sys.executable, "-m", "refund_sandbox"]


def run(*arguments: str, **environment: str) -> Result:
    """Run a command in this process, which starts no server."""
    return runner().invoke(main, list(arguments), env=environment)


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `serve`; yield the process and the URL from its first line."""
    process = subprocess.Popen(
        [*SANDBOX, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("refund-sandbox listening on http://")
        yield process, first.split()[-1]
    finally:
        process.kill()
        process.communicate(timeout=10)


def banner_of(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("Request log"):
        lines.append(process.stdout.readline().rstrip("\n"))
    return lines


@pytest.mark.parametrize("arguments", [(), ("--fluentcart-version", "1.3.25", "--validation", "live")])
def test_the_banner_has_two_curl_lines_that_work_when_pasted(arguments: tuple[str, ...]) -> None:
    with serving(*arguments) as (process, _):
        lines = [line for line in banner_of(process) if line.startswith("curl ")]
        answers = [
            subprocess.run(["bash", "-c", f"{line} -sf"], capture_output=True, text=True, timeout=10, check=False)
            for line in lines
        ]

    assert [answer.returncode for answer in answers] == [0, 0]
    assert answers[0].stdout == "{}"
    assert '"gateway_refund":{"status":"success"' in answers[1].stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - the test's own server
def test_the_links_of_the_banner_work(host: str) -> None:
    with serving("--host", host) as (process, url):
        assert url.startswith(f"http://{host}:")
        links = [line.split()[-1] for line in banner_of(process) if re.match("(Console|API reference|Request log) ", line)]
        pages = [urllib.request.urlopen(link, timeout=10).status for link in links]

    assert pages == [200, 200, 200]
    assert all(link.startswith("http://127.0.0.1:") for link in links)


def test_the_console_opens_in_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))

    with serving("--open") as (_, url):
        wait_until(lambda: opened.is_file() and opened.read_text() == f"{url}/\n")


def test_with_json_lines_only_the_first_line_is_text() -> None:
    with serving("--log-format", "json") as (process, url):
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{url}/nothing", timeout=60)
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())

    assert (line["path"], line["status"]) == ("/nothing", 404)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once(stop: signal.Signals) -> None:
    with serving() as (process, url):
        urllib.request.urlopen(f"{url}/_sandbox/health", timeout=60).read()
        started = time.monotonic()
        process.send_signal(stop)
        code = process.wait(timeout=60)
        took = time.monotonic() - started

    assert code == 0
    assert took < 5


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_stops_immediately_with_an_open_event_stream(workers: str, tmp_path: Path) -> None:
    with serving("--workers", workers, "--store", f"sqlite:///{tmp_path / 'sandbox.db'}") as (process, url):
        assert process.stderr is not None
        with urllib.request.urlopen(f"{url}/_sandbox/events", timeout=60) as events:
            assert events.readline().startswith(b":")

            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=30)  # a server that has to cancel the stream reports it on stderr

            assert (code, process.stderr.read(), events.read()) == (0, "", b"\n")


def test_it_stops_immediately_with_a_client_that_waits_for_a_reply() -> None:
    with serving() as (process, url):
        assert process.stderr is not None
        host = url.removeprefix("http://").split(":")
        with closing(http.client.HTTPConnection(host[0], int(host[1]), timeout=60)) as connection:
            headers = {**raw_http.CREDENTIALS, "Content-Type": "application/json", "X-Sandbox-Scenario": "no_reply"}
            connection.request("POST", raw_http.FLUENTCART, '{"refund_info": {"transaction_id": 129237, "amount": 1}}', headers)
            wait_until(lambda: b"no_reply" in urllib.request.urlopen(f"{url}/_sandbox/requests", timeout=60).read())

            process.send_signal(signal.SIGINT)

            assert (process.wait(timeout=30), process.stderr.read()) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "abc"), "Invalid value for --port: 'abc' (expected 0 to 65535)."),
        (("--port", "70000"), "Invalid value for --port: '70000' (expected 0 to 65535)."),
        (("--validation", "loose"), "Invalid value for --validation: 'loose' (expected strict or live)."),
        (("--fluentcart-version", "2"), "'2' (expected 1.6.5, 1.6.2, 1.5.2 or 1.3.25)."),
        (("--funnelfox-envelope", "maybe"), "'maybe' (expected data, always or never)."),
        (
            ("--store", "redis://"),
            "Invalid value for --store: 'redis://' (expected memory://, sqlite:///FILE or postgresql://…).",
        ),
        (("--workers", "2"), "--workers needs a --store that processes can share"),
        (("--store", "sqlite:///"), "'sqlite:///' (expected memory://, sqlite:///FILE or postgresql://…)."),
        (("--store", "sqlite:///:memory:"), "'sqlite:///:memory:' (expected memory://, sqlite:///FILE or postgresql://…)."),
        (("--store", "sqlite:///x?mode=memory"), "(expected memory://, sqlite:///FILE or postgresql://…)."),
        (("--store", "sqlite:////nowhere/x.db"), "unable to open database file: /nowhere/x.db"),
        (("--store", "postgresql://u:secret@x:abc/y"), "--store (expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
        (("--store", "postgresql://u:secret@[::1/y"), "--store (expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
        (("--store", "postgresql://u:se@cr:et@x/y"), "--store (expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
        (("--store", "postgresql://u:secret@127.0.0.1:1/y"), "port 1 failed"),
        (("--postgresql-connections", "1"), "'1' (expected 2 to 1000)."),
        (("--fixture", "nowhere.yaml"), "'nowhere.yaml' (expected an existing file)."),
        (("--host", "203.0.113.1"), "can't listen on 203.0.113.1:8000"),
    ],
)
def test_an_invalid_value_is_one_line_and_exit_code_2(arguments: tuple[str, ...], says: str) -> None:
    done = run("serve", *arguments)

    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "secret" not in done.stderr
    assert done.stdout == ""


def test_a_process_with_an_invalid_value_ends_with_exit_code_2() -> None:
    done = subprocess.run([*SANDBOX, "serve", "--port", "abc"], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "refund-sandbox: Invalid value for --port: 'abc' (expected 0 to 65535).\n"


def test_a_flag_overrides_a_variable() -> None:
    done = run("serve", REFUND_SANDBOX_PORT="none")
    assert "Invalid value for REFUND_SANDBOX_PORT: 'none' (expected 0 to 65535)." in done.stderr

    done = run("serve", "--port", "flag", REFUND_SANDBOX_PORT="none")
    assert "Invalid value for --port: 'flag'" in done.stderr


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "envelope"),
    [(("--funnelfox-envelope",), "always"), (("--funnelfox-envelope", "never"), "never"), ((), "data")],
)
def test_the_envelope_of_funnelfox_is_an_option_with_or_without_a_value(arguments: tuple[str, ...], envelope: str) -> None:
    with serving(*arguments) as (_, url), urllib.request.urlopen(f"{url}/_sandbox/settings") as reply:
        assert json.load(reply)["funnelfox"]["envelope"] == envelope


def test_an_unknown_variable_is_refused() -> None:
    done = run("serve", REFUND_SANDBOX_PROT="1")

    assert done.exit_code == 2
    assert "Unknown variable REFUND_SANDBOX_PROT. Did you mean 'REFUND_SANDBOX_PORT'?" in done.stderr


def test_an_invalid_fixture_is_refused_with_a_pointer(tmp_path: Path) -> None:
    fixture = tmp_path / "state.yaml"
    fixture.write_text("fluentcart: {orders: [{id: one}]}")

    done = run("serve", "--port", "0", "--fixture", str(fixture))

    assert done.exit_code == 2
    assert "/fluentcart/orders/0/id: must be of type integer" in done.stderr


def test_a_fixture_with_a_webhook_target_without_a_scheme_is_refused(tmp_path: Path) -> None:
    fixture = tmp_path / "state.yaml"
    fixture.write_text('funnelfox: {orgs: [{id: org, webhooks: [{url: "localhost:3000/hook"}]}]}')

    done = run("serve", "--port", "0", "--fixture", str(fixture))

    assert done.exit_code == 2
    assert done.stderr.startswith("refund-sandbox: /funnelfox/orgs/0/webhooks/0/url: must be a URL that begins with http://")
    assert len(done.stderr.splitlines()) == 1


def test_check_lists_the_problems_of_a_fixture(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("fluentcart: {orders: [{id: 1}]}")
    bad.write_text("fluentcart: {orders: [{id: 1}, {id: 1}], color: red}")

    assert run("check", str(good)).exit_code == 0
    done = run("check", str(bad))

    assert done.exit_code == 1
    assert f"{bad}: 1 problem\n" in done.stdout
    assert "/fluentcart: Unknown field 'color'." in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("check", "--help")])
def test_help_has_examples_or_the_exit_codes(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.exit_code == 0
    assert "Examples:" in done.stdout or "Exit codes:" in done.stdout
