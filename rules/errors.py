"""Errors of this room.

RulesError
├── BadPolicy      a policy or calling hours that contradict the standard: mend the configuration
├── BadHistory     attempts that cannot have happened so: mend the caller, a retry is useless
├── BadPopulation  clients that cannot be drawn from (sampling): mend the list
├── BadEvidence    evidence in words that nobody defined: mend the caller
├── PlanRefused    something that may not be done with a review plan (plan): the message says what to do
├── LifeRefused    something that may not be done with a script version (script_life): the message says what to do
└── UnknownYear    the trading calendar does not reach so far: add the year's official closures, then retry
"""

from __future__ import annotations


class RulesError(Exception):
    """Base of all errors of this room."""


class BadPolicy(RulesError):
    """A configured rule that is laxer than the standard allows, or makes no sense."""


class BadHistory(RulesError):
    """Attempts with impossible times."""


class BadEvidence(RulesError):
    """Evidence outside the closed sets."""


class UnknownYear(RulesError):
    """A year for which no official closures are known."""
