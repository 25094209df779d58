"""pipecat's speech-to-text service around the shared Vosk recogniser."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService

from bot.moves import Spoken
from bot.shell.frames import HeardAudio
from speech.errors import Overloaded, TooLate
from speech.murmur import is_murmur
from speech.recogniser import Recogniser, Stream, Transcript
from speech.suppression import stands_out_db, turned_down

_BYTES_PER_MS = 16  # 8 kHz, 16 bit
_SHORT_CHARS = 6  # heard twice: longer answers do not hang on one syllable
_SHORT_MS = 3000  # of audio with what was taken in before and after
_NOISY_DB = 18.0  # speech that stands out less is heard twice
_DOUBTFUL = 0.95  # of the recogniser, and so is speech of which it is less sure, on any line
_NOISE_MS = 300  # before speech
Grammar = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where in the recording a transcript was said, and how sure the recogniser is of it (0 to 1).

    `second` is what short speech was taken for when it was heard again with the noise turned down.
    """

    start_ms: int
    end_ms: int
    confidence: float
    second: str = ""
    words: tuple[Spoken, ...] = ()


class VoskSTTService(STTService):
    """Partial transcripts while the client speaks, the final one as soon as the turn has ended.

    Short speech in noise, or in doubt, is heard a second time with the noise turned down; a short murmur has no words.

    `grammar` gives the phrases that may be heard, asked at the start of each turn; without any the model hears
    freely. The end of the turn comes from downstream as UserStoppedSpeakingFrame.
    """

    def __init__(self, ears: Recogniser, *, grammar: Grammar | None = None) -> None:
        super().__init__(
            audio_passthrough=False,
            sample_rate=8000,
            ttfs_p99_latency=0.1,
            settings=STTSettings(model="vosk", language=None),
        )
        self._ears = ears
        self._grammar = grammar or tuple
        self._phrases: tuple[str, ...] = ()
        self._stream: Stream | None = None
        self._fed_ms = 0  # audio that this stream was given; its word times count from there
        self._behind_ms: int | None = None  # recording position minus stream position, in a turn
        self._partial = ""
        self._short = bytearray()  # the audio of this turn, while it is short

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note where the audio belongs, and ask for the final text when the turn has ended."""
        if isinstance(frame, HeardAudio) and self._behind_ms is None:
            self._open()
            self._behind_ms = frame.at_ms - self._fed_ms
        elif isinstance(frame, UserStoppedSpeakingFrame) and direction is FrameDirection.UPSTREAM:
            await self._finish()
        await super().process_frame(frame, direction)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Hear one piece of audio; yields the partial text when it has changed."""
        stream = self._stream or self._open()
        length_ms = len(audio) // _BYTES_PER_MS
        try:
            partial = await stream.accept(audio)
        except Overloaded:  # this piece is lost; what follows keeps its place
            self._behind_ms = (self._behind_ms or 0) + length_ms
            return
        except TooLate:  # it was taken: its text comes with the next piece
            partial = self._partial
        self._fed_ms += length_ms
        if self._is_short:
            self._short += audio
        if partial != self._partial:
            self._partial = partial
            yield InterimTranscriptionFrame(text=partial, user_id="", timestamp="")

    async def cleanup(self) -> None:
        """Give the decoder back."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        if self._stream:
            self._stream.close()

    def _open(self) -> Stream:
        phrases = tuple(self._grammar())
        if self._stream is None or phrases != self._phrases:
            if self._stream:
                self._stream.close()
            self._stream, self._phrases, self._fed_ms = self._ears.stream(phrases), phrases, 0
        return self._stream

    async def _finish(self) -> None:
        heard = await self._final()
        frame = TranscriptionFrame(text=heard.text, user_id="", timestamp="", finalized=True)
        frame.result = self._placed(heard, await self._second(heard))
        self._behind_ms, self._partial = None, ""
        self._short.clear()
        await self.push_frame(frame)

    async def _final(self) -> Transcript:
        if self._stream is None or self._behind_ms is None:
            return Transcript()
        try:
            heard = await self._stream.finish()
        except (Overloaded, TooLate):
            heard = Transcript(self._partial)
        return Transcript() if heard.text and self._is_short and is_murmur(bytes(self._short)) else heard

    @property
    def _is_short(self) -> bool:
        return len(self._short) <= _SHORT_MS * _BYTES_PER_MS

    async def _second(self, heard: Transcript) -> str:
        """What short speech in noise or in doubt is taken for with the noise turned down."""
        audio = bytes(self._short)
        if not 0 < len(heard.text) <= _SHORT_CHARS or not self._is_short:
            return ""
        if heard.confidence >= _DOUBTFUL and stands_out_db(audio) >= _NOISY_DB:
            return ""
        try:
            return (await self._ears.transcribe(turned_down(audio, _NOISE_MS), self._phrases)).text
        except (Overloaded, TooLate):
            return ""

    def _placed(self, heard: Transcript, second: str) -> Placed | None:
        if not heard.words or self._behind_ms is None:
            return None
        first, last, behind_ms = heard.words[0], heard.words[-1], self._behind_ms
        words = tuple(
            Spoken(word.text, behind_ms + word.start_ms, behind_ms + word.end_ms) for word in heard.words if word.known
        )
        return Placed(behind_ms + first.start_ms, behind_ms + last.end_ms, heard.confidence, second, words)
