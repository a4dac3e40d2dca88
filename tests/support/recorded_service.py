"""Live services of tests that are no sandbox: one answers from recordings, one breaks connections. Both count requests."""

import json
import socket
import struct
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from tests.support.http_service import HttpService, QuietHandler

_RESET = struct.pack("ii", 1, 0)


class RecordedService(HttpService):
    """FluentCart as its recordings answer: the reply of `case`, and its order before and after it."""

    def __init__(self) -> None:
        self.case: Mapping[str, Any] = {}
        self.changed: Mapping[str, Any] = {}
        """Fields of the reply's body that are planted."""
        self.requests: list[str] = []
        """Method and path of each request."""
        service = self

        class Handler(QuietHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                service.requests.append(f"{self.command} {self.path}")
                status, headers, content = service._answer(self.command, self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        super().__init__(Handler)

    def use(self, case: Mapping[str, Any], **changed: Any) -> None:
        """Answer the request of a case from now on, in its state before."""
        self.case, self.changed = case, changed
        self.requests.clear()

    def _answer(self, method: str, path: str, _body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        expect, order = self.case["expect"], self.case["given"]
        if method == "GET" and order and path.endswith(f"/orders/{order['id']}") and self.case["request"]["path"] != path:
            is_done = any(request.startswith(f"{self.case['request']['method']} ") for request in self.requests)
            after = expect.get("order") or order
            return 200, {"Content-Type": "application/json"}, json.dumps(_read_of(after if is_done else order)).encode()
        body = expect["body"]
        content = json.dumps({**body, **self.changed} if self.changed else body).encode()
        return expect["status"], expect.get("headers") or {}, content


def _read_of(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order as the plugin shows it: with other names of its lists, and with numbers as text."""
    rows = {"transactions": order["transactions"], "order_items": order["items"], "subscriptions": order["subscriptions"]}
    columns = {name: value for name, value in order.items() if name not in ("items", *rows)}
    texts = {name: str(columns[name]) for name in ("total_paid", "total_refund") if name in columns}
    subscriptions = [{"parent_order_id": str(order["id"]), **row} for row in order["subscriptions"]]
    return {"order": {**columns, **texts, **rows, "subscriptions": subscriptions, "activities": []}}


class BreakingService:
    """Server that books each refund it gets, and then breaks the connection: `reset`, `close`, `hang` or `truncate`."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.refunds = 0
        self.reads = 0
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "BreakingService":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            if head.startswith(b"GET"):
                self.reads += 1
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
                return
            self.refunds += 1
            self._break(connection)

    def _break(self, connection: socket.socket) -> None:
        if self.how == "hang":
            self._stopped.wait(30)
        elif self.how == "slow":
            self._stopped.wait(0.5)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        elif self.how == "bad gateway":
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad")
        elif self.how == "truncate":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{")
        elif self.how == "garbage":
            connection.sendall(b"no HTTP\r\n\r\n")
        if self.how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
