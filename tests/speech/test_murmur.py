"""A sound that no word can be told from is a murmur; speech never is, however short, dull or noisy."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lines import Samples, on_the_line
from speech.murmur import is_murmur
from speech.voice import caller_voices
from telephony.simulator.audio import muffle
from tests.speech.line import said

LINE = 2400  # samples before and after the sound
# 不, 五 and 无 have little but the voice itself; 是, 四 and 十 little but a hiss.
SHORT = ("不", "五", "无", "嗯", "是", "四", "十", "对", "没有", "不是", "母亲")


def _line(sound: Samples, snr_db: float | None, kind: str = "white") -> bytes:
    return on_the_line(np.concatenate([np.zeros(LINE), sound, np.zeros(LINE)]), snr_db, kind, seed=7)


def _said(text: str, voice: str) -> Samples:
    return np.frombuffer(said(text, voice), "<i2") / 32768


@pytest.mark.parametrize("voice", sorted(caller_voices()))
def test_speech_is_no_murmur_on_any_line(voice: str) -> None:
    lines = [(snr_db, kind) for snr_db in (None, 20.0, 10.0, 5.0) for kind in ("white", "pink")]
    assert [text for text in SHORT for line in lines if is_murmur(_line(_said(text, voice), *line))] == []


@pytest.mark.parametrize("voice", sorted(caller_voices()))
@pytest.mark.parametrize("snr_db", [None, 20.0])
def test_speech_behind_a_hand_is_a_murmur(voice: str, snr_db: float | None) -> None:
    assert is_murmur(_line(muffle(_said("呜噜呜噜", voice)), snr_db))
    assert is_murmur(_line(muffle(_said("不是的我没有", voice)), snr_db))


def test_where_noise_hides_it_nothing_is_said_of_it() -> None:
    assert not is_murmur(_line(muffle(_said("呜噜呜噜", "lin")), 5.0))


@pytest.mark.parametrize("pcm", [b"", bytes(400), bytes(16_000)])
def test_silence_is_no_murmur(pcm: bytes) -> None:
    assert not is_murmur(pcm)
