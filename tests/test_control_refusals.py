"""What the control API refuses is a problem document, and with an admin token it refuses strangers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from sandbox.app import build
from sandbox.engine import spec
from sandbox.settings import Settings

TOKEN = "geheim-ü"
CALLS = [
    (operation.method, operation.path.format(api="fluentcart", id=1, name="one"), operation.secured)
    for operation in spec.load("sandbox").operations
]

REFUSED: dict[str, tuple[str, str, int, str]] = {
    "an unknown path": ("GET", "/nothing", 404, "There is no GET /_sandbox/nothing"),
    "the top": ("GET", "/", 404, "There is no GET /_sandbox/"),
    "another method": ("PATCH", "/state", 404, "There is no PATCH /_sandbox/state"),
    "a method of its own": ("BREW", "/state", 405, "BREW is not allowed here."),
    "a fault that is not armed": ("DELETE", "/faults/nope", 404, "No fault nope is armed."),
    "a request that is not remembered": ("GET", "/requests/99999", 404, "No request 99999 is remembered."),
    "a request that is no number": ("GET", "/requests/x", 400, "id must be a whole number."),
    "a request in other digits": ("GET", "/requests/%C2%B2", 400, "id must be a whole number."),
    "a request beyond all": ("GET", "/requests/" + "9" * 5000, 400, "id must be a whole number."),
    "an unknown filter": ("GET", "/requests?page=2", 400, "There is no filter page; there are api, operation, status, order"),
    "a limit that is no number": ("GET", "/requests?limit=many", 400, "limit must be a whole number."),
    "a negative since": ("GET", "/requests?since=-1", 400, "since must be a whole number."),
    "an unknown API": ("GET", "/stripe/orders/1", 404, "There is no API stripe; there are funnelfox, fluentcart."),
    "an unknown order": ("GET", "/fluentcart/orders/999999999", 404, "There is no order 999999999 in fluentcart."),
    "an order that is no number": ("GET", "/fluentcart/orders/x", 404, "There is no order x in fluentcart."),
    "an unknown order of the other": ("GET", "/funnelfox/orders/x", 404, "There is no order x in funnelfox."),
}


@pytest.mark.parametrize(("method", "path", "status", "detail"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_problem_that_says_what_was_wrong(
    method: str, path: str, status: int, detail: str, client: TestClient
) -> None:
    reply = client.request(method, f"/_sandbox{path}", headers={"content-type": "application/json"})

    assert reply.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = reply.json()
    assert (reply.status_code, problem["status"]) == (status, status)
    assert problem["detail"].startswith(detail)
    assert problem["title"]


@pytest.fixture(scope="module")
def guarded() -> TestClient:
    """A sandbox with an admin token."""
    return TestClient(build(Settings(admin_token=TOKEN)).app)


def ask(client: TestClient, method: str, path: str, authorization: str | None) -> int:
    headers = [(b"content-type", b"application/json")]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode()))
    return client.request(method, f"/_sandbox{path}", content=b"{}", headers=headers).status_code


STRANGERS = [None, "", "Bearer", "Bearer ", "Bearer geheim", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer  {TOKEN}"]


@pytest.mark.parametrize(("method", "path", "secured"), CALLS)
def test_with_an_admin_token_a_stranger_may_ask_for_health_alone(
    method: str, path: str, secured: bool, guarded: TestClient
) -> None:
    statuses = {ask(guarded, method, path, authorization) for authorization in STRANGERS}

    assert statuses == ({401} if secured else {200})
    assert secured == (path != "/health")


ENDING = [call for call in CALLS if call[1] != "/events"]
"""The calls that come to an end; a stream of events goes on until its listener leaves."""


@pytest.mark.parametrize(("method", "path", "secured"), ENDING)
def test_with_an_admin_token_its_bearer_may_do_everything(method: str, path: str, secured: bool, guarded: TestClient) -> None:
    statuses = {ask(guarded, method, path, authorization) for authorization in (f"Bearer {TOKEN}", f"bearer {TOKEN}")}

    assert 401 not in statuses


def test_a_stranger_is_told_what_to_send(guarded: TestClient) -> None:
    reply = guarded.get("/_sandbox/state")

    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"] == "Send the admin token as Authorization: Bearer TOKEN."


def test_a_stranger_changes_nothing(guarded: TestClient) -> None:
    bearer = {b"authorization": f"Bearer {TOKEN}".encode()}
    before = guarded.get("/_sandbox/settings", headers=bearer).json()

    guarded.put("/_sandbox/settings", json={"validation": "live"})

    assert guarded.get("/_sandbox/settings", headers=bearer).json() == before


def test_without_an_admin_token_nobody_is_a_stranger(client: TestClient) -> None:
    assert client.get("/_sandbox/state").status_code == 200
