"""An HTTPS proxy that is its own internet: it answers for Google's two hosts and no other."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.training.store.drive.faults import Drop, Hang, Reply, Request

Answer = Callable[[Request], Reply | Hang | Drop]


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of the loopback; `foreign` lists any other host requested."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self, hosts: Collection[str], context: ssl.SSLContext, answer: Answer, *, idle: float
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hosts, self.context, self.answer, self.idle = hosts, context, answer, idle
        self.foreign: list[str] = []
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy
    host = ""

    def setup(self) -> None:
        # Some failures leave a client that has announced a body and never sends it.
        super().setup()
        self.connection.settimeout(self.server.idle)

    def finish(self) -> None:
        super().finish()
        # The server would close the plain socket beneath; the client waits for this one.
        self.connection.close()

    def do_CONNECT(self) -> None:
        host, _, port = self.path.partition(":")
        if host not in self.server.hosts or port != "443":
            self.server.foreign.append(self.path)
            self.close_connection = True
            self._send(Reply(403))
            return
        # One write: PySocks reads a single line and drops what its buffer holds beyond.
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = _Writer(self.connection)  # type: ignore[assignment]
        self.host = host
        self.close_connection = False

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not self.host:
            self.server.foreign.append(self.path)
            self._send(Reply(403))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        request = Request.read(self.host, self.command, self.path, headers, body)
        answer = self.server.answer(request)
        if isinstance(answer, Hang):
            self.server.closing.wait()
            self.close_connection = True
        elif isinstance(answer, Drop):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: Any) -> None:
        """Requests are kept by the emulator, not printed."""


class _Writer:
    """An unbuffered file over a TLS socket."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection, self.closed = connection, False

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)

    def flush(self) -> None: ...

    def close(self) -> None:
        self.closed = True
