"""The simulated network: which line and which person a dialled number leads to, call by call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from random import Random

from speech.recogniser import Recogniser
from telephony.codecs import CODECS, Format
from telephony.simulator import audio
from telephony.simulator.call import FarEnd
from telephony.simulator.client import Person, possible_texts
from telephony.simulator.conversation import Room
from telephony.simulator.ear import ear_for
from telephony.simulator.exchange import CallShell
from telephony.simulator.lines import Stretch, announcements, lay_out
from telephony.simulator.personas import LineKind, Manner, Persona
from telephony.simulator.roles import Cast, Client
from telephony.simulator.story import Story
from telephony.simulator.voices import ANNOUNCER, Utterance, Utterances, line_noise
from telephony.wire import Dial

SNR_DB = 20.0
SPEECH_RMS = 0.1  # -20 dB full scale, as the voices are levelled
_UNKNOWN_NUMBER = "empty_number"  # the line behind a number that nobody has
_ATTEMPT = re.compile(r"-([1-9]\d{0,2})$")  # calls are named task-attempt; another name is counted by its number
_DIGITS = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))


class Network:
    """Makes the far end of every call; `seed` and the call's id decide all chance in it."""

    def __init__(self, cast: Cast, utterances: Utterances, recogniser: Recogniser, seed: int = 0) -> None:
        self.cast, self._utterances, self._recogniser, self._seed = cast, utterances, recogniser, seed
        self._owners = cast.by_number()
        self._dialled: Counter[str] = Counter()
        self._laid_out: dict[tuple[str, Format], tuple[Stretch, ...]] = {}

    def prepare(self, format: Format = Format.ALAW) -> int:
        """Render everything that can be heard in this cast; returns how many utterances that is."""
        count = self._utterances.prerender(wanted_utterances(self.cast))
        for line in self.cast.personas.lines.values():
            self._lay_out(line, format)
        return count

    def connect_call(self, dial: Dial) -> CallShell:
        """The far end that answers one dial command."""
        self._dialled[dial.number] += 1
        no, owner = self._dialled[dial.number], self._owners.get(dial.number)
        attempt = _ATTEMPT.search(dial.call)
        chance = Random(f"{self._seed}/{dial.call}")
        codec = CODECS[dial.format]
        story = Story(dial.call, no, datetime.now(UTC).isoformat("T", "milliseconds"))
        room, line = None, self.cast.personas.lines[_UNKNOWN_NUMBER]
        if owner is not None:
            persona = self.cast.personas.personas[owner.persona_at(dial.number, int(attempt[1]) if attempt else no)]
            line = self.cast.personas.lines[persona.line or owner.line]
            room = self._room(owner, persona, dial.number, chance) if line.answers else None
            story.client, story.persona = owner.id, persona.id
        story.line = line.id
        far = FarEnd(story, self._lay_out(line, dial.format), room, codec, chance)
        return CallShell(far, codec, self._recogniser.stream())

    def _room(self, owner: Client, persona: Persona, number: str, chance: Random) -> Room:
        person = person_of(self.cast, owner, persona)
        ear = ear_for(self.cast.questions, [duty.script for duty in owner.duties], person.slots)
        voice = owner.voice_at(number)
        noise = line_noise(chance.randrange(12), SPEECH_RMS * 10 ** (-SNR_DB / 20))
        return Room(person, ear, lambda text, muffled: self._utterances.get(voice, text, muffled), noise)

    def _lay_out(self, line: LineKind, format: Format) -> tuple[Stretch, ...]:
        key = line.id, format
        if key not in self._laid_out:
            self._laid_out[key] = lay_out(
                line, CODECS[format], lambda text: audio.signal_of(self._utterances.get(ANNOUNCER, text))
            )
        return self._laid_out[key]


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
