"""From the evidence of one attempt to its outcome (domain rules §4; T/SAC 002-2024 table F.1).

Order of trust: the conversation, the network's spoken announcement, the tone, the SIP status and Q.850
cause. What a weaker witness says otherwise is named in `conflicts`, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.errors import BadEvidence
from rules.labels import label_of
from rules.outcomes import Ending, Outcome
from rules.witnesses import (
    ANNOUNCED,
    ENDINGS,
    Q850,
    SIP,
    TONE_NAMES,
    TONES,
    UNDECIDED_ANNOUNCEMENTS,
    UNKNOWN_FAILURE,
    Meaning,
    Tone,
)


class Source(StrEnum):
    """Who decided an outcome, the most trusted first."""

    CONVERSATION = "conversation"  # 对话
    OWN = "own"  # our own process or line: 我方系统
    ANNOUNCEMENT = "announcement"  # 网络语音提示
    TONE = "tone"  # 信号音
    SIGNALLING = "signalling"  # SIP/Q.850
    COURSE = "course"  # 通话经过: answered, rung out, ended


SOURCE_NAMES: Mapping[Source, str] = {
    Source.CONVERSATION: "对话",
    Source.OWN: "我方系统",
    Source.ANNOUNCEMENT: "网络语音提示",
    Source.TONE: "信号音",
    Source.SIGNALLING: "信令",
    Source.COURSE: "通话经过",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one ended attempt; every witness is kept apart.

    `announced`: a value of intents.Announced, heard before answer or in a person's place after it. `tone`: the last
    tone recognised before answer or the end; `tone_after_answer`: one that came in a person's place.
    `cleared_locally`: we ended the call (ring time over, or certain enough), so that its codes are echoes of our own.
    `interrupted`: our process ended in mid-call. `own_line_failed`: the gateway or trunk says that it could not carry
    the call.
    """

    ending: Ending | None = None
    announced: str | None = None
    tone: Tone | None = None
    tone_after_answer: Tone | None = None
    sip_status: int | None = None
    q850: int | None = None
    answered: bool = False
    cleared_locally: bool = False
    interrupted: bool = False
    own_line_failed: bool = False


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A witness that said otherwise than the one that decided; `says` in its own words, `outcome` None: answered."""

    decided_by: Source
    decided: Outcome
    source: Source
    says: str
    outcome: Outcome | None

    def __str__(self) -> str:
        other = label_of(self.outcome) if self.outcome else "已接通"
        says = TONE_NAMES[Tone(self.says)] if self.source is Source.TONE else self.says
        quoted = f"（{says}）" if self.source in (Source.TONE, Source.SIGNALLING) else ""
        decided = f"{SOURCE_NAMES[self.decided_by]}为「{label_of(self.decided)}」"
        return f"{decided}，{SOURCE_NAMES[self.source]}{quoted}为「{other}」"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, a Chinese sub-reason (empty where the outcome says it all), who decided, who said otherwise."""

    outcome: Outcome
    sub_reason: str
    decided_by: Source
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The disagreements in words."""
        return tuple(map(str, self.disagreements))


@dataclass(frozen=True, slots=True)
class _Testimony:
    source: Source
    says: str
    meaning: Meaning

    def agrees_with(self, other: _Testimony) -> bool:
        ours, theirs = self.meaning, other.meaning
        return ours.outcome in {theirs.outcome, *theirs.also} or theirs.outcome in ours.also


def outcome_of(evidence: Evidence) -> Verdict:
    """The outcome of an attempt; raises BadEvidence for an announcement outside the closed set."""
    witnesses = (_conversation, _own, _announcement, _tone, _signalling)
    testimonies = [one for one in (witness(evidence) for witness in witnesses) if one]
    decisive = testimonies[0] if testimonies else _course(evidence)
    if _is_weak(evidence) and len(testimonies) > 1:
        decisive = testimonies[1]
    said: list[tuple[Source, str, Outcome | None]] = [
        (one.source, one.says, one.meaning.outcome)
        for one in testimonies
        if one is not decisive and not one.agrees_with(decisive)
    ]
    if _is_unreached(evidence, decisive):
        said.append((Source.SIGNALLING, "SIP 200", None))
    conflicts = tuple(Disagreement(decisive.source, decisive.meaning.outcome, *one) for one in said)
    return Verdict(decisive.meaning.outcome, decisive.meaning.sub_reason, decisive.source, conflicts)


def _is_unreached(evidence: Evidence, decisive: _Testimony) -> bool:
    """Whether an answered call is filed as one that the network did not put through."""
    by_network = decisive.source in (Source.ANNOUNCEMENT, Source.TONE)
    return evidence.answered and by_network and decisive.meaning.outcome is not Outcome.MACHINE


def _is_weak(evidence: Evidence) -> bool:
    """Where nobody spoke, or the leg just ended, there was no conversation that could outweigh the others."""
    if evidence.ending is Ending.HUNG_UP:
        return evidence.interrupted or evidence.own_line_failed
    return evidence.ending in (Ending.NOBODY_SPOKE, Ending.MACHINE)


def _conversation(evidence: Evidence) -> _Testimony | None:
    if evidence.ending is None:
        return None
    return _Testimony(Source.CONVERSATION, evidence.ending.value, ENDINGS[evidence.ending])


def _own(evidence: Evidence) -> _Testimony | None:
    if evidence.interrupted or (evidence.own_line_failed and evidence.answered):
        return _Testimony(Source.OWN, "通话中断", Meaning(Outcome.INTERRUPTED, "通话因我方系统中断"))
    if evidence.own_line_failed:
        return _Testimony(Source.OWN, "线路故障", Meaning(Outcome.OWN_LINE_FAILED, "我方线路故障"))
    return None


def _announcement(evidence: Evidence) -> _Testimony | None:
    if evidence.announced is None or evidence.announced in UNDECIDED_ANNOUNCEMENTS:
        return None
    meaning = ANNOUNCED.get(evidence.announced)
    if meaning is None:
        known = ", ".join(sorted({*ANNOUNCED, *UNDECIDED_ANNOUNCEMENTS}))
        raise BadEvidence(f"announcement {evidence.announced!r} is unknown; known are: {known}")
    return _Testimony(Source.ANNOUNCEMENT, evidence.announced, meaning)


def _tone(evidence: Evidence) -> _Testimony | None:
    tone = evidence.tone_after_answer if evidence.answered else evidence.tone
    return _Testimony(Source.TONE, tone.value, TONES[tone]) if tone is not None else None


def _signalling(evidence: Evidence) -> _Testimony | None:
    """The Q.850 cause where it says something, else the SIP status; neither after answer nor after our own CANCEL."""
    if evidence.answered or evidence.cleared_locally:
        return None
    if evidence.q850 in Q850:
        return _Testimony(Source.SIGNALLING, f"Q.850 {evidence.q850}", Q850[evidence.q850])
    if evidence.sip_status is None or evidence.sip_status < 300:
        return None
    return _Testimony(Source.SIGNALLING, f"SIP {evidence.sip_status}", SIP.get(evidence.sip_status, UNKNOWN_FAILURE))


def _course(evidence: Evidence) -> _Testimony:
    if evidence.answered and evidence.cleared_locally:
        meaning = Meaning(Outcome.INTERRUPTED, "接通后由我方结束，对话未完成")
    elif evidence.answered:
        meaning = Meaning(Outcome.HUNG_UP, "接通后即挂断")
    elif evidence.cleared_locally:
        meaning = Meaning(Outcome.NO_ANSWER, "振铃超时")
    else:
        meaning = UNKNOWN_FAILURE
    return _Testimony(Source.COURSE, meaning.sub_reason, meaning)
