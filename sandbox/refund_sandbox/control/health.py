"""Health of the server. It answers whatever the store does, to every host name, and opens no workspace."""

from typing import Any

from starlette.types import Receive, Scope, Send

from refund_sandbox import __version__
from refund_sandbox.control.endpoint import json_reply
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.core.workspaces.registry import name_of


class Health:
    """Endpoint of the operation getHealth: liveness, version, store, and the workspace that the path names.

    While this process loads a large state, `loading` says how many of its orders are done.
    """

    def __init__(self, operation: SpecOperation, store: str, progress: Progress) -> None:
        self.operation = operation
        self._store = store
        self._progress = progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        health: dict[str, Any] = {"status": "ok", "version": __version__, "store": self._store, "workspace": name_of(scope)}
        work = self._progress
        if work.total:
            health["loading"] = {"orders": work.total, "done": work.done}
        await json_reply(health)(scope, receive, send)
