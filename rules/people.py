"""Whom the rules tell apart: whether two entries mean one person. Pure."""

from __future__ import annotations

import unicodedata


def person_key(person: str) -> str:
    """A person's number or name without what one person could write differently: width, case, blanks."""
    return "".join(unicodedata.normalize("NFKC", person).split()).casefold()
