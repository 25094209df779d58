"""The peaks of a recording: how loud each side was, stretch by stretch, drawn long before the audio has come.

They are computed once, when a recording is sealed, and lie beside it as `<call id>.peaks`: an hour is 180 kB. The file
is encrypted (AES-256-GCM) and belongs to its call: one that was changed, moved or made with another key is as good as
none, and computed anew.

    offset  bytes  content
    0       8      magic
    8       12     nonce
    20      16 + n the sealed stretches: of the client, then of the bot, a byte each (0 silence, 255 full scale)
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telephony.legs import SAMPLE_RATE

STRETCH_MS = 40
STRETCH_SAMPLES = SAMPLE_RATE * STRETCH_MS // 1000

_MAGIC = b"HFPEAKS1"
_NONCE_BYTES = 12
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")
_Levels: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peaks:
    """The loudest sample of every 40 ms of each side, 0 to 255 of full scale; rounded up, so that no sound is silence.

    Both have the same length.
    """

    client: bytes
    bot: bytes

    @property
    def wire(self) -> bytes:
        """The client's stretches, then the bot's."""
        return self.client + self.bot


def peaks_of(chunks: Iterable[bytes]) -> Peaks:
    """The peaks of 16-bit stereo that comes in chunks of whole samples (left the client, right the bot)."""
    loudest: list[_Levels] = []
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) // (4 * STRETCH_SAMPLES) * 4 * STRETCH_SAMPLES
        rest = data[whole:]
        loudest.append(_loudest(data[:whole]))
    if rest:
        loudest.append(_loudest(rest.ljust(4 * STRETCH_SAMPLES, b"\0")))
    every = np.concatenate(loudest) if loudest else np.zeros((0, 2), np.uint8)
    return Peaks(every[:, 0].tobytes(), every[:, 1].tobytes())


def _loudest(pcm: bytes) -> _Levels:
    samples = np.frombuffer(pcm, _SAMPLES).reshape(-1, STRETCH_SAMPLES, 2).astype(np.int32)
    levels = np.maximum(samples.max(axis=1), -samples.min(axis=1))
    scaled: _Levels = np.minimum(255, -(-levels * 255 // 32768)).astype(np.uint8)
    return scaled


class PeakFiles:
    """The peaks beside the recordings of an installation (key of 32 bytes); safe from any thread, and blocking."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"recording: peaks", "sha256"))

    def write(self, path: Path, call_id: str, peaks: Peaks) -> None:
        """Keep the peaks of a call; a disk that refuses is told in the log, for they can be computed again."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, peaks.wire, call_id.encode())
        unfinished = path.with_suffix(f".{os.getpid()}-{nonce.hex()}")
        try:
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + nonce + sealed)
            unfinished.replace(path)
        except OSError as error:
            log.warning("the peaks of call %s cannot be kept: %s", call_id, error.strerror or error)

    def read(self, path: Path, call_id: str) -> Peaks | None:
        """The peaks of a call; None where there are none that can be trusted."""
        try:
            return self.parse(path.read_bytes(), call_id)
        except OSError:
            return None

    def parse(self, data: bytes, call_id: str) -> Peaks | None:
        """The same of what such a file holds."""
        head = len(_MAGIC) + _NONCE_BYTES
        if not data.startswith(_MAGIC) or len(data) < head:
            return None
        try:
            both = self._cipher.decrypt(data[len(_MAGIC) : head], data[head:], call_id.encode())
        except InvalidTag:
            return None
        return Peaks(both[: len(both) // 2], both[len(both) // 2 :])
