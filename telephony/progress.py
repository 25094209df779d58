"""Call progress: what the network says before anybody answers, and when to stop listening to it.

Networks speak the reason in early media and send codes that contradict it. `ProgressDetector` gathers tones and
announcements from the audio and says when the outcome is certain; `listen_before_answer` carries it on a leg. Ringback
music (彩铃) is never a reason to hang up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from intents import Announced
from intents.machine_speech import classify_before_answer
from rules.witnesses import Tone
from speech.errors import SpeechError
from speech.recogniser import Recogniser, Stream, Transcript
from telephony.announcements import ENDINGS, Classify, Quote, Verdict, verdict_of
from telephony.legs import (
    FRAME_BYTES,
    FRAME_MS,
    Answered,
    AudioIn,
    EarlyMedia,
    HangupCause,
    HungUp,
    Leg,
    LegEvent,
    Ringing,
)
from telephony.sound_gate import SoundGate
from telephony.tones import ToneDetector, ToneHeard

log = logging.getLogger(__name__)

_ENDING_TONES = frozenset({Tone.BUSY, Tone.CONGESTION, Tone.EMPTY_NUMBER})
_ENDING_CYCLES = 3
_SIT_WORDS_MS = 2500  # after the special information tone the network often says why
_OPEN, _OPEN_MS = ("再拨", "再拨打"), 720  # an advert goes on: 再拨打我们的热线
_QUOTES = 20  # utterances kept
_SURE = 0.5  # the recogniser's own confidence in a final text


@dataclass(frozen=True, slots=True)
class BeforeAnswer:
    """What happened before answer, every witness kept apart.

    `ring_ms`: from the first sign of ringing to the answer or the end. `answered_at_ms`: the place of the answer in the
    recording, which may begin with it. `announcement` and `announced`: the words that
    decided and what they mean (None when nothing was understood). `tone`: the latest tone, `tone_heard` its evidence.
    `cleared_locally`: we hung up, certain of the outcome or at the end of the ring time (`cause` TIMED_OUT).
    """

    answered: bool
    ring_ms: int = 0
    answered_at_ms: int = 0
    announcement: str = ""
    announced: Announced | None = None
    announcement_evidence: str = ""
    announcement_confidence: float = 0.0
    tone: Tone | None = None
    tone_heard: ToneHeard | None = None
    sip_status: int | None = None
    q850: int | None = None
    cause: HangupCause | None = None
    cleared_locally: bool = False
    quotes: tuple[Quote, ...] = ()


class ProgressDetector:
    """Gathers the evidence in early media; values in, values out.

    Feed `hear` with audio; what it returns as wanted goes to a recogniser, whose texts come back through `partial` and
    `final`; `certain` says that waiting brings nothing more.
    """

    classify: Classify = staticmethod(classify_before_answer)
    stable_ms = 300  # a partial text must say the same for so long

    def __init__(self) -> None:
        self.gate = SoundGate()
        self.now_ms = 0  # up to where audio was heard
        self._tones = ToneDetector()
        self._sit_ms: int | None = None  # where the first special information tone ended
        self._candidate: Announced | None = None
        self._candidate_ms = 0  # since when the partial text says so
        self._finals: list[Quote] = []
        self._deciding: tuple[Quote, ...] = ()  # with the partial text that decided
        self._verdict = verdict_of(())

    @property
    def tone(self) -> ToneHeard | None:
        """The latest tone."""
        return self._tones.heard

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """Everything that was understood, in order."""
        return self._deciding or tuple(self._finals)

    @property
    def verdict(self) -> Verdict:
        """The words that decide, and what they mean."""
        return self._verdict

    @property
    def certain(self) -> bool:
        """Whether the outcome is beyond doubt, so that the call can be cleared."""
        return self.tone_is_certain or (self._verdict.sure and self._verdict.match.outcome in ENDINGS)

    @property
    def tone_is_certain(self) -> bool:
        """Whether a tone ends the call: after some cycles, the SIT once no words follow that give the reason."""
        tone = self._tones.heard
        if tone is None:
            return False
        if tone.tone is Tone.SIT and self._sit_ms is not None:
            silent = self.gate.end_ms <= tone.end_ms or self.now_ms - self.gate.end_ms >= _SIT_WORDS_MS
            return silent and self.now_ms - self._sit_ms >= _SIT_WORDS_MS
        return tone.tone in _ENDING_TONES and tone.cycles >= _ENDING_CYCLES

    def hear(self, audio: AudioIn) -> tuple[bytes, bool]:
        """Take early media; returns the audio to decode (may be empty) and whether the utterance ends with it."""
        tone = self._tones.feed(audio.pcm, audio.at_ms)
        if tone is not None and tone.tone is Tone.SIT and self._sit_ms is None:
            self._sit_ms = tone.end_ms
        self.now_ms = audio.at_ms + len(audio.pcm) * FRAME_MS // FRAME_BYTES
        wanted = self.gate.feed(audio.pcm, audio.at_ms, self._tones.sounding)
        return wanted.pcm, wanted.ended

    def partial(self, text: str) -> None:
        """Take the utterance so far: once it has said the same for a while, it counts as it is.

        A final text asked for in mid-word would lose that word.
        """
        quotes = (*self._finals, Quote(text, self.gate.start_ms, self.gate.end_ms))
        verdict = verdict_of(quotes, self.classify)
        outcome = verdict.match.outcome if verdict.sure else None
        if outcome is not self._candidate:
            self._candidate, self._candidate_ms = outcome, self.gate.end_ms
        needed_ms = _OPEN_MS if text.endswith(_OPEN) else self.stable_ms
        if outcome in ENDINGS and self.gate.end_ms - self._candidate_ms >= needed_ms:
            self._deciding, self._verdict = quotes, verdict

    def final(self, transcript: Transcript) -> None:
        """Take a finished utterance."""
        self._candidate = None
        if transcript.text and not self.certain:
            quote = Quote(transcript.text, self.gate.start_ms, self.gate.end_ms, transcript.confidence >= _SURE)
            self._finals, self._deciding = [*self._finals[1 - _QUOTES :], quote], ()
            self._verdict = verdict_of(self._finals, self.classify)


@dataclass(slots=True)
class Hearer:
    """Has a recogniser hear what a detector wants decoded; a recogniser that fails leaves tones and codes."""

    call_id: str
    stream: Stream
    detector: ProgressDetector
    deaf: bool = False

    async def hear(self, audio: AudioIn) -> bool:
        """Take audio; returns whether the detector is certain."""
        pcm, ended = self.detector.hear(audio)
        if pcm and not self.deaf:
            self.detector.partial(await self._decode(pcm))
        if ended:
            await self.finish()
        return self.detector.certain

    async def finish(self) -> None:
        """Have the utterance finished."""
        if self.deaf:
            return
        try:
            self.detector.final(await self.stream.finish())
        except SpeechError as error:
            self._give_up(error)

    async def _decode(self, pcm: bytes) -> str:
        try:
            return await self.stream.accept(pcm)
        except SpeechError as error:
            self._give_up(error)
            return ""

    def _give_up(self, error: SpeechError) -> None:
        self.deaf = True
        log.warning("call %s: announcements are not heard any more: %s", self.call_id, error)


@dataclass(slots=True)
class _Listener:
    """The shell's state: a leg, what is heard on it, the clock."""

    leg: Leg
    hearer: Hearer
    rang_at: float | None = None

    @property
    def detector(self) -> ProgressDetector:
        return self.hearer.detector

    async def follow(self) -> LegEvent | None:
        """Read events until the answer, the end, or certainty (None)."""
        events = self.leg.events()
        try:
            async for event in events:
                if isinstance(event, Answered | HungUp):
                    return event
                if isinstance(event, Ringing | EarlyMedia) and self.rang_at is None:
                    self.rang_at = asyncio.get_running_loop().time()
                if isinstance(event, AudioIn) and await self.hearer.hear(event):
                    return None
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()
        return None

    def outcome(self, event: LegEvent | None, cause: HangupCause, cleared_locally: bool) -> BeforeAnswer:
        """All the evidence as one value."""
        now = asyncio.get_running_loop().time()
        verdict, tone = self.detector.verdict, self.detector.tone
        ended = event if isinstance(event, HungUp) else None
        return BeforeAnswer(
            answered=isinstance(event, Answered),
            answered_at_ms=event.at_ms if isinstance(event, Answered) else 0,
            ring_ms=round((now - self.rang_at) * 1000) if self.rang_at is not None else 0,
            announcement=verdict.text, announced=_announced(verdict, event),
            announcement_evidence=verdict.match.evidence, announcement_confidence=verdict.match.confidence,
            tone=tone.tone if tone else None, tone_heard=tone,
            sip_status=ended.sip_status if ended else None, q850=ended.q850 if ended else None,
            cause=None if isinstance(event, Answered) else ended.cause if ended else cause,
            cleared_locally=cleared_locally, quotes=self.detector.quotes,
        )  # fmt: skip


