"""What a sentence means: labels, risks, times, numbers, announcements. Pure."""

from intents.announcements import classify_announcement
from intents.matcher import Matcher, example_phrases, load_matcher
from intents.normalise import normalise
from intents.numbers import dictated_digits, parse_number
from intents.times import TimeSpan, parse_time
from intents.values import Announced, AnnouncementMatch, Intent, Match

__all__ = [
    "Announced",
    "AnnouncementMatch",
    "Intent",
    "Match",
    "Matcher",
    "TimeSpan",
    "classify_announcement",
    "dictated_digits",
    "example_phrases",
    "load_matcher",
    "normalise",
    "parse_number",
    "parse_time",
]
