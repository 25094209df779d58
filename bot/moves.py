"""The moves of a conversation: what can happen (events, past tense) and what the bot may do (actions).

The dialogue is `advance(script, state, event) -> (state, actions)`; a shell turns audio into events and
actions into audio. All `*_ms` count from the first sample of the recording, so that every stored word can
be found again. Actions are carried out in order: each `Say` is queued behind the one before, `Listen` and
`Collect` arm when the last queued prompt has finished (but what is said under an interruptible prompt is
heard all the same), `Finish` hangs up when everything queued has been played.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from intents.values import Intent, Match
from rules.hours import CallingHours
from rules.outcomes import Ending, Risk, Severity
from rules.witnesses import AnsweringMachine


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word, and where in the recording it was said."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """The client said something and the turn has ended; `words` are those that the recogniser could place."""

    text: str
    match: Match
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    under_prompt: bool = False  # said while an uninterruptible prompt was playing
    goes_on: bool = False  # takes the place of the Heard before: the client had only paused (bot.walk.course)
    words: tuple[Spoken, ...] = ()


@dataclass(frozen=True, slots=True)
class Pressed:
    """The client pressed keys: one key after `Listen`, a whole number after `Collect`."""

    keys: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class FellSilent:
    """Nothing was heard for as long as the last `Listen` or `Collect` waits."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class BargedIn:
    """The client began to speak and the prompt that may be interrupted was stopped."""

    prompt: str
    played_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class PromptFinished:
    """A prompt left the line; `complete` is False when it was cut (barge-in, hang-up)."""

    prompt: str
    played_ms: int
    complete: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class HungUp:
    """The far end ended the call."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """A human agent is on the line; the bot stays silent from now on."""

    agent: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """No agent took the call; `reason` is a word for the log (none_free, declined, timed_out, refused)."""

    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class MachineAnswered:
    """Not a person answered but a voicemail, a phone assistant or the network: certain, not guessed."""

    machine: AnsweringMachine
    at_ms: int


Event: TypeAlias = (
    Heard | Pressed | FellSilent | BargedIn | PromptFinished | HungUp | AgentJoined | TransferFailed | MachineAnswered
)


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a text. `prompt` names it (node id + part); a must-hear text is never interrupted."""

    prompt: str
    text: str
    interruptible: bool = True
    must_hear: bool = False
    slower: bool = False  # 听不清: the second time more slowly


@dataclass(frozen=True, slots=True)
class Pauses:
    """How much silence ends the client's turn: after a complete closed answer, after anything else, amid a sentence."""

    closed_ms: int = 300
    open_ms: int = 700
    unfinished_ms: int = 1200


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for an answer to `question` (an id of answers/README.md), at most `wait_ms` of silence."""

    question: str
    wait_ms: int = 6000
    pauses: Pauses = Pauses()


@dataclass(frozen=True, slots=True)
class Collect:
    """Wait for a number, dictated or keyed; `#` or a pause ends it."""

    question: str
    wait_ms: int = 10000
    max_digits: int = 15
    pauses: Pauses = Pauses()


@dataclass(frozen=True, slots=True)
class Note:
    """Store one answer.

    `value` is the resolved value: yes, no or unsure, a choice of the script, words or none (an open question), a
    number, a time in ISO form.
    """

    question: str
    value: str
    words: str
    intent: Intent | None
    confidence: float
    evidence: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Flag:
    """Mark a risky answer with the client's words and where they are in the recording."""

    risk: Risk
    severity: Severity
    node: str
    words: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Attest:
    """How much of a must-hear text was really played: all of it, or so much when it was cut (hang-up)."""

    node: str
    played_ms: int
    complete: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Strike:
    """Take back the answers and deliveries since `since_ms`: it was not the client who gave them; flags stay."""

    since_ms: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Fetch a human while the client waits; the shell answers with AgentJoined or TransferFailed."""

    reason: Risk


@dataclass(frozen=True, slots=True)
class Finish:
    """End the call after what is queued has been played; with Ending.MACHINE at once, in mid-word.

    Where the client turns round over the goodbye there is a second one, which takes the place of the first.
    """

    ending: Ending
    callback_at: datetime | None = None
    callback_words: str = ""
    new_number: str = ""


Action: TypeAlias = Say | Listen | Collect | Note | Flag | Attest | Strike | Transfer | Finish


@dataclass(frozen=True, slots=True)
class Facts:
    """What the dialogue may use of a task: slots are the script's, already formatted for speech.

    A callback is agreed within `hours` and before `callback_before` (aware), where there is such a deadline.
    """

    slots: dict[str, str]
    called_at: datetime  # for times such as 明天下午三点; aware
    resume_at: str = ""  # node id where an earlier attempt broke off; identity is confirmed again
    hours: CallingHours = CallingHours()
    callback_before: datetime | None = None
    dialled: str = ""  # the number of this call, digits only; "" where it is not known
    incoming: bool = False  # the client has called us
