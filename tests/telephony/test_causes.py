"""What the network's codes mean: the fallback list of the field, typed from it."""

from __future__ import annotations

import pytest

from telephony.causes import cause_of
from telephony.legs import HangupCause

BUSY, NO_ANSWER, REJECTED = HangupCause.BUSY, HangupCause.NO_ANSWER, HangupCause.REJECTED
UNREACHABLE, INVALID, OWN = HangupCause.UNREACHABLE, HangupCause.INVALID_NUMBER, HangupCause.OWN_LINE


@pytest.mark.parametrize(
    ("q850", "cause"),
    [
        (17, BUSY),
        (18, NO_ANSWER),
        (19, NO_ANSWER),
        (20, UNREACHABLE),
        (21, REJECTED),
        (1, INVALID),
        (22, INVALID),
        (27, UNREACHABLE),
        (34, UNREACHABLE),
        (41, UNREACHABLE),
        (42, UNREACHABLE),
        (28, INVALID),
        (55, REJECTED),
    ],
)
def test_q850(q850: int, cause: HangupCause) -> None:
    assert cause_of(None, q850, otherwise=OWN) is cause


@pytest.mark.parametrize(
    ("sip", "cause"),
    [
        (486, BUSY),
        (600, BUSY),
        (408, NO_ANSWER),
        (480, NO_ANSWER),
        (603, REJECTED),
        (404, INVALID),
        (604, INVALID),
        (410, INVALID),
        (484, INVALID),
        (502, UNREACHABLE),
        (503, UNREACHABLE),
        (401, OWN),
        (407, OWN),
    ],
)
def test_sip(sip: int, cause: HangupCause) -> None:
    assert cause_of(sip, None, otherwise=BUSY if cause is not BUSY else OWN) is cause


def test_q850_is_finer_than_sip() -> None:
    assert cause_of(480, 20, otherwise=OWN) is UNREACHABLE
    assert cause_of(486, 21, otherwise=OWN) is REJECTED


def test_unknown_codes_are_left_to_the_caller() -> None:
    assert cause_of(699, 99, otherwise=NO_ANSWER) is NO_ANSWER
    assert cause_of(486, 99, otherwise=NO_ANSWER) is BUSY
    assert cause_of(None, None, otherwise=OWN) is OWN
