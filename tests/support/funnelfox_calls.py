"""How FunnelFox's tests call the operations beside the refund."""

from datetime import UTC, datetime
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import KEY, ORG, Document, state


def ask(client: TestClient, path: str, **fields: Any) -> Response:
    """Calls a secret operation; a field that is `...` is left out."""
    body = {name: value for name, value in fields.items() if value is not ...}
    return client.post(f"/{ORG}/v1{path}", json=body, headers={"ff-secret-key": KEY})


def browse(client: TestClient, path: str, **fields: Any) -> Response:
    """Calls a public operation, as a browser does: without a key."""
    return client.post(f"/{ORG}/v1{path}", json=fields)


def codes(response: Response) -> list[str]:
    """The codes of an error body."""
    return [item["code"] for item in response.json()["error"]]


def set_clock(sandbox: SandboxApp, text: str) -> None:
    """Lets time stand still at an instant and does what has fallen due on the way."""
    sandbox.workspace.services.clock.set(datetime.fromisoformat(text).replace(tzinfo=UTC))
    sandbox.workspace.refresh()


def subscription(client: TestClient, place: int = 0) -> Document:
    """One of the world's subscriptions."""
    found: Document = state(client)["subscriptions"][place]
    return found
