"""How often the matcher is right on a labelled set: the figures that we publish."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from intents.announcements import classify_announcement
from intents.errors import IntentsError
from intents.labelled import Announcement, Answer, read_labelled
from intents.matcher import Matcher, load_matcher
from intents.questions import unsafe_answer
from intents.risks import LABELLED
from intents.values import Intent, Match

NOTHING = "none"  # an announcement left undecided
_COUNTED = frozenset(LABELLED)  # risks that the sets do not label are neither hits nor misses

Pair: TypeAlias = tuple[str, str]  # truth, taken for


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one set; shares are 0 to 1, `unsafe` and `polarity_flips` count rows."""

    rows: int
    accuracy: float
    macro_f1: float
    polarity_flips: int
    polarity_flip_share: float  # of the rows whose truth is yes or no
    unsafe: int
    risk_recall: float | None
    risk_precision: float | None
    per_label: dict[str, dict[str, float]]
    per_question: dict[str, dict[str, float]]
    p50_ms: float
    p99_ms: float
    confusion: dict[str, dict[str, int]]
    errors: tuple[dict[str, str], ...] = field(repr=False, default=())

    def as_json(self) -> dict[str, Any]:
        """The report as plain values, without the erring rows."""
        names = [name for name in self.__slots__ if name != "errors"]
        return {name: getattr(self, name) for name in names}

    def as_text(self) -> str:
        """The report for a terminal: figures, then the confusion table."""
        figures = [
            f"rows {self.rows}",
            f"accuracy {self.accuracy:.4f}, macro F1 {self.macro_f1:.4f}",
            f"polarity flips {self.polarity_flips} ({self.polarity_flip_share:.2%}), unsafe {self.unsafe}",
            f"risks: recall {_share(self.risk_recall)}, precision {_share(self.risk_precision)}",
            f"per utterance: p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms",
        ]
        return "\n".join([*figures, "", confusion_table(self.confusion)])


def evaluate(path: Path) -> Report:
    """The report of a labelled set of either format; LabelledFileError when the file is broken."""
    rows = read_labelled(path)
    answers = [row for row in rows if isinstance(row, Answer)]
    return _report_answers(answers) if answers else _report_announcements(rows)


def main(path: Path, as_json: bool, write: Callable[[str], object]) -> int:
    """The evaluate command: write the report as JSON or text; 0, or 2 with one clear error."""
    try:
        report = evaluate(path)
    except IntentsError as error:
        write(f"{error}\n")
        return 2
    write((json.dumps(report.as_json(), ensure_ascii=False) if as_json else report.as_text()) + "\n")
    return 0


def judge(answers: Sequence[Answer], found: Sequence[Match], seconds: Sequence[float]) -> Report:
    """The report of matches already made, row by row."""
    pairs = [(row.label.value, match.intent.value) for row, match in zip(answers, found, strict=True)]
    both = list(zip(answers, found, strict=True))
    found_risks = [match.risks & _COUNTED for match in found]
    hits = sum(len(row.risks & risks) for row, risks in zip(answers, found_risks, strict=True))
    flips = sum(_is_flip(pair) for pair in pairs)
    return Report(
        polarity_flips=flips,
        polarity_flip_share=_ratio(flips, sum(truth in ("yes", "no") for truth, _ in pairs)) or 0.0,
        unsafe=sum(_is_unsafe(row, match) for row, match in both),
        risk_recall=_ratio(hits, sum(len(row.risks & _COUNTED) for row in answers)),
        risk_precision=_ratio(hits, sum(map(len, found_risks))),
        per_question=_by_question(answers, pairs),
        errors=tuple(_error(row, match) for row, match in both if _differs(row, match)),
        **_shared(pairs, seconds),
    )


def confusion_table(confusion: Mapping[str, Mapping[str, int]]) -> str:
    """Truth in rows, what it was taken for in columns."""
    columns = sorted({name for row in confusion.values() for name in row} | set(confusion))
    width = max(map(len, columns), default=0) + 1
    head = "truth".ljust(width) + "".join(name[:9].rjust(10) for name in columns)
    lines = [
        truth.ljust(width) + "".join(str(confusion[truth].get(name, 0) or ".").rjust(10) for name in columns)
        for truth in sorted(confusion)
    ]
    return "\n".join([head, *lines])


