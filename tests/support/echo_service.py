"""Service that answers with what a test has prepared, whatever the request is, and remembers the requests."""

import ssl

from tests.support.http_service import HttpService, QuietHandler


class PreparedService(HttpService):
    """HTTP/1.1 server. `reply` is status, headers and body; a body in a list is sent in chunks."""

    def __init__(self) -> None:
        self.reply: tuple[int, list[tuple[str, str]], bytes | list[bytes]] = (200, [("Content-Length", "0")], b"")
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, target, headers by lower-case name, and body."""
        service = self

        class Handler(QuietHandler):
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

        super().__init__(Handler)

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Answer with TLS. A failed handshake is no error of the server."""
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")
