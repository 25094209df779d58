"""An S3-speaking server on loopback, and a relay before it that can stall, spoil what passes, or be gone."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from minio import Minio
from moto.server import ThreadedMotoServer

from telephony.archive_s3 import Credentials
from tests.ports import free_port

CREDENTIALS = Credentials("reviewer", "geheim-4711")
BUCKET = "recordings"


@dataclass
class Relay:
    """Passes connections on to `target`; `stall_after` bytes from the client it passes nothing more on."""

    target: int
    port: int = field(default_factory=free_port)  # nobody takes it while the relay is gone
    stall_after: int | None = None
    spoil: bool = False  # turns a bit in every body that is sent
    stalled: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket | None = None

    def open(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port, self._listener = listener.getsockname()[1], listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                for source, sink, up in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(source, sink, up), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        passed, in_body = 0, False
        with suppress(OSError), source, sink:
            while data := source.recv(65536):
                if up and self.stall_after is not None and passed + len(data) > self.stall_after:
                    self.stalled.set()
                    threading.Event().wait(60)
                if up and self.spoil and (in_body or not data.startswith((b"HEAD", b"GET", b"PUT", b"DELETE"))):
                    data = data[:-1] + bytes([data[-1] ^ 1])
                in_body = up and data.startswith(b"PUT")
                passed += len(data)
                sink.sendall(data)
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


@dataclass
class Storage:
    """The server and the relay before it."""

    relay: Relay
    client: Minio

    @property
    def address(self) -> str:
        """Where an installation would archive to."""
        return f"s3+http://127.0.0.1:{self.relay.port}/{BUCKET}/firm/a"

    def names(self) -> set[str]:
        """The recordings that the bucket holds."""
        names = {one.object_name or "" for one in self.client.list_objects(BUCKET, recursive=True)}
        return {name for name in names if name.endswith(".rec")}


@contextmanager
def s3_server() -> Iterator[int]:
    """The port of a server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


@contextmanager
def storage(port: int) -> Iterator[Storage]:
    """An empty bucket of the server behind a relay."""
    client = Minio(f"127.0.0.1:{port}", CREDENTIALS.access, CREDENTIALS.secret, secure=False, region="us-east-1")
    client.make_bucket(BUCKET)
    relay = Relay(port)
    relay.open()
    try:
        yield Storage(relay, client)
    finally:
        relay.close()
        for one in client.list_objects(BUCKET, recursive=True):
            client.remove_object(BUCKET, one.object_name or "")
        client.remove_bucket(BUCKET)
