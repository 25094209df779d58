"""Ports of 127.0.0.1 that a program started by a test may take."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

# Below those that systems give to whoever asks for any port (from 32768 on Linux): nobody takes one of these between
# the look and the use. The processes of one run look in a part of their own, those of another run begin elsewhere.
_LOWEST, _PART, _PARTS = 12_000, 2_000, 10
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % _PARTS
_offsets = itertools.count(os.getpid() * 62, 2)
_LISTENS = "0A"  # the state of such a TCP socket in the kernel's table


def free_port() -> int:
    """An even port that is free for UDP and TCP, as is the one above it, where some programs listen for TLS or RTCP."""
    return next(port for port in (_LOWEST + _PART * _worker + offset % _PART for offset in _offsets) if _is_free(port))


def is_taken(port: int, kind: socket.SocketKind) -> bool:
    """Whether some program listens there, read from the kernel's tables: a look that binds would be in its way."""
    tables = ("udp", "udp6") if kind == socket.SOCK_DGRAM else ("tcp", "tcp6")
    rows = [row.split() for table in tables for row in Path("/proc/net", table).read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and (kind == socket.SOCK_DGRAM or row[3] == _LISTENS) for row in rows)


def _is_free(port: int) -> bool:
    return all(_takes(kind, number) for number in (port, port + 1) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))


def _takes(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
