"""In which order the files of tests are run, and which of them by one process after the other.

Conversations in real time mostly wait; everything else computes. Both are mixed evenly, so that several processes
neither wait all at once nor compute all at once; and what takes minutes begins first. Everything stands back for the
campaigns, whose many lines must be heard in time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling  # type: ignore[import-untyped]

CAMPAIGNS = ("tests/acceptance/test_aloud.py", "tests/acceptance/test_demo.py")  # run side by side, by themselves
LONG = (
    *CAMPAIGNS,
    "tests/acceptance/test_kill.py",
    "tests/campaign/test_simulation.py",
    "tests/acceptance/test_calls_back.py",
    "tests/acceptance/test_hand_over.py",
)
NICENESS = 10  # of all but what this process has begun before


def pytest_configure(config: pytest.Config) -> None:
    """Processes take the files in the order that this module gives them, not the largest first."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, then those that wait among those that compute."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(_file(item), []).append(item)
    first = [name for name in LONG if name in files]
    waiting = [name for name in files if name not in LONG and _waits(files[name])]
    computing = [name for name in files if name not in LONG and name not in waiting]
    items[:] = [item for name in (*first, *_mixed(waiting, computing)) for item in files[name]]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """One process carries the campaigns through and looks at what became of them."""
    return _Files(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """From its first other test on, a process of several leaves the processor to the campaigns."""
    if "PYTEST_XDIST_WORKER" in os.environ and not _file(item).startswith("tests/acceptance/"):
        os.nice(max(0, NICENESS - os.nice(0)))


class _Files(LoadFileScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "campaigns" if file in CAMPAIGNS else file


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::", 1)[0]


def _waits(tests: Iterable[pytest.Item]) -> bool:
    return any(
        test.nodeid.startswith("tests/telephony/")
        or test.get_closest_marker("audio")
        or test.get_closest_marker("browser")
        for test in tests
    )


def _mixed(*lists: list[str]) -> list[str]:
    """Several lists as one, each spread evenly over it."""
    placed = [((no + 0.5) / len(names), name) for names in lists for no, name in enumerate(names)]
    return [name for _, name in sorted(placed)]
