"""The matcher: what an utterance means at a question, with its evidence.

In this order: nothing heard; the echo of our own question; a phrase that people wrote down word for word;
words that settle it (zh/rules.yaml); the learned model over plain words, whose yes and no must stand clear of
each other and not be contradicted by the words (polarity.py), or the answer is `unclear`. A safe answer without
a risk is taken only after what it goes on to say was judged alone (remainder.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz, process

from intents.examples import ANY, Entry, example_phrases, written_phrases
from intents.features import answer_features, known_share
from intents.linear import LinearModel, Scores, load, model_path
from intents.normalise import folded, normalise
from intents.phrases import FOLDER, read_yaml
from intents.polarity import contradicts, not_understood
from intents.questions import Kind, kind_of, unsafe_answer
from intents.reading import Reader, Reading, load_reader
from intents.remainder import Remainder, after_pause, remainder
from intents.risks import decided_risks, denied_risk, unlabelled_risks
from intents.shown import Shown, load_shown
from intents.values import Intent, Match
from rules.outcomes import Risk

CLEAR_OF_EACH_OTHER = 0.15  # margin by which yes must beat no or no yes
CLEAR_OF_ITS_RISK = 0.25  # the same where the words show the risk that the answer denies
SURE_OF_POLARITY = 0.4  # a yes or no of which the model is less sure is asked again
SURE_OF_STRANGE_WORDS = 0.9  # the same where fewer than that share of the words was ever seen: murmurs come as words
KNOWN_SHARE = 0.5
RISK_ALONE = 0.1  # margin from which the words behind a safe answer set a risk on their own
DOUBT_ALONE = 0.0  # from which they have the answer asked again
DOUBT_AGAINST = -0.3  # the same where they are the unsafe answer on their own
ECHO_LENGTH = 4  # characters; shorter stretches of a question are answers
ECHO_NEARNESS = 88.0  # of 100, rapidfuzz partial ratio
COMPARED_LENGTH = 60  # characters; longer utterances are near no example
_OURS = re.compile("请问|您|是否|我司|我公司|提供一下|联系方式吗")  # what we say and clients hardly do
_DIGITS = re.compile("[0-9零〇一二三四五六七八九幺两]{2,}")
_SAFE: Mapping[Intent | None, Intent] = {Intent.YES: Intent.NO, Intent.NO: Intent.YES}  # by the unsafe answer
_ANSWERED_BY_NUMBERS = (Kind.GIVES_NUMBER, Kind.TIME)
NAMES = {
    Intent.YES: "是", Intent.NO: "否", Intent.UNSURE: "不确定", Intent.REPEAT: "要求重复", Intent.QUESTION: "反问",
    Intent.BUSY: "没空", Intent.REFUSE: "拒绝", Intent.HUMAN: "要人工", Intent.DOUBT: "怀疑",
    Intent.NOT_CLIENT: "非本人",
    Intent.WRONG_NUMBER: "打错", Intent.COMPLAINT: "投诉", Intent.HOLD: "稍等", Intent.UNCLEAR: "听不明白",
}  # fmt: skip
_BY_ONESELF = frozenset({Kind.OPERATED, Kind.WILL})


@dataclass(frozen=True, slots=True)
class Example:
    """A phrase that people wrote down, and what it means."""

    intent: Intent
    risks: frozenset[Risk]


@dataclass(frozen=True, slots=True)
class Matcher:
    """Decides what an utterance means; holds no state between calls, safe to share between threads."""

    reader: Reader
    model: LinearModel
    examples: Mapping[tuple[str, str], Example]  # (kind, plain text)
    nearest: Mapping[tuple[str, Intent], tuple[str, ...]]  # (kind, label) -> texts, for the evidence
    prompts: Mapping[str, str]  # question -> what the bot asks
    risks: Mapping[Risk, Shown]
    settled: Mapping[Intent, Shown]  # words that settle the label

    def match(self, question: str, text: str) -> Match:
        """The meaning of `text`, heard after `question` (an id of intents.questions); never raises."""
        reading = self.reader.read(text)
        if not reading.heard:
            return Match(Intent.UNCLEAR, evidence="没有听到话")
        if self._is_echo(question, reading.heard):
            return Match(Intent.UNCLEAR, confidence=0.9, evidence="像是所播问题的回声")
        if _DIGITS.fullmatch(reading.heard) and kind_of(question) not in _ANSWERED_BY_NUMBERS:
            return Match(Intent.UNCLEAR, confidence=0.9, evidence="只听到数字，答非所问")
        return self._by_phrase(question, reading) or self._heard_out(question, text, reading)

    def _is_echo(self, question: str, heard: str) -> bool:
        """Whether a stretch of our own question came back."""
        prompt = self.prompts.get(question, "")
        if not ECHO_LENGTH <= len(heard) <= len(prompt) or not _OURS.search(heard):
            return False
        return fuzz.partial_ratio(heard, prompt, score_cutoff=ECHO_NEARNESS) > 0

    def _by_phrase(self, question: str, reading: Reading) -> Match | None:
        """The meaning of a phrase that was written down for this kind of question or for any."""
        kind = kind_of(question)
        for name in (kind.value if kind else ANY, ANY):
            stages = (reading.heard, reading.repaired, reading.plain)
            if example := next(filter(None, (self.examples.get((name, stage)) for stage in stages)), None):
                evidence = _evidence(reading, f"与例句相同，意为“{NAMES[example.intent]}”")
                risks = example.risks | unlabelled_risks(self.risks, reading)
                return Match(example.intent, risks, 0.99, evidence)
        return None

    def _by_model(self, question: str, reading: Reading) -> Match:
        scores = self.model.scores(answer_features(self.reader, question, kind_of(question), reading))
        labels = scores[: len(Intent)]
        best = int(np.argmax(labels))
        settled = self._settled(reading)
        intent = settled[0] if settled else Intent(self.model.classes[best])
        risks = decided_risks(self.risks, intent, reading, self._learned(scores))
        if intent in (Intent.YES, Intent.NO) and (words := not_understood(kind_of(question), reading.plain)):
            return Match(Intent.NO, risks | {Risk.UNREAD}, 0.9, _evidence(reading, f"读过而「{words}」，意为“否”"))
        if against := contradicts(kind_of(question), intent, reading.plain):
            doubt = f"像是“{NAMES[intent]}”，却说到「{against}」，需再问"
            return Match(Intent.UNCLEAR, risks, 0.5, _evidence(reading, doubt))
        if settled:
            return Match(intent, risks, 0.97, _evidence(reading, f"说到「{settled[1]}」，意为“{NAMES[intent]}”"))
        confidence = _confidence(labels, best)
        denied = denied_risk(kind_of(question), intent)
        strange = known_share(reading.plain, self.model.vocabulary) < KNOWN_SHARE
        least = SURE_OF_STRANGE_WORDS if strange else SURE_OF_POLARITY
        if doubt := self._doubt(labels, intent, confidence < least, denied in risks):
            return Match(Intent.UNCLEAR, risks, min(confidence, 0.5), _evidence(reading, doubt))
        return Match(intent, risks - {denied}, confidence, _evidence(reading, self._reason(question, intent, reading)))

    def _heard_out(self, question: str, text: str, reading: Reading) -> Match:
        """The meaning by the model; a safe answer stands once what it goes on to say was judged alone."""
        decided = self._by_model(question, reading)
        safe = _SAFE.get(unsafe_answer(question))
        if decided.risks or decided.intent is not safe or kind_of(question) is Kind.KNOWS_PERSON:
            return decided
        if paused := after_pause(folded(text)):
            rest = self.reader.read(paused).plain
            return self._with_rest(question, Remainder(remainder(rest).text or rest, turned=True), decided)
        behind = remainder(reading.plain)
        return self._with_rest(question, behind, decided) if behind.text else decided

    def _with_rest(self, question: str, behind: Remainder, decided: Match) -> Match:
        """A safe answer with the risk that the rest shows alone, or to be asked again where the rest is against it.

        What goes on without a turn (是我自己签的没有别人) bears the answer out, unless it names a risk.
        """
        rest = behind.text
        kind, reading = kind_of(question), Reading(rest, rest, rest)
        scores = self.model.scores(answer_features(self.reader, question, kind, reading))
        alone = Intent(self.model.classes[int(np.argmax(scores[: len(Intent)]))])
        learned = self._learned(scores)
        ruled_out = {risk for risk, pattern in self.risks.items() if pattern.excluded_by(rest)}
        open_ones = learned.keys() - ruled_out
        score = max((learned[risk] for risk in open_ones), default=-1.0)
        shown = {risk for risk, pattern in self.risks.items() if pattern.by(rest)}
        risks = frozenset(shown.union(risk for risk in open_ones if learned[risk] == score > RISK_ALONE))
        if risks - {denied_risk(kind, decided.intent)}:
            return replace(decided, risks=risks, evidence=f"{decided.evidence}；又说到「{rest}」")
        least = DOUBT_AGAINST if alone is unsafe_answer(question) else DOUBT_ALONE
        bears_out = not behind.turned or (kind in _BY_ONESELF and not behind.is_about_others)
        if not risks and (bears_out or alone is Intent.QUESTION or score <= least):
            return decided
        doubt = f"像是“{NAMES[decided.intent]}”，却又说到「{rest}」，需再问"
        return Match(Intent.UNCLEAR, risks, 0.5, f"{decided.evidence}；{doubt}")

    def _learned(self, scores: Scores) -> dict[Risk, float]:
        """The margin of each risk that the model knows."""
        return dict(zip(map(Risk, self.model.classes[len(Intent) :]), scores[len(Intent) :].tolist(), strict=True))

    def _doubt(self, labels: Scores, intent: Intent, unsure: bool, contradicted: bool) -> str:
        """Why a yes or no must be asked again; empty where it stands."""
        if intent not in (Intent.YES, Intent.NO):
            return ""
        names = self.model.classes
        apart = abs(labels[names.index(Intent.YES)] - labels[names.index(Intent.NO)])
        if apart < CLEAR_OF_EACH_OTHER:
            return "是与否分不清，需再问"
        if contradicted and apart < CLEAR_OF_ITS_RISK:
            return "回答与所说的情况相反，需再问"
        return "像是回答，但把握不足，需再问" if unsure else ""

    def _settled(self, reading: Reading) -> tuple[Intent, str] | None:
        """The label that some words settle, with those words."""
        shown = ((intent, pattern.by(reading.repaired)) for intent, pattern in self.settled.items())
        return next(((intent, words) for intent, words in shown if words), None)

    def _reason(self, question: str, intent: Intent, reading: Reading) -> str:
        """The nearest written example of the label decided, and how near."""
        kind = kind_of(question)
        texts = self.nearest.get((kind.value if kind else ANY, intent), ())
        found = process.extractOne(reading.repaired[:COMPARED_LENGTH], texts, scorer=fuzz.ratio, score_cutoff=40)
        if not found:
            return f"模型判为“{NAMES[intent]}”"
        return f"模型判为“{NAMES[intent]}”，最近的例句是「{found[0]}」（相似度 {found[1]:.0f}）"


def build_matcher(reader: Reader, model: LinearModel, phrases: Sequence[Entry] | None = None) -> Matcher:
    """A matcher over a model, with the written phrases (or those given) and the questions."""
    examples: dict[tuple[str, str], Example] = {}
    nearest: dict[tuple[str, Intent], list[str]] = {}
    for kind, intent, risks, text in written_phrases() if phrases is None else phrases:
        plain = normalise(text)
        examples.setdefault((kind, plain), Example(intent, risks))
        nearest.setdefault((kind, intent), []).append(plain)
    anywhere = {intent: texts for (kind, intent), texts in nearest.items() if kind == ANY}
    kinds = {kind for kind, _ in nearest}
    near = {
        (kind, intent): (*nearest.get((kind, intent), ()), *(anywhere.get(intent, ()) if kind != ANY else ()))
        for kind in kinds
        for intent in Intent
    }
    prompts = {question: normalise(text) for question, text in read_yaml(FOLDER / "questions.yaml").items()}
    return Matcher(reader, model, examples, near, prompts, *_patterns())


def _patterns() -> tuple[Mapping[Risk, Shown], Mapping[Intent, Shown]]:
    return load_shown(FOLDER / "risks.yaml", Risk), load_shown(FOLDER / "rules.yaml", Intent)


@lru_cache(maxsize=1)
def load_matcher() -> Matcher:
    """The matcher of this process; LexiconError when its files are missing or broken."""
    return build_matcher(load_reader(), load(model_path("answers"), "answers"))


def _confidence(labels: Scores, best: int) -> float:
    spread = np.exp(4 * (labels - labels[best]))
    return round(float(1 / spread.sum()), 3)


def _evidence(reading: Reading, reason: str) -> str:
    return "；".join((*reading.notes, reason))


__all__ = ["Matcher", "build_matcher", "example_phrases", "load_matcher"]