def _report_answers(answers: Sequence[Answer]) -> Report:
    matcher = load_matcher()
    found, seconds = [], []
    for row in answers:
        match, spent = _timed(lambda row=row: matcher.match(row.question, row.text))  # type: ignore[misc]
        found.append(match)
        seconds.append(spent)
    return judge(answers, found, seconds)


def _report_announcements(rows: Iterable[Answer | Announcement]) -> Report:
    pairs, seconds, errors = [], [], []
    for row in rows:
        if isinstance(row, Announcement):
            match, spent = _timed(lambda row=row: classify_announcement(row.text))  # type: ignore[misc]
            pairs.append((row.outcome.value, match.outcome.value if match.outcome else NOTHING))
            seconds.append(spent)
            if pairs[-1][0] != pairs[-1][1]:
                errors.append({"text": row.text, "truth": pairs[-1][0], "found": pairs[-1][1]})
    return Report(
        polarity_flips=0,
        polarity_flip_share=0.0,
        unsafe=0,
        risk_recall=None,
        risk_precision=None,
        per_question={},
        errors=tuple(errors),
        **_shared(pairs, seconds),
    )


def _timed(decide: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return decide(), time.perf_counter() - begun


def _shared(pairs: Sequence[Pair], seconds: Sequence[float]) -> dict[str, Any]:
    """The figures that both formats have."""
    per_label = _by_label(pairs)
    confusion: dict[str, Counter[str]] = {}
    for truth, taken in pairs:
        confusion.setdefault(truth, Counter())[taken] += 1
    ranked = sorted(seconds)
    return {
        "rows": len(pairs),
        "accuracy": sum(truth == taken for truth, taken in pairs) / len(pairs),
        "macro_f1": sum(figures["f1"] for figures in per_label.values()) / len(per_label),
        "per_label": per_label,
        "p50_ms": 1000 * ranked[len(ranked) // 2],
        "p99_ms": 1000 * ranked[min(len(ranked) - 1, len(ranked) * 99 // 100)],
        "confusion": {truth: dict(taken) for truth, taken in confusion.items()},
    }


def _by_label(pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and rows of each label that occurs in the set or was found in it."""
    truths, taken = Counter(truth for truth, _ in pairs), Counter(found for _, found in pairs)
    hits = Counter(truth for truth, found in pairs if truth == found)
    figures = {}
    for label in sorted({*truths, *taken}):
        precision, recall = _ratio(hits[label], taken[label]) or 0.0, _ratio(hits[label], truths[label]) or 0.0
        f1 = 2 * hits[label] / (taken[label] + truths[label])
        figures[label] = {"precision": precision, "recall": recall, "f1": f1, "rows": truths[label]}
    return figures


def _by_question(answers: Sequence[Answer], pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    rows: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for row, (truth, taken) in zip(answers, pairs, strict=True):
        rows[row.question] += 1
        hits[row.question] += truth == taken
    return {asked: {"accuracy": hits[asked] / rows[asked], "rows": rows[asked]} for asked in sorted(rows)}


def _is_flip(pair: Pair) -> bool:
    return pair in {("yes", "no"), ("no", "yes")}


def _is_unsafe(row: Answer, match: Match) -> bool:
    """The truth is risky or the unsafe polarity, and the row was taken for the safe answer without any risk."""
    unsafe = unsafe_answer(row.question)
    if match.risks or match.intent not in (Intent.YES, Intent.NO) or match.intent is unsafe:
        return False
    return bool(row.risks) or row.label is unsafe


def _differs(row: Answer, match: Match) -> bool:
    return row.label is not match.intent or row.risks & _COUNTED != match.risks & _COUNTED


def _error(row: Answer, match: Match) -> dict[str, str]:
    return {
        "question": row.question,
        "text": row.text,
        "truth": _shown(row.label, row.risks),
        "found": _shown(match.intent, match.risks),
        "evidence": match.evidence,
    }


def _shown(intent: Intent, risks: Iterable[str]) -> str:
    return " ".join([intent.value, *sorted(risks)])


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


__all__ = ["Matcher", "Report", "confusion_table", "evaluate", "judge", "main"]
