"""A live service that sends its reply byte by byte."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from refund_sandbox.core.verification import Case
from refund_sandbox.verify.http_exchange import HttpExchange, NoReply

pytestmark = pytest.mark.memory_only

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def dripping_url() -> Iterator[str]:
    """Service that sends a byte of the body every 20 ms."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):  # the client hangs up
                connection.recv(65536)
                connection.sendall(HEAD)
                while True:
                    connection.sendall(b" ")
                    time.sleep(0.02)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_body_that_never_ends_is_no_reply(dripping_url: str) -> None:
    case = Case("an order", "getOrder", "read", "GET", "/orders/1")

    with HttpExchange(dripping_url, 0.5) as exchange, pytest.raises(NoReply, match="not complete after"):
        exchange.send(case)
