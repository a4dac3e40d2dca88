"""Client helpers for FunnelFox's operations."""

from datetime import UTC, datetime
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import KEY, ORG, Document, state


def call(client: TestClient, path: str, **fields: Any) -> Response:
    """Call an operation with the secret key. A field with the value `...` is not sent."""
    body = {name: value for name, value in fields.items() if value is not ...}
    return client.post(f"/{ORG}/v1{path}", json=body, headers={"ff-secret-key": KEY})


def call_public(client: TestClient, path: str, **fields: Any) -> Response:
    """Call a public operation without a key, as a browser does."""
    return client.post(f"/{ORG}/v1{path}", json=fields)


def data(response: Response) -> Any:
    """Return the data of a success, without its envelope."""
    document = response.json()
    assert document.keys() == {"status", "data", "req_id"}, document
    assert document["status"] == "success"
    return document["data"]


def error_codes(response: Response) -> list[str]:
    return [item["code"] for item in response.json()["error"]]


def set_clock(sandbox: SandboxApp, text: str) -> None:
    """Freeze the clock at an instant and run the tasks that are due."""
    sandbox.workspace.set_clock(datetime.fromisoformat(text).replace(tzinfo=UTC), frozen=True)


def subscription(client: TestClient, index: int = 0) -> Document:
    """Return a subscription of the state by its index."""
    found: Document = state(client)["subscriptions"][index]
    return found
