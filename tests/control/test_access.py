"""Access to the two APIs and creation of workspaces by pages, under host names, and without credentials."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build, read_settings
from refund_sandbox.settings import Settings, SettingsError
from tests.support import raw_http

pytestmark = pytest.mark.memory_only
ORDERS = "/wp-json/fluent-cart/v2/orders"
ROOT = "/?rest_route=/fluent-cart/v2/orders"
LOGIN = raw_http.CREDENTIALS
REFUND = {"refund_info": {"transaction_id": 129237, "amount": 2500}}
LOOPBACK = ("http://localhost:5173", "https://localhost", "http://app.localhost:3000", "http://127.0.0.1:3000", "http://[::1]:1")
FOREIGN = (
    "https://evil.example",
    "http://evil.test",
    "http://localhost.evil.com",
    "http://10.0.0.7",
    "http://front:3000",
    "null",
    "",
)
CROSS_SITE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}

Start = Callable[..., TestClient]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, SandboxApp]]:
    """The sandboxes of this module by their settings."""
    started: dict[str, SandboxApp] = {}
    yield started
    for sandbox in started.values():
        sandbox.close()


@pytest.fixture
def start(sandboxes: dict[str, SandboxApp]) -> Start:
    """Function that returns a sandbox with these settings, in its initial state."""

    def with_settings(**settings: Any) -> TestClient:
        key = repr(settings)
        if key not in sandboxes:
            sandboxes[key] = build(Settings(**settings))
        sandbox = sandboxes[key]
        sandbox.workspace.reset()
        for name in sandbox.workspaces.names():
            if name != "default":
                sandbox.workspaces.delete(name)
        return TestClient(sandbox.app, base_url="http://127.0.0.1:8000")

    return with_settings


def refunded(client: TestClient) -> int:
    headers = {"authorization": "Bearer token"}
    total: int = client.get("/_sandbox/fluentcart/orders/1001", headers=headers).json()["total_refund"]
    return total


def workspaces(client: TestClient) -> list[str]:
    names: list[str] = client.get("/_sandbox/workspaces", headers={"authorization": "Bearer token"}).json()["workspaces"]
    return names


def refund(client: TestClient, **headers: str) -> int:
    return client.post(f"{ORDERS}/1001/refund", json=REFUND, headers={**LOGIN, **headers}).status_code


@pytest.mark.parametrize("origin", LOOPBACK)
def test_a_page_of_this_machine_calls_the_apis(origin: str, start: Start) -> None:
    client = start()

    assert refund(client, origin=origin, **{"sec-fetch-site": "cross-site"}) == 200
    assert refunded(client) == 2500


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", [f"{ORDERS}/1001/refund", "/?rest_route=/fluent-cart/v2/orders/1001/refund"])
def test_a_page_elsewhere_refunds_nothing(origin: str, path: str, start: Start) -> None:
    client = start()

    reply = client.post(path, json=REFUND, headers={**LOGIN, "origin": origin})

    assert (reply.status_code, reply.headers["content-type"]) == (403, "application/problem+json")
    assert reply.json()["detail"] == f"Requests from pages of {origin} are not allowed. Allow the origin with --cors."
    assert not any(name.startswith("access-control") for name in reply.headers)
    assert refunded(client) == 0


@pytest.mark.parametrize("headers", [CROSS_SITE, LINK, {"sec-fetch-site": "cross-site"}], ids=["fetch", "link", "old"])
@pytest.mark.parametrize("path", [ORDERS, ROOT, "/w/new/wp-json/", "/your-org-id/v1/price_points"])
def test_a_page_of_unknown_origin_is_refused(path: str, headers: dict[str, str], start: Start) -> None:
    client = start()

    assert client.get(path, headers={**LOGIN, **headers}).status_code == 403
    assert workspaces(client) == ["default"]


def test_another_page_of_the_same_site_is_judged_by_the_host(start: Start) -> None:
    client, headers = start(), {**LOGIN, "sec-fetch-site": "same-site"}

    assert client.get(ORDERS, headers=headers).status_code == 200
    assert client.get(ORDERS, headers={**headers, "host": "sandbox.internal"}).status_code == 403


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}])
def test_own_pages_and_people_call_the_apis(headers: dict[str, str], start: Start) -> None:
    client = start()

    assert client.get(ORDERS, headers={**LOGIN, **headers}).status_code == 200
    assert refund(client, origin="http://127.0.0.1:8000", **headers) == 200
    assert client.get("/w/own/wp-json/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("cors", "origin", "status"),
    [
        ("https://front.example", "https://front.example", 200),
        ("https://front.example", "HTTPS://FRONT.EXAMPLE", 200),
        ("https://front.example", "http://front.example", 403),
        ("https://front.example", "https://front.example:81", 403),
        ("https://front.example", "https://front.example.evil.com", 403),
        ("https://front.example", "http://localhost:3000", 200),
        ("http://front:3000, https://b.example", "http://front:3000", 200),
        ("null", "null", 200),
        ("*", "https://anything.example", 200),
        ("*", "null", 200),
        ("none", "http://localhost:3000", 403),
    ],
)
def test_the_setting_names_the_origins(cors: str, origin: str, status: int, start: Start) -> None:
    client = start(cors=read_settings({"cors": cors}, {}).cors)

    assert refund(client, origin=origin) == status


@pytest.mark.parametrize("text", ["", "front.example", "https://front.example/", "https://*.example", "https://", "a b"])
def test_an_invalid_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"Invalid value for --cors: .* \(expected origins like https"):
        read_settings({"cors": text}, {})


@pytest.mark.parametrize("origin", [*LOOPBACK[:2], "https://shop.example"])
def test_an_allowed_page_creates_no_workspace(origin: str, start: Start) -> None:
    client = start()

    reply = client.get("/w/mine/wp-json/", headers={"origin": origin})

    assert reply.status_code == 403
    assert reply.json()["detail"] == (
        f"Workspace 'mine' does not exist. A page of {origin} can't create a workspace. "
        "Create it with POST /w/mine/_sandbox/reset."
    )
    assert workspaces(client) == ["default"]
    assert client.post("/w/mine/_sandbox/reset", json={}).status_code == 200
    assert client.get("/w/mine/wp-json/", headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize("path", ["/w/new/_sandbox/state", "/w/new/_sandbox/requests"])
def test_a_link_creates_no_workspace(path: str, start: Start) -> None:
    client = start()

    assert client.get(path, headers=LINK).status_code == 403
    assert workspaces(client) == ["default"]
    assert client.get(path.removeprefix("/w/new"), headers=LINK).status_code == 200


@pytest.mark.parametrize("path", [ORDERS, ROOT, "/w/new/wp-json/", raw_http.FUNNELFOX])
@pytest.mark.parametrize(
    "host", ["rebound.example:8000", "evil.com", "refund-sandbox.dev", "127.0.0.1.nip.io", "localhost.evil.io"]
)
def test_a_rebound_host_calls_no_api(host: str, path: str, start: Start) -> None:
    client = start()
    headers = {**LOGIN, "host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}

    for reply in (client.get(path, headers=headers), client.post(path, json={}, headers=headers)):
        assert reply.status_code == 403
        assert reply.json()["detail"] == f"Host {host} is not allowed; add it with --allowed-hosts."
    assert workspaces(client) == ["default"]


@pytest.mark.parametrize(
    "host", ["refund-sandbox", "refund-sandbox.default.svc.cluster.local", "sandbox.team-a", "192.168.1.9:80"]
)
def test_a_private_host_calls_the_apis_and_creates_workspaces(host: str, start: Start) -> None:
    client = start()

    assert refund(client, host=host) == 200
    assert client.get("/w/new/wp-json/", headers={"host": host}).status_code == 200
    assert workspaces(client) == ["default", "new"]


@pytest.mark.parametrize("allowed", ["sandbox.example.com", "*"])
def test_an_allowed_host_calls_the_apis(allowed: str, start: Start) -> None:
    client = start(allowed_hosts=read_settings({"allowed_hosts": allowed}, {}).allowed_hosts)

    assert refund(client, host="sandbox.example.com:8000") == 200
    assert client.get("/w/new/wp-json/", headers={"host": "sandbox.example.com"}).status_code == 200


# With an admin token, whoever has neither the token nor credentials creates no workspace.

TOKEN = {"authorization": "Bearer token"}
BASIC = {"authorization": raw_http.CREDENTIALS["authorization"]}
FUNNELFOX = "/w/new/your-org-id/v1/payments_history"
STRANGERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "nobody": ("GET", "/w/new/wp-json/", {}),
    "nobody at an order": ("GET", f"/w/new{ORDERS}/1001", {}),
    "a wrong password": ("GET", f"/w/new{ORDERS}", {"authorization": "Basic " + b64encode(b"admin:guess").decode()}),
    "a wrong token": ("GET", f"/w/new{ORDERS}", {"authorization": "Bearer guess"}),
    "no key": ("POST", FUNNELFOX, {}),
    "a wrong key": ("POST", FUNNELFOX, {"ff-secret-key": "guess"}),
    "an empty key": ("POST", FUNNELFOX, {"ff-secret-key": ""}),
    "a public operation": ("POST", "/w/new/your-org-id/v1/price_points", {}),
    "a root path": ("GET", f"/w/new{ROOT}", {}),
}


@pytest.mark.parametrize(("method", "path", "headers"), STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_creates_no_workspace(method: str, path: str, headers: dict[str, str], start: Start) -> None:
    client = start(admin_token="token")

    reply = client.request(method, path, headers=headers, json={} if method == "POST" else None)

    assert reply.status_code == 401
    assert reply.json()["detail"] == (
        "Workspace 'new' does not exist. Create it with the admin token, or with valid credentials of the API."
    )
    assert workspaces(client) == ["default"]


@pytest.mark.parametrize("path", ["/w/new/_sandbox/health", "/w/new/_sandbox/state", "/w/new/"])
def test_no_other_path_creates_a_workspace_without_the_token(path: str, start: Start) -> None:
    client = start(admin_token="token")

    client.get(path)

    assert workspaces(client) == ["default"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/w/new{ORDERS}", BASIC),
        (f"/w/new{ROOT}", BASIC),
        ("/w/new/wp-json/", TOKEN),
        (FUNNELFOX, {"ff-secret-key": "sandbox-secret-key"}),
        ("/w/new/_sandbox/state", TOKEN),
    ],
)
def test_the_token_or_credentials_create_a_workspace(path: str, headers: dict[str, str], start: Start) -> None:
    client = start(admin_token="token")

    client.request("POST" if path == FUNNELFOX else "GET", path, headers=headers)

    assert workspaces(client) == ["default", "new"]


def test_credentials_are_those_of_the_initial_state(start: Start) -> None:
    client = start(admin_token="token")
    client.put("/_sandbox/state", json={}, headers=TOKEN)

    assert client.get(f"/w/new{ORDERS}", headers=BASIC).status_code == 200


def test_a_public_host_creates_a_workspace_with_the_token_only(start: Start) -> None:
    client, host = start(admin_token="token"), {"host": "rebound.example"}

    assert client.get(f"/w/new{ORDERS}", headers={**BASIC, **host}).status_code == 403
    assert client.get(ORDERS, headers={**BASIC, **host}).status_code == 200
    assert workspaces(client) == ["default"]
    client.get("/w/new/wp-json/", headers={**TOKEN, **host})
    assert workspaces(client) == ["default", "new"]


def test_a_thousand_strangers_evict_no_workspace(start: Start) -> None:
    client = start(workspaces=20)
    assert client.post(f"/w/mine{ORDERS}/1001/refund", json=REFUND, headers=LOGIN).status_code == 200

    statuses = {client.get(f"/w/x{number}/wp-json/").status_code for number in range(1000)}

    assert statuses == {200, 503}
    assert client.get("/w/mine/_sandbox/fluentcart/orders/1001").json()["total_refund"] == 2500


# Headers of the sandbox pass CORS.


def test_a_page_sends_a_scenario_and_reads_warnings(start: Start) -> None:
    client, origin = start(), {"origin": "http://localhost:5173"}
    preflight = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "x-sandbox-scenario"}

    allowed = client.options(f"{ORDERS}/1001/refund", headers=preflight).headers["access-control-allow-headers"]
    usual = client.options(f"{ORDERS}/1001/refund", headers=origin).headers["access-control-allow-headers"]
    client.put("/_sandbox/settings", json={"validation": "live"})
    warned = client.post(
        f"{ORDERS}/1001/refund", json={"refund_info": {**REFUND["refund_info"], "reason": 5}}, headers={**LOGIN, **origin}
    )

    assert allowed == f"{usual}, X-Sandbox-Scenario"
    assert warned.headers["x-sandbox-warning"]
    assert warned.headers["access-control-expose-headers"].endswith(", X-Sandbox-Warning")


def test_a_page_sends_a_scenario_to_a_public_operation_of_funnelfox(start: Start) -> None:
    client = start()
    headers = {"origin": "http://localhost:5173", "access-control-request-headers": "content-type,x-sandbox-scenario"}

    reply = client.options("/your-org-id/v1/price_points", headers=headers)

    assert reply.headers["access-control-allow-headers"] == "content-type,x-sandbox-scenario"
