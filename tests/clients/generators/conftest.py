"""The tools, and a workspace of a real server for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.clients.generators.tools import Tools, reason_to_skip
from tests.support.server_thread import listen


class Target(NamedTuple):
    """A workspace of a server that was started without options, and what a generated client needs to call it."""

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
def tools() -> Tools:
    if reason := reason_to_skip():
        pytest.skip(reason)
    return Tools()


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
