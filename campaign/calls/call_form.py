"""The script of a call as the person reads it who carries it: what is answered, what is to be asked now, what comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.form import Given, Page, ahead, course, page
from bot.script import Script

EVIDENCE = "坐席登记"  # of what a person has ticked


@dataclass(frozen=True, slots=True)
class CallForm:
    """Answered pages, the one to be asked now (None: all are answered), and those after it if all goes well."""

    answered: tuple[tuple[Page, Given], ...] = ()
    now: Page | None = None
    ahead: tuple[Page, ...] = ()


def call_form(script: Script, given: Mapping[str, Given], slots: Mapping[str, str]) -> CallForm:
    """The form by what was given so far, the slots filled."""
    walked = course(script, given)
    return CallForm(
        tuple((page(script, node, slots), given[node]) for node in walked.answered),
        page(script, walked.now, slots) if walked.now else None,
        tuple(page(script, node, slots) for node in ahead(script, given)),
    )
