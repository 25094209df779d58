"""Finding calls by what the client said, although the words are encrypted.

Each call keeps a signature of 256 bytes: every pair of neighbouring characters that the client said sets two of its
2,048 bits, chosen by a keyed hash (HMAC-SHA-256 under the installation's key). Who has the database without the key
learns about how many different pairs were said, and nothing of which. A phrase is looked for in the signatures first;
what they cannot exclude is decrypted and read, so that a hit is always true and none is missed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.inspecting_tables import CallIndex
from models.sealed import current_seal
from models.tables import Attempt, CallEvent

SIGNATURE_BYTES = 256
LEAST_PHRASE = 2  # characters
_BITS = 8 * SIGNATURE_BYTES
_NOT_SAID = re.compile(r"[\W_]+")
_CHUNK = 500


def spoken_form(text: str) -> str:
    """A text as it is compared: without blanks and punctuation, in one width and case."""
    return _NOT_SAID.sub("", unicodedata.normalize("NFKC", text)).casefold()


def signature(texts: Iterable[str]) -> bytes:
    """The signature of what was said."""
    bits = 0
    for text in texts:
        bits |= _bits(spoken_form(text))
    return bits.to_bytes(SIGNATURE_BYTES)


def signature_of(attempt: Attempt) -> bytes:
    """The signature of a call."""
    return signature(heard_in(attempt.events))


def heard_in(events: Iterable[CallEvent]) -> Iterator[str]:
    """What the client said in a call, one utterance after the other."""
    return (json.loads(event.body)["text"] for event in events if event.kind == "Heard")


def _bits(said: str) -> int:
    bits = 0
    for start in range(len(said) - 1):
        bits |= _pair_bits(said[start : start + 2], current_seal().key)
    return bits


@lru_cache(maxsize=65_536)
def _pair_bits(pair: str, _key: bytes) -> int:
    digest = int(current_seal().digest(f"said {pair}")[:16], 16)
    return 1 << digest % _BITS | 1 << (digest >> 32) % _BITS


def with_phrase(session: Session, ids: Iterable[int], phrase: str) -> Iterator[tuple[int, bool]]:
    """Each of these calls in order, and whether the client said the phrase in one utterance.

    Nothing is decrypted that the signature excludes, and nothing before it is asked for.
    """
    wanted = spoken_form(phrase)
    mask = _bits(wanted)
    todo = list(ids)
    for start in range(0, len(todo), _CHUNK):
        chunk = todo[start : start + _CHUNK]
        rows = session.execute(select(CallIndex.attempt_id, CallIndex.heard).where(CallIndex.attempt_id.in_(chunk)))
        heard = {attempt_id: int.from_bytes(bits) for attempt_id, bits in rows}
        for id_ in chunk:
            maybe = heard.get(id_, 0) & mask == mask
            yield id_, maybe and _says(session, id_, wanted)


def _says(session: Session, attempt_id: int, wanted: str) -> bool:
    query = select(CallEvent).where(CallEvent.attempt_id == attempt_id, CallEvent.kind == "Heard")
    return any(wanted in spoken_form(text) for text in heard_in(session.scalars(query)))
