"""The webhook receivers of the documentation, which verify real deliveries."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from refund_sandbox.testing import Sandbox
from tests.support.doc_blocks import write
from tests.support.ports import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only

SECRET = "whsec_docs"
RECEIVERS = {
    "python": (sys.executable, "webhook_receiver.py"),
    "node": ("node", "webhook_receiver.mjs"),
    "php": ("php", "-S", "127.0.0.1:{port}", "webhook_receiver.php"),
}


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def receiver(language: str, folder: Path) -> Iterator[int]:
    """Start a receiver and return its port."""
    command = RECEIVERS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    write(folder, command[-1])
    port = free_port()
    environment = {**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    process = subprocess.Popen(
        [part.format(port=port) for part in command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: is_open(port))
        yield port
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.parametrize("language", RECEIVERS)
def test_a_receiver_accepts_what_is_signed_and_rejects_a_forgery(language: str, tmp_path: Path) -> None:
    with Sandbox() as sandbox, receiver(language, tmp_path) as port:
        sandbox.webhooks.targets(funnelfox=[{"url": f"http://127.0.0.1:{port}/", "signing_secret": SECRET}])
        sandbox.settings(webhooks={"retries": 0})
        order = sandbox.funnelfox.order(amount="9.99")
        refund = {"external_id": order.external_id, "order_id": order.id, "amount": "4.99"}

        sandbox.client.send("POST", "/your-org-id/v1/payment/refund", refund, sandbox.funnelfox.headers)
        accepted = sandbox.webhooks.wait_for("refund/settled")
        sandbox.fault("webhook_wrongly_signed", operation="refund/settled")
        sandbox.client.send("POST", "/your-org-id/v1/payment/refund", refund, sandbox.funnelfox.headers)
        rejected = sandbox.webhooks.wait_for("refund/settled", state="failed")

    assert accepted["attempts"][-1]["status"] == 200
    assert rejected["attempts"][-1]["status"] == 401
