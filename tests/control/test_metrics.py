"""Metrics for Prometheus."""

import re
import sys
from collections.abc import Iterator, Mapping

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.journal.observed import ObservedJournal
from refund_sandbox.settings import Settings
from tests.support import raw_http

prometheus_client = pytest.importorskip("prometheus_client")
parser = pytest.importorskip("prometheus_client.parser")


@pytest.fixture
def fresh(store_url: str) -> Iterator[SandboxApp]:
    """A sandbox whose metrics nobody has read."""
    sandbox = build(Settings(store=store_url))
    sandbox.workspace.reset()
    yield sandbox
    sandbox.close()


def refund(client: TestClient, api: str = "fluentcart", prefix: str = "", **headers: str) -> int:
    path, body = raw_http.PATHS[api], raw_http.REFUNDS[api]
    return client.post(f"{prefix}{path}", json=body, headers={**raw_http.CREDENTIALS, **headers}).status_code


def read(client: TestClient) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and its labels, without the process."""
    reply = client.get("/_sandbox/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    samples = [sample for family in parser.text_string_to_metric_families(reply.text) for sample in family.samples]
    return {(sample.name.removeprefix("refund_sandbox_"), *_labels(sample.labels)): sample.value for sample in samples}


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [value for name, value in sorted(labels.items()) if name != "process"]


def test_requests_refunds_faults_and_durations_are_counted(fresh: SandboxApp) -> None:
    client = TestClient(fresh.app)
    client.put("/_sandbox/state", json=raw_http.STATE)
    assert refund(client) == 200
    read(client)
    refund(client, prefix="/w/mine")
    client.post("/_sandbox/faults", json={"api": "fluentcart", "at": "before", "reply": {"status": 503}})
    assert refund(client) == 503

    metrics = read(client)

    assert metrics["requests_total", "fluentcart", "refundOrder", "503"] == 1
    assert metrics["refunds_total", "fluentcart"] >= 1
    assert metrics["faults_hit_total", "before", ""] == 1
    assert metrics["request_seconds_count", "fluentcart"] == 3
    assert metrics[("workspaces",)] >= 2


def test_a_declined_refund_that_books_nothing_is_not_counted(fresh: SandboxApp) -> None:
    client = TestClient(fresh.app)
    client.put("/_sandbox/state", json=raw_http.STATE)
    read(client)
    client.post("/_sandbox/faults", json={"scenario": "gateway_declined", "api": "funnelfox"})

    assert refund(client, "funnelfox") == 200

    metrics = read(client)
    assert metrics["requests_total", "funnelfox", "refundPayment", "200"] == 1
    assert ("refunds_total", "funnelfox") not in metrics


def test_the_first_read_counts_the_request_log(fresh: SandboxApp) -> None:
    client = TestClient(fresh.app)
    client.put("/_sandbox/state", json=raw_http.STATE)
    for _ in range(3):
        refund(client)

    before, after = read(client), read(client)

    assert before["request_seconds_count", "fluentcart"] == after["request_seconds_count", "fluentcart"] == 3
    assert before["refunds_total", "fluentcart"] >= 1


def test_deliveries_are_counted_by_state(fresh: SandboxApp) -> None:
    client = TestClient(fresh.app)
    client.put("/_sandbox/webhooks/targets", json={"funnelfox": [{"url": "http://127.0.0.1:1/"}]})
    client.post("/_sandbox/faults", json={"at": "webhook", "webhook": "drop"})
    client.post("/_sandbox/funnelfox/webhooks/trigger", json={"topic": "refund/settled"})

    assert read(client)["deliveries", "funnelfox", "dropped"] == 1


@pytest.mark.memory_only
def test_before_the_first_read_no_request_is_observed(fresh: SandboxApp) -> None:
    client = TestClient(fresh.app)
    refund(client)
    assert not isinstance(fresh.workspace.journal, ObservedJournal)

    read(client)

    assert isinstance(fresh.workspace.journal, ObservedJournal)


@pytest.mark.memory_only
def test_without_the_extra_the_error_names_it(fresh: SandboxApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client.exposition", None)

    reply = TestClient(fresh.app).get("/_sandbox/metrics")

    assert reply.status_code == 501
    assert re.search(r"pip install 'refund-sandbox\[metrics\]'", reply.json()["detail"])


@pytest.mark.memory_only
def test_metrics_need_the_admin_token() -> None:
    client = TestClient(build(Settings(admin_token="secret")).app)

    assert client.get("/_sandbox/metrics").status_code == 401
    assert client.get("/_sandbox/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200
