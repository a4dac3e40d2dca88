"""Effect of each scenario on a refund, derived from its faults; tests compare it with a running sandbox."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from refund_sandbox import app
from refund_sandbox.core.workspaces.fixtures import read_scenarios

APIS = {"funnelfox": "FunnelFox", "fluentcart": "FluentCart"}
PHASES = {
    "before": "before processing",
    "gateway": "at the payment gateway",
    "cancel": "at the payment gateway",
    "after": "after booking",
    "webhook": "webhook delivery",
}
_CONNECTIONS = {
    "reset": "the connection is reset; no reply",
    "close": "the connection is closed; no reply",
    "truncate": "the reply ends in the middle of the body",
    "hang": "no reply; the client times out",
}
_WEBHOOKS = {
    "duplicate": "the next webhook is delivered twice",
    "reorder": "the next webhook is delivered 2 s late, after those that follow",
    "wrong_signature": "the next signed webhook has a wrong signature",
    "drop": "the next webhook is not delivered",
}


@dataclass(frozen=True)
class Effect:
    """The effect of a scenario on a refund of one API.

    `status` is the HTTP status that a client sees, None where no whole reply comes; `error` says how the connection fails.
    """

    scenario: str
    title: str
    api: str
    fault: Mapping[str, Any]
    status: int | None
    error: str
    sees: str
    booked: bool
    remark: str = ""

    @property
    def phase(self) -> str:
        """The phase of the request in which the fault hits."""
        return PHASES[self.fault["at"]]

    @property
    def operation(self) -> str:
        """The operations that the scenario hits."""
        points = {"gateway": "refund", "cancel": "refund, cancellation", "webhook": "every topic"}
        return points.get(self.fault["at"]) or (f"`{self.fault['operation']}`" if "operation" in self.fault else "any")


def effects() -> Iterator[Effect]:
    """Every scenario, for each API that it hits."""
    for name, scenario in read_scenarios(app.APIS[api] for api in APIS).items():
        for fault in scenario["faults"]:
            for api in [fault["api"]] if "api" in fault else APIS:
                if fault.get("webhook") != "wrong_signature" or api == "funnelfox":  # FluentCart signs nothing
                    yield Effect(name, scenario["title"], api, fault, **_seen(api, fault))


def _seen(api: str, fault: Mapping[str, Any]) -> dict[str, Any]:
    at, share = fault["at"], fault.get("probability", 1)
    if at == "webhook":
        return _usual(f"the usual reply; {_WEBHOOKS[fault['webhook']]}")
    if "connection" in fault:
        kind = fault["connection"]
        error = {"truncate": "truncated", "hang": "timeout"}.get(kind, "reset")
        return {"status": None, "error": error, "sees": _CONNECTIONS[kind], "booked": at == "after"}
    if "reply" in fault:
        sees = _reply(fault["reply"]) if share == 1 else f"in {share:.0%} of the requests: {_reply(fault['reply'])}"
        return {"status": fault["reply"]["status"], "error": "", "sees": sees, "booked": False}
    if "error" in fault:
        return _failed(api, at, fault["error"])
    if "hold" in fault:
        return _usual(f"no reply until `POST /_sandbox/faults/{fault['hold']}/release`, then the usual reply")
    return _usual(f"the usual reply, {_seconds(fault['delay_ms'])} s late")


def _seconds(delay_ms: float | Mapping[str, float]) -> str:
    if isinstance(delay_ms, Mapping):
        return f"{delay_ms['min'] / 1000:g} to {delay_ms['max'] / 1000:g}"
    return f"{delay_ms / 1000:g}"


def _usual(sees: str) -> dict[str, Any]:
    return {"status": 200, "error": "", "sees": sees, "booked": True}


def _reply(reply: Mapping[str, Any]) -> str:
    headers = [f"`{name}: {value}`" for name, value in reply.get("headers", {}).items()]
    body = "and a body of that type" if "body" in reply else "and the error body of the API"
    return " ".join([f"HTTP {reply['status']}", *(["with", *headers] if headers else []), body])


def _failed(api: str, at: str, error: str) -> dict[str, Any]:
    """A call to the payment gateway that fails. FluentCart books the refund first, FunnelFox afterwards."""
    if at == "cancel":
        sees = f"HTTP 200; `subscription_cancel.status` is `failed`: {error}"
        return _usual(sees) | {"remark": "the subscription stays active"}
    if api == "fluentcart":
        sees = f"HTTP 200; `gateway_refund.status` is `failed`: {error}"
        return _usual(sees) | {"remark": "no money is returned"}
    return _usual("HTTP 200 `{}`") | {"booked": False, "remark": f"the transaction is FAILED: {error}"}
