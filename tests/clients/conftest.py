"""A server that was started without options, and a workspace of it for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support.server_thread import listen


class Target(NamedTuple):
    """A workspace, and what a client needs to call it."""

    url: str

    def spec(self, api: str, ending: str = "yaml") -> str:
        """URL of an API's spec."""
        return f"{self.url}/specs/{api}.{ending}"

    def read(self, api: str) -> bytes:
        """Return an API's spec, as it is served."""
        return httpx2.get(self.spec(api)).raise_for_status().content

    def control(self, path: str) -> Any:
        return httpx2.get(f"{self.url}/_sandbox{path}").raise_for_status().json()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    sandbox = build(Settings(check_replies=True))
    listening = listen(sandbox.app)
    yield listening.url
    listening.stop()
    sandbox.close()


@pytest.fixture
def target(server_url: str, tmp_path: Path) -> Target:
    return Target(f"{server_url}/w/{tmp_path.name.strip('_.')}")


@pytest.fixture
def http(target: Target) -> Iterator[httpx2.Client]:
    """Client of the workspace, which exists: a page of another origin may not create one."""
    with httpx2.Client(base_url=target.url) as client:
        client.post("/_sandbox/reset", json={}).raise_for_status()
        yield client
