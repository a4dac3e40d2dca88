"""What every test starts from: one sandbox a session, back at the demo world for each test, by ASGI or on a socket."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.testclient import TestClient

from sandbox.app import Sandbox, build
from sandbox.settings import Settings


@pytest.fixture(scope="session")
def shared_sandbox() -> Sandbox:
    return build(Settings(check_replies=True))


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    """The demo world, strict, with every reply checked against its spec."""
    shared_sandbox.workspace.reset()
    return shared_sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> TestClient:
    """Calls the sandbox in this process."""
    return TestClient(sandbox.app)


@pytest.fixture(scope="session")
def socket_of_session(shared_sandbox: Sandbox) -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(shared_sandbox.app, log_level="critical", lifespan="off", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.005)
    host, port = listener.getsockname()
    yield host, port
    server.should_exit = server.force_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def address(sandbox: Sandbox, socket_of_session: tuple[str, int]) -> tuple[str, int]:
    """Host and port of the same sandbox on a real socket."""
    return socket_of_session
