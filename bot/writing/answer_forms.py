"""What a question of a script file does with answers: its choices, what each answer means, its own keys."""

from __future__ import annotations

from collections.abc import Mapping

from bot.nodes import ANSWERS, KEYS, Capture, Choice
from bot.walk.choices import usual_choice
from bot.writing.source import Form
from intents.values import Intent
from rules.outcomes import Risk

SAFE = "safe"


def read_choices(form: Form, capture: Capture | None) -> tuple[Choice, ...]:
    """The choices of a question in their order; there where and only where the question captures a choice."""
    if capture is Capture.CHOICE and not form.has("choices"):
        form.report("capture", "“capture: choice”还要写“choices”，列出每个选项")
    if capture is not Capture.CHOICE and form.has("choices"):
        form.report("choices", "有“choices”的问题要写“capture: choice”")
    block = form.form("choices")
    read = (_choice(name, block) for name in block.keys())
    return tuple(choice for choice in read if choice is not None)


def _choice(name: str, block: Form) -> Choice | None:
    """One choice in its short form (满意: yes) or with words of its own."""
    if not block.is_branch(name):
        means = _meaning(block, name)
        return Choice(name, means) if means else None
    branch = block.form(name)
    means, words = _meaning(branch, "means"), branch.texts("words")
    branch.close()
    return Choice(name, means, words) if means else None


def _meaning(form: Form, key: str) -> Intent | None:
    text = form.pick(key, ANSWERS)
    return Intent(text) if text else None


def read_answers(form: Form, choices: tuple[Choice, ...], *, survey: bool) -> dict[str, Risk | None]:
    """The risk of each label and each choice, None for a safe one; empty for a question that only finds the way.

    A choice that is not named has the risk of its meaning, and a meaning that is not named that of its first choice.
    """
    if not form.has("answers"):
        return dict.fromkeys((*ANSWERS, *(choice.name for choice in choices))) if survey else {}
    block = form.form("answers")
    names = (*ANSWERS, *(choice.name for choice in choices))
    given = {name: _risk(block, name) for name in names if block.has(name)}
    risks = {choice.name: _first(given, choice.name, choice.means) for choice in choices}
    for label in ANSWERS:
        usual = usual_choice(choices, label)
        risks[label] = _first(given, label, usual.name if usual else label)
    if not survey:
        _report_missing(block, given, choices)
    block.close()
    return risks


def _risk(block: Form, name: str) -> Risk | None:
    text = block.pick(name, (SAFE, *Risk))
    return None if text in (SAFE, "") else Risk(text)


def _first(given: Mapping[str, Risk | None], *names: str) -> Risk | None:
    return next((given[name] for name in names if name in given), None)


def _report_missing(block: Form, given: Mapping[str, Risk | None], choices: tuple[Choice, ...]) -> None:
    """Every choice and every label must have been weighed, by its own name or by the other's."""
    for label in ANSWERS:
        of_label = [choice.name for choice in choices if choice.means is label]
        if label in given or (of_label and all(name in given for name in of_label)):
            continue
        for name in [name for name in of_label if name not in given] or [label]:
            block.report(name, f"缺少“{name}”；请写明是 safe 还是哪种风险")


def read_keypad(form: Form, choices: tuple[Choice, ...]) -> dict[str, str]:
    """The keys that mean something else here than everywhere: key -> choice or label."""
    block = form.form("keypad")
    allowed = (*(choice.name for choice in choices), *Intent)
    keypad = {key: block.pick(key, allowed) for key in block.names(KEYS, "电话按键")}
    return {key: meaning for key, meaning in keypad.items() if meaning}
