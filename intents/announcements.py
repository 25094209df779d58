"""What the network says before answer, or whoever answers in the client's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from intents.announcement_terms import OPENINGS, POINTS, Term, Terms, features, load_terms, units
from intents.linear import LinearModel, load, model_path
from intents.phrases import FOLDER
from intents.values import Announced, AnnouncementMatch

UNDECIDED = "undecided"  # the class of beginnings that tell nothing yet
SURELY_UNDECIDED = 0.5  # its margin from which a text without a point is such a beginning
RATHER_WAITING = 0.3  # music or a person may be this much less clear than a beginning
LEAST_SCORE = -0.9  # margin of the best class below which nothing was recognised
POINTLESS = 0.5  # the most confidence in a network's reason whose words were not heard
ENDING = "稍后再拨"  # the term with which the Chinese half ends
SHOWN_TERMS = 3

WAITING = frozenset({Announced.RINGBACK_MUSIC, Announced.HUMAN})
"""What is no reason to hang up."""


@dataclass(frozen=True, slots=True)
class AnnouncementClassifier:
    """The terms of the trade and the learned model over them; its last class is UNDECIDED."""

    terms: Terms
    model: LinearModel

    def classify(self, text: str) -> AnnouncementMatch:
        """What an announcement says; None where it tells nothing yet or is like nothing known."""
        heard = units(text)
        if not heard:
            return AnnouncementMatch(None, evidence="没有听到话")
        found = self.terms.found_in(heard)
        *margins, undecided = self.model.scores(features(found, heard))
        best, parts = int(np.argmax(margins)), {term.part for term in found}
        outcome, has_point = Announced(self.model.classes[best]), POINTS in parts
        needed = max(SURELY_UNDECIDED, margins[best] + RATHER_WAITING if outcome in WAITING else 0)
        if parts == {OPENINGS} or (undecided > needed and not has_point and not _is_over(found)):
            return AnnouncementMatch(None, evidence="听到的还只是开头的套话")
        if margins[best] < LEAST_SCORE:
            return AnnouncementMatch(None, evidence="与各类提示音都不像")
        most = 1.0 if has_point or outcome in WAITING else POINTLESS
        return AnnouncementMatch(outcome, min(most, _confidence(margins, best)), self._evidence(found, best))

    def _evidence(self, found: Sequence[Term], best: int) -> str:
        """The terms that speak for a class, strongest first, and the verdict."""
        speaking = {term.name: term for term in found if self._weight(term, best) > 0}
        ranked = sorted(speaking.values(), key=lambda term: -self._weight(term, best))[:SHOWN_TERMS]
        verdict = f"判为“{NAMES[Announced(self.model.classes[best])]}”"
        return "、".join(map(_quoted, ranked)) + f"，{verdict}" if ranked else f"按整句的用字和读音{verdict}"

    def _weight(self, term: Term, of_class: int) -> int:
        row = self.model.vocabulary.get(f"s{term.name}")
        return int(self.model.weights[row, of_class]) if row is not None else 0


def classify_announcement(text: str) -> AnnouncementMatch:
    """What an announcement says; also for the partial text of a recogniser.

    The outcome is None while the text is a mere beginning. `confidence` stays at 0.5 or below until the words that
    give a network's reason were heard (无法接听 is none: 请留言 may follow), so above that it will hardly change.
    """
    return _classifier().classify(text)


def _is_over(found: Sequence[Term]) -> bool:
    """Whether an announcement was heard to its end: 请稍后再拨 after something else."""
    return any(term.name == ENDING for term in found[1:])


def _quoted(term: Term) -> str:
    return f"听到“{term.heard}”" + (f"（{term.name}）" if term.name != term.heard else "")


def _confidence(margins: Sequence[np.float32], best: int) -> float:
    spread = np.exp(4 * (np.array(margins) - margins[best]))
    return round(float(1 / spread.sum()), 3)


NAMES = {
    Announced.BUSY: "占线", Announced.NO_ANSWER: "无人接听", Announced.UNREACHABLE: "无法接通",
    Announced.POWERED_OFF: "关机", Announced.SUSPENDED: "停机", Announced.EMPTY_NUMBER: "空号",
    Announced.REFUSED_BY_NETWORK: "被叫限制呼入", Announced.OWN_LINE: "本机线路受限", Announced.VOICEMAIL: "语音信箱",
    Announced.PHONE_ASSISTANT: "电话助理", Announced.RINGBACK_MUSIC: "彩铃", Announced.HUMAN: "有人应答",
}  # fmt: skip


def announcement_terms() -> Terms:
    """The terms of zh/announcement-words.yaml; LexiconError when the file is broken."""
    return load_terms(FOLDER / "announcement-words.yaml")


@lru_cache(maxsize=1)
def _classifier() -> AnnouncementClassifier:
    return AnnouncementClassifier(announcement_terms(), load(model_path("announcements"), "announcements"))
