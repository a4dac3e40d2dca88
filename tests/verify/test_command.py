"""The command `verify`: options, exit codes, secrets, and its output for people and programs."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from refund_sandbox.cli.main import main
from refund_sandbox.testing import Sandbox
from tests.support.command_line import runner
from tests.support.live_service import Answer, Received, forward, serving, with_body
from tests.verify.test_fluentcart_shop import USER
from tests.verify.test_funnelfox_service import KEY, PATH, SUBSCRIPTION

pytestmark = pytest.mark.memory_only
PASSWORD = USER.partition(":")[2]


@pytest.fixture(scope="module")
def service() -> Iterator[Sandbox]:
    with Sandbox(validation="live") as service:
        yield service


def verify(*arguments: str, api: str = "fluentcart") -> Result:
    return runner().invoke(main, ["verify", "--api", api, *arguments])


def change_order(received: Received, service: Sandbox) -> Answer:
    """The reply of the service with another total, when the order is read for the second time."""
    reply = forward(service.url, received)
    is_order = received.path.endswith("/orders/1001/")
    return with_body(reply, lambda body: {**body, "tax_id": "DE 1"}) if is_order else reply


def test_a_measured_difference_has_exit_code_1_and_an_assumed_one_0(service: Sandbox) -> None:
    with serving(lambda received: change_order(received, service)) as changing:
        measured = verify("--base-url", changing.url, "--user", USER, "--order", "1001")

    def with_other_code(received: Received) -> Answer:
        reply = forward(service.url, received)
        return reply._replace(content=reply.content.replace(b"order_not_found", b"no_order"))

    with serving(with_other_code) as changing:
        assumed = verify("--base-url", changing.url + PATH, "--key", KEY, "--order", SUBSCRIPTION, api="funnelfox")

    assert (measured.exit_code, "differs    measured" in measured.stdout) == (1, True)
    assert (assumed.exit_code, "differs    assumed" in assumed.stdout) == (0, True)


def test_the_report_is_json_and_markdown_too(service: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    with serving(lambda received: change_order(received, service)) as changing:
        arguments = ["--base-url", changing.url, "--user", USER, "--order", "1001", "--json", "--markdown", str(file)]
        done = verify(*arguments)

    report = json.loads(done.stdout)
    row = next(row for row in report["rows"] if row["outcome"] == "differs")
    assert row["differences"] == [{"path": "body.tax_id", "expected": "DE 1", "got": ""}]
    assert (row["expected"]["status"], row["got"]["status"]) == (200, 200)
    assert row["verified"] == "1.3.25 (2026-11-21), 1.5.2 (2026-11-29)"
    assert re.search(r'\| `body.tax_id` \| `".+"` \| `""` \|', file.read_text())


def test_the_markdown_has_no_personal_data_and_no_address_of_the_service(service: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    with serving(lambda received: change_order(received, service)) as changing:
        verify("--base-url", changing.url, "--user", USER, "--order", "1001", "--markdown", str(file))

    text = file.read_text()
    assert "FluentCart at <site>/wp-json/fluent-cart/v2" in text
    assert '"last_name": "Name' in text
    assert not re.search("Jane|Doe|Springfield|127.0.0.1", text)


def test_no_secret_is_printed(service: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    with_password = service.url.replace("http://", "http://someone:hunter2@")
    printed = []
    for api, url, option, secret in (
        ("fluentcart", service.url, "--user", USER),
        ("funnelfox", service.url + PATH, "--key", KEY),
        ("funnelfox", service.url + PATH, "--key", "sk_live_wrong"),
        ("fluentcart", with_password, "--user", USER),
    ):
        for more in ([], ["--json"]):
            done = verify("--base-url", url, option, secret, "--markdown", str(file), *more, api=api)
            printed += [done.stdout, done.stderr, file.read_text()]

    for secret in (PASSWORD, KEY, "hunter2", "sk_live_wrong"):
        assert not any(secret in text for text in printed)


@pytest.mark.parametrize(
    ("api", "arguments", "error"),
    [
        ("acme", ["--base-url", "http://127.0.0.1:1"], "Unknown API 'acme'. Known: "),
        ("fluentcart", ["--base-url", "http://127.0.0.1:1"], "FluentCart needs --user."),
        ("funnelfox", ["--base-url", "http://127.0.0.1:1/org/v1", "--user", "a:b"], "FunnelFox needs --key."),
        ("funnelfox", ["--base-url", "http://127.0.0.1:1/org/v1", "--user", "a:b", "--key", "k"], "FunnelFox has no --user."),
        ("fluentcart", ["--base-url", "shop.example", "--user", "a:b"], "Invalid value for --base-url: 'shop.example'"),
        ("fluentcart", ["--base-url", "http://127.0.0.1:1", "--user", "a:b"], "The live service does not answer at http://127"),
        (
            "fluentcart",
            ["--base-url", "http://127.0.0.1:1", "--user", "a"],
            "Application password of a: no terminal for the question. Use --user LOGIN:PASSWORD.",
        ),
        ("fluentcart", ["--base-url", "http://a:b@127.0.0.1:1", "--user", "a:b"], "--base-url has a user or a password in it."),
        ("fluentcart", ["--base-url", "http://127.0.0.1:1/?a=b", "--user", "a:b"], "--base-url has a query or a fragment in it."),
        ("fluentcart", ["--base-url", "http://[::1", "--user", "a:b"], "The live service does not answer at http://[::1"),
    ],
)
def test_a_mistake_is_one_line_with_exit_code_2(api: str, arguments: list[str], error: str) -> None:
    done = verify(*arguments, api=api)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"refund-sandbox: {error}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (["--order", "4711"], "The live service has no order 4711: status 404."),
        (["--version", "new", "--order", "1001"], "Invalid version 'new'. Use a version of the plugin, such as 1.6.5."),
        (["--user", "admin:wrong"], "The live service refuses this user: Sorry, you are not allowed to do that."),
    ],
)
def test_what_the_shop_does_not_have_is_one_line(more: list[str], error: str, service: Sandbox) -> None:
    done = verify("--base-url", service.url, "--user", USER, *more)

    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"refund-sandbox: {error}\n")


def test_a_redirect_is_named_and_not_followed(service: Sandbox) -> None:
    with serving(lambda received: Answer(301, {"Location": f"https://shop.example{received.path}"})) as redirecting:
        done = verify("--base-url", redirecting.url, "--user", USER, "--order", "1001")

    url = "https://shop.example/wp-json/fluent-cart/v2/orders/1001"
    assert (done.exit_code, done.stderr) == (2, f"refund-sandbox: The live service redirects to {url}. Check --base-url.\n")
    assert {one.method for one in redirecting.requests} == {"GET"}


def test_a_cookie_of_the_service_is_not_sent_back(service: Sandbox) -> None:
    def answer(received: Received) -> Answer:
        reply = forward(service.url, received)
        return reply._replace(headers={**reply.headers, "Set-Cookie": "wordpress_logged_in=admin; Path=/"})

    with serving(answer) as setting:
        verify("--base-url", setting.url, "--user", USER, "--order", "1001")

    assert len(setting.requests) > 30
    assert not any("cookie" in one.headers for one in setting.requests)


def test_the_sandbox_is_reached_without_the_proxy_of_the_environment(service: Sandbox) -> None:
    proxy = {"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": service.url.removeprefix("http://")}
    arguments = ["verify", "--api", "fluentcart", "--base-url", service.url, "--user", USER, "--order", "1001"]

    done = runner().invoke(main, arguments, env=proxy)

    assert (done.exit_code, done.stderr) == (0, "")


def test_an_error_of_the_service_does_not_control_the_terminal() -> None:
    refusal = json.dumps({"message": "\x1b[2J" + "no" * 500}).encode()
    with serving(lambda _: Answer(403, {"Content-Type": "application/json"}, refusal)) as refusing:
        done = verify("--base-url", refusing.url, "--user", USER)

    assert done.exit_code == 2
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 300


def test_a_page_that_is_no_shop_is_named() -> None:
    with serving(lambda _: Answer(200, {"Content-Type": "text/html"}, b"<html>Hello</html>")) as page:
        done = verify("--base-url", page.url, "--user", USER)

    assert done.exit_code == 2
    assert "No order found: the live service answers GET /orders with 200. Check --base-url, or use --order." in done.stderr


ODD_ORDERS: tuple[Any, ...] = (
    {"order": []},
    {"order": {"id": [1001]}},
    {"order": {"id": 1001, "config": 5, "uuid": [], "transactions": 5, "order_items": [None, {"id": None}]}},
    {"order": {"id": 1001, "customer_id": {}, "customer": [], "subscriptions": [{"id": 1}], "labels": {"a": 1}}},
)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("body", ODD_ORDERS)
def test_an_order_of_another_form_is_a_difference(body: Any, service: Sandbox) -> None:
    def answer(received: Received) -> Answer:
        is_order = received.path.endswith("/orders/1001")
        return Answer(200, {}, json.dumps(body).encode()) if is_order else forward(service.url, received)

    with serving(answer) as odd:
        done = verify("--base-url", odd.url, "--user", USER, "--order", "1001")

    assert (done.exit_code, done.stderr) == (1, "")
    assert re.search("differs +measured +The order", done.stdout)


def test_a_terminal_sees_the_progress_and_a_file_does_not(service: Sandbox) -> None:
    arguments = ["--base-url", service.url, "--user", USER, "--order", "1001"]
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "refund_sandbox", "verify", "--api", "fluentcart", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, text=True) as process:
        os.close(follower)
        shown = ""
        while part := _read(leader):
            shown += part
        assert process.stdout
        printed = process.stdout.read()
    os.close(leader)

    assert "Reading the live service" in shown
    assert re.search(r"1/\d+ The order", shown)
    assert shown.endswith("\r\x1b[K")
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert verify(*arguments).stderr == ""


def _read(terminal: int) -> str:
    """Return the next output of a terminal, or nothing at its end."""
    try:
        return os.read(terminal, 65536).decode()
    except OSError:
        return ""
