"""Recordings: what went in comes out, nobody else reads it, no crash loses more than half a second."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from telephony.errors import RecordingError, RecordingExists, RecordingMissing, RecordingUnreadable
from telephony.peaks import Peaks
from telephony.recording import Recording, RecordingStore

KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    return RecordingStore(tmp_path, KEY)


def frames(count: int, seed: int = 1) -> list[tuple[bytes, bytes]]:
    chance = np.random.default_rng(seed)
    return [(chance.bytes(320), chance.bytes(320)) for _ in range(count)]


def stereo(pairs: list[tuple[bytes, bytes]]) -> bytes:
    left = np.frombuffer(b"".join(pair[0] for pair in pairs), "<i2")
    right = np.frombuffer(b"".join(pair[1] for pair in pairs), "<i2")
    return np.column_stack([left, right]).tobytes()


def recorded(store: RecordingStore, call: str, pairs: list[tuple[bytes, bytes]]) -> Recording:
    recording = store.open(call)
    for left, right in pairs:
        recording.append(left, right)
    return recording


def only_file(store: RecordingStore) -> Path:
    (found,) = [path for path in store.folder.rglob("*") if path.suffix in (".rec", ".part")]
    return found


def test_left_is_the_client_right_the_bot_and_the_seal_fits(store: RecordingStore) -> None:
    pairs = frames(60)
    sealed = recorded(store, "12-1", pairs).seal()
    assert store.read_pcm("12-1") == stereo(pairs)
    assert sealed.duration_ms == 1200
    assert sealed.sha256 == hashlib.sha256(stereo(pairs)).hexdigest()
    assert (store.folder / sealed.path).is_file()
    assert store.find("12-1") == sealed
    store.verify("12-1")


def test_any_stretch_can_be_read_alone(store: RecordingStore) -> None:
    pairs = frames(60)
    recorded(store, "12-1", pairs).seal()
    whole = stereo(pairs)
    assert store.read_pcm("12-1", 100, 103) == whole[3200:3296]
    assert store.read_pcm("12-1", 1190, 5000) == whole[-320:]
    assert store.read_pcm("12-1", 1200, 1300) == b""
    assert store.read_pcm("12-1", 300, 200) == b""


def test_the_wav_file_is_one_and_its_ranges_fit_together(store: RecordingStore) -> None:
    pairs = frames(30)
    recorded(store, "12-1", pairs).seal()
    size = store.wav_size("12-1")
    whole = store.wav_bytes("12-1")
    assert len(whole) == size
    with wave.open(io.BytesIO(whole)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        assert file.readframes(10**6) == stereo(pairs)
    cuts = [0, 1, 17, 43, 44, 45, 61, 1000, 4097, size]
    parts = [store.wav_bytes("12-1", start, end) for start, end in zip(cuts, cuts[1:], strict=False)]
    assert b"".join(parts) == whole
    assert store.wav_bytes("12-1", size - 5, size + 100) == whole[-5:]


def test_a_growing_recording_can_be_listened_to(store: RecordingStore) -> None:
    pairs = frames(60)
    recording = recorded(store, "12-1", pairs)
    heard = store.read_pcm("12-1")
    assert stereo(pairs).startswith(heard)
    assert len(heard) >= 640 * (60 - 25)  # all but the last half second
    assert store.find("12-1") is None
    recording.seal()


def test_the_file_holds_no_plain_audio_and_no_two_files_the_same(store: RecordingStore) -> None:
    pairs = [(b"HELLO WORLD 123 " * 20, bytes(320))] * 50
    first = recorded(store, "12-1", pairs).seal()
    second = recorded(store, "12-2", pairs).seal()
    data = (store.folder / first.path).read_bytes()
    assert b"HELLO" not in data and b"H\0\0\0" not in data
    assert len({data[i : i + 16] for i in range(0, len(data), 16)}) > len(data) // 16 - 10
    assert data[128:] != (store.folder / second.path).read_bytes()[128:]
    assert (store.folder / first.path).stat().st_mode & 0o077 == 0


def test_another_key_is_told_so_and_which_file(store: RecordingStore) -> None:
    recorded(store, "12-1", frames(5)).seal()
    other = RecordingStore(store.folder, bytes(32))
    for read in (other.read_pcm, other.wav_size, other.find, other.verify):
        with pytest.raises(RecordingUnreadable, match=r"12-1\.rec.*another key.*HUIFANG_SECRET_KEY"):
            read("12-1")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-640], "the end of"),
        (lambda data: data[:100], "its beginning is lost"),
        (lambda data: b"", "its beginning is lost"),
        (lambda data: b"RIFF" + data[4:], "not a recording"),
        (lambda data: data[:40] + b"\x01" + data[41:], "seal of .* is broken"),
    ],
)
def test_damage_is_told_with_file_and_remedy(store: RecordingStore, damage: object, words: str) -> None:
    recorded(store, "12-1", frames(50)).seal()
    path = only_file(store)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(RecordingUnreadable, match=words) as caught:
        store.read_pcm("12-1")
    assert "12-1.rec" in str(caught.value) and "restore" in str(caught.value)


def test_a_changed_sample_is_found_by_verify(store: RecordingStore) -> None:
    recorded(store, "12-1", frames(50)).seal()
    path = only_file(store)
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with pytest.raises(RecordingUnreadable, match="changed"):
        store.verify("12-1")


def test_a_call_is_recorded_once(store: RecordingStore) -> None:
    recording = recorded(store, "12-1", frames(1))
    with pytest.raises(RecordingExists):
        store.open("12-1")
    recording.seal()
    with pytest.raises(RecordingExists):
        store.open("12-1")


@pytest.mark.parametrize("call", ["../../etc/passwd", "", "a/b", ".."])
def test_ids_that_are_paths_are_refused(store: RecordingStore, call: str) -> None:
    with pytest.raises(RecordingError):
        store.open(call)
    with pytest.raises(RecordingMissing):
        store.read_pcm(call)
    assert store.find(call) is None


def test_what_was_never_recorded_is_missing(store: RecordingStore) -> None:
    assert store.find("9-9") is None
    with pytest.raises(RecordingMissing, match="9-9"):
        store.wav_size("9-9")


def test_a_key_must_be_a_key(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="HUIFANG_SECRET_KEY"):
        RecordingStore(tmp_path, b"short")


def test_a_call_without_a_frame_has_an_empty_recording(store: RecordingStore) -> None:
    sealed = store.open("12-1").seal()
    assert sealed.duration_ms == 0
    assert store.read_pcm("12-1") == b""
    assert store.waveform("12-1") == Peaks(b"", b"")


def test_recovery_seals_whole_frames_of_what_was_cut_off(store: RecordingStore) -> None:
    pairs = frames(60)
    recorded(store, "12-1", pairs).abandon()
    path = only_file(store)
    with path.open("ab") as file:
        file.write(b"x" * 333)  # killed in the middle of a frame
    (sealed,) = store.recover()
    kept = store.read_pcm("12-1")
    assert sealed.call_id == "12-1"
    assert sealed.duration_ms == len(kept) // 32 == 1000
    assert stereo(pairs).startswith(kept)
    assert sealed == store.find("12-1")
    store.verify("12-1")
    assert store.recover() == []


def test_recovery_leaves_a_live_recording_alone(store: RecordingStore) -> None:
    pairs = frames(60)
    recording = recorded(store, "12-1", pairs)
    assert RecordingStore(store.folder, KEY).recover() == []
    recording.seal()
    assert store.read_pcm("12-1") == stereo(pairs)


def test_recovery_finishes_a_seal_that_was_not_shelved(store: RecordingStore) -> None:
    sealed = recorded(store, "12-1", frames(50)).seal()
    (store.folder / sealed.path).rename(store.folder / "open" / "12-1.part")
    assert store.recover() == [sealed]


def test_recovery_goes_on_after_a_file_that_it_cannot_mend(
    store: RecordingStore, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(RecordingStore(store.folder, bytes(32)), "1-1", frames(50)).abandon()
    recorded(store, "1-2", frames(50)).abandon()
    (store.folder / "open" / "1-3.part").write_bytes(b"")  # killed before the first byte
    with caplog.at_level(logging.ERROR):
        assert [sealed.call_id for sealed in store.recover()] == ["1-2"]
    assert len(caplog.records) == 1 and "1-1.part" in caplog.text
    assert (store.folder / "open" / "1-1.part").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_clear_error(store: RecordingStore) -> None:
    recording = store.open("12-1")
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, recording._writer._file.fileno())
    os.close(full)
    with pytest.raises(RecordingError, match="12-1.*make room"):
        for _ in range(25):
            recording.append(bytes(320), bytes(320))
    recording.abandon()
