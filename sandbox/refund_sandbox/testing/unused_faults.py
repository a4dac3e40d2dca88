"""Faults that never hit: which they are, which requests came near, and why those did not match."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from refund_sandbox.testing.logged_requests import LoggedRequest

Fault = Mapping[str, Any]
_MAX_NEAREST = 3


def find_unused(faults: Sequence[Fault], read_requests: Callable[[], Sequence[LoggedRequest]]) -> list[Fault]:
    """Return the enabled faults without a hit, except optional ones and the other half of a scenario of two APIs."""
    unused = [fault for fault in faults if not fault["hits"] and not fault["optional"]]
    if not any(fault["scenario"] and fault["api"] for fault in unused):
        return unused
    hits = [hit for request in read_requests() for hit in request.document["faults"]]
    return [fault for fault in unused if not any(_is_other_half(fault, hit) for hit in hits)]


def describe_unused(unused: Sequence[Fault], requests: Sequence[LoggedRequest], topics: Sequence[str]) -> str:
    """Return a text about each fault with its nearest requests. `topics` are those of the webhooks that were sent."""
    return "\n".join(line for fault in unused for line in _lines(fault, requests, topics))


def _is_other_half(fault: Fault, hit: Fault) -> bool:
    """Whether both were enabled as one scenario, for different APIs."""
    return (
        fault["scenario"] is not None
        and (fault["scenario"], fault["match"]) == (hit["scenario"], hit["match"])
        and fault["api"] != hit["api"]
    )


def _lines(fault: Fault, requests: Sequence[LoggedRequest], topics: Sequence[str]) -> Iterator[str]:
    yield f"  {_title(fault)}"
    if fault["at"] == "webhook":
        yield f"    webhooks: {', '.join(dict.fromkeys(topics))}" if topics else "    no webhook was sent"
        return
    near = sorted(((_reasons(fault, request), request) for request in requests), key=lambda one: len(one[0]))
    if not near:
        yield "    no request came"
    for reasons, request in near[:_MAX_NEAREST]:
        yield f"    #{request.id} {request.method} {request.path}: {', '.join(reasons)}"


def _title(fault: Fault) -> str:
    """`reply_lost of refundOrder for order 1016 (acme, phase after)`."""
    limits = [f"{'order' if name == 'order_id' else name} {value}" for name, value in fault["match"].items()]
    operation = f" of {fault['operation']}" if fault["operation"] else ""
    aim = f" for {' and '.join(limits)}" if limits else ""
    place = ", ".join([*([fault["api"]] if fault["api"] else []), f"phase {fault['at']}"])
    return f"{fault['scenario'] or 'fault ' + fault['id']}{operation}{aim} ({place})"


def _reasons(fault: Fault, request: LoggedRequest) -> list[str]:
    """Return why the fault did not hit the request."""
    wanted = {name: fault[name] for name in ("api", "operation") if fault[name] is not None}
    reasons = [
        f"{name} is {getattr(request, name)}, not {value}" for name, value in wanted.items() if getattr(request, name) != value
    ]
    if not reasons and fault["at"] == "gateway" and not request.is_refund and not fault["operation"]:
        reasons = [f"{request.operation} is no refund"]
    reasons += [
        f"{name} is {found}, not {value}" if found is not None else f"it has no {name}"
        for name, value in fault["match"].items()
        if str(found := _field(request, name)) != str(value)
    ]
    return reasons or [_reason_of_a_match(fault, request)]


def _field(request: LoggedRequest, name: str) -> Any:
    """Return a field of the request that `match` compares, None without it."""
    if name == "order_id":
        return request.order
    body = request.body if isinstance(request.body, Mapping) else {}
    parts = [body, *(value for value in body.values() if isinstance(value, Mapping))]
    return next((part[name] for part in parts if name in part), None)


def _reason_of_a_match(fault: Fault, request: LoggedRequest) -> str:
    """Return why a fault did not hit a request that fits it."""
    if request.document["faults"]:
        first = request.document["faults"][0]
        return f"{first['scenario'] or 'fault ' + first['id']} hit it instead"
    if fault["skip"]:
        return f"{fault['skip']} more requests pass (skip)"
    if fault["probability"] < 1:
        return f"it was not drawn (probability {fault['probability']:g})"
    if fault["at"] != "before" and request.status >= 400:
        return f"it was refused with {request.status}"
    return "it came before the fault was enabled"
