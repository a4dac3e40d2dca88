"""Only pages of the sandbox itself may use the control API and the console in a browser."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build, read_settings
from refund_sandbox.settings import Settings, SettingsError

pytestmark = pytest.mark.memory_only
OWN = ("/", "/docs", "/_console/main.js", "/_sandbox/state", "/_sandbox/nothing", "/w/one/_sandbox/state")
ELSEWHERE = "rebound.example:8000"


@pytest.fixture(scope="module")
def named() -> TestClient:
    """A sandbox with an allowed host name."""
    return TestClient(build(Settings(host="box.example", allowed_hosts=("sandbox.example.com",))).app)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:8000", "192.0.2.7", "[::1]:8000", "localhost:8000", "LOCALHOST.", "shop.localhost:8000"),
        *("refund-sandbox:8000", "host.docker.internal:8000", "refund-sandbox.default.svc.cluster.local"),
        *("box.example:8000", "Sandbox.Example.com", "sandbox.example.com.:80"),
    ],
)
def test_addresses_private_names_and_allowed_names_are_accepted(host: str, named: TestClient) -> None:
    assert named.get("/_sandbox/state", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("rebound.example", ELSEWHERE, "127.0.0.1.rebound.example", "localhost.rebound.example", "example.com"),
        *("sandbox.example.com.rebound.example", "not-sandbox.example.com", "rebound.example:x", "[::1", "a.b@rebound.example"),
    ],
)
def test_a_rebound_host_name_is_refused(host: str, named: TestClient) -> None:
    reply = named.get("/_sandbox/state", headers={"host": host})

    assert (reply.status_code, reply.headers["content-type"]) == (403, "application/problem+json")
    assert reply.json()["detail"] == (f"Host {host} is not allowed; add it with --allowed-hosts.")


@pytest.mark.parametrize("path", OWN)
def test_nothing_of_the_sandbox_itself_is_shown_to_a_rebound_host(path: str, client: TestClient) -> None:
    assert client.get(path, headers={"host": ELSEWHERE}).status_code == 403


def test_a_rebound_host_changes_nothing(sandbox: SandboxApp, client: TestClient) -> None:
    before = sandbox.workspace.dump()
    headers = {"host": ELSEWHERE, "origin": f"http://{ELSEWHERE}"}

    assert client.post("/_sandbox/reset", json={"fixture": "empty"}, headers=headers).status_code == 403
    assert sandbox.workspace.dump() == before


@pytest.mark.parametrize("path", ["/_sandbox/health", "/w/one/_sandbox/health", "/specs/sandbox.yaml"])
def test_health_and_specs_are_served_to_every_host_name(path: str, client: TestClient) -> None:
    assert client.get(path, headers={"host": ELSEWHERE}).status_code == 200
    assert "one" not in client.get("/_sandbox/workspaces").json()["workspaces"]


def test_with_an_admin_token_every_host_name_is_accepted() -> None:
    client = TestClient(build(Settings(admin_token="secret")).app)

    token = {"authorization": "Bearer secret"}
    assert client.get("/_sandbox/state", headers={"host": ELSEWHERE, **token}).status_code == 200
    assert client.get("/_sandbox/state", headers={"host": ELSEWHERE}).status_code == 401


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://testserver", 200), ("http://evil.test", 403), ("http://testserver:81", 403), ("http://[", 403), ("null", 403)],
)
def test_a_page_of_another_origin_changes_nothing(origin: str, status: int, client: TestClient) -> None:
    reply = client.post("/_sandbox/reset", json={}, headers={"origin": origin})

    assert reply.status_code == status


def test_names_are_read_from_a_list() -> None:
    variables = {"REFUND_SANDBOX_ALLOWED_HOSTS": "sandbox.example.com, box.example"}

    assert read_settings({}, variables).allowed_hosts == ("sandbox.example.com", "box.example")


@pytest.mark.parametrize("text", ["", "http://box.example", "box.example:8000", "box.example,", "*.example"])
def test_an_invalid_host_name_is_refused(text: str) -> None:
    flags: dict[str, Any] = {"allowed_hosts": text}

    with pytest.raises(SettingsError, match=r"Invalid value for --allowed-hosts: .* \(expected names like sandbox"):
        read_settings(flags, {})
