"""`refund-sandbox client`: the JavaScript module, the .http file and the Postman collection, all used against a server."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from refund_sandbox.cli.main import main
from refund_sandbox.testing import Sandbox
from tests.support.command_line import runner

pytestmark = pytest.mark.memory_only

READS = re.compile("(list|get|search|find|refund)[A-Z]")
NOT_IN_THE_DEMO_DATA = {"getProduct", "getProductPricing"}
CRASHING = {
    *("getRevenueByGroup", "getOrdersByGroup", "getReportDashboardStats"),  # without a query
    *("getSalesGrowth", "getTopProductsSold", "getLicenseSummary"),  # always
}
"""Reports at which the plugin crashes."""
NEED_A_QUERY = set("getPaymentMethod getConnectInfo getIntegrationSettings getFeedSettings getNotification listWidgets".split())
NOT_READ = NOT_IN_THE_DEMO_DATA | CRASHING | NEED_A_QUERY


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def output(*arguments: str) -> str:
    done = runner().invoke(main, ["client", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_javascript_module_orders_injects_asserts_and_waits(sandbox: Sandbox, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    module = tmp_path / "sandbox.mjs"
    module.write_text(output("js"))
    environment = {**os.environ, "REFUND_SANDBOX_URL": sandbox.url, "SANDBOX_MODULE": module.as_uri()}

    command = ["node", "--test", str(Path(__file__).with_name("sandbox_module.test.mjs"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 4" in done.stdout


def test_the_javascript_module_says_how_to_start_a_sandbox(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    (tmp_path / "sandbox.mjs").write_text(output("js"))
    script = "import { Sandbox } from './sandbox.mjs'; await new Sandbox({ url: 'http://127.0.0.1:1' }).order('funnelfox');"

    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert re.search("No sandbox answers at http://127.0.0.1:1/w/.*: refund-sandbox serve\n", done.stderr)


def test_the_javascript_module_refuses_an_invalid_url(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    (tmp_path / "sandbox.mjs").write_text(output("js"))
    script = "import { Sandbox } from './sandbox.mjs'; new Sandbox({ url: '127.0.0.1:8000' });"

    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert "TypeError: Invalid URL '127.0.0.1:8000'. Use http://HOST:PORT" in done.stderr


HTTP = httpx2.Client(timeout=20, limits=httpx2.Limits(max_keepalive_connections=0))


def send(sandbox: Sandbox, method: str, url: str, headers: dict[str, str], body: str | None) -> httpx2.Response:
    sandbox.reset()
    return HTTP.request(method, url.replace("{{baseUrl}}", sandbox.url), headers=headers, content=body)


def check(name: str, reply: httpx2.Response) -> None:
    """Fail for a path or a body that the spec does not know, and for a read or a refund that is refused."""
    assert reply.status_code not in (401, 405, 415), (name, reply.text)
    assert "rest_no_route" not in reply.text, name
    if READS.match(name) and name not in NOT_READ:
        assert reply.status_code == 200, (name, reply.text)


def test_every_request_of_the_http_file_can_be_sent(sandbox: Sandbox) -> None:
    text = output("http")
    requests = re.split(r"^### ", text, flags=re.MULTILINE)[1:]

    for request in requests:
        title, _, rest = request.partition("\n")
        head, _, body = re.split(r"^# ", rest, flags=re.MULTILINE)[0].partition("\n\n")
        first, *headers = head.splitlines()
        method, url = first.split(" ")
        reply = send(sandbox, method, url, dict(line.split(": ", 1) for line in headers), body.strip() or None)
        check(title.partition(":")[0], reply)

    assert text.startswith("@baseUrl = http://127.0.0.1:8000\n")
    assert len(requests) == sum(len(spec_operations(sandbox, api)) for api in ("funnelfox", "fluentcart"))


def spec_operations(sandbox: Sandbox, api: str) -> list[Any]:
    paths = httpx2.get(f"{sandbox.url}/specs/{api}.json").json()["paths"]
    return [item[method] for item in paths.values() for method in item if method in ("get", "post", "put", "patch", "delete")]


def test_every_request_of_the_postman_collection_can_be_sent(sandbox: Sandbox) -> None:
    collection = json.loads(output("postman"))

    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert collection["variable"] == [{"key": "baseUrl", "value": "http://127.0.0.1:8000"}]
    assert [folder["name"] for folder in collection["item"]][:2] == ["FunnelFox", "FluentCart"]
    for item in (item for folder in collection["item"] for item in folder["item"]):
        request = item["request"]
        headers = {header["key"]: header["value"] for header in request["header"]}
        url = request["url"]
        assert url["raw"] == "/".join([*url["host"], *url["path"]]) + ("/" if url["raw"].endswith("/") else "")
        reply = send(sandbox, request["method"], url["raw"], headers, request.get("body", {}).get("raw"))
        check(item["name"].partition(":")[0], reply)
