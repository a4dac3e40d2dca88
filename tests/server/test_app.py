"""The application as a whole: documented samples, other paths, contents of the wheel."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.core.shipped_documents import FOLDER
from refund_sandbox.settings import Settings
from tests.support.fluentcart_calls import AUTH
from tests.support.paths import ROOT, SOURCE

UNKNOWN = "00000000-0000-4000-8000-00000000abcd"
FUNNELFOX_SAMPLE = (
    '{"external_id":"user_456","order_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","reason":"duplicate_payment",'
    '"comment":"ticket 123","amount":"4.99","soft_refund":false}'
)


def test_the_documented_funnelfox_sample_runs_as_it_stands(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "ff-secret-key": "sandbox-secret-key"}

    reply = client.post("/your-org-id/v1/payment/refund", content=FUNNELFOX_SAMPLE, headers=headers)

    assert (reply.status_code, reply.json()) == (200, {})
    order_id = json.loads(FUNNELFOX_SAMPLE)["order_id"]
    rows = client.get(f"/_sandbox/funnelfox/orders/{order_id}").json()["transactions"]
    refund = rows[-1]
    assert (refund["psp_transaction_type"], refund["psp_status"], refund["amount"]) == ("REFUND", "SETTLED", "4.99")
    assert (refund["reason"], refund["comment"]) == ("duplicate_payment", "ticket 123")
    subscriptions = client.get("/_sandbox/state").json()["funnelfox"]["subscriptions"]
    assert subscriptions[0]["status"] == ["AUTORENEW_OFF"]


def test_the_root_is_the_console(client: TestClient) -> None:
    assert "refund-sandbox" in client.get("/").text


@pytest.mark.parametrize("path", ["/nothing", "/specs/other.yaml", "/a/b/c"])
def test_an_unknown_path_names_the_base_paths(path: str, client: TestClient) -> None:
    reply = client.get(path)

    assert reply.status_code == 404
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert "/{org_id}/v1/" in reply.json()["detail"]


def test_an_api_answers_without_importing_starlette() -> None:
    """Starlette, the control API and the console would take a sixth of the start time."""
    script = """
import asyncio, sys
from refund_sandbox.app import build

async def ask(app, path):
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "state": {}}
    sent = []
    async def receive(): return {"type": "http.request"}
    async def send(message): sent.append(message)
    await app(scope, receive, send)
    print(sent[0]["status"], *[name for name in ("starlette.applications", "anyio", "refund_sandbox.control")
           if name in sys.modules])

async def main():
    app = build().app
    for path in ("/wp-json/fluent-cart/v2/orders", "/_sandbox/health"):
        await ask(app, path)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "401\n200 starlette.applications anyio refund_sandbox.control\n"


def test_the_end_of_the_server_closes_the_store(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    sandbox = build(Settings(store=f"sqlite:///{file}"))

    with TestClient(sandbox.app) as client:
        assert client.get("/_sandbox/health").json()["status"] == "ok"
        log = file.with_name("sandbox.db-wal")
        assert log.exists()

    assert not log.exists()  # the last connection takes it with it


def test_a_body_beyond_the_limit_is_refused_in_the_format_of_its_api() -> None:
    client = TestClient(build(Settings(max_body=1000, check_replies=True)).app)
    large = b"x" * 1001

    headers = {"ff-secret-key": "sandbox-secret-key"}
    funnelfox = client.post("/your-org-id/v1/payment/refund", content=large, headers=headers)
    fluentcart = client.post("/wp-json/fluent-cart/v2/orders/1001/refund", content=large)

    assert (funnelfox.status_code, funnelfox.json()["error"][0]["code"]) == (413, "payload_too_large")
    assert (fluentcart.status_code, fluentcart.json()["code"]) == (413, "rest_request_too_large")


def test_the_wheel_holds_the_package_the_specs_and_the_fixtures_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)

    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name for name in names if ".dist-info/" not in name}
    sources = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.suffix in (".py", ".typed", ".txt")}
    data = {
        f"refund_sandbox/{path.relative_to(ROOT)}" for folder in ("specs", "fixtures") for path in (ROOT / folder).glob("*.yaml")
    }
    static = SOURCE / "refund_sandbox" / "console" / "static"
    console = {str(path.relative_to(SOURCE)) for path in static.rglob("*") if path.is_file()}
    client_files = {str(path.relative_to(SOURCE)) for path in (SOURCE / "refund_sandbox" / "cli" / "client_files").iterdir()}
    prepared = {name for name in packed if name.startswith(f"refund_sandbox/{FOLDER}/")}
    assert len(prepared) == len(data) + len(list((ROOT / "specs").iterdir()))
    assert packed == sources - {"build_hook.py"} | data | prepared | console | client_files
    assert "refund_sandbox/console/static/index.html" in packed
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize(
    ("path", "body", "status", "order"),
    [
        ("/your-org-id/v1/payment/refund", {"external_id": "u", "order_id": UNKNOWN.upper()}, 400, UNKNOWN),
        ("/wp-json/fluent-cart/v2/orders/1009/refund", {"refund_info": {"transaction_id": 5010, "amount": 1}}, 422, "1009"),
    ],
)
def test_the_request_log_names_the_order_of_a_refused_request(
    path: str, body: object, status: int, order: str, client: TestClient
) -> None:
    headers = {"ff-secret-key": "sandbox-secret-key"}
    assert client.post(path, json=body, headers=headers, auth=AUTH).status_code == status

    (entry,) = client.get(f"/_sandbox/requests?order={order}").json()["requests"]

    assert (entry["status"], entry["order"]) == (status, order)
