"""What one call's far end did and heard, as it goes into the log of the network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from telephony.simulator.ear import Heard


@dataclass(frozen=True, slots=True)
class Heardline:
    """One sentence of the other side, when it was reacted to (ms since dialling), and what it was taken for."""

    at_ms: int
    question: str  # "": none was recognised
    near: float
    keys: bool
    text: str

    @classmethod
    def of(cls, at_ms: int, heard: Heard, text: str) -> Heardline:
        """The line of one heard sentence."""
        return cls(at_ms, heard.question.id if heard.question else "", round(heard.near, 1), bool(heard.keys), text)


@dataclass(frozen=True, slots=True)
class Saidline:
    """One thing that this side said, murmured or pressed (speech, murmur, key), in ms since dialling."""

    from_ms: int
    until_ms: int
    text: str
    kind: str

    def until(self, ms: int) -> Saidline:
        """The same line with its end known."""
        return replace(self, until_ms=ms)


@dataclass
class Story:
    """The story of one call; `no` counts the diallings of this number."""

    call: str
    no: int
    dialled_at: str
    calls_back: bool = False  # it is the client who calls
    client: str = ""  # "": nobody in the cast has this number
    persona: str = ""
    line: str = ""
    answered_ms: int | None = None
    ended_ms: int | None = None
    hung_up_by: str = ""  # bot, client, network, lost
    sip: int | None = None
    q850: int | None = None
    heard: list[Heardline] = field(default_factory=list)
    said: list[Saidline] = field(default_factory=list)
    latencies_ms: list[int] = field(default_factory=list)
    deaf: int = 0  # times that the recogniser failed or was too slow
    frames_received: int = 0
    frames_sent: int = 0
    frames_lost: int = 0  # of those sent, on the way
    heard_loss: float = 0.0  # share of the other side's packets that never came
    heard_jitter_ms: float = 0.0

    def end(self, at_ms: int, side: str, sip: int | None, q850: int | None) -> None:
        """The call is over."""
        self.ended_ms, self.hung_up_by, self.sip, self.q850 = at_ms, side, sip, q850

    def as_json(self) -> dict[str, Any]:
        """The story as it goes into the log, one object per call."""
        return {
            "event": "callback" if self.calls_back else "call",
            "call": self.call,
            "client": self.client,
            "persona": self.persona,
            "line": self.line,
            "no": self.no,
            "dialled_at": self.dialled_at,
            "answered_ms": self.answered_ms,
            "ended_ms": self.ended_ms,
            "hung_up_by": self.hung_up_by,
            "sip": self.sip,
            "q850": self.q850,
            "heard": [
                {"ms": h.at_ms, "question": h.question, "near": h.near, "keys": h.keys, "text": h.text}
                for h in self.heard
            ],
            "said": [{"ms": s.from_ms, "until_ms": s.until_ms, "kind": s.kind, "text": s.text} for s in self.said],
            "deaf": self.deaf,
            "turn_latencies_ms": self.latencies_ms,
            "heard_loss": round(self.heard_loss, 4),
            "heard_jitter_ms": round(self.heard_jitter_ms, 1),
            "frames_received": self.frames_received,
            "frames_sent": self.frames_sent,
            "frames_lost": self.frames_lost,
        }
