"""Acoustic units: every pinyin syllable is an initial and a tonal final.

A vowel-initial syllable gets the initial "0", so two equal units never stand next to each other and the CTC topology
needs no compulsory blank. The same reading (pypinyin, word by word) makes the audio, the training labels and the
lexicon.
"""

from __future__ import annotations

import re

from pypinyin import Style, pinyin

INITIALS = "0 b p m f d t n l g k h j q x zh ch sh r z c s y w".split()
FINALS = (
    "a o e i u v ir iz ai ei ao ou an en ang eng ong er ia ie iao iu ian in iang ing iong ua uo uai ui uan un uang ue "
    "ve van vn io iou"
).split()
BLANK = "<blk>"
UNITS = [BLANK, *INITIALS, *(final + tone for final in FINALS for tone in "12345")]
UNIT_ID = {unit: number for number, unit in enumerate(UNITS)}
_ODD = {"n": "en", "ng": "en", "m": "mu", "hm": "hen", "hng": "heng", "ê": "ei", "r": "er", "yo": "yo"}

# Kaldi's "phones" are units by their place in the word, so that Vosk finds word boundaries in the lattice.
# Kaldi counts from 1; phone k (from 0, as here) has the transition ids 2k+1 (stay) and 2k+2 (enter).
PHONES: list[tuple[str, str]] = [
    (BLANK, "nonword"),
    (BLANK, "internal"),
    *((initial, place) for initial in INITIALS for place in ("begin", "internal")),
    *((final, place) for final in UNITS[len(INITIALS) + 1 :] for place in ("internal", "end")),
]
PHONE_ID = {phone: number for number, phone in enumerate(PHONES)}


def syllables(word: str) -> list[str]:
    """Chinese word to toned syllables: 知道 gives ['zhi1', 'dao4'] (5 is the neutral tone)."""
    out = []
    for (reading,) in pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"):
        match = re.fullmatch(r"(\D+)([1-5])", reading)
        base, tone = (match[1], match[2]) if match else (reading, "5")
        out.append(_ODD.get(base, base).replace("ü", "v") + tone)
    return out


def split(syllable: str) -> tuple[str, str]:
    """'zhong1' gives ('zh', 'ong1'); KeyError for what is not a Mandarin syllable."""
    base, tone = syllable[:-1], syllable[-1]
    initial = base[:2] if base[:2] in ("zh", "ch", "sh") else base[:1] if base[:1] in INITIALS else "0"
    final = base if initial == "0" else base[len(initial) :]
    if initial in ("j", "q", "x", "y") and final[:1] == "u":  # ju is jü
        final = "v" + final[1:]
    if final == "i":
        final = {"zh": "ir", "ch": "ir", "sh": "ir", "r": "ir", "z": "iz", "c": "iz", "s": "iz"}.get(initial, "i")
    if final + tone not in UNIT_ID:
        raise KeyError(syllable)
    return initial, final + tone


def unit_ids(toned: list[str]) -> list[int]:
    """Toned syllables to unit numbers, two each."""
    return [UNIT_ID[unit] for syllable in toned for unit in split(syllable)]


def phones(toned: list[str]) -> list[int]:
    """The syllables of one word to phones (from 0)."""
    units = [unit for syllable in toned for unit in split(syllable)]
    places = ["begin", *["internal"] * (len(units) - 2), "end"]
    return [PHONE_ID[phone] for phone in zip(units, places, strict=True)]
