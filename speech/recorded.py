"""Prompts that a person recorded: a folder of WAV files with an index `prompts.csv`.

The index is UTF-8 with the header `text,file`, one line per prompt: the text exactly as the script says it, and the
file's name inside the folder. Files are uncompressed WAV, any rate, mono or stereo, 8 to 32 bits.
"""

from __future__ import annotations

import csv
import io
import wave
from pathlib import Path

import numpy as np

from speech.errors import AudioUnreadable
from speech.levels import Samples, resampled, to_pcm

INDEX = "prompts.csv"
_SAVE_AS = "save it as an uncompressed 16-bit PCM WAV, or take its line out of the index"


def load_recorded(folder: Path) -> dict[str, bytes]:
    """All recorded prompts of a folder: text -> s16le mono at 8 kHz. Raises one AudioUnreadable with every problem."""
    index = folder / INDEX
    try:
        rows = list(csv.DictReader(io.StringIO(index.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = f"{index}: cannot be read ({error}): write a UTF-8 CSV with the header text,file"
        raise AudioUnreadable(problem) from error
    prompts: dict[str, bytes] = {}
    problems: list[str] = []
    for line, row in enumerate(rows, start=2):
        text, name = (row.get("text") or "").strip(), (row.get("file") or "").strip()
        if not text or not name:
            problems.append(f"{index}, line {line}: needs both text and file (header text,file)")
        elif text in prompts:
            problems.append(f"{index}, line {line}: this text has a recording already, keep one of the two lines")
        else:
            try:
                prompts[text] = read_wav(folder / name)
            except AudioUnreadable as error:
                problems.append(f"{index}, line {line}: {error}")
    if problems:
        raise AudioUnreadable("\n".join(problems))
    return prompts


def read_wav(path: Path) -> bytes:
    """One file as s16le mono at 8 kHz."""
    try:
        with wave.open(str(path)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except FileNotFoundError:
        raise AudioUnreadable(f"{path} does not exist: put it there, or take its line out of the index") from None
    except (OSError, EOFError, wave.Error) as error:
        raise AudioUnreadable(f"{path} is no WAV that can be played ({error}): {_SAVE_AS}") from error
    frames = len(data) // (channels * width)
    if not frames:
        raise AudioUnreadable(f"{path} holds no sound: {_SAVE_AS}")
    samples = _floats(data[: frames * channels * width], width).reshape(frames, channels).mean(axis=1, dtype=np.float32)
    return to_pcm(resampled(samples, rate))


def _floats(data: bytes, width: int) -> Samples:
    """PCM of 1 to 4 bytes a sample in [-1, 1]; one byte is unsigned, as WAV has it."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
    padded = np.zeros((len(data) // width, 4), np.uint8)
    padded[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    return padded.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
