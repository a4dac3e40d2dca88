"""Refusals of the control API: problem documents, and 401 without the admin token."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.core.spec import loader
from refund_sandbox.settings import Settings

TOKEN = "geheim-ü"
CALLS = [
    (operation.method, operation.path.format(api="fluentcart", id=1, name="one"), operation.secured)
    for operation in loader.load("sandbox").operations
]

REFUSED: dict[str, tuple[str, str, int, str]] = {
    "an unknown path": ("GET", "/nothing", 404, "No route for GET /_sandbox/nothing"),
    "the top": ("GET", "/", 404, "No route for GET /_sandbox/"),
    "another method": ("PATCH", "/state", 404, "No route for PATCH /_sandbox/state"),
    "a method of its own": ("BREW", "/state", 405, "Method BREW is not allowed for /_sandbox/state."),
    "a fault that is not enabled": ("DELETE", "/faults/nope", 404, "Fault nope not found."),
    "a request that is not remembered": ("GET", "/requests/99999", 404, "Request 99999 not found."),
    "a request that is no number": ("GET", "/requests/x", 400, "id must be a whole number."),
    "a request in other digits": ("GET", "/requests/%C2%B2", 400, "id must be a whole number."),
    "a request beyond all": ("GET", "/requests/" + "9" * 5000, 400, "id must be a whole number."),
    "an unknown filter": ("GET", "/requests?page=2", 400, "Unknown filter 'page'. Known: api, operation, status, order"),
    "a limit that is no number": ("GET", "/requests?limit=many", 400, "limit must be a whole number."),
    "a negative since": ("GET", "/requests?since=-1", 400, "since must be a whole number."),
    "an unknown API": ("GET", "/stripe/orders/1", 404, "Unknown API 'stripe'. Known: funnelfox, fluentcart."),
    "an unknown order": ("GET", "/fluentcart/orders/999999999", 404, "Order 999999999 not found in fluentcart."),
    "an order that is no number": ("GET", "/fluentcart/orders/x", 404, "Order x not found in fluentcart."),
    "orders of an unknown API": ("GET", "/stripe/orders", 404, "Unknown API 'stripe'. Known: funnelfox, fluentcart."),
    "an unknown filter of orders": (
        "GET",
        "/fluentcart/orders?sort=id",
        400,
        "Unknown filter 'sort'. Known: id, search",
    ),
    "a page before the first": ("GET", "/fluentcart/orders?page=0", 400, "page must be at least 1, and per_page 1 to 200."),
    "a page that is too long": ("GET", "/fluentcart/orders?per_page=201", 400, "page must be at least 1, and per_page 1 to 200."),
    "credentials of an unknown API": ("GET", "/stripe/credentials", 404, "Unknown API 'stripe'"),
    "an unknown order of the other": ("GET", "/funnelfox/orders/x", 404, "Order x not found in funnelfox."),
}


@pytest.mark.parametrize(("method", "path", "status", "detail"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_problem_document(method: str, path: str, status: int, detail: str, client: TestClient) -> None:
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
def test_without_the_admin_token_only_health_is_readable(method: str, path: str, secured: bool, guarded: TestClient) -> None:
    statuses = {ask(guarded, method, path, authorization) for authorization in STRANGERS}

    assert statuses == ({401} if secured else {200})
    assert secured == (path != "/health")


ENDING = [call for call in CALLS if call[1] != "/events"]
"""Operations whose reply ends. A stream of events continues until its client disconnects."""


@pytest.mark.parametrize(("method", "path", "secured"), ENDING)
def test_the_admin_token_allows_everything(method: str, path: str, secured: bool, guarded: TestClient) -> None:
    statuses = {ask(guarded, method, path, authorization) for authorization in (f"Bearer {TOKEN}", f"bearer {TOKEN}")}

    assert 401 not in statuses


def test_a_401_names_the_header_to_send(guarded: TestClient) -> None:
    reply = guarded.get("/_sandbox/state")

    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"] == "Send the admin token as Authorization: Bearer TOKEN."


def test_a_401_says_that_a_token_is_wrong(guarded: TestClient) -> None:
    reply = guarded.get("/_sandbox/state", headers={"authorization": "Bearer another"})

    assert reply.json()["detail"] == "The admin token is wrong. Send the admin token as Authorization: Bearer TOKEN."


def test_a_request_without_the_admin_token_changes_nothing(guarded: TestClient) -> None:
    bearer = {b"authorization": f"Bearer {TOKEN}".encode()}
    before = guarded.get("/_sandbox/settings", headers=bearer).json()

    guarded.put("/_sandbox/settings", json={"validation": "live"})

    assert guarded.get("/_sandbox/settings", headers=bearer).json() == before


def test_a_sandbox_without_an_admin_token_accepts_everyone(client: TestClient) -> None:
    assert client.get("/_sandbox/state").status_code == 200


WRITES = [(method, path) for method, path, _ in CALLS if method in ("POST", "PUT")]
BAD_BODIES: dict[str, tuple[str, bytes, tuple[int, ...]]] = {
    "no JSON": ("application/json", b"{", (422,)),
    "no UTF-8": ("application/json", b'{"a": "\xff"}', (422,)),
    "a list": ("application/json", b"[]", (404, 422)),
    "a number": ("application/json", b"7", (404, 422)),
    "a text": ("application/json", b'"x"', (404, 422)),
    "an unknown field": ("application/json", b'{"nope": 1}', (404, 422)),
    "a form": ("application/x-www-form-urlencoded", b"a=1", (415,)),
    "a plain text": ("text/plain", b"{}", (415,)),
    "no type": ("", b"{}", (415,)),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("kind", "body", "statuses"), BAD_BODIES.values(), ids=BAD_BODIES)
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_bad_body_is_refused_and_changes_nothing(
    method: str, path: str, kind: str, body: bytes, statuses: tuple[int, ...], client: TestClient
) -> None:
    before = snapshot(client)

    reply = client.request(method, f"/_sandbox{path}", content=body, headers={"content-type": kind} if kind else {})

    assert (reply.status_code, reply.headers["content-type"]) == (reply.status_code, "application/problem+json")
    assert reply.status_code in statuses
    assert reply.json()["detail"]
    assert snapshot(client) == before


def snapshot(client: TestClient) -> list[Any]:
    """Everything that the control API shows."""
    shown = ("state", "faults", "requests", "webhooks/deliveries", "webhooks/targets", "snapshots", "workspaces")
    return [client.get(f"/_sandbox/{path}").json() for path in shown]


BAD_FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "neither point nor scenario": ({}, "", "needs `at` (before, gateway, cancel, after, webhook) or `scenario`"),
    "another point": ({"at": "later"}, "/at", "must be one of 'before', 'gateway'"),
    "an unknown scenario": ({"scenario": "nope"}, "/scenario", "Unknown scenario 'nope'."),
    "an unknown API": ({"at": "before", "api": "stripe"}, "/api", "Unknown API 'stripe'. Known: funnelfox"),
    "an unknown operation": (
        {"at": "before", "operation": "steal"},
        "/operation",
        "See /specs/funnelfox.yaml and /specs/fluentcart.yaml.",
    ),
    "the other API's operation": (
        {"at": "after", "api": "funnelfox", "operation": "refundOrder"},
        "/operation",
        "Unknown operation 'refundOrder'. See /specs/funnelfox.yaml.",
    ),
    "nothing that happens": ({"at": "after"}, "", "has no effect: with `at: after` it needs reply, connection, delay_ms or hold"),
    "an error outside the gateway": ({"at": "before", "error": "No."}, "/error", "At before use reply"),
    "a reply at the gateway": ({"at": "gateway", "reply": {"status": 500}}, "/reply", "At gateway use error"),
    "a connection at the gateway": ({"at": "cancel", "connection": "reset"}, "/connection", "At cancel use error"),
    "another connection": ({"at": "after", "connection": "cut"}, "/connection", "must be one of 'reset', 'close'"),
    "a reply without status": ({"at": "after", "reply": {}}, "/reply/status", "is missing"),
    "a status that is none": ({"at": "after", "reply": {"status": 99}}, "/reply/status", "must be at least 200"),
    "a header that is no text": ({"at": "after", "reply": {"status": 200, "headers": {"a": 1}}}, "/reply/headers/a", "string"),
    "a negative delay": ({"at": "after", "delay_ms": -1}, "/delay_ms", "must be at least 0"),
    "a delay upside down": ({"at": "after", "delay_ms": {"min": 2, "max": 1}}, "/delay_ms", "min must not be greater"),
    "half a delay": ({"at": "after", "delay_ms": {"min": 2}}, "/delay_ms", "must be of type number or /max is missing"),
    "no times": ({"at": "gateway", "times": 0}, "/times", "must be at least 1"),
    "more than all": ({"at": "gateway", "probability": 1.5}, "/probability", "must be at most 1"),
    "unlocked without a hold": ({"at": "gateway", "unlocked": True}, "/unlocked", "is for requests that are held"),
    "a webhook without an effect": ({"at": "webhook"}, "/webhook", "is the effect on a delivery"),
    "an effect elsewhere": ({"at": "gateway", "webhook": "drop"}, "/webhook", "goes with at: webhook"),
    "a scenario of the other API": (
        {"scenario": "cancel_refused", "api": "funnelfox"},
        "/api",
        "cancel_refused is not for funnelfox, but for fluentcart",
    ),
}


@pytest.mark.parametrize(("fault", "pointer", "reason"), BAD_FAULTS.values(), ids=BAD_FAULTS)
def test_an_inconsistent_fault_is_refused(fault: dict[str, Any], pointer: str, reason: str, client: TestClient) -> None:
    reply = client.post("/_sandbox/faults", json=fault)

    assert reply.status_code == 422
    errors = {error["pointer"]: error["reason"] for error in reply.json()["errors"]}
    assert reason in errors[pointer]
    assert client.get("/_sandbox/faults").json() == {"faults": []}
