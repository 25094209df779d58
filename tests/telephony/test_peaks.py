"""Peaks: what is drawn is what was said, it lies beside the recording, and nobody else reads or changes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telephony.peaks import Peaks
from telephony.recording import RecordingStore

KEY = bytes(range(32))
HALF = (np.ones(160) * -16384).astype("<i2").tobytes()
SILENCE = bytes(320)


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    return RecordingStore(tmp_path, KEY)


def record(store: RecordingStore, call: str, pairs: list[tuple[bytes, bytes]]) -> None:
    recording = store.open(call)
    for left, right in pairs:
        recording.append(left, right)
    recording.seal()


def peaks_file(store: RecordingStore) -> Path:
    (found,) = store.folder.rglob("*.peaks")
    return found


def test_each_stretch_of_40_ms_shows_who_speaks_and_how_loud(store: RecordingStore) -> None:
    record(store, "12-1", [(HALF, SILENCE)] * 4 + [(SILENCE, HALF)] * 3)  # 140 ms: the last stretch is half a one
    assert store.waveform("12-1") == Peaks(b"\x80\x80\0\0", b"\0\0\x80\x80")


def test_the_loudest_sample_counts_wherever_it_is(store: RecordingStore) -> None:
    chance = np.random.default_rng(5)
    samples = chance.integers(-32768, 32768, (160 * 4000, 2)).astype("<i2")  # longer than is read at once
    samples[0] = (-32768, 1)
    pairs = [(part[:, 0].tobytes(), part[:, 1].tobytes()) for part in np.split(samples, 4000)]
    record(store, "12-1", pairs)
    levels = np.abs(samples.astype(int)).reshape(-1, 320, 2).max(axis=1)
    expected = np.minimum(255, np.ceil(levels * 255 / 32768)).astype(np.uint8)
    assert store.waveform("12-1") == Peaks(expected[:, 0].tobytes(), expected[:, 1].tobytes())


def test_the_peaks_are_there_once_the_call_is_sealed_and_say_nothing_to_others(store: RecordingStore) -> None:
    record(store, "12-1", [(HALF, SILENCE)] * 1000)
    data = peaks_file(store).read_bytes()
    assert b"\x80\x80\x80\x80" not in data
    assert peaks_file(store).stat().st_mode & 0o077 == 0


def test_an_older_recording_gets_its_peaks_when_they_are_first_wanted(store: RecordingStore) -> None:
    record(store, "12-1", [(HALF, SILENCE)] * 50)
    wanted = store.waveform("12-1")
    peaks_file(store).unlink()
    assert store.waveform("12-1") == wanted
    assert peaks_file(store).is_file()


@pytest.mark.parametrize("data", [b"", b"HFPEAKS1", b"nonsense" * 10])
def test_damaged_peaks_are_computed_anew(store: RecordingStore, data: bytes) -> None:
    record(store, "12-1", [(HALF, SILENCE)] * 50)
    wanted = store.waveform("12-1")
    peaks_file(store).write_bytes(data)
    assert store.waveform("12-1") == wanted


def test_the_peaks_of_another_call_are_not_taken_for_this_ones(store: RecordingStore) -> None:
    record(store, "12-1", [(HALF, SILENCE)] * 50)
    theirs = peaks_file(store)
    record(store, "13-1", [(SILENCE, HALF)] * 50)
    (ours,) = set(store.folder.rglob("*.peaks")) - {theirs}
    ours.write_bytes(theirs.read_bytes())
    assert store.waveform("13-1").client == bytes(25)


def test_a_growing_recording_is_drawn_as_far_as_it_goes(store: RecordingStore) -> None:
    recording = store.open("12-1")
    for _ in range(50):
        recording.append(HALF, SILENCE)
    assert store.waveform("12-1").client == b"\x80" * 25
    assert list(store.folder.rglob("*.peaks")) == []
    recording.seal()


def test_a_disk_that_refuses_the_peaks_does_not_hold_up_the_seal(store: RecordingStore) -> None:
    record(store, "12-1", [(HALF, SILENCE)] * 50)
    path = peaks_file(store)
    path.unlink()
    path.mkdir()  # nothing can be put in its place
    assert len(store.waveform("12-1").client) == 25
