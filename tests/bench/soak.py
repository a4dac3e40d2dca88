"""Soak test: minutes at full speed with faults and webhooks. Nothing fails unexpectedly, memory is flat, the ledger is right.

Run it with `.venv/bin/python -m tests.bench.soak [--minutes N] [--clients N] [--listeners N] [--json FILE]`.
Next to the webhook target that counts, each workspace has one that is down, one that is slow, and one that replies without end.
Listeners read the events of some workspaces.
Each client runs rounds in its own workspace. A round loads a new state, sends 60 requests to both APIs,
and checks the ledger and the webhooks.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

from tests.bench import servers
from tests.bench.servers import Request, Say
from tests.support.server_process import Process, serving

_CALLS = 60
"""API requests in a round."""
_ORDERS = 8
_PAID = 10_000
_ROUNDS_OF_A_WORKSPACE = 3
"""Rounds after which the workspace is deleted and created again."""
_JSON = {"Content-Type": "application/json"}
_FUNNELFOX = servers.refund_funnelfox("", "").headers
_FLUENTCART = servers.refund_fluentcart(0).headers
_SOMETIMES: dict[str, Any] = {"times": None, "probability": 0.03}
_FAULTS: tuple[dict[str, Any], ...] = (
    {"at": "before", "reply": {"status": 503}},
    {"at": "before", "delay_ms": {"min": 0, "max": 5}},
    {"at": "gateway", "error": "No."},
    {"at": "gateway", "delay_ms": {"min": 0, "max": 5}},
    {"at": "after", "reply": {"status": 502, "body": "<html>lost</html>"}},
    *({"at": "after", "connection": kind} for kind in ("reset", "close", "truncate")),
)
_WEBHOOK_FAULTS = tuple({"at": "webhook", "webhook": kind} for kind in ("duplicate", "drop", "wrong_signature"))
_SLOW_S = 2
_LOST = 0
"""Status of a request whose connection broke."""
_ALLOWED = {"refund": {200, 502, 503, _LOST}, "read": {200, 502, 503, _LOST}, "refused": {400, 401, 422, 503}}
"""Allowed statuses of each kind of request, with and without a fault."""


class Connection:
    """One HTTP connection, reopened when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """Return status and body. The status is _LOST if the connection broke before the whole reply was read."""
        body = (request.body or "").encode()
        lines = [f"{request.method} {request.path} HTTP/1.1", "Host: soak", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        try:
            reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
            self._streams = reader, writer
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            return int(head[9:12]), await reader.readexactly(int(length[1])) if length else b""
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return _LOST, b""

    def close(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


@dataclass
class Receiver:
    """A webhook target that counts events by path."""

    port: int = 0
    received: dict[str, Counter[str]] = field(default_factory=dict)

    async def start(self) -> asyncio.Server:
        """Start listening."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"(?i)content-length: (\d+)", head)
                event = json.loads(await reader.readexactly(int(length[1]) if length else 0))
                path = head.split(b" ")[1].decode()
                self.received.setdefault(path, Counter())[event["event_id"]] += 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()


@dataclass
class HostileTargets:
    """Webhook targets that are down, slow, or reply without end."""

    urls: list[str] = field(default_factory=list)

    async def start(self) -> list[asyncio.Server]:
        """Start listening."""
        servers = [await asyncio.start_server(answer, "127.0.0.1", 0) for answer in (self._reply_late, self._reply_endlessly)]
        ports = [server.sockets[0].getsockname()[1] for server in servers]
        self.urls = ["http://127.0.0.1:1/", *[f"http://127.0.0.1:{port}/" for port in ports]]
        return servers

    async def _reply_late(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.sleep(_SLOW_S)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def _reply_endlessly(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"x" * 65536)
                await writer.drain()
        writer.close()


@dataclass
class Tally:
    """Counts of requests, and unexpected results."""

    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    booked: int = 0
    deliveries: int = 0
    rounds: int = 0
    events: int = 0
    deleted: set[str] = field(default_factory=set)
    """Workspaces that were deleted at least once."""
    warm_at: int | None = None
    """Number of the memory sample from which on the request logs and delivery logs together grow no more.

    That is when all workspaces were deleted once. Their ages are mixed then.
    """
    wrong: list[str] = field(default_factory=list)


class Client:
    """Client that runs rounds in a workspace of its own."""

    def __init__(self, number: int, port: int, receiver: Receiver, hostile: Sequence[str], tally: Tally) -> None:
        self._number = number
        self._hostile = hostile
        self._name = f"soak-{number}"
        self._random = random.Random(number)  # noqa: S311
        self._connection = Connection(port)
        self._receiver = receiver
        self._tally = tally
        self._numbers = count()
        self._rounds = 0

    async def run(self, until: float) -> None:
        """Run rounds until a time."""
        while time.monotonic() < until:
            await self._round()
        self._connection.close()

    async def _round(self) -> None:
        self._rounds += 1
        hook = f"/{self._name}/{self._rounds}"
        await self._control("PUT", "/state", self._state(hook))
        for fault in (*_FAULTS, *_WEBHOOK_FAULTS):
            await self._control("POST", "/faults", {**fault, **_SOMETIMES})
        outcomes = {status: set[str]() for status in (200, 502, 503, _LOST)}
        for _ in range(_CALLS):
            await self._call(outcomes)
        await self._control("DELETE", "/faults")
        self._check_ledger(await self._control("GET", "/state"), outcomes)
        await self._check_deliveries(hook)
        self._tally.rounds += 1
        if (self._rounds + self._number) % _ROUNDS_OF_A_WORKSPACE == 0:
            await self._control("DELETE", f"/workspaces/{self._name}", within="")
            self._tally.deleted.add(self._name)

    def _state(self, hook: str) -> dict[str, Any]:
        target = {"url": f"http://127.0.0.1:{self._receiver.port}{hook}", "signing_secret": "s"}
        targets = [target, *[{"url": url} for url in self._hostile]]
        org = {"id": "your-org-id", "keys": [{"key": "sandbox-secret-key", "group": "admin"}], "webhooks": targets}
        boxes = [{"order_id": _uuid(n), "external_id": "u", "amount": f"{_PAID / 100:.2f}"} for n in range(_ORDERS)]
        carts = [
            {"id": n + 1, "total_paid": _PAID, "transactions": [{"id": n + 1, "total": _PAID, "vendor_charge_id": f"pi_ok_{n}"}]}
            for n in range(_ORDERS)
        ]
        return {"funnelfox": {"orgs": [org], "orders": boxes}, "fluentcart": {"orders": carts}}

    async def _control(self, method: str, path: str, document: Any = None, within: str | None = None) -> Any:
        """Send a request to the control API. Faults never hit it."""
        start = f"/w/{self._name}" if within is None else within
        body = None if document is None else json.dumps(document)
        status, content = await self._connection.ask(Request(method, f"{start}/_sandbox{path}", body, _JSON))
        if not 200 <= status < 300:
            self._tally.wrong.append(f"{method} {path}: {status} {content[:200]!r}")
        return json.loads(content) if content else None

    async def _call(self, outcomes: dict[int, set[str]]) -> None:
        kind, comment, order = (
            self._random.choice(("refund", "refund", "read", "refused")),
            str(next(self._numbers)),
            self._order(),
        )
        api = self._random.choice((_funnelfox, _fluentcart))
        request = api(kind, order, comment)
        status, content = await self._connection.ask(request._replace(path=f"/w/{self._name}{request.path}"))
        self._tally.calls[kind, status] += 1
        if status not in _ALLOWED[kind]:
            self._tally.wrong.append(f"{kind} {request.path}: {status} {content[:200]!r}")
        if kind == "refund":
            outcomes.setdefault(status, set()).add(comment)

    def _order(self) -> int:
        return self._random.randrange(_ORDERS)

    def _check_ledger(self, state: Any, outcomes: dict[int, set[str]]) -> None:
        """Check that every acknowledged refund and every one with a lost reply is booked once, and no refused one."""
        rows: list[tuple[str, int]] = []
        for order in state["funnelfox"]["orders"]:
            rows += [(row["comment"], 1) for row in order["transactions"] if row["psp_transaction_type"] == "REFUND"]
        for order in state["fluentcart"]["orders"]:
            own = [(row["meta"]["reason"], row["total"]) for row in order["transactions"] if row["transaction_type"] == "refund"]
            rows += own
            if sum(total for _, total in own) != order["total_refund"]:
                self._tally.wrong.append(f"order {order['id']}: {order['total_refund']} refunded, rows say {own}")
        booked = Counter(comment for comment, _ in rows)
        expected = outcomes[200] | outcomes[502] | outcomes[_LOST]
        if max(booked.values(), default=0) > 1 or set(booked) != expected:
            self._tally.wrong.append(f"booked {booked - Counter(expected)} too much, {expected - set(booked)} not at all")
        self._tally.booked += len(rows)

    async def _check_deliveries(self, hook: str) -> None:
        """Check that every delivery in the log was received, as often as it was answered. On a busy machine some time out."""
        deliveries = f"/webhooks/deliveries?url=http://127.0.0.1:{self._receiver.port}{hook}"
        deadline = time.monotonic() + 300
        while (await self._control("GET", f"{deliveries}&state=pending&limit=1"))["deliveries"] and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        listed = (await self._control("GET", f"{deliveries}&limit=1000"))["deliveries"]
        tried = Counter(one["event_id"] for one in listed for _ in one["attempts"])
        answered = Counter(one["event_id"] for one in listed for attempt in one["attempts"] if attempt["status"] is not None)
        received = self._receiver.received.pop(hook, Counter())
        if not answered <= received <= tried or any(one["state"] not in ("delivered", "dropped") for one in listed):
            counts = f"{tried.total()} tried, {answered.total()} answered, {received.total()} received"
            self._tally.wrong.append(f"deliveries: {counts}")
        self._tally.deliveries += sum(received.values())


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def _funnelfox(kind: str, order: int, comment: str) -> Request:
    if kind == "read":
        return Request("POST", "/your-org-id/v1/my_assets", json.dumps({"external_id": "u"}), _FUNNELFOX)
    amount = "0.01" if kind == "refund" else f"{_PAID}.00"
    body = {"external_id": "u", "order_id": _uuid(order), "amount": amount, "comment": comment}
    return Request("POST", "/your-org-id/v1/payment/refund", json.dumps(body), _FUNNELFOX)


def _fluentcart(kind: str, order: int, comment: str) -> Request:
    path = f"/wp-json/fluent-cart/v2/orders/{order + 1}"
    if kind == "read":
        return Request("GET", path, None, _FLUENTCART)
    info = {"transaction_id": order + 1, "amount": 1 if kind == "refund" else _PAID + 1, "reason": comment}
    return Request("POST", f"{path}/refund", json.dumps({"refund_info": info}), _FLUENTCART)


async def _listen(port: int, workspace: str, tally: Tally) -> None:
    """Read the events of a workspace. The stream ends when the workspace is deleted, and is opened again."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET /w/{workspace}/_sandbox/events HTTP/1.1\r\nHost: soak\r\n\r\n".encode())
            while content := await reader.read(2**18):
                tally.events += content.count(b"event: request")
            writer.close()
        await asyncio.sleep(0.1)


async def _every_second(process: Process, clients: int, say: Say, tally: Tally, memory: list[float]) -> None:
    """Sample the server's memory and print progress."""
    started = time.monotonic()
    while True:
        await asyncio.sleep(1)
        memory.append(process.memory())
        if tally.warm_at is None and len(tally.deleted) == clients:
            tally.warm_at = len(memory)
        if len(memory) % 15 == 0:
            seconds, calls = time.monotonic() - started, sum(tally.calls.values())
            say(f"{seconds:5.0f} s  {calls:>9,} calls  {calls / seconds:6.0f}/s  {memory[-1]:6.1f} MiB  {len(tally.wrong)} wrong")


async def _soak(process: Process, minutes: float, clients: int, listeners: int, say: Say) -> tuple[Tally, list[float]]:
    receiver, hostile, tally, memory = Receiver(), HostileTargets(), Tally(), list[float]()
    port = process.address[1]
    opened = [await receiver.start(), *await hostile.start()]
    until = time.monotonic() + minutes * 60
    watch = [asyncio.create_task(_every_second(process, clients, say, tally, memory))]
    watch += [asyncio.create_task(_listen(port, f"soak-{number % clients}", tally)) for number in range(listeners)]
    runs: list[Awaitable[None]] = [Client(number, port, receiver, hostile.urls, tally).run(until) for number in range(clients)]
    await asyncio.gather(*runs)
    for task in watch:
        task.cancel()
    for server in opened:
        server.close()
    return tally, memory


def main(minutes: float, clients: int, listeners: int, file: Path | None, say: Say) -> bool:
    """Run and print. Return whether everything was right."""
    with serving() as process:
        tally, memory = uvloop.run(_soak(process, minutes, clients, listeners, say))
        if not process.is_silent():
            tally.wrong.append(process.logged()[-2000:])
    if tally.warm_at is None:
        tally.wrong.append("the run is too short: not every workspace was deleted once")
    warm = memory[tally.warm_at or 0 :]
    third = max(1, len(warm) // 3)
    first, last = statistics.median(warm[:third]), statistics.median(warm[-third:])
    is_flat = last <= first * 1.05
    calls = {f"{kind} {status or 'lost'}": number for (kind, status), number in sorted(tally.calls.items())}
    for name, number in calls.items():
        say(f"{name:14}{number:>10,}")
    total = sum(tally.calls.values())
    say(f"{total:,} calls, {total / minutes / 60:.0f} a second; {tally.booked:,} refunds booked, as expected")
    say(f"{tally.rounds:,} rounds; {tally.deliveries:,} deliveries, as expected; {tally.events:,} events heard")
    say(f"memory after warming up: {first:.1f} MiB, at the end {last:.1f} MiB: {'flat' if is_flat else 'GROWING'}")
    say(f"wrong: {len(tally.wrong)}")
    for line in tally.wrong[:20]:
        say(f"  {line}")
    results = {"minutes": minutes, "calls": calls, "booked": tally.booked, "deliveries": tally.deliveries, "rounds": tally.rounds}
    servers.write_results(
        {**results, "memory": memory, "warm_at": tally.warm_at, "first": first, "last": last, "wrong": tally.wrong}, file
    )
    return is_flat and not tally.wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--listeners", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print_line: Callable[[str], object] = lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush())  # noqa: E731
    sys.exit(0 if main(options.minutes, options.clients, options.listeners, options.json, print_line) else 1)
