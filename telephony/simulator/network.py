"""The simulated network: which line and which person a dialled number leads to, call by call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from speech.recogniser import Recogniser
from telephony.simulator import audio
from telephony.simulator.call import FarEnd
from telephony.simulator.client import Person, possible_texts
from telephony.simulator.conditions import Conditions
from telephony.simulator.conversation import Room
from telephony.simulator.ear import ear_for
from telephony.simulator.lines import Stretch, announcements, lay_out, rung_longer
from telephony.simulator.listening import Listening
from telephony.simulator.personas import LineKind, Manner, Persona
from telephony.simulator.roles import Cast, Client
from telephony.simulator.story import Story
from telephony.simulator.voices import ANNOUNCER, Utterance, Utterances, line_noise

SPEECH_RMS = 0.1  # -20 dB full scale, as the voices are levelled
_UNKNOWN_NUMBER = "empty_number"  # the line behind a number that nobody has
_ATTEMPT = re.compile(r"-([1-9]\d{0,2})$")  # calls are named task-attempt; another name is counted by its number
_DIGITS = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))


@dataclass(frozen=True, slots=True)
class Party:
    """A client in one call: what it does, how it hears, what its line is like; `seed` decides the line's chance."""

    far: FarEnd
    listening: Listening
    conditions: Conditions
    seed: str


class Network:
    """Makes the far end of every call; `seed` and the call's id decide all chance in it."""

    def __init__(self, cast: Cast, utterances: Utterances, recogniser: Recogniser, seed: int = 0) -> None:
        self.cast, self._utterances, self._recogniser, self._seed = cast, utterances, recogniser, seed
        self._owners = cast.by_number()
        self._dialled: Counter[str] = Counter()
        self._laid_out: dict[LineKind, tuple[Stretch, ...]] = {}
        self._latest: dict[str, Story] = {}  # by client, its calls back included
        self._called_back: set[str] = set()

    def prepare(self) -> int:
        """Render everything that can be heard in this cast; returns how many utterances that is."""
        count = self._utterances.prerender(wanted_utterances(self.cast))
        lines = list(self.cast.personas.lines.values())
        delays = {client.conditions.answer_delay_seconds for client in self.cast.clients}
        for line in (*lines, *(rung_longer(line, delay) for line in lines if line.answers for delay in delays)):
            self._lay_out(line)
        return count

    def connect_call(self, call: str, number: str) -> Party:
        """The far end that answers a call to a number."""
        self._dialled[number] += 1
        no, owner = self._dialled[number], self._owners.get(number)
        attempt = _ATTEMPT.search(call)
        chance = Random(f"{self._seed}/{call}")
        story = Story(call, no, _now())
        conditions = owner.conditions if owner else Conditions()
        room, line = None, self.cast.personas.lines[_UNKNOWN_NUMBER]
        if owner is not None:
            persona = self.cast.personas.personas[owner.persona_at(number, int(attempt[1]) if attempt else no)]
            line = self.cast.personas.lines[persona.line or owner.line]
            room = self._room(owner, persona, number, chance) if line.answers else None
            story.client, story.persona = owner.id, persona.id
            self._latest[owner.id] = story
        story.line = line.id
        stretches = self._lay_out(rung_longer(line, conditions.answer_delay_seconds) if room else line)
        return self._party(FarEnd(story, stretches, room, chance), conditions)

    def callback_due(self, story: Story) -> float | None:
        """How many seconds after a call that is over its client calls back, having missed it; None: it does not."""
        owner = next((client for client in self.cast.clients if client.id == story.client), None)
        missed = owner is not None and not story.calls_back and story.answered_ms is None
        if owner is None or not missed or owner.calls_back_after is None or owner.id in self._called_back:
            return None
        self._called_back.add(owner.id)
        return owner.calls_back_after

    def call_back(self, client: str) -> tuple[Party, str] | None:
        """A client who calls back and its number; None where it is on the line or was reached meanwhile."""
        owner = next(one for one in self.cast.clients if one.id == client)
        latest = self._latest[client]
        if latest.ended_ms is None or latest.answered_ms is not None:
            return None
        story = Story(f"callback-{client}"[:60], self._dialled[owner.phone], _now(), calls_back=True)
        chance = Random(f"{self._seed}/{story.call}")
        known = self.cast.personas.personas
        persona = next(known[name] for name in owner.calls if known[name].manner)
        story.client, story.persona, self._latest[client] = client, persona.id, story
        room = self._room(owner, persona, owner.phone, chance)
        return self._party(FarEnd(story, (), room, chance), owner.conditions), owner.phone

    def _party(self, far: FarEnd, conditions: Conditions) -> Party:
        return Party(far, Listening(far, self._recogniser.stream()), conditions, f"{self._seed}/{far.story.call}")

    def _room(self, owner: Client, persona: Persona, number: str, chance: Random) -> Room:
        person = person_of(self.cast, owner, persona)
        ear = ear_for(self.cast.questions, [duty.script for duty in owner.duties], person.slots)
        voice = owner.voice_at(number)
        noise = line_noise(chance.randrange(12), SPEECH_RMS * 10 ** (-owner.conditions.snr_db / 20))
        return Room(person, ear, lambda text, muffled: self._utterances.get(voice, text, muffled), noise)

    def _lay_out(self, line: LineKind) -> tuple[Stretch, ...]:
        if line not in self._laid_out:
            self._laid_out[line] = lay_out(line, lambda text: audio.signal_of(self._utterances.get(ANNOUNCER, text)))
        return self._laid_out[line]


def _now() -> str:
    return datetime.now(UTC).isoformat("T", "milliseconds")


def person_of(cast: Cast, owner: Client, persona: Persona) -> Person:
    """The person that plays a persona for a client."""
    manner = cast.personas.manners.get(persona.manner, Manner({}, (), ()))
    reviews = ("opening", "relay", *(duty.script for duty in owner.duties))
    asked = {name: question for name, question in cast.questions.items() if question.review in reviews}
    return Person(persona, manner, asked, slots_of(owner))


def slots_of(client: Client) -> Mapping[str, str]:
    """What a client's wordings and questions are filled with."""
    own = {name: value for duty in client.duties for name, value in duty.slots.items()}
    slots = {**own, "客户姓名": client.name, "称谓": client.title, "预约时间": "明天下午三点"}
    if client.elsewhere is not None:
        number = client.elsewhere.phone
        parts = (number[:3], number[3:7], number[7:])
        slots["号码"] = "，".join("".join(_DIGITS[digit] for digit in part) for part in parts)
        slots["号码数字"] = number
    return slots


def wanted_utterances(cast: Cast) -> Iterable[Utterance]:
    """Everything that anybody in the cast, or the network, may say."""
    for line in cast.personas.lines.values():
        yield from ((ANNOUNCER, text, False) for text in announcements(line))
    for client in cast.clients:
        for number in (client.phone, *([client.elsewhere.phone] if client.elsewhere else [])):
            calls = client.elsewhere.calls if client.elsewhere and number == client.elsewhere.phone else client.calls
            for persona in dict.fromkeys(calls):
                person = person_of(cast, client, cast.personas.personas[persona])
                if person.persona.manner:
                    yield from ((client.voice_at(number), text, muffled) for text, muffled in possible_texts(person))
