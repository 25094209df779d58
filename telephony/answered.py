"""The first seconds after answer: a person, or a machine in the client's place.

Voicemail and phone assistants come after the answer, and so do some networks' announcements and tones. The detector is
that of early media with stricter ears: only words that no person says there count, and in doubt it is a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from intents import Announced, classify_announcement
from intents.machine_speech import classify_after_answer
from rules.witnesses import AnsweringMachine, Tone
from speech.recogniser import Transcript
from telephony.announcements import ENDINGS, Quote
from telephony.progress import ProgressDetector
from telephony.tones import ToneHeard

SCREENED_MS = 25_000  # from the answer; who has talked for so long is a person
_GREETING = re.compile("[喂歪您你好哎诶欸啊嗯哦]*")
_PERSON_SPEAKS = 2  # utterances that are more than a greeting and no machine's
_GOES_ON = frozenset({Announced.BUSY, Announced.NO_ANSWER, Announced.UNREACHABLE, Announced.REFUSED_BY_NETWORK})
_SETTLED_MS = 1500  # of silence after words that 请留言 or 请说明来意 may follow
_LONGEST_WAIT_MS = 3500  # the same without silence

MACHINES: Mapping[Announced, AnsweringMachine] = MappingProxyType(
    dict.fromkeys(ENDINGS, AnsweringMachine.NETWORK)
    | {
        Announced.VOICEMAIL: AnsweringMachine.VOICEMAIL,
        Announced.PHONE_ASSISTANT: AnsweringMachine.ASSISTANT,
    }
)


@dataclass(frozen=True, slots=True)
class AfterAnswer:
    """What answered, every witness kept apart; `machine` None: a person, as far as is known.

    `announcement` are the words that decided, `announced` what they mean; `at_ms` is where it was certain.
    """

    machine: AnsweringMachine | None = None
    announcement: str = ""
    announced: Announced | None = None
    announcement_evidence: str = ""
    announcement_confidence: float = 0.0
    tone: Tone | None = None
    quotes: tuple[Quote, ...] = ()
    at_ms: int = 0

    def details(self) -> dict[str, Any]:
        """What is stored with the attempt, apart from what was heard before answer; nothing for a person."""
        if self.machine is None and self.tone is None:
            return {}
        return {
            "answered_by": self.machine.value if self.machine else None,
            "answered_announcement": self.announcement,
            "answered_announced": self.announced.value if self.announced else None,
            "answered_evidence": self.announcement_evidence,
            "answered_confidence": self.announcement_confidence,
            "answered_tone": self.tone.value if self.tone else None,
            "answered_at_ms": self.at_ms,
            "answered_quotes": [asdict(quote) for quote in self.quotes],
        }


class AnsweredDetector(ProgressDetector):
    """Gathers what is said after answer; values in, values out, as in early media.

    `certain` says that a machine is there, `person` that a person is and nothing more need be heard.
    """

    classify = staticmethod(classify_after_answer)
    stable_ms = 480  # a recogniser in mid-sentence may well hear what people do not say

    def __init__(self) -> None:
        super().__init__()
        self._decided: Announced | None = None
        self._decided_ms = 0
        self._spoken = 0  # utterances that are more than a greeting and no machine's

    @property
    def _outcome(self) -> Announced | None:
        """What a machine has surely said, last as it may be."""
        outcome = self._verdict.match.outcome
        return outcome if self._verdict.sure and outcome in ENDINGS else None

    @property
    def _tone_in_place(self) -> bool:
        """Whether nobody has spoken: behind words, a tone says that the far end has hung up."""
        return not self._finals

    @property
    def person(self) -> bool:
        """Whether somebody has talked as people do."""
        return self._spoken >= _PERSON_SPEAKS and self._outcome is None

    @property
    def certain(self) -> bool:
        """Whether a machine is there beyond doubt, and what it says will hardly change."""
        if self._outcome is None:
            return self._tone_in_place and self.tone_is_certain
        if self._outcome not in _GOES_ON:
            return True
        return self.now_ms - self.gate.end_ms >= _SETTLED_MS or self.now_ms - self._decided_ms >= _LONGEST_WAIT_MS

    def partial(self, text: str) -> None:
        """Take the utterance so far."""
        super().partial(text)
        self._note_decision()

    def final(self, transcript: Transcript) -> None:
        """Take a finished utterance."""
        super().final(transcript)
        self._note_decision()
        if not _GREETING.fullmatch(transcript.text) and classify_announcement(transcript.text).outcome not in ENDINGS:
            self._spoken += 1

    def _note_decision(self) -> None:
        if self._outcome is not self._decided:
            self._decided, self._decided_ms = self._outcome, self.now_ms

    def found(self, *, at_the_end: bool = False) -> AfterAnswer:
        """All the evidence as one value; at the end of the line what is sure need not be waited for."""
        match = self._verdict.match
        announced = self._outcome if at_the_end or self.certain else None
        machine = MACHINES[announced] if announced else None
        if machine is None and self._tone_in_place and self.tone_is_certain:
            machine = AnsweringMachine.NETWORK
        return AfterAnswer(
            machine=machine,
            announcement=self._verdict.text if announced else "",
            announced=announced,
            announcement_evidence=match.evidence if announced else "",
            announcement_confidence=match.confidence if announced else 0.0,
            tone=_telling(self.tone) if self._tone_in_place else None,
            quotes=self.quotes,
            at_ms=self.now_ms,
        )


def _telling(tone: ToneHeard | None) -> Tone | None:
    return tone.tone if tone is not None and tone.tone is not Tone.RINGBACK else None
