"""How grave each risky answer is (domain rules §3: what a person must take over at once, what can wait)."""

from __future__ import annotations

from types import MappingProxyType

from rules.outcomes import Risk, Severity

_HIGH, _MEDIUM, _CARE = Severity.HIGH, Severity.MEDIUM, Severity.CARE

SEVERITY = MappingProxyType(
    {
        Risk.NOT_OWN_WILL: _HIGH,
        Risk.NOT_SELF_OPERATED: _HIGH,
        Risk.STAFF_OPERATED: _HIGH,
        Risk.FULL_DISCRETION: _HIGH,
        Risk.PROMISED_RETURN: _HIGH,
        Risk.MISLED: _HIGH,
        Risk.IMPROPER_ADVICE: _MEDIUM,
        Risk.UNSIGNED: _MEDIUM,
        Risk.UNREAD: _MEDIUM,
        Risk.UNAWARE: _MEDIUM,
        Risk.LENT_ACCOUNT: _HIGH,
        Risk.PASSWORD_SHARED: _HIGH,
        Risk.UNSETTLED: _HIGH,
        Risk.DISSATISFIED: _MEDIUM,
        Risk.THREAT: _HIGH,
        Risk.DISTRESS: _CARE,
        Risk.DECEASED: _CARE,
        Risk.MINOR: _CARE,
        Risk.INTOXICATED: _CARE,
        Risk.STAFF_MISCONDUCT: _HIGH,
        Risk.RECORD_MISMATCH: _MEDIUM,
        Risk.COMPLAINT: _HIGH,
        Risk.ASKED_FOR_HUMAN: _HIGH,
        Risk.UNCLARIFIED: _HIGH,
        Risk.REMINDER_UNDELIVERED: _MEDIUM,
    }
)


CARE = tuple(risk for risk, severity in SEVERITY.items() if severity is _CARE)  # who needs care, not questions


# What staff may have done wrong (疑似违规, §8.4): told to the firm's risk control, never judged.
VIOLATIONS = frozenset(
    {
        Risk.STAFF_OPERATED,
        Risk.FULL_DISCRETION,
        Risk.PROMISED_RETURN,
        Risk.MISLED,
        Risk.IMPROPER_ADVICE,
        Risk.STAFF_MISCONDUCT,
    }
)


def severity_of(risk: Risk) -> Severity:
    """Whether a risk calls a person at once (high), after the review (medium) or after a goodbye at once (care)."""
    return SEVERITY[risk]
