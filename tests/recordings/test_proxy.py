"""The recording proxy over sockets: what it passes on, and that no request is ever sent twice."""

import socket
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.recorded_service import BreakingService
from tests.support.recording_proxy import exchange, http_request, recording, status_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only

REFUND = "/wp-json/fluent-cart/v2/orders/1001/refund"
JSON = {"Content-Type": "application/json", "Authorization": "Basic YWRtaW46c2VjcmV0IHBhc3N3b3Jk"}
BODY = {"refund_info": {"transaction_id": 1, "amount": 25}}


@pytest.mark.parametrize("how", ["reset", "close", "hang", "truncate", "garbage", "bad gateway"])
def test_a_refund_is_sent_once_however_the_service_fails(how: str, tmp_path: Path) -> None:
    timeout_s = 0.5 if how == "hang" else 20
    with BreakingService(how) as service, recording(service.url, tmp_path / "r.json", timeout_s=timeout_s) as proxy:
        reply = exchange(proxy.address, http_request("POST", REFUND, JSON, BODY))

    assert service.refunds == 1
    [case] = proxy.cases
    assert case["request"]["body"] == BODY
    assert (how == "bad gateway") == ("without_reply" not in case)
    assert status_of(reply) == (200 if how == "truncate" else 502)


def test_a_service_that_does_not_answer_at_all_is_said_not_to_have_got_the_request(tmp_path: Path) -> None:
    with recording(f"http://127.0.0.1:{free_port()}", tmp_path / "r.json") as proxy:
        reply = exchange(proxy.address, http_request("POST", REFUND, JSON, BODY))

    assert status_of(reply) == 502
    [case] = proxy.cases
    assert case["without_reply"].startswith("not sent, ")


def test_a_client_that_is_gone_does_not_lose_the_recorded_reply(tmp_path: Path) -> None:
    with BreakingService("slow") as service, recording(service.url, tmp_path / "r.json") as proxy:
        with socket.create_connection(proxy.address) as connection:
            connection.sendall(http_request("POST", REFUND, JSON, BODY))
            wait_until(lambda: service.refunds == 1)
        wait_until(lambda: len(proxy.cases) == 1)

    assert service.refunds == 1
    assert proxy.cases[0]["expect"]["body"] == {}


def test_a_proxy_that_ends_writes_the_request_in_progress(tmp_path: Path) -> None:
    with BreakingService("hang") as service, recording(service.url, tmp_path / "r.json", timeout_s=30) as proxy:
        connection = socket.create_connection(proxy.address)
        connection.sendall(http_request("POST", REFUND, JSON, BODY))
        wait_until(lambda: service.refunds == 1)

    connection.close()
    assert service.refunds == 1
    assert proxy.cases[0]["without_reply"] == "the recording ended before a reply came"
