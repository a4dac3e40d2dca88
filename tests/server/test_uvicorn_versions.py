"""Tested and other versions of uvicorn."""

import logging
from collections.abc import Iterator

import pytest
import uvicorn

from refund_sandbox.app import build
from refund_sandbox.server.uvicorn_server import is_tested
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_thread import Listening, listen

REFUND = raw_http.refund("fluentcart", b'{"refund_info": {"transaction_id": 129237, "amount": 100}}')


def test_the_installed_version_is_a_tested_one() -> None:
    assert is_tested(uvicorn.__version__), "run the tests of tests/server with this uvicorn, then add it to the tested versions"


@pytest.mark.parametrize(
    ("version", "tested"),
    [("0.34.0", True), ("0.40.1", True), ("0.33.9", False), ("1.0", False), ("x", False)],
)
def test_other_versions_are_not_tested(version: str, tested: bool) -> None:
    assert is_tested(version) is tested


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Listening]:
    """A sandbox on a uvicorn of an unknown version."""
    monkeypatch.setattr(uvicorn, "__version__", "0.999.0")
    sandbox = build(Settings())
    with caplog.at_level(logging.WARNING):
        listening = listen(sandbox.app)
    yield listening
    listening.stop()
    sandbox.close()


def test_with_an_unknown_version_uvicorns_own_protocol_answers(plain: Listening, caplog: pytest.LogCaptureFixture) -> None:
    (answer,) = raw_http.exchange(plain.address, [REFUND], count=1)

    assert answer.status == 200
    assert b'"fluent_cart_refund":{"status":"success"' in answer.body
    assert [record.args for record in caplog.get_records("setup")] == [("0.999.0",)]


def test_with_an_unknown_version_a_reply_can_be_lost(plain: Listening) -> None:
    fault = b'{"api": "fluentcart", "at": "after", "connection": "close"}'
    enable = raw_http.request("POST", "/_sandbox/faults", fault, {"content-type": "application/json"})
    raw_http.exchange(plain.address, [enable], count=1)

    assert raw_http.exchange(plain.address, [REFUND], count=1) == []
