"""What the written rules say: review types, shares and draws, outcomes, the redial table, calendar, caps. Pure."""

from rules.annex_a import ANNEX_A, YEARLY_SHARES, Basis, Line, Term, YearlyShare, line_of, lines_of
from rules.appendix_f import APPENDIX_F, Notice, Row
from rules.caps import Contact, ContactCaps, allowed_at
from rules.conflicts import Conflict, ConflictKind, Relations, Reviewer, conflict, eligible
from rules.cooling_off import CoolingOff, VoidReview, void_of
from rules.deadlines import deadline_of, end_of, questionnaire_until
from rules.errors import BadEvidence, BadHistory, BadPolicy, RulesError, UnknownYear
from rules.evidence import Evidence, Source, Verdict, outcome_of
from rules.hours import CallingHours, Opening, may_call_at, next_allowed, stretches
from rules.hours_text import parse_hours, written_hours
from rules.labels import label_of
from rules.methods import OpeningMode, Refusal, advice_of, refusal_of
from rules.outcomes import Ending, Method, Outcome, ReviewType, Risk, RiskLevel, Severity
from rules.pace import Due, Forecast, Owed, calls_expected, forecast, summary_of
from rules.people import person_key
from rules.plan import Plan, PlanAct, PlanRefused, PlanStanding, PlanState, acted, acts_for, problems_of
from rules.posts import POST_WORDS, Post
from rules.redial import Decision, PastAttempt, RedialPolicy, is_callback, next_step
from rules.risks import severity_of
from rules.sampling import BadPopulation, Draw, Proof, Quota, Standing, Stratum, Unit, draw, quota_of
from rules.trading_days import PublicDays, TradingCalendar, parse_closures, parse_years, public_days
from rules.witnesses import Tone

__all__ = [
    "ANNEX_A",
    "APPENDIX_F",
    "POST_WORDS",
    "YEARLY_SHARES",
    "BadEvidence",
    "BadHistory",
    "BadPolicy",
    "BadPopulation",
    "Basis",
    "CallingHours",
    "Conflict",
    "ConflictKind",
    "Contact",
    "ContactCaps",
    "CoolingOff",
    "Decision",
    "Draw",
    "Due",
    "Ending",
    "Evidence",
    "Forecast",
    "Line",
    "Method",
    "Notice",
    "Opening",
    "OpeningMode",
    "Outcome",
    "Owed",
    "PastAttempt",
    "Plan",
    "PlanAct",
    "PlanRefused",
    "PlanStanding",
    "PlanState",
    "Post",
    "Proof",
    "PublicDays",
    "Quota",
    "RedialPolicy",
    "Refusal",
    "Relations",
    "ReviewType",
    "Reviewer",
    "Risk",
    "RiskLevel",
    "Row",
    "RulesError",
    "Severity",
    "Source",
    "Standing",
    "Stratum",
    "Term",
    "Tone",
    "TradingCalendar",
    "Unit",
    "UnknownYear",
    "Verdict",
    "VoidReview",
    "YearlyShare",
    "acted",
    "acts_for",
    "advice_of",
    "allowed_at",
    "calls_expected",
    "conflict",
    "deadline_of",
    "draw",
    "eligible",
    "end_of",
    "forecast",
    "is_callback",
    "label_of",
    "line_of",
    "lines_of",
    "may_call_at",
    "next_allowed",
    "next_step",
    "outcome_of",
    "parse_closures",
    "parse_hours",
    "parse_years",
    "person_key",
    "problems_of",
    "public_days",
    "questionnaire_until",
    "quota_of",
    "refusal_of",
    "severity_of",
    "stretches",
    "summary_of",
    "void_of",
    "written_hours",
]
