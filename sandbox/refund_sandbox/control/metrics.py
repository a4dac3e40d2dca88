"""Metrics for Prometheus. Counting begins at the first read, with what the request log has, so that it costs nothing before."""

import json
from asyncio import sleep
from collections.abc import Mapping, Sequence
from functools import cache, partial
from multiprocessing import current_process
from typing import Any

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.fault import NO_REPLY
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.core.webhooks.outbox import DELIVERIES
from refund_sandbox.core.workspaces.registry import Workspaces
from refund_sandbox.core.workspaces.workspace import Workspace

_PAGE_SIZE = 100
"""Entries of a request log that are read at once."""
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class MetricsEndpoints:
    """Handler of the operation getMetrics."""

    def __init__(self, workspaces: Workspaces, executor: Executor, apis: Mapping[str, Api]) -> None:
        self._workspaces = workspaces
        self._executor = executor
        self._apis = apis
        self._metrics: _Metrics | None = None

    async def get_metrics(self, request: ControlRequest) -> Response:
        """Return the metrics of all workspaces. Raise ControlError if the extra is not installed."""
        try:
            from prometheus_client.exposition import choose_encoder
        except ImportError:
            detail = "prometheus-client is not installed. Use: pip install 'refund-sandbox[metrics]'"
            raise ControlError(501, detail) from None
        if self._metrics is None:
            self._metrics = _Metrics(self._apis)
            await self._start(self._metrics)
        await self._count_deliveries(self._metrics)
        encode, content_type = choose_encoder(request.http.headers.get("accept", ""))
        return Response(encode(self._metrics.registry), headers={"Content-Type": content_type})

    async def _start(self, metrics: "_Metrics") -> None:
        """Count every request from now on, and those in the request logs, in pieces."""
        run = self._executor.run_in_thread_of_control
        newest = [(one, await run(one.journal.newest_id) + 1) for one in self._workspaces.opened()]
        await run(partial(self._workspaces.observe, metrics.observe))  # it may wait for a workspace that is being opened
        for workspace, before in newest:
            while before > 1:
                page = partial(workspace.journal.find, {}, before=before, limit=_PAGE_SIZE)
                entries = await run(page)
                for entry in entries:
                    metrics.count_entry(json.loads(entry.json))
                before = entries[-1].id if entries else 0
                await sleep(0)

    async def _count_deliveries(self, metrics: "_Metrics") -> None:
        metrics.workspaces.set(len(await self._executor.run_in_thread_of_control(self._workspaces.names)))
        metrics.deliveries.clear()
        for workspace in self._workspaces.opened():
            for delivery in await self._executor.run_in_thread_of_control(partial(_deliveries, workspace)):
                metrics.deliveries.labels(delivery.api, delivery.state).inc()
            await sleep(0)


def _deliveries(workspace: Workspace) -> Sequence[Any]:
    with workspace.store.read_only() as transaction:
        return transaction.all(DELIVERIES)


class _Metrics:
    """Counters of one process. With several workers each has its own, and the label `process` tells them apart."""

    def __init__(self, apis: Mapping[str, Api]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._refund_records = {name: api.descriptor.refund_form.REFUND_RECORD for name, api in apis.items()}
        process = current_process().pid
        self._labelled = cache(lambda metric, *labels: metric.labels(*labels, process))
        self.registry = registry = CollectorRegistry()

        def metric(kind: Any, name: str, text: str, *labels: str, **options: Any) -> Any:
            return kind(f"refund_sandbox_{name}", text, labels, registry=registry, **options)

        self._requests = metric(Counter, "requests", "Requests to the APIs.", "api", "operation", "status", "process")
        self._refunds = metric(Counter, "refunds", "Requests that booked a refund.", "api", "process")
        self._faults = metric(Counter, "faults_hit", "Hits of faults.", "scenario", "at", "process")
        seconds = ("request_seconds", "Duration of requests in seconds.", "api", "process")
        self._seconds = metric(Histogram, *seconds, buckets=_BUCKETS_S)
        self.deliveries = metric(Gauge, "deliveries", "Webhook deliveries in the delivery logs.", "api", "state")
        self.workspaces = metric(Gauge, "workspaces", "Workspaces.")

    def observe(self, _workspace: str, _request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        """Count a request: an observer of journals."""
        refund = self._refund_records[metadata.api]
        new = [one.after for one in metadata.changes if one.kind == refund.record and one.before is None]
        self._count(
            (metadata.api, metadata.operation or "", _status(reply.status, reply.connection)),
            metadata.microseconds / 1_000_000,
            [(fault.scenario or "", fault.at) for fault in metadata.faults],
            has_refund=any(refund.is_booked(partial(getattr, record)) for record in new),
        )

    def count_entry(self, entry: Mapping[str, Any]) -> None:
        """Count a request of a request log."""
        refund = self._refund_records[entry["api"]]
        new = [one["after"] for one in entry["changes"] if one["record"] == refund.record and one["before"] is None]
        self._count(
            (entry["api"], entry["operation"] or "", _status(entry["status"], entry["connection"])),
            entry["duration_ms"] / 1000,
            [(fault["scenario"] or "", fault["at"]) for fault in entry["faults"]],
            has_refund=any(refund.is_booked(record.get) for record in new),
        )

    def _count(
        self, request: tuple[str, str, str], seconds: float, faults: Sequence[tuple[str, str]], *, has_refund: bool
    ) -> None:
        self._labelled(self._requests, *request).inc()
        self._labelled(self._seconds, request[0]).observe(seconds)
        for fault in faults:
            self._labelled(self._faults, *fault).inc()
        if has_refund:
            self._labelled(self._refunds, request[0]).inc()


def _status(status: int, connection: str | None) -> str:
    """Return the status that the client received, or "none"."""
    return "none" if connection in NO_REPLY else str(status)
