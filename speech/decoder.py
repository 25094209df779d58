"""Vosk behind a narrow door: loading a model, one decoder, and a pool that lends decoders out again."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import vosk

from speech.errors import ModelUnreadable
from speech.model_slot import check_layout
from speech.transcript import UNKNOWN, Word

SAMPLE_RATE = 8000  # Hz of what comes in; Vosk itself converts to the model's own rate
_SILENT = -3  # below Kaldi's own errors: what matters is raised, and warnings may quote what a client said


@dataclass(frozen=True, slots=True)
class Models:
    """A loaded model: one graph for free speech, one (where the model has it) that takes grammars."""

    free: vosk.Model
    restricted: vosk.Model | None

    def decoder(self, grammar: str) -> Decoder:
        """A new decoder for Vosk's JSON list of phrases, or for free speech when that is empty."""
        if grammar and self.restricted is not None:
            return Decoder(grammar, vosk.KaldiRecognizer(self.restricted, SAMPLE_RATE, grammar))
        return Decoder(grammar, vosk.KaldiRecognizer(self.free, SAMPLE_RATE))


def load_models(folder: Path) -> Models:
    """Load a Vosk model folder; ModelNotFound or ModelUnreadable (one message each) when that cannot be done.

    A graph that takes grammars is put together while decoding, and each decoder keeps its own copy of what it has
    seen (20 MB and more). A model may therefore bring a second, ready-made graph in `static/`, which all decoders
    of free speech share.
    """
    check_layout(folder)
    vosk.SetLogLevel(_SILENT)
    graph = folder / "graph" if (folder / "am").is_dir() else folder
    ready_made = (graph / "HCLG.fst").is_file()
    whole = _load(folder)
    if not ready_made and (folder / "static/graph/HCLG.fst").is_file():
        return Models(_load(folder / "static"), whole)
    return Models(whole, None if ready_made else whole)


def _load(folder: Path) -> vosk.Model:
    try:
        model = vosk.Model(str(folder))
        vosk.KaldiRecognizer(model, SAMPLE_RATE)  # the graph is opened here, not by Model
    except Exception as error:  # Vosk raises nothing narrower
        raise ModelUnreadable(
            f"the recognition model in {folder} cannot be loaded: a file is damaged or cut short; "
            "delete the folder and unpack or download the model again"
        ) from error
    return model


class Decoder:
    """One KaldiRecognizer with its clock set back: times count from the last `start`; never used by two threads."""

    def __init__(self, grammar: str, kaldi: vosk.KaldiRecognizer) -> None:
        """`kaldi` was made for `grammar`, which is kept as the name of the shelf it goes back to."""
        self.grammar = grammar
        self._kaldi = kaldi
        self._kaldi.SetWords(True)
        self._fed = 0  # samples since this recogniser was made; Vosk's word times count from there
        self._origin = 0
        self._words: list[Word] = []

    def start(self, position: int) -> None:
        """Begin an utterance; `position` is the sample of the stream that comes next."""
        self._origin = position - self._fed
        self._words = []

    def accept(self, pcm: bytes) -> str:
        """Decode 16-bit mono samples and return everything heard since `start`, without spaces."""
        self._fed += len(pcm) // 2
        if self._kaldi.AcceptWaveform(pcm):  # Vosk's own endpoint: a pause inside our turn; no partial after it
            self._collect(self._kaldi.Result())
        partial = str(json.loads(self._kaldi.PartialResult()).get("partial", "")).replace(UNKNOWN, "").replace(" ", "")
        return "".join(word.text for word in self._words if word.known) + partial

    def finish(self) -> list[Word]:
        """End the utterance now and return its words; the decoder is clean for the next `start`."""
        self._collect(self._kaldi.FinalResult())
        words, self._words = self._words, []
        return words

    def _collect(self, reply: str) -> None:
        self._words += [self._word(entry) for entry in json.loads(reply).get("result", ())]

    def _word(self, entry: dict[str, Any]) -> Word:
        return Word(entry["word"], self._ms(entry["start"]), self._ms(entry["end"]), min(1.0, float(entry["conf"])))

    def _ms(self, seconds: float) -> int:
        return max(0, round(1000 * (seconds + self._origin / SAMPLE_RATE)))


class DecoderPool:
    """Lends decoders; idle ones are kept because a new one costs compiling its grammar or filling its graph cache."""

    def __init__(self, models: Models, max_idle: int) -> None:
        self._models = models
        self._max_idle = max_idle
        self._idle: OrderedDict[str, list[Decoder]] = OrderedDict()
        self._lock = Lock()

    def take(self, grammar: str) -> Decoder:
        """An idle decoder for this grammar, else a new one."""
        with self._lock:
            shelf = self._idle.get(grammar)
            if shelf:
                decoder = shelf.pop()
                if not shelf:
                    del self._idle[grammar]
                return decoder
        return self._models.decoder(grammar)

    def give_back(self, decoder: Decoder) -> None:
        """Put a finished decoder back; beyond the bound, the grammar used longest ago loses one."""
        with self._lock:
            self._idle.setdefault(decoder.grammar, []).append(decoder)
            self._idle.move_to_end(decoder.grammar)
            if sum(map(len, self._idle.values())) > self._max_idle:
                oldest = next(iter(self._idle))
                self._idle[oldest].pop()
                if not self._idle[oldest]:
                    del self._idle[oldest]
