"""The words of a call, put together from its log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from bot.moves import Heard, Pressed, PromptFinished, Say, Spoken
from bot.replay import Move
from rules.labels import label_of


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said, with its place in the recording."""

    speaker: str  # 机器人, 客户
    text: str
    start_ms: int
    end_ms: int
    intent: str = ""
    must_hear: bool = False
    cut: bool = False  # the bot was interrupted, or the call ended
    words: tuple[Spoken, ...] = ()  # where each word was said, if the recogniser placed them all
    evidence: str = ""  # why it was understood so: the rule or the nearest example
    confidence: float = 1.0
    risks: tuple[str, ...] = ()  # the risks in the words, in Chinese

    @property
    def spans(self) -> Markup:
        """The words, each with its place; an hour has thousands, too many for a loop of the template."""
        return Markup("".join(map(_span, self.words)))  # noqa: S704, each is escaped


def _span(word: Spoken) -> str:
    return f'<span class="word" data-start="{word.start_ms:d}" data-end="{word.end_ms:d}">{escape(word.text)}</span>'


def transcript_of(moves: Iterable[Move]) -> tuple[Line, ...]:
    """Lines in the order of the recording."""
    lines: list[Line] = []
    queued: list[Say] = []
    for move in moves:
        match move:
            case Say():
                queued.append(move)
            case PromptFinished():
                say = next((waiting for waiting in queued if waiting.prompt == move.prompt), None)
                if say is not None:
                    queued.remove(say)
                    lines.append(_bot_line(say, move))
            case Heard():
                lines.append(_clients_line(move))
            case Pressed():
                lines.append(Line("客户", f"（按键 {move.keys}）", move.at_ms, move.at_ms))
            case _:
                pass
    return tuple(sorted(lines, key=lambda line: line.start_ms))


def _clients_line(heard: Heard) -> Line:
    placed = "".join(word.text for word in heard.words) == heard.text
    return Line(
        speaker="客户",
        text=heard.text or "（听不清）",
        start_ms=heard.start_ms,
        end_ms=heard.end_ms,
        intent=heard.match.intent,
        words=heard.words if placed else (),
        evidence=heard.match.evidence,
        confidence=heard.match.confidence,
        risks=tuple(sorted(map(label_of, heard.match.risks))),
    )


def _bot_line(say: Say, finished: PromptFinished) -> Line:
    return Line(
        speaker="机器人",
        text=say.text,
        start_ms=finished.at_ms - finished.played_ms,
        end_ms=finished.at_ms,
        must_hear=say.must_hear,
        cut=not finished.complete,
    )
