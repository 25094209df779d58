"""One recogniser and one bot's voice for all tests of the simulated network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from speech.prompts import Prompts
from speech.recogniser import Recogniser
from speech.voice import Pyttsx3Voice
from telephony.simulator.voices import Utterances


@pytest.fixture(scope="session")
def cache(kept: Path) -> Path:
    """Where model and voices are kept between the tests of one run."""
    return kept


@pytest.fixture(scope="session")
def ears(shipped_model: Path) -> Iterator[Recogniser]:
    """A recogniser on the shipped model."""
    recogniser = Recogniser(shipped_model, threads=1, deadline_seconds=60)
    yield recogniser
    recogniser.close()


@pytest.fixture(scope="session")
def bot_voice(cache: Path) -> Prompts:
    """The bot's own voice."""
    return Prompts(cache / "prompts", Pyttsx3Voice())


@pytest.fixture(scope="session")
def utterances(cache: Path) -> Utterances:
    """The voices of clients and network, empty at first."""
    return Utterances(cache / "callers")
