"""Turn taking in the pipeline: joins voice activity and partial text into whole turns, and interrupts the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    TranscriptionFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.shell.asr import Placed
from bot.shell.floor import Floor
from bot.shell.frames import KeyPressed, LineEnded, SpeechBegan, SpeechPaused, TurnEnded
from bot.shell.turns import (
    Turn,
    TurnTaking,
    goes_on,
    has_digits,
    has_ended,
    is_complete,
    is_near_end,
    is_nothing,
    is_unfinished,
    stops_the_bot,
)
from bot.walk.certainty import Understanding

_CHECK_MS = 20


class TurnProcessor(FrameProcessor):
    """Decides when the client's turn has ended, asks for the final text and passes the turn on as TurnEnded."""

    def __init__(self, floor: Floor, matcher: Understanding, taking: TurnTaking, digits: Callable[[str], str]) -> None:
        super().__init__(enable_direct_mode=True)
        self._floor = floor
        self._matcher = matcher
        self._taking = taking
        self._parting = replace(taking, longest_turn_ms=taking.longest_last_turn_ms)
        self._digits = digits
        self._turn: Turn | None = None  # under way
        self._closing: Turn | None = None  # ended; its final text has not come
        self._last: TurnEnded | None = None  # the turn that was told last
        self._judged: tuple[str, str, int] = ("", "", 0)  # question, text and the silence that it needs
        self._told_early = False  # a partial text was passed on because its final one did not come
        self._line_ended: LineEnded | None = None
        self._patience: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Consume what concerns turns; everything else goes by."""
        await super().process_frame(frame, direction)
        match frame:
            case SpeechBegan():
                await self._begin(frame.at_ms)
            case SpeechPaused():
                pass
            case InterimTranscriptionFrame():
                await self._hear(frame.text)
            case TranscriptionFrame():
                await self._final(frame)
            case KeyPressed():
                await self._press(frame)
            case LineEnded():
                await self._end_line(frame)
            case _:
                await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Stop waiting for a last transcript."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        if self._patience:
            await self.cancel_task(self._patience)

    async def _begin(self, at_ms: int) -> None:
        if self._closing:
            await self._deliver(self._closing.text, None, cut=bool(self._closing.partial))
        self._told_early = False
        floor, playout = self._floor, self._floor.playout
        current = playout.current
        self._turn = Turn(
            start_ms=at_ms,
            voice_end_ms=max(at_ms, floor.voice_end_ms),
            under_prompt=current is not None and not current.stoppable,
            left_ms=playout.remaining_ms(at_ms) if current else None,
            follows=self._last.text if self._last and self._goes_on(self._last, at_ms) else None,
        )
        floor.turn_open = floor.turn_busy = True
        floor.turn_began_ms = at_ms
        await self._check()

    def _goes_on(self, last: TurnEnded, at_ms: int) -> bool:
        floor = self._floor
        if last.under_prompt or floor.fetching or floor.handed_over or not floor.can_take_back:
            return False
        return goes_on(at_ms, (last.start_ms, last.voice_end_ms), floor.reply_began_ms, self._taking)

    async def _hear(self, text: str) -> None:
        if self._turn is None and text and self._closing is None:  # the gate missed it
            await self._begin(self._floor.clock.now_ms)
        if self._turn and text != self._turn.partial:
            self._turn.partial, self._turn.partial_ms = text, self._floor.clock.now_ms
            await self._check()

    async def _check(self) -> None:
        """Called every 20 ms of a turn and at each new word."""
        turn, clock = self._turn, self._floor.clock
        if turn is None:
            return
        turn.voice_end_ms = max(turn.voice_end_ms, self._floor.voice_end_ms)
        if self._may_interrupt(turn, turn.text) and stops_the_bot(turn, self._taking):
            await self._interrupt(turn)
        silence_ms = clock.now_ms - turn.voice_end_ms
        needed_ms = self._needed_ms(turn) if silence_ms >= self._floor.pauses.closed_ms else silence_ms + 1
        taking = self._parting if self._floor.closing else self._taking
        if has_ended(turn, clock.now_ms, silence_ms, needed_ms, taking):
            await self._close(turn)
        else:
            clock.set("turn", clock.now_ms + _CHECK_MS, self._check)

    def _needed_ms(self, turn: Turn) -> int:
        """How much silence ends this turn; the matcher is asked once per text."""
        question, text = self._question(turn), turn.whole
        if not text:  # a click ends sooner than speech that was not understood
            return self._taking.unheard_ms if turn.sound_ms < self._taking.mumble_ms else self._floor.pauses.open_ms
        if self._judged[:2] != (question, text):
            self._judged = (question, text, self._judge(question, text))
        return self._judged[2]

    def _judge(self, question: str, text: str) -> int:
        taking, pauses = self._taking, self._floor.pauses
        if self._floor.collecting and has_digits(text):
            whole = len(self._digits(text)) >= taking.number_digits
            return pauses.closed_ms if whole else pauses.unfinished_ms
        if is_unfinished(text):
            return pauses.unfinished_ms
        complete = is_complete(text, self._matcher.match(question, text), taking)
        return pauses.closed_ms if complete else pauses.open_ms

    def _question(self, turn: Turn) -> str:
        """What this turn answers."""
        return self._last.question if self._last and turn.follows is not None else self._floor.question

    def _may_interrupt(self, turn: Turn, text: str) -> bool:
        if turn.barged:
            return False
        if turn.follows is not None:
            return self._floor.playout.speaking
        interruptible = self._floor.playout.interruptible and not self._floor.closing
        return interruptible and not is_near_end(turn, text, self._taking)

    async def _interrupt(self, turn: Turn) -> None:
        """Stop the bot; what it says from now on is not touched, however late the frame arrives."""
        turn.barged, floor = True, self._floor
        floor.interrupted_ms, floor.taking_back = turn.start_ms, turn.follows is not None
        floor.playout.interrupt(everything=floor.taking_back)
        await self.push_frame(InterruptionFrame())

    async def _close(self, turn: Turn) -> None:
        """The turn is over: no more audio for the recogniser, and the final text at once."""
        self._floor.clock.cancel("turn")
        self._turn, self._closing = None, turn
        self._floor.turn_open = False
        if turn.said and not turn.partial:  # a recogniser that ends sentences by itself has said it all
            await self._deliver(turn.said, None)
        else:
            self._floor.clock.set("final", self._floor.clock.now_ms + self._taking.final_ms, self._give_up)
        await self.push_frame(UserStoppedSpeakingFrame(), FrameDirection.UPSTREAM)

    async def _give_up(self) -> None:
        if self._closing:
            self._told_early = bool(self._closing.text)
            await self._deliver(self._closing.text, None, cut=bool(self._closing.partial))

    async def _final(self, frame: TranscriptionFrame) -> None:
        placed = frame.result if isinstance(frame.result, Placed) else None
        if self._closing:
            await self._deliver(self._closing.said + frame.text, placed)
        elif self._turn is None and self._told_early:
            self._told_early = False  # its partial text was taken for it
        elif frame.text and frame.finalized and self._turn is None:  # it came after all patience
            await self._begin(self._floor.clock.now_ms)
            self._closing, self._turn = self._turn, None
            await self._deliver(frame.text, placed)
        elif frame.text:
            await self._hear_piece(frame.text)

    async def _hear_piece(self, text: str) -> None:
        """A recogniser that ends sentences by itself gives the turn in pieces."""
        if self._turn is None:
            await self._begin(self._floor.clock.now_ms)
        if self._turn:
            self._turn.said, self._turn.partial = self._turn.said + text, ""
            self._turn.partial_ms = self._floor.clock.now_ms

    async def _deliver(self, text: str, placed: Placed | None, *, cut: bool = False) -> None:
        """Pass a turn on; `cut`: its final text did not come in time, and this may be half of what was said."""
        turn, self._closing = self._closing, None
        if turn is None:
            return
        self._floor.clock.cancel("final")
        if not is_nothing(turn, text, self._floor.playout.speaking, self._taking):
            if self._may_interrupt(turn, text):
                await self._interrupt(turn)
            self._last, before = _turn_ended(turn, text, placed, self._question(turn), cut), self._last
            if before and turn.follows is not None:
                self._last = _joined(before, self._last)
            self._floor.reply_began_ms = None
            await self.push_frame(self._last)
        self._floor.turn_busy = self._turn is not None
        if self._line_ended:
            await self._pass_end()

    async def _press(self, frame: KeyPressed) -> None:
        floor = self._floor
        self._last = None  # what is said after a key does not go on with what was said before it
        if floor.playout.interruptible and not floor.closing:
            floor.interrupted_ms = frame.at_ms
            floor.playout.interrupt()
            await self.push_frame(InterruptionFrame())
        await self.push_frame(frame)

    async def _end_line(self, frame: LineEnded) -> None:
        """What was said just before the end still counts."""
        self._line_ended = frame
        if self._turn:
            await self._close(self._turn)
        if self._closing:
            self._patience = self.create_task(self._wait_for_final(), "last words")
        else:
            await self._pass_end()

    async def _wait_for_final(self) -> None:
        await asyncio.sleep(self._taking.final_ms / 1000)
        await self._give_up()

    async def _pass_end(self) -> None:
        frame, self._line_ended = self._line_ended, None
        if frame:
            await self.push_frame(frame)


def _turn_ended(turn: Turn, text: str, placed: Placed | None, question: str, cut: bool) -> TurnEnded:
    place = placed or Placed(turn.start_ms, turn.voice_end_ms, 1.0 if text and not cut else 0.0)
    return TurnEnded(
        text=text,
        start_ms=place.start_ms,
        end_ms=max(place.end_ms, turn.voice_end_ms),
        voice_end_ms=turn.voice_end_ms,
        confidence=place.confidence,
        under_prompt=turn.under_prompt,
        question=question,
        others=(place.second,) if place.second else (),
        words=place.words,
    )


def _joined(before: TurnEnded, last: TurnEnded) -> TurnEnded:
    """A turn with the one that it goes on with."""
    return TurnEnded(
        text=before.text + last.text,
        start_ms=before.start_ms,
        end_ms=last.end_ms,
        voice_end_ms=last.voice_end_ms,
        confidence=min(before.confidence, last.confidence) if last.text else before.confidence,
        under_prompt=False,
        question=before.question,
        goes_on=True,
        others=tuple(filter(None, (before.text, last.text, *before.others, *last.others))),
        words=before.words + last.words,
    )
