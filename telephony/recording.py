"""The recordings of an installation: kept encrypted, sealed when a call ends, put in order after a crash.

A growing recording lies in `open/`, a sealed one in one of 256 folders by the digest of its call id: a folder of
twenty years stays quick, and a restart looks at the few open ones only. Where there is an archive, a sealed one waits
for it (archive_queue.py), and one that has no local copy any more is read from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from telephony.archive import Archive
from telephony.archive_queue import ArchiveQueue
from telephony.archived import ArchivedFiles
from telephony.errors import RecordingError, RecordingExists, RecordingMissing, RecordingUnreadable
from telephony.legs import FRAME_MS
from telephony.peaks import PeakFiles, Peaks, peaks_of
from telephony.recording_file import (
    BYTES_PER_MS,
    HEADER_BYTES,
    STEREO_FRAME_BYTES,
    Header,
    Keys,
    Reader,
    Stored,
    Writer,
    write_seal,
)
from telephony.waveform import WAV_HEADER_BYTES, wav_header
from telephony.wire import is_call_id

log = logging.getLogger(__name__)

ARCHIVE_NOTE = "archive"  # the file that says which archive all recordings of the folder wait for or are in

_OPEN = "open"
_PIECE_BYTES = 1 << 20
_MOST_PEAKS_BYTES = 1 << 24  # of a call of four days


@dataclass(frozen=True, slots=True)
class SealedRecording:
    """A finished recording: `path` is relative to the folder, `sha256` (hex) is of the plain 16-bit stereo audio."""

    path: str
    duration_ms: int
    sha256: str
    call_id: str


class Tape(Protocol):
    """What takes a call's audio down."""

    def append(self, left: bytes, right: bytes) -> None:
        """Add 20 ms of both channels; raises `RecordingError`."""

    def seal(self) -> object:
        """Close for good; raises `RecordingError`."""


class Recorder(Protocol):
    """Where calls are recorded."""

    def open(self, call_id: str) -> Tape:
        """Begin the recording of a call; raises `RecordingError`."""


class Recording:
    """The recording of a call that is going on."""

    def __init__(self, store: RecordingStore, call_id: str, writer: Writer) -> None:
        self._store, self._call_id, self._writer = store, call_id, writer

    @property
    def duration_ms(self) -> int:
        """Length so far, which is the position of the next frame."""
        return self._writer.frames * FRAME_MS

    def append(self, left: bytes, right: bytes) -> None:
        """Add 20 ms of the client (left) and of the bot (right); raises `RecordingError` when the disk refuses."""
        try:
            self._writer.append(left, right)
        except OSError as error:
            raise RecordingError(
                f"cannot write the recording of call {self._call_id}: {error.strerror or error}; "
                f"make room in {self._store.folder}"
            ) from error

    def seal(self) -> SealedRecording:
        """Close for good; waits for the disk."""
        try:
            return self._store.shelve(self._call_id, self._writer.seal())
        except OSError as error:
            raise RecordingError(
                f"cannot seal the recording of call {self._call_id}: {error.strerror or error}; it "
                "will be sealed at the next start"
            ) from error

    def abandon(self) -> None:
        """Close after a failed write; the next `recover` seals what there is."""
        self._writer.abandon()


