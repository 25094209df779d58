"""The cast: whom the demo calls, how they behave at each attempt, and what a correct bot must store of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml.nodes import Node

from rules.outcomes import Outcome, ReviewType, Risk, RiskLevel
from speech.voice import caller_voices
from telephony.simulator.conditions import Conditions, read_conditions
from telephony.simulator.ear import Question, load_questions
from telephony.simulator.personas import Personas, load_personas
from telephony.simulator.roles import Cast, Client, Contact, Duty, Expected, Product
from telephony.simulator.sheet import Sheet

__all__ = ["Cast", "Client", "Contact", "Duty", "Expected", "Product", "load_cast"]

CAST = Path(__file__).with_name("cast.yaml")
_PHONE = re.compile(r"1[3-9]\d{9}")
_TITLES = ("先生", "女士")
_OPTIONAL = ("line", "script", "slots", "product", "elsewhere", "also", "conditions", "calls_back_after")
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h)")
_SECONDS = {"s": 1, "min": 60, "h": 3600}


def load_cast(path: Path | None = None) -> Cast:
    """Read a cast (the demo's by default) with personas and questions; raises SheetError naming every fault."""
    personas, questions = load_personas(), load_questions()
    sheet = Sheet(path or CAST)
    parts = sheet.fields(sheet.root(), ("clients",), ("conditions",))
    reader = _Reader(sheet, personas, questions, read_conditions(sheet, parts.get("conditions"), Conditions()))
    clients = tuple(reader.client(name, node) for name, _, node in sheet.entries(parts.get("clients")))
    reader.check_numbers(clients)
    sheet.raise_problems()
    return Cast(clients, personas, questions)


@dataclass
class _Reader:
    """Turns the nodes of one cast into values, noting problems."""

    sheet: Sheet
    personas: Personas
    questions: Mapping[str, Question]
    conditions: Conditions  # where a client names none
    phone_nodes: list[tuple[str, Node]] = field(default_factory=list)

    def client(self, name: str, node: Node) -> Client:
        required = ("name", "title", "phone", "voice", "review", "calls", "expected")
        fields = self.sheet.fields(node, required, _OPTIONAL)
        review = self.choice(fields.get("review"), list(ReviewType), "review type", ReviewType.OTHER)
        line = self.choice(fields.get("line"), self.answered_lines(), "line that is answered", "rings")
        script = self.sheet.text(fields.get("script"), review)
        also = tuple(self.duty(one) for one in self.sheet.items(fields.get("also")))
        scripts = (script, *(duty.script for duty in also))
        calls = self.calls(fields.get("calls"))
        return Client(
            id=name,
            name=self.sheet.text(fields.get("name")),
            title=self.choice(fields.get("title"), _TITLES, "title", _TITLES[0]),
            phone=self.phone(fields.get("phone")),
            voice=self.voice(fields.get("voice")),
            review=ReviewType(review),
            script=script,
            calls=calls,
            expected=self.expected(fields.get("expected"), scripts),
            line=line,
            slots=self.slots(fields.get("slots")),
            product=self.product(fields.get("product")),
            elsewhere=self.contact(fields.get("elsewhere")),
            also=also,
            conditions=read_conditions(self.sheet, fields.get("conditions"), self.conditions),
            calls_back_after=self.calls_back_after(fields.get("calls_back_after"), calls),
        )

    def duty(self, node: Node) -> Duty:
        fields = self.sheet.fields(node, ("review",), ("script", "slots"))
        review = self.choice(fields.get("review"), list(ReviewType), "review type", ReviewType.OTHER)
        return Duty(ReviewType(review), self.sheet.text(fields.get("script"), review), self.slots(fields.get("slots")))

    def answered_lines(self) -> list[str]:
        return [line.id for line in self.personas.lines.values() if line.answers]

    def choice(self, node: Node | None, known: Sequence[str], what: str, default: str) -> str:
        if node is None:
            return default
        value = self.sheet.text(node)
        if value not in known:
            self.sheet.complain(node, f"{value} is no {what}: one of {', '.join(known)}")
            return default
        return value

    def phone(self, node: Node | None) -> str:
        number = self.sheet.text(node)
        if node is not None:
            self.phone_nodes.append((number, node))
            if not _PHONE.fullmatch(number):
                self.sheet.complain(node, f"{number!r} is no mobile number: 11 digits that begin with 13 to 19")
        return number

    def voice(self, node: Node | None) -> str:
        return self.choice(node, list(caller_voices()), "voice", next(iter(caller_voices())))

    def calls(self, node: Node | None) -> tuple[str, ...]:
        calls = self.sheet.texts(node)
        for persona in calls:
            if persona not in self.personas.personas:
                self.sheet.complain(node, f"{persona} is no persona: see personas.yaml")
        if node is not None and not calls:
            self.sheet.complain(node, "name at least one persona")
        return calls

    def slots(self, node: Node | None) -> dict[str, str]:
        return {name: self.sheet.text(value) for name, _, value in self.sheet.entries(node)}

    def product(self, node: Node | None) -> Product | None:
        if node is None:
            return None
        fields = self.sheet.fields(node, ("code", "name", "risk"))
        level = self.choice(fields.get("risk"), list(RiskLevel), "risk level", RiskLevel.R3)
        return Product(self.sheet.text(fields.get("code")), self.sheet.text(fields.get("name")), RiskLevel(level))

    def contact(self, node: Node | None) -> Contact | None:
        if node is None:
            return None
        fields = self.sheet.fields(node, ("phone", "voice", "calls"))
        phone, voice = self.phone(fields.get("phone")), self.voice(fields.get("voice"))
        return Contact(phone, voice, self.calls(fields.get("calls")))

    def calls_back_after(self, node: Node | None, calls: Sequence[str]) -> float | None:
        if node is None:
            return None
        found = _SPAN.fullmatch(self.sheet.text(node))
        if found is None:
            self.sheet.complain(node, "a time span belongs here, such as 30 s, 5 min or 1.5 h")
            return None
        known = self.personas.personas
        if not any(known[name].manner for name in calls if name in known):
            self.sheet.complain(node, "nobody in calls talks: add the persona that calls back")
        return float(found[1]) * _SECONDS[found[2]]

    def expected(self, node: Node | None, scripts: Sequence[str]) -> Expected:
        fields = self.sheet.fields(node, ("status", "outcome", "attempts"), ("answers", "risks"))
        status = self.sheet.text(fields.get("status"))
        if fields.get("status") is not None and not status.startswith(("已完成：", "未完成：")):
            self.sheet.complain(fields["status"], f"{status} is no status: 已完成：… or 未完成：…")
        outcome = self.choice(fields.get("outcome"), list(Outcome), "outcome", Outcome.REVIEWED)
        items = self.sheet.items(fields.get("risks"))
        risks = [self.choice(item, list(Risk), "risk", Risk.UNCLARIFIED) for item in items]
        return Expected(
            status,
            Outcome(outcome),
            self.attempts(fields.get("attempts")),
            self.answers(fields.get("answers"), scripts),
            frozenset(Risk(risk) for risk in risks),
        )

    def attempts(self, node: Node | None) -> tuple[int, int]:
        found = re.fullmatch(r"([1-9])(?:-([1-9]))?", self.sheet.text(node, "1"))
        if found is None or int(found[2] or found[1]) < int(found[1]):
            self.sheet.complain(node, "attempts is a number or a range, such as 2-3")
            return 1, 1
        return int(found[1]), int(found[2] or found[1])

    def answers(self, node: Node | None, scripts: Sequence[str]) -> dict[str, str]:
        """By question id; `others: safe` adds the safe answer to every other question of the scripts."""
        answers: dict[str, str] = {}
        for name, key, value in self.sheet.entries(node):
            if name == "others":
                safe = {asked.id: asked.stores for asked in self.questions.values() if asked.review in scripts}
                answers = safe | answers
            elif name not in self.questions:
                self.sheet.complain(key, f"{name} is no question: see questions.yaml")
            else:
                answers[name] = self.answer(value, self.questions[name])
        return answers

    def answer(self, node: Node, question: Question) -> str:
        """What is stored of an answer: its meaning, or any text where a choice or an open answer is stored."""
        if question.stores not in ("yes", "no", ""):
            return self.sheet.text(node)
        return self.choice(node, ("yes", "no", "unsure"), "answer", "unsure")

    def check_numbers(self, clients: Sequence[Client]) -> None:
        seen: set[str] = set()
        for number, node in self.phone_nodes:
            if number in seen:
                self.sheet.complain(node, f"{number} belongs to two clients: every number needs one owner")
            seen.add(number)
        if not clients:
            self.sheet.complain(None, "no clients: a cast needs at least one")
