"""A script printed for reading: every shared text and figure has a name in Chinese."""

from __future__ import annotations

from dataclasses import fields

from bot.nodes import Limits, Texts, Waits
from console.script_terminal import LIMITS, TEXTS, WAITS


def test_every_shared_text_and_figure_has_a_name() -> None:
    assert set(TEXTS) == {field.name for field in fields(Texts)}
    assert set(LIMITS) == {field.name for field in fields(Limits)}
    assert set(WAITS) == {field.name for field in fields(Waits)}
