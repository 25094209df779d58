"""When a client's turn has ended and when the bot stops for it: pure decisions over positions and partial text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from intents.values import Intent, Match

# What people say while they listen; 对, 好 and 是 are not here, because they are also answers.
_BACKCHANNEL = re.compile(r"[嗯哦噢喔啊呃额唔唉哎诶欸咳哈]+")
# What agrees with whatever is being said; an answer only where a question has all but ended.
_AGREEMENT = re.compile(r"(?:[嗯哦噢喔啊呃哎诶欸]|[对好是行]的?|呀|呢|了)+")
# Words after which people go on.
_UNFINISHED = (
    "因为", "就是", "就是说", "那个", "这个", "然后", "但是", "不过", "还有", "所以", "如果", "比如", "比如说", "或者",
    "而且", "可是", "只是", "主要是", "我想", "我觉得", "我的意思是", "怎么说", "怎么说呢", "呃", "额",
    "的话", "跟", "和", "把", "被",
)  # fmt: skip
# 就是 that ends an answer: 是的我就是.
_STATED = ("我就是", "本人就是", "对就是", "他就是", "她就是")
_DIGIT = re.compile(r"[零〇一二三四五六七八九十幺两0-9]")
# Meanings that a short sentence states in full.
_CLOSED = frozenset(
    {Intent.YES, Intent.NO, Intent.UNSURE, Intent.REPEAT, Intent.HUMAN, Intent.REFUSE, Intent.WRONG_NUMBER, Intent.HOLD}
)


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """Every figure of turn taking but the pauses that end a turn, which each question brings with it (moves.Pauses).

    In milliseconds of audio; silence is counted in 20 ms frames.
    """

    unheard_ms: int = 500  # silence after a short sound without words
    stale_ms: int = 2500  # no new word although there is still sound: music, a television
    longest_turn_ms: int = 30_000
    longest_last_turn_ms: int = 10_000  # the same over the goodbye
    barge_in_words_ms: int = 280  # speech that stops the bot once a word was recognised
    barge_in_sound_ms: int = 600  # speech that stops the bot without a word
    near_end_ms: int = 700  # so little of the prompt is left that it is let finish
    agreed_near_end_ms: int = 1000  # the same for 对, 好的: sooner they only say that the client is listening
    goes_on_ms: int = 1500  # speech so soon after the last belongs to the same turn, unless the reply was heard
    least_pause_ms: int = 160  # a turn that ended without that much silence had grown too long
    reply_heard_ms: int = 700  # so much of the bot's reply must have been played to be reacted to
    mumble_ms: int = 700  # sound without words that long is an answer that was not understood
    key_pause_ms: int = 3000  # after the last key of a number
    preroll_ms: int = 400  # audio before the start of speech that the recogniser hears too
    chunk_ms: int = 100  # piece of audio handed to the recogniser
    final_ms: int = 8000  # longest wait for a final transcript before the partial one is used
    sure: float = 0.8  # confidence from which an answer counts as complete
    closed_chars: int = 8  # a longer sentence is never a complete closed answer
    number_digits: int = 11  # a dictated number of that many digits is complete


@dataclass(slots=True)
class Turn:
    """The client's turn under way."""

    start_ms: int
    voice_end_ms: int
    partial: str = ""
    partial_ms: int = 0  # position of the last change of `partial`
    said: str = ""  # final pieces of a recogniser that ends sentences by itself
    under_prompt: bool = False
    left_ms: int | None = None  # what the bot had still to say when the turn began; None while it was silent
    barged: bool = False
    follows: str | None = None  # the words of the turn before, when this one goes on with it

    @property
    def text(self) -> str:
        """Everything heard so far."""
        return self.said + self.partial

    @property
    def whole(self) -> str:
        """With the words of the turn that this one goes on with."""
        return (self.follows or "") + self.text

    @property
    def sound_ms(self) -> int:
        """From the first to the last sound."""
        return max(0, self.voice_end_ms - self.start_ms)


def is_backchannel(text: str) -> bool:
    """Whether this only says that the client is listening (嗯, 哦, a cough taken for 咳)."""
    return bool(_BACKCHANNEL.fullmatch(text))


def is_agreement(text: str) -> bool:
    """Whether this only agrees (对对, 好的, 嗯是的) or says that the client is listening."""
    return bool(_AGREEMENT.fullmatch(text))


def is_near_end(turn: Turn, text: str, taking: TurnTaking) -> bool:
    """Whether the turn began so near the end of a prompt that the prompt is let finish and the words answer it."""
    if turn.left_ms is None or turn.follows is not None:
        return False
    return turn.left_ms <= (taking.agreed_near_end_ms if is_agreement(text) else taking.near_end_ms)


def goes_on(at_ms: int, last: tuple[int, int], reply_began_ms: int | None, taking: TurnTaking) -> bool:
    """Whether speech that begins here goes on with a turn taken for ended: the client cannot mean the bot's reply.

    `last` is from where to where that turn went. Who talks without a pause, or on and on, has to be answered.
    """
    if at_ms - last[0] > taking.longest_turn_ms:
        return False
    soon = taking.least_pause_ms <= at_ms - last[1] <= taking.goes_on_ms
    return soon and (reply_began_ms is None or at_ms - reply_began_ms < taking.reply_heard_ms)


def is_unfinished(text: str) -> bool:
    """Whether the sentence stops where people go on."""
    return text.endswith(_UNFINISHED) and not text.endswith(_STATED)


def has_digits(text: str) -> bool:
    """Whether a number is being dictated."""
    return bool(_DIGIT.search(text))


def is_complete(text: str, match: Match, taking: TurnTaking) -> bool:
    """Whether this is a whole closed answer (yes, no, say it again) to the question asked."""
    return len(text) <= taking.closed_chars and match.intent in _CLOSED and match.confidence >= taking.sure


def has_ended(turn: Turn, now_ms: int, silence_ms: int, needed_ms: int, taking: TurnTaking) -> bool:
    """Whether the turn is over: silent for long enough, or too long without a new word, or too long at all."""
    if silence_ms >= needed_ms or now_ms - turn.start_ms >= taking.longest_turn_ms:
        return True
    return now_ms - max(turn.partial_ms, turn.start_ms) >= taking.stale_ms + taking.barge_in_sound_ms


def stops_the_bot(turn: Turn, taking: TurnTaking) -> bool:
    """Whether this much speech interrupts a prompt that may be interrupted."""
    text, sound_ms = turn.text, turn.sound_ms
    if is_backchannel(text) or is_agreement(text):
        return sound_ms >= 2 * taking.barge_in_sound_ms
    return sound_ms >= (taking.barge_in_words_ms if text else taking.barge_in_sound_ms)


def is_nothing(turn: Turn, text: str, bot_speaks: bool, taking: TurnTaking) -> bool:
    """Whether the finished turn is to be dropped: a cough, a click, a 嗯 while the bot goes on speaking."""
    if turn.barged:
        return False
    agrees = is_agreement(text) and turn.follows is None
    if bot_speaks and not is_near_end(turn, text, taking) and (not text or is_backchannel(text) or agrees):
        return True
    return not text and turn.sound_ms < taking.mumble_ms