class RecordingStore:
    """All recordings under one folder and one key (32 bytes), and those of its archive.

    Methods are safe from any thread, and blocking.
    """

    def __init__(self, folder: Path, key: bytes, archive: Archive | None = None) -> None:
        self.folder = folder
        self._keys = Keys(key)
        self._queue = ArchiveQueue(folder) if archive else None
        self._archived = ArchivedFiles(archive, HEADER_BYTES) if archive else None
        if archive is None:  # what is sealed now waits for none: an archive named later begins with stock-taking
            (folder / ARCHIVE_NOTE).unlink(missing_ok=True)
        self._peaks = PeakFiles(key)
        (folder / _OPEN).mkdir(parents=True, exist_ok=True)

    def open(self, call_id: str) -> Recording:
        """Begin the recording of a call; raises `RecordingExists` rather than write over one."""
        if not is_call_id(call_id):
            raise RecordingError("a call id is 1 to 60 letters, digits, dots, dashes and underscores")
        if self._shelf(call_id).exists():
            raise RecordingExists(f"call {call_id} was recorded already: every attempt needs an id of its own")
        try:
            return Recording(self, call_id, Writer(self._open_path(call_id), self._keys))
        except FileExistsError as error:
            raise RecordingExists(
                f"call {call_id} is being recorded or was cut off: every attempt needs an id of its own"
            ) from error
        except OSError as error:
            raise RecordingError(f"cannot record into {self.folder}: {error.strerror}; check its disk") from error

    def find(self, call_id: str) -> SealedRecording | None:
        """The sealed recording of a call, None while there is none in this folder; the archive is not asked."""
        if not is_call_id(call_id) or not self._shelf(call_id).exists():
            return None
        with self._reader(call_id) as reader:
            return self._sealed(call_id, reader.header)

    def read_pcm(self, call_id: str, start_ms: int = 0, end_ms: int | None = None) -> bytes:
        """16-bit stereo (left client, right bot) between two positions, cut to what there is."""
        with self._reader(call_id) as reader:
            end = reader.size if end_ms is None else end_ms * BYTES_PER_MS
            return reader.read(start_ms * BYTES_PER_MS, end)

    def wav_size(self, call_id: str) -> int:
        """Bytes of the recording as a WAV file."""
        with self._reader(call_id) as reader:
            return WAV_HEADER_BYTES + reader.size

    def wav_bytes(self, call_id: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes `start` up to (not including) `end` of the recording as a WAV file: what an HTTP range asks for."""
        with self._reader(call_id) as reader:
            last = WAV_HEADER_BYTES + reader.size if end is None else end
            head = wav_header(reader.size)[start:last]
            return head + reader.read(max(0, start - WAV_HEADER_BYTES), last - WAV_HEADER_BYTES)

    def wav_pieces(self, call_id: str, start: int, end: int) -> Iterator[bytes]:
        """The same, a bounded piece at a time, so that the beginning of a long recording is there at once."""
        with self._reader(call_id) as reader:
            if start < WAV_HEADER_BYTES:
                yield wav_header(reader.size)[start:end]
            last = end - WAV_HEADER_BYTES
            for first in range(max(0, start - WAV_HEADER_BYTES), last, _PIECE_BYTES):
                yield reader.read(first, min(first + _PIECE_BYTES, last))

    def waveform(self, call_id: str) -> Peaks:
        """How loud each side was; computed now for a recording that still grows or was sealed without them."""
        found = self._peaks.read(self._peaks_path(call_id), call_id) if is_call_id(call_id) else None
        found = found or self._archived_peaks(call_id)
        if found is not None:
            return found
        with self._reader(call_id) as reader:
            peaks, sealed = peaks_of(reader.chunks()), reader.header.frames is not None
        if sealed:
            self._peaks.write(self._peaks_path(call_id), call_id, peaks)
        return peaks

    def verify(self, call_id: str) -> None:
        """Raise `RecordingUnreadable` unless every sample is what was sealed."""
        with self._reader(call_id) as reader:
            reader.verify()

    def recover(self) -> list[SealedRecording]:
        """Seal what a killed process left open, whole frames of it; live recordings are left alone."""
        sealed: list[SealedRecording] = []
        for path in sorted((self.folder / _OPEN).glob("*.part")):
            try:
                recording = self._recover(path)
            except (RecordingError, OSError) as error:
                log.error("a recording cannot be recovered: %s", error)
                continue
            if recording is not None:
                sealed.append(recording)
        return sealed

    def shelve(self, call_id: str, header: Header) -> SealedRecording:
        """Move a file that has its seal from `open/` to its place."""
        shelf = self._shelf(call_id)
        shelf.parent.mkdir(exist_ok=True)
        if self._queue is not None:
            self._queue.add(call_id)
        self._open_path(call_id).rename(shelf)
        with suppress(RecordingUnreadable):  # it is sealed all the same
            self.waveform(call_id)
        return self._sealed(call_id, header)

    def _recover(self, path: Path) -> SealedRecording | None:
        call_id = path.stem
        with path.open("r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            if path.stat().st_size < HEADER_BYTES:  # killed before the first sample
                path.unlink()
                return None
            reader = Reader(file, self._keys, str(path))
            header = reader.header
            if header.frames is None:
                os.truncate(file.fileno(), HEADER_BYTES + reader.frames * STEREO_FRAME_BYTES)
                header = Header(header.nonce, reader.frames, reader.digest())
                write_seal(file, header, self._keys)
            return self.shelve(call_id, header)

    @contextmanager
    def _reader(self, call_id: str) -> Iterator[Reader]:
        with closing(self._opened(call_id)) as file:
            try:
                yield Reader(file, self._keys, file.name)
            except OSError as error:
                raise RecordingUnreadable(f"{file.name} cannot be read: {error.strerror}; check its disk") from error

    def _opened(self, call_id: str) -> Stored:
        if not is_call_id(call_id):
            raise RecordingMissing("there is no recording of such a call: the id is malformed")
        # The shelf once more at the end: the call may be sealed, and so moved, between the first two looks.
        for path in (self._shelf(call_id), self._open_path(call_id), self._shelf(call_id)):
            try:
                return path.open("rb")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RecordingUnreadable(f"{path} cannot be read: {error.strerror}; check its rights") from error
        archived = self._archived and self._archived.open(self._shelf(call_id).relative_to(self.folder).as_posix())
        if archived:
            return archived
        raise RecordingMissing(f"there is no recording of call {call_id} in {self.folder}")

    def _archived_peaks(self, call_id: str) -> Peaks | None:
        """The peaks of a recording that lies in the archive alone, kept here from now on."""
        if self._archived is None or not is_call_id(call_id) or self._shelf(call_id).exists():
            return None
        path = self._peaks_path(call_id)
        file = self._archived.open(path.relative_to(self.folder).as_posix())
        peaks = self._peaks.parse(file.read(_MOST_PEAKS_BYTES), call_id) if file else None
        if peaks is not None:
            self._peaks.write(path, call_id, peaks)
        return peaks

    def peaks_path(self, call_id: str) -> Path:
        """Where the peaks of a call lie, or would lie, in the folder."""
        return self._peaks_path(call_id)

    def sealed_path(self, call_id: str) -> Path:
        """Where the sealed recording of a call lies, or would lie, in the folder."""
        return self._shelf(call_id)

    def is_open(self, call_id: str) -> bool:
        """Whether the recording of a call grows still, or was cut off."""
        return self._open_path(call_id).exists()

    def _shelf(self, call_id: str) -> Path:
        return self.folder / hashlib.sha256(call_id.encode()).hexdigest()[:2] / f"{call_id}.rec"

    def _peaks_path(self, call_id: str) -> Path:
        return self._shelf(call_id).with_suffix(".peaks")

    def _open_path(self, call_id: str) -> Path:
        return self.folder / _OPEN / f"{call_id}.part"

    def _sealed(self, call_id: str, header: Header) -> SealedRecording:
        path = self._shelf(call_id).relative_to(self.folder)
        return SealedRecording(path.as_posix(), (header.frames or 0) * FRAME_MS, (header.sha256 or b"").hex(), call_id)
