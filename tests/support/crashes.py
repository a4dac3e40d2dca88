"""Clients that refund while something is killed, and the check of what is stored afterwards."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from refund_sandbox.core.money import to_text
from tests.support.socket_calls import call
from tests.support.store_servers import Server, refund
from tests.support.waiting import wait_until

CLIENTS = 16
AMOUNT = "0.01"


@dataclass
class Clients:
    """Clients that refund until they are stopped. Each refund carries a comment of its own."""

    server: Server
    order_id: str
    acknowledged: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def start(self) -> None:
        """Start all clients."""
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the clients after their last replies."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        while not self._stop.is_set():
            comment = str(next(self._numbers))
            self.sent.append(comment)
            if refund(self.server.address, self.order_id, AMOUNT, comment) == 200:
                self.acknowledged.append(comment)


def assert_whole(address: tuple[str, int], clients: Clients) -> None:
    """Check that every acknowledged refund is booked once and completely, and that order and rows agree."""
    status, order = call(address, "GET", f"/_sandbox/funnelfox/orders/{clients.order_id}")
    assert status == 200
    rows = [row for row in order["transactions"] if row["psp_transaction_type"] == "REFUND"]
    booked = Counter(row["comment"] for row in rows)
    assert max(booked.values(), default=0) <= 1, "a refund is there twice"
    assert set(clients.acknowledged) <= set(booked), "an acknowledged refund is not there"
    assert set(booked) <= set(clients.sent)
    assert {(row["psp_status"], row["amount"]) for row in rows} <= {("SETTLED", AMOUNT)}
    left = 10_000 - len(rows)  # of an order of 100.00: what its own figures say is left is just what its rows leave
    assert refund(address, clients.order_id, to_text(left + 1, 2)) == 400
    assert refund(address, clients.order_id, to_text(left, 2)) == 200


def during(clients: Clients, disturb: Callable[[], None]) -> None:
    """Disturb the clients once each of them has refunded."""
    clients.start()
    wait_until(lambda: len(clients.acknowledged) > CLIENTS)
    disturb()
    clients.stop()
