"""Who is called in a run and what a correct bot must store of it: the values of a cast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import cycle, islice

from rules.outcomes import Outcome, ReviewType, Risk, RiskLevel
from speech.voice import caller_voices
from telephony.simulator.conditions import Conditions
from telephony.simulator.ear import Question
from telephony.simulator.personas import Personas

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚英"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a correct bot must have stored when the task is settled (domain rules, not our code).

    `attempts` is the least and most diallings that the rules allow; `answers` by question id, ids that are
    not named are not judged; `risks` is the whole set of flags.
    """

    status: str  # 登记状态, table F.1 or an extension of it
    outcome: Outcome  # of the last attempt
    attempts: tuple[int, int]
    answers: Mapping[str, str] = field(default_factory=dict)
    risks: frozenset[Risk] = frozenset()


@dataclass(frozen=True, slots=True)
class Product:
    """The product or service that the review is about."""

    code: str
    name: str
    risk_level: RiskLevel


@dataclass(frozen=True, slots=True)
class Contact:
    """Another number, at which the client itself is reached, and how it behaves there."""

    phone: str
    voice: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """A review that is owed to a client."""

    review: ReviewType
    script: str
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """One client; `calls` names the persona of each attempt, the last one goes on."""

    id: str
    name: str
    title: str  # 称谓: 先生 or 女士
    phone: str
    voice: str  # an id of speech/voices.json
    review: ReviewType
    script: str
    calls: tuple[str, ...]
    expected: Expected
    line: str = "rings"  # how the phone rings when somebody answers
    slots: Mapping[str, str] = field(default_factory=dict)
    product: Product | None = None
    elsewhere: Contact | None = None
    also: tuple[Duty, ...] = ()  # reviews that the same call is to carry
    conditions: Conditions = Conditions()
    calls_back_after: float | None = None  # seconds after the first call that it missed

    @property
    def duties(self) -> tuple[Duty, ...]:
        """Every review that the client is called for; the first one is its own."""
        return Duty(self.review, self.script, self.slots), *self.also

    def persona_at(self, number: str, no: int) -> str:
        """The persona that answers the `no`-th call (from 1) to one of the client's numbers."""
        calls = self.elsewhere.calls if self.elsewhere and number == self.elsewhere.phone else self.calls
        return calls[min(no, len(calls)) - 1]

    def voice_at(self, number: str) -> str:
        """The voice that is heard at one of the client's numbers."""
        return self.elsewhere.voice if self.elsewhere and number == self.elsewhere.phone else self.voice


@dataclass(frozen=True)
class Cast:
    """All clients of one run, with the personas and questions that they are played by."""

    clients: tuple[Client, ...]
    personas: Personas
    questions: Mapping[str, Question]

    def by_number(self) -> dict[str, Client]:
        """Who is behind each number."""
        numbers = {client.phone: client for client in self.clients}
        return numbers | {client.elsewhere.phone: client for client in self.clients if client.elsewhere}

    def of(self, count: int, *, benchmark: bool = False) -> Cast:
        """A cast of `count`: the first ones, or with other names, numbers and voices over and over.

        With `benchmark` only clients who answer and talk the review through at the first call are taken.
        """
        models = [client for client in self.clients if not benchmark or _talks_through(client)]
        copies = [_copy(model, place, len(models)) for place, model in enumerate(islice(cycle(models), count))]
        return replace(self, clients=tuple(copies))


def _talks_through(client: Client) -> bool:
    return len(client.calls) == 1 and client.calls[0] in ("cooperative", "terse", "talkative")


def _copy(model: Client, place: int, size: int) -> Client:
    """The model itself in the first round; then somebody else with the same behaviour."""
    if place < size:
        return model
    voices = list(caller_voices())
    name = _SURNAMES[place % len(_SURNAMES)] + _GIVEN[place // 7 % len(_GIVEN)] + _GIVEN[place % len(_GIVEN)]
    elsewhere = replace(model.elsewhere, phone=f"139{place:08d}") if model.elsewhere else None
    return replace(
        model,
        id=f"{model.id}-{place // size + 1}",
        name=name,
        phone=f"138{place:08d}",
        voice=voices[(voices.index(model.voice) + place // size) % len(voices)],
        elsewhere=elsewhere,
    )
