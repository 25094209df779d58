"""Makes the training data: espeak-ng speech over a telephone line as Kaldi log-mel features with labels.

python -m speech_model.synth --n 20000 --seed 1 --out data/a.npz
"""

from __future__ import annotations

import argparse
import random
import subprocess
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import kaldi_native_fbank as knf
import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from speech_model import units
from speech_model.telephone import SAMPLE_RATE, Samples, channel, nonspeech
from speech_model.texts import Sampler

TRAIN_VARIANTS = (
    "m1 m2 m3 m4 m6 m8 f1 f2 f4 f5 klatt klatt2 klatt3 klatt5 klatt6 adam Alex Andy Annie belinda benjamin boris "
    "caleb david Denis Diogo ed edward edward2 Gene Gene2 Henrique Hugo iven iven2 iven3 iven4 Jacky Lee linda Marco "
    "Mario max michel miguel Mike Nguyen pablo paul quincy rob sandro shelby steph2 steph3 travis victor zac anika "
    "grandma grandpa aunty norbert antonio gustave"
).split()
HELD_OUT_VARIANTS = "m5 m7 f3 Michael Andrea Alicia steph klatt4 john robert".split()
_LONGEST_SECONDS = 12
_PACKET = 500  # utterances of one work packet
_WAV_HEADER, _WAV_RATE = 44, slice(24, 28)

Example = tuple[npt.NDArray[np.float16], npt.NDArray[np.int16]]


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthetic caller: an espeak-ng variant, its pitch (0 to 99) and speed (words per minute)."""

    variant: str
    pitch: int = 50
    speed: int = 170
    joined: bool = True  # words spoken as one ("zhi1dao4"); False: syllable by syllable


def random_voice(rng: random.Random, variants: list[str]) -> Voice:
    """A caller with one of these variants."""
    variant = rng.choice(variants)
    pitch = round(min(95, max(5, rng.gauss(50, 18))))
    return Voice(variant, pitch, round(rng.triangular(120, 240, 170)), rng.random() < 0.7)


def say(words: list[list[str]], voice: Voice, pauses: random.Random | None = None) -> Samples:
    """Words (lists of toned syllables) as samples at 8 kHz, full scale 1, without silence around."""
    text = ""
    for number, word in enumerate(words):
        text += ("" if voice.joined else " ").join(word)
        if number < len(words) - 1:
            text += ", " if pauses and len(words) > 3 and pauses.random() < 0.12 else " "
    command = ["espeak-ng", "-v", f"cmn-latn-pinyin+{voice.variant}", "-p", str(voice.pitch), "-s", str(voice.speed)]
    wav = subprocess.run([*command, "--stdout", text], capture_output=True, check=True, timeout=60).stdout
    rate = int.from_bytes(wav[_WAV_RATE], "little")
    pcm = np.frombuffer(wav[_WAV_HEADER:], "<i2").astype(np.float32) / 32768
    out: Samples = resample_poly(pcm, SAMPLE_RATE, rate).astype(np.float32)
    loud = np.flatnonzero(np.abs(out) > 0.01)
    return out[max(0, loud[0] - 80) : loud[-1] + 240] if len(loud) else out


def fbank(samples: Samples) -> npt.NDArray[np.float32]:
    """The features that Vosk computes with conf/fbank.conf: 40 log-mels, 25/10 ms, 8 kHz, no dither."""
    options = knf.FbankOptions()
    frames = options.frame_opts
    frames.samp_freq, frames.dither, frames.snip_edges, frames.window_type = SAMPLE_RATE, 0.0, True, "hamming"
    options.mel_opts.num_bins, options.use_energy, options.energy_floor = 40, False, 0.0
    online = knf.OnlineFbank(options)
    online.accept_waveform(SAMPLE_RATE, samples.tolist())
    online.input_finished()
    return np.stack([online.get_frame(i) for i in range(online.num_frames_ready)])


def make(job: tuple[int, int]) -> list[Example]:
    """One work packet: `count` utterances from a seed of its own; one in twenty has no speech and no labels."""
    seed, count = job
    sampler, rng, g = Sampler(seed), random.Random(seed), np.random.default_rng(seed)
    babble = np.concatenate([say(sampler.draw(), random_voice(rng, TRAIN_VARIANTS)) for _ in range(12)])
    out: list[Example] = []
    while len(out) < count:
        if rng.random() < 0.05:
            out.append((fbank(channel(nonspeech(g), g, None)).astype(np.float16), np.zeros(0, np.int16)))
            continue
        words = sampler.draw()
        speech = say(words, random_voice(rng, TRAIN_VARIANTS), rng)
        if len(speech) <= _LONGEST_SECONDS * SAMPLE_RATE:
            labels = np.array(units.unit_ids([syllable for word in words for syllable in word]), np.int16)
            out.append((fbank(channel(speech, g, babble)).astype(np.float16), labels))
    return out


def main() -> None:
    """Write `--n` utterances as one .npz: features x, labels y, their lengths xl and yl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    packets = [(options.seed * 1000 + i, _PACKET) for i in range(options.n // _PACKET)]
    with Pool(options.jobs) as pool:
        data = [example for part in pool.imap(make, packets) for example in part]
    x, y = (np.concatenate(column) for column in zip(*data, strict=True))
    np.savez(options.out, x=x, y=y, xl=np.array([len(x) for x, _ in data]), yl=np.array([len(y) for _, y in data]))
    print(len(data), "utterances", round(len(x) / 360_000, 1), "hours")


if __name__ == "__main__":
    main()
