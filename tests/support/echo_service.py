"""Service that answers with what a test has prepared, whatever the request is, and remembers the requests."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class PreparedService:
    """HTTP/1.1 server. `reply` is status, headers and body; a body in a list is sent in chunks."""

    def __init__(self) -> None:
        self.reply: tuple[int, list[tuple[str, str]], bytes | list[bytes]] = (200, [("Content-Length", "0")], b"")
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, target, headers by lower-case name, and body."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.requests.append((self.command, self.path, headers, self._read(headers)))
                status, fields, body = service.reply
                self.send_response(status)
                for name, value in fields:
                    self.send_header(name, value)
                if isinstance(body, list):
                    self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                if self.command == "HEAD":
                    return
                for piece in body if isinstance(body, list) else ():
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.write(b"0\r\n\r\n" if isinstance(body, list) else body)

            def _read(self, headers: dict[str, str]) -> bytes:
                if headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(headers.get("content-length", 0)))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

            def log_message(self, *_arguments: Any) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Answer with TLS. A failed handshake is no error of the server."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")

    def __enter__(self) -> "PreparedService":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
