"""What can go wrong in this room.

IntentsError            something that the room was given cannot be used
├── LabelledFileError   a labelled set is broken; lists every bad line
└── LexiconError        a phrase file or the trained model is missing or broken
"""

from __future__ import annotations


class IntentsError(Exception):
    """Something that the room was given cannot be used; the message says what and how to mend it."""


class LabelledFileError(IntentsError):
    """A labelled set is broken; the message lists every bad line with its number. Retrying does not help."""


class LexiconError(IntentsError):
    """A phrase file or the trained model is missing or broken; mend it or run `python -m intents.train`."""
