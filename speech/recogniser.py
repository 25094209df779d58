"""Speech to text for many calls at once: one shared Vosk model, a few threads, one stream per listener."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from time import thread_time
from typing import TypeVar

from speech.decoder import SAMPLE_RATE, Decoder, DecoderPool, load_models
from speech.errors import SpeechError, TooLate
from speech.lanes import Workers
from speech.load import Load
from speech.model_slot import find_model
from speech.transcript import Transcript, Word, transcript_of
from speech.vocabulary import Vocabulary

__all__ = ["Recogniser", "Stream", "Transcript", "Usage", "Word", "find_model"]

T = TypeVar("T")
_CHUNK_BYTES = SAMPLE_RATE // 10 * 2  # 100 ms


@dataclass(frozen=True, slots=True)
class Usage:
    """What recognition has cost: seconds of audio and seconds of processor time in the decoding threads."""

    audio_seconds: float = 0.0
    busy_seconds: float = 0.0

    @property
    def real_time_factor(self) -> float:
        """Processor seconds per second of audio."""
        return self.busy_seconds / self.audio_seconds if self.audio_seconds else 0.0


class Recogniser:
    """A Vosk model shared by all streams of this process.

    `model_dir` is any Vosk model folder; `threads` decode at once; at most `max_waiting` pieces of audio are
    under way before Overloaded is raised; every wait ends after `deadline_seconds` (TooLate). `max_idle` decoders
    are kept for the next utterance. Raises ModelNotFound or ModelUnreadable.
    """

    def __init__(
        self,
        model_dir: Path,
        threads: int = 2,
        max_waiting: int = 256,
        *,
        deadline_seconds: float = 10.0,
        max_idle: int = 32,
    ) -> None:
        models = load_models(model_dir)
        self.takes_grammar = models.restricted is not None
        self.deadline_seconds = deadline_seconds
        self._vocabulary = Vocabulary(lambda word: models.free.vosk_model_find_word(word) >= 0)
        self._grammar = lru_cache(maxsize=256)(self._vocabulary.grammar)
        self._workers = Workers(threads, max_waiting)
        self._pool = DecoderPool(models, max_idle)
        self._usage = Usage()
        self._usage_lock = Lock()

    @property
    def usage(self) -> Usage:
        """Totals since this recogniser was made, over all streams."""
        return self._usage

    @property
    def busy(self) -> bool:
        """Whether any audio is being decoded or waits for it."""
        return self._workers.busy

    def load(self) -> Load:
        """How much the decoding threads have to do, now and lately; from any thread."""
        return self._workers.load()

    def stream(self, phrases: Sequence[str] = ()) -> Stream:
        """A listener; with `phrases` it hears only these (and `[unk]`), as far as model and vocabulary allow.

        A phrase that holds an unknown word is left out (see `unknown_words`); when none is left, or the model's
        graph is fixed, the stream hears freely.
        """
        grammar = self._grammar(tuple(phrases)) if phrases and self.takes_grammar else ""
        return Stream(self, grammar)

    def unknown_words(self, texts: Sequence[str]) -> dict[str, list[str]]:
        """For each text that this model can never hear in full: the words or characters that it lacks."""
        return self._vocabulary.unknown_words(texts)

    async def transcribe(self, pcm: bytes, phrases: Sequence[str] = ()) -> Transcript:
        """One whole recording (16-bit mono, 8 kHz) at once."""
        stream = self.stream(phrases)
        try:
            for at in range(0, len(pcm), _CHUNK_BYTES):
                await stream.accept(pcm[at : at + _CHUNK_BYTES])
            return await stream.finish()
        finally:
            stream.close()

    def close(self) -> None:
        """Finish what was accepted and stop the threads; blocks until then."""
        self._workers.close()

    def _charge(self, samples: int, seconds: float) -> None:
        with self._usage_lock:
            now = self._usage
            self._usage = Usage(now.audio_seconds + samples / SAMPLE_RATE, now.busy_seconds + seconds)


class Stream:
    """One listener of one event loop; what it is given is decoded in order, even when the caller stops waiting.

    A decoder is borrowed at the first audio after `finish` and given back by `finish`, so a stream that is fed
    only while somebody speaks holds no memory between turns.
    """

    def __init__(self, recogniser: Recogniser, grammar: str) -> None:
        self._recogniser = recogniser
        self._grammar = grammar
        self._lane = recogniser._workers.lane()
        self._decoder: Decoder | None = None
        self._position = 0  # samples decoded since the stream was made
        self._closed = False

    async def accept(self, pcm: bytes) -> str:
        """Hear 16-bit 8 kHz mono samples (best 60 to 100 ms) and return the utterance so far, without spaces.

        Raises Overloaded (nothing was taken), TooLate (taken, the text comes with the next call) and ValueError
        for half a sample.
        """
        if len(pcm) % 2:
            raise ValueError(f"{len(pcm)} bytes are not a whole number of 16-bit samples")
        return await self._run(lambda: self._accept(pcm))

    async def finish(self) -> Transcript:
        """The final result right now; the next `accept` starts a new utterance, its times count on."""
        return await self._run(self._finish)

    def close(self) -> None:
        """Give up what is unfinished, without waiting; may be called twice."""
        if not self._closed:
            self._closed = True
            self._lane.submit(self._release, always=True)

    async def _run(self, job: Callable[[], T]) -> T:
        if self._closed:
            raise SpeechError("this stream was closed; open a new one with Recogniser.stream()")
        future = asyncio.wrap_future(self._lane.submit(lambda: self._timed(job)))
        deadline = self._recogniser.deadline_seconds
        try:
            return await asyncio.wait_for(asyncio.shield(future), deadline)
        except TimeoutError:
            raise TooLate(
                f"recognition took longer than {deadline:g} s: the machine cannot keep up; place fewer calls at once"
            ) from None

    def _timed(self, job: Callable[[], T]) -> T:
        position, began = self._position, thread_time()
        try:
            return job()
        finally:
            self._recogniser._charge(self._position - position, thread_time() - began)

    def _accept(self, pcm: bytes) -> str:
        if self._decoder is None:
            self._decoder = self._recogniser._pool.take(self._grammar)
            self._decoder.start(self._position)
        self._position += len(pcm) // 2
        return self._decoder.accept(pcm)

    def _finish(self) -> Transcript:
        if self._decoder is None:
            return Transcript()
        words = self._decoder.finish()
        self._recogniser._pool.give_back(self._decoder)
        self._decoder = None
        return transcript_of(words)

    def _release(self) -> None:
        self._finish()
