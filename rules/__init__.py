"""What the written rules say: review types, outcomes, the redial table, the calendar. Pure."""

from rules.appendix_f import APPENDIX_F, Notice, Row
from rules.deadlines import deadline_of, end_of
from rules.errors import BadEvidence, BadHistory, BadPolicy, RulesError, UnknownYear
from rules.evidence import Evidence, Source, Verdict, outcome_of
from rules.hours import CallingHours, Opening, may_call_at, next_allowed
from rules.labels import label_of
from rules.outcomes import Ending, Outcome, ReviewType, Risk, RiskLevel, Severity
from rules.redial import Decision, PastAttempt, RedialPolicy, next_step
from rules.risks import severity_of
from rules.trading_days import TradingCalendar, parse_closures
from rules.witnesses import Tone

__all__ = [
    "APPENDIX_F",
    "BadEvidence",
    "BadHistory",
    "BadPolicy",
    "CallingHours",
    "Decision",
    "Ending",
    "Evidence",
    "Notice",
    "Opening",
    "Outcome",
    "PastAttempt",
    "RedialPolicy",
    "ReviewType",
    "Risk",
    "RiskLevel",
    "Row",
    "RulesError",
    "Severity",
    "Source",
    "Tone",
    "TradingCalendar",
    "UnknownYear",
    "Verdict",
    "deadline_of",
    "end_of",
    "label_of",
    "may_call_at",
    "next_allowed",
    "next_step",
    "outcome_of",
    "parse_closures",
    "severity_of",
]
