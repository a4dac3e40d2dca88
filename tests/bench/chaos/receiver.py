"""Webhook endpoint that counts events by path and by the refund that they are about."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class EventCounter:
    """Received events: how often each id came, by path and refund."""

    def __init__(self) -> None:
        self.url = ""
        self._lock = threading.Lock()
        self._events: defaultdict[str, dict[str, Counter[str]]] = defaultdict(dict)

    def add(self, path: str, body: bytes) -> None:
        event = json.loads(body)
        with self._lock:
            self._events[path].setdefault(event["trx_id"], Counter())[event["event_id"]] += 1

    def at(self, path: str) -> dict[str, Counter[str]]:
        with self._lock:
            return {refund: ids.copy() for refund, ids in self._events[path].items()}


@contextmanager
def listening() -> Iterator[EventCounter]:
    """Count events on a free port."""
    events = EventCounter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if len(body) < int(self.headers["content-length"]):
                return  # its process was killed
            events.add(self.path, body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        events.url = f"http://127.0.0.1:{server.server_port}"
        yield events
        server.shutdown()
        thread.join(10)
