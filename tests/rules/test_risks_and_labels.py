"""Severities and Chinese labels cover their closed sets."""

from __future__ import annotations

import re

import pytest

from rules import Method, Outcome, ReviewType, Risk, Severity, label_of, severity_of

MEDIUM = {"unsigned", "unread", "unaware", "improper_advice", "dissatisfied", "reminder_undelivered", "record_mismatch"}
CARE = {"distress", "deceased", "minor", "intoxicated"}


@pytest.mark.parametrize("risk", list(Risk))
def test_every_risk_has_its_severity(risk: Risk) -> None:
    expected = Severity.MEDIUM if risk.value in MEDIUM else Severity.CARE if risk.value in CARE else Severity.HIGH
    assert severity_of(risk) is expected


def test_every_member_has_a_chinese_label_of_its_own() -> None:
    for closed_set in (ReviewType, Outcome, Risk, Severity, Method):
        labels = [label_of(member) for member in closed_set]
        assert len(set(labels)) == len(labels)
        assert all(re.search(r"[\u4e00-\u9fff]", label) for label in labels)
