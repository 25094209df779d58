"""One recording as a file: a header, then 16-bit stereo at 8 kHz under AES-256 in counter mode.

Left is the client, right is the bot; both advance one 20 ms frame per tick, so a position in the file is a position
in time and any part can be read without the rest. The header (128 bytes, little-endian):

    offset  bytes  content
    0       8      magic
    8       16     nonce: the counter block of the first 16 bytes of audio
    24      16     key check: tells a file of another key
    40      8      frames of 20 ms        ┐
    48      32     SHA-256 of the audio   ├ the seal: zeros until the call is over
    80      32     HMAC-SHA-256 of both   ┘
    112     16     zeros

Counter mode hides but does not protect: the seal does, and `verify` looks at every byte.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from telephony.errors import RecordingError, RecordingUnreadable
from telephony.legs import FRAME_BYTES, FRAME_MS

STEREO_FRAME_BYTES = 2 * FRAME_BYTES
BYTES_PER_MS = STEREO_FRAME_BYTES // FRAME_MS
HEADER_BYTES = 128
FLUSH_FRAMES = 25  # at most 0.5 s is in memory only

_MAGIC = b"HUIFANG1"
_CHUNK_FRAMES = 1600  # read at once: 1 MB
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")


class Keys:
    """What is derived from the key of an installation (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise RecordingError("the key of the recordings must be 32 bytes long: check HUIFANG_SECRET_KEY")
        self._secret = hmac.digest(key, b"recording: secrecy", "sha256")
        self._proof = hmac.digest(key, b"recording: proof", "sha256")

    def cipher(self, nonce: bytes, block: int = 0) -> Cipher[modes.CTR]:
        """The key stream from a block of 16 bytes on."""
        counter = (int.from_bytes(nonce) + block) % (1 << 128)
        return Cipher(algorithms.AES(self._secret), modes.CTR(counter.to_bytes(16)))

    def check(self, nonce: bytes) -> bytes:
        """Sixteen bytes by which a file of another key is told."""
        return hmac.digest(self._proof, b"check" + nonce, "sha256")[:16]

    def sign(self, nonce: bytes, frames: int, sha256: bytes) -> bytes:
        """The proof that length and digest are those of the sealed call."""
        return hmac.digest(self._proof, b"seal" + nonce + struct.pack("<Q", frames) + sha256, "sha256")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says about itself; `frames` and `sha256` are None until it is sealed."""

    nonce: bytes
    frames: int | None = None
    sha256: bytes | None = None

    def serialise(self, keys: Keys) -> bytes:
        """The 128 bytes."""
        start = _MAGIC + self.nonce + keys.check(self.nonce)
        if self.frames is None or self.sha256 is None:
            return start.ljust(HEADER_BYTES, b"\0")
        proof = keys.sign(self.nonce, self.frames, self.sha256)
        return (start + struct.pack("<Q", self.frames) + self.sha256 + proof).ljust(HEADER_BYTES, b"\0")


def parse_header(data: bytes, keys: Keys, name: str) -> Header:
    """The header of the file `name`; raises `RecordingUnreadable`."""
    if len(data) < HEADER_BYTES or not data.startswith(_MAGIC):
        raise RecordingUnreadable(f"{name} is not a recording or its beginning is lost: restore it from a backup")
    nonce = data[8:24]
    if not hmac.compare_digest(data[24:40], keys.check(nonce)):
        raise RecordingUnreadable(
            f"{name} was made with another key: restore the key file (or HUIFANG_SECRET_KEY) that it belongs to"
        )
    if not any(data[40:112]):
        return Header(nonce)
    (frames,) = struct.unpack("<Q", data[40:48])
    if not hmac.compare_digest(data[80:112], keys.sign(nonce, frames, data[48:80])):
        raise RecordingUnreadable(f"the seal of {name} is broken: the file was changed, restore it from a backup")
    return Header(nonce, frames, data[48:80])


class Stored(Protocol):
    """The bytes of a recording, in a file or in an archive."""

    @property
    def name(self) -> str:
        """Where they are."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go there, and say where that is."""

    def read(self, size: int, /) -> bytes:
        """What there is from there on, `size` bytes at most."""

    def close(self) -> None:
        """Nothing more is read."""


class Reader:
    """Random access to one recording, sealed or still growing; `file` stands at its beginning."""

    def __init__(self, file: Stored, keys: Keys, name: str) -> None:
        self._file, self._keys, self._name = file, keys, name
        self.header = parse_header(file.read(HEADER_BYTES), keys, name)
        stored = max(0, file.seek(0, os.SEEK_END) - HEADER_BYTES) // STEREO_FRAME_BYTES
        if self.header.frames is not None and stored < self.header.frames:
            raise RecordingUnreadable(f"the end of {name} is lost: restore it from a backup")
        self.frames = stored if self.header.frames is None else self.header.frames

    @property
    def size(self) -> int:
        """Bytes of audio."""
        return self.frames * STEREO_FRAME_BYTES

    def read(self, start: int, end: int) -> bytes:
        """Audio from byte `start` up to byte `end`, cut to what there is."""
        start, end = max(0, start), min(end, self.size)
        if start >= end:
            return b""
        block, skipped = divmod(start, 16)
        self._file.seek(HEADER_BYTES + start - skipped)
        data = self._file.read(end - start + skipped)
        return self._keys.cipher(self.header.nonce, block).decryptor().update(data)[skipped:]

    def chunks(self) -> Iterator[bytes]:
        """All the audio, a bounded piece at a time."""
        step = _CHUNK_FRAMES * STEREO_FRAME_BYTES
        for start in range(0, self.size, step):
            yield self.read(start, start + step)

    def digest(self) -> bytes:
        """SHA-256 of the audio as it is now."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.digest()

    def verify(self) -> None:
        """Raise `RecordingUnreadable` unless the audio is what was sealed."""
        if self.header.sha256 is not None and self.digest() != self.header.sha256:
            raise RecordingUnreadable(f"the audio of {self._name} was changed: restore it from a backup")


class Writer:
    """A recording that grows; holds a lock on its file so that a recovery leaves it alone."""

    def __init__(self, path: Path, keys: Keys) -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._keys, self._header = keys, Header(os.urandom(16))
        self._file.write(self._header.serialise(keys))
        self._encryptor = keys.cipher(self._header.nonce).encryptor()
        self._digest = hashlib.sha256()
        self._left: list[bytes] = []
        self._right: list[bytes] = []
        self.frames = 0  # appended, though perhaps not yet written

    def append(self, left: bytes, right: bytes) -> None:
        """Add one frame of each channel; raises `OSError` when the disk is full."""
        self._left.append(left)
        self._right.append(right)
        self.frames += 1
        if len(self._left) >= FLUSH_FRAMES:
            self.flush()

    def flush(self) -> None:
        """Hand everything appended to the operating system: it outlives the process from here on."""
        if not self._left:
            return
        pcm = _interleaved(b"".join(self._left), b"".join(self._right))
        self._left.clear()
        self._right.clear()
        self._digest.update(pcm)
        _write_all(self._file, self._encryptor.update(pcm))

    def seal(self) -> Header:
        """Write the seal and wait until the disk has it; the file is closed."""
        try:
            self.flush()
            header = Header(self._header.nonce, self.frames, self._digest.digest())
            write_seal(self._file, header, self._keys)
        finally:
            self._file.close()
        return header

    def abandon(self) -> None:
        """Close without a seal: `recover` will put it in order."""
        self._file.close()


def write_seal(file: BinaryIO, header: Header, keys: Keys) -> None:
    """Replace the header of an open file and wait until the disk has it."""
    file.seek(0)
    _write_all(file, header.serialise(keys))
    os.fsync(file.fileno())


def _write_all(file: BinaryIO, data: bytes) -> None:
    written = file.write(data)
    if written != len(data):
        raise OSError(f"only {written} of {len(data)} bytes were written: is the disk full?")


def _interleaved(left: bytes, right: bytes) -> bytes:
    samples = np.empty((len(left) // 2, 2), _SAMPLES)
    samples[:, 0] = np.frombuffer(left, _SAMPLES)
    samples[:, 1] = np.frombuffer(right, _SAMPLES)
    return samples.tobytes()