def _announced(verdict: Verdict, event: LegEvent | None) -> Announced | None:
    """What was said: a reason that is not beyond doubt only where the far end hung up behind it."""
    outcome = verdict.match.outcome
    return None if outcome in ENDINGS and not verdict.sure and not isinstance(event, HungUp) else outcome


async def listen_before_answer(leg: Leg, ears: Recogniser, *, ring_seconds: float) -> BeforeAnswer:
    """Follow a dialled leg until somebody answers or it is over.

    Returns with the leg answered (its further events unread), or ended: by the far end, by us because the outcome is
    certain, or by us after `ring_seconds`.
    """
    listener = _Listener(leg, Hearer(leg.call_id, ears.stream(), ProgressDetector()))
    try:
        return await _listen(leg, listener, ring_seconds)
    finally:
        listener.hearer.stream.close()


async def _listen(leg: Leg, listener: _Listener, ring_seconds: float) -> BeforeAnswer:
    try:
        async with asyncio.timeout(ring_seconds):
            event = await listener.follow()
    except TimeoutError:
        await listener.hearer.finish()
        before = listener.outcome(None, HangupCause.TIMED_OUT, cleared_locally=True)
        await leg.hang_up()
        return before
    if isinstance(event, HungUp):
        await listener.hearer.finish()  # the end often cuts the announcement off
        return listener.outcome(event, event.cause, cleared_locally=False)
    before = listener.outcome(event, HangupCause.LOCAL, cleared_locally=event is None)
    if event is None:
        await leg.hang_up()
    return before
