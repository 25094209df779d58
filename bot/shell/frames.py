"""The frames of our own that travel through the pipeline; positions are those of the recording."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipecat.frames.frames import (
    ControlFrame,
    InputAudioRawFrame,
    SystemFrame,
    TTSSpeakFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from bot.moves import Say, Spoken
from rules.witnesses import AnsweringMachine


@dataclass
class HeardAudio(InputAudioRawFrame):
    """Audio of the client, a whole number of 20 ms frames."""

    at_ms: int = 0


@dataclass
class SpeechBegan(VADUserStartedSpeakingFrame):
    """The client began to speak; the pre-roll follows as audio."""

    at_ms: int = 0


@dataclass
class SpeechPaused(VADUserStoppedSpeakingFrame):
    """The client fell silent; the turn may go on."""

    at_ms: int = 0


@dataclass
class KeyPressed(SystemFrame):
    """One DTMF key."""

    key: str
    at_ms: int


@dataclass
class LinePlayed(SystemFrame):
    """The line played (or dropped) what was queued under a mark."""

    mark: str
    played_ms: int
    complete: bool
    at_ms: int


@dataclass
class LineEnded(SystemFrame):
    """The call is over."""

    at_ms: int


@dataclass
class MachineHeard(SystemFrame):
    """A machine answered in the client's place."""

    machine: AnsweringMachine
    at_ms: int


@dataclass
class TurnEnded(SystemFrame):
    """The client's turn is over; `voice_end_ms` is where the last sound ended."""

    text: str
    start_ms: int
    end_ms: int
    voice_end_ms: int
    confidence: float
    under_prompt: bool
    question: str  # what was asked when the client spoke
    goes_on: bool = False  # holds the words of the turn before, which had ended too soon
    others: tuple[str, ...] = ()  # what it, or parts of it, were taken for besides
    words: tuple[Spoken, ...] = ()


@dataclass
class PromptBegins(ControlFrame):
    """The audio that follows belongs to this prompt."""

    serial: int = 0
    interruptible: bool = field(default=True)


@dataclass
class PromptEnds(ControlFrame):
    """All audio of the prompt has gone by."""

    serial: int = 0
    interruptible: bool = field(default=True)


@dataclass
class SpeakPrompt(TTSSpeakFrame):
    """A text to speak, more slowly when the client did not hear it the first time."""

    slower: bool = False


def prompt_frames(serial: int, say: Say) -> tuple[PromptBegins, SpeakPrompt, PromptEnds]:
    """The three frames that make a speech service of any kind speak one prompt."""
    stoppable = say.interruptible and not say.must_hear
    speech = SpeakPrompt(text=say.text, append_to_context=False, slower=say.slower)
    speech.interruptible = stoppable
    begins = PromptBegins(serial=serial, interruptible=stoppable)
    return begins, speech, PromptEnds(serial=serial, interruptible=stoppable)
