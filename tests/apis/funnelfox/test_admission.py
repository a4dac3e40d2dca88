"""Access control: paths, methods, secret keys, and the order of the checks."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support.funnelfox_state import KEY, ORDER, ORG, SUBSCRIPTION, URL, USER, item, load_state, order, refund, refusal

pytestmark = pytest.mark.memory_only

KEYS = [
    {"key": KEY},
    {"key": "support-key", "group": "support"},
    {"key": "viewer-key", "group": "viewer"},
    {"key": "old-key", "enabled": False},
]


@pytest.fixture(autouse=True)
def unchanging(sandbox: SandboxApp) -> Iterator[None]:
    """Load an order and check that no test of this module changes it."""
    load_state(sandbox, order(), orgs=[{"id": ORG, "keys": KEYS}, {"id": "rival", "keys": [{"key": "rival-key"}]}])
    before = sandbox.workspace.dump()
    yield
    assert sandbox.workspace.dump() == before


NO_KEY = item("Send a valid secret key of this organisation in the ff-secret-key header.", "unauthorized")


@pytest.mark.parametrize(
    ("org", "headers"),
    [
        (ORG, {}),
        (ORG, {"ff-secret-key": ""}),
        (ORG, {"ff-secret-key": "wrong"}),
        (ORG, {"ff-secret-key": KEY.upper()}),
        (ORG, {"ff-secret-key": "old-key"}),
        (ORG, {"ff-secret-key": "rival-key"}),
        (ORG, {"authorization": f"Bearer {KEY}"}),
        ("nobody", {"ff-secret-key": KEY}),
        (ORG.upper(), {"ff-secret-key": KEY}),
    ],
)
def test_without_a_valid_key_every_answer_is_the_same(org: str, headers: dict[str, str], client: TestClient) -> None:
    response = client.post(f"/{org}/v1/payment/refund", json={"external_id": USER, "order_id": ORDER}, headers=headers)

    assert refusal(response) == (401, [NO_KEY])


@pytest.mark.parametrize("group", ["support", "viewer"])
def test_a_key_of_a_lesser_group_may_not_refund(group: str, client: TestClient) -> None:
    headers = {"ff-secret-key": f"{group}-key"}

    response = client.post(URL, json={"external_id": USER, "order_id": ORDER}, headers=headers)

    message = f"A key of the group {group} may not do this; use one of the group admin."
    assert refusal(response) == (403, [item(message, "forbidden")])


@pytest.mark.parametrize("path", ["", "/", "/payment", "/payment/refund/", "/payment/refunds", "/payment/refund/1"])
def test_an_unknown_path_is_not_found_with_any_key(path: str, client: TestClient) -> None:
    response = client.post(f"/{ORG}/v1{path}", json={})

    assert refusal(response) == (404, [item(f"There is no POST /{ORG}/v1{path} here.", "not_found")])


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("org", [ORG, "v1"])
def test_the_refund_takes_post_only(method: str, org: str, client: TestClient) -> None:
    response = client.request(method, f"/{org}/v1/payment/refund")

    message = f"{method} is not allowed; every endpoint takes POST."
    assert refusal(response) == (405, [item(message, "method_not_allowed")])
    assert response.headers["allow"] == "POST"


def test_a_body_that_is_too_large_is_refused_before_anything_else(client: TestClient) -> None:
    response = client.post(URL, content=b" " * (1024 * 1024 + 1))

    message = "The body is too large; at most 1048576 bytes are read."
    assert refusal(response) == (413, [item(message, "payload_too_large")])


@pytest.mark.parametrize(
    ("key", "content", "codes"),
    [
        ("wrong", b"{", ["unauthorized"]),
        ("viewer-key", b"{", ["forbidden"]),
        (KEY, b'{"external_id": 5', ["json_invalid"]),
        (KEY, b'{"external_id": 5, "order_id": "00000000-0000-4000-8000-000000000000", "amount": 0}', ["string_type"]),
        (KEY, b'{"external_id": "u", "order_id": "00000000-0000-4000-8000-000000000000", "amount": 0}', ["order_not_found"]),
    ],
)
def test_key_json_fields_and_order_are_checked_in_this_order(
    key: str, content: bytes, codes: list[str], client: TestClient
) -> None:
    response = client.post(URL, content=content, headers={"ff-secret-key": key})

    assert [entry["code"] for entry in refusal(response)[1]] == codes


def test_an_internal_error_has_the_apis_form_and_saves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = build(Settings(check_replies=False))
    load_state(sandbox, order(subs_id=SUBSCRIPTION))
    before = sandbox.workspace.dump()
    monkeypatch.setattr(refunds, "finish", lambda *_: 1 / 0)

    response = refund(TestClient(sandbox.app))

    assert refusal(response) == (500, [item("The sandbox failed. See its log on stderr.", "internal_error")])
    assert sandbox.workspace.dump() == before
