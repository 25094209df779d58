"""Finding calls by what the client said, although the words are encrypted.

Each call keeps a signature of 256 bytes: every pair of neighbouring characters that the client said sets two of its
2,048 bits, chosen by a keyed hash (HMAC-SHA-256 under the installation's key). Who has the database without the key
learns about how many different pairs were said, and nothing of which. A phrase is looked for in the signatures first;
what they cannot exclude is decrypted and read, so that a hit is always true and none is missed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.call_log import heard_in
from models.calls import CallFilter, for_lists, narrowed
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


def _bits(said: str) -> int:
    bits = 0
    for start in range(len(said) - 1):
        bits |= _pair_bits(said[start : start + 2], current_seal().key)
    return bits


@lru_cache(maxsize=65_536)
def _pair_bits(pair: str, _key: bytes) -> int:
    digest = int(current_seal().digest(f"said {pair}")[:16], 16)
    return 1 << digest % _BITS | 1 << (digest >> 32) % _BITS


@dataclass(frozen=True, slots=True)
class Said:
    """Calls in which a phrase was said; `looked_at` were examined, the last one of them at `reached`.

    `go_on`: the id of the call after which the search goes on; None: all were examined.
    """

    items: Sequence[Attempt]
    looked_at: int
    reached: datetime | None
    go_on: int | None


def calls_saying(
    session: Session, wanted: CallFilter, phrase: str, after: int, *, most: int, stop: Callable[[], bool]
) -> Said:
    """The calls that a filter leaves and in which the client said a phrase in one utterance, the latest first.

    From the call `after` on (0: from the latest), until there are `most` or `stop` says so. Nothing is decrypted that a
    call's signature excludes.
    """
    form = spoken_form(phrase)
    mask, looked_at = _bits(form), 0
    found: list[int] = []
    last: tuple[int, datetime] | None = None
    with closing(_candidates(session, wanted, after)) as candidates:
        for id_, started_at, heard in candidates:
            looked_at, last = looked_at + 1, (id_, started_at)
            maybe = int.from_bytes(heard) & mask == mask
            if maybe and _says(session, id_, form):
                found.append(id_)
            if len(found) == most or ((maybe or looked_at % _CHUNK == 0) and stop()):
                return Said(_listed(session, found), looked_at, started_at, id_)
    return Said(_listed(session, found), looked_at, last[1] if last else None, None)


def _candidates(session: Session, wanted: CallFilter, after: int) -> Generator[tuple[int, datetime, bytes]]:
    query = narrowed(wanted).join(CallIndex, CallIndex.attempt_id == Attempt.id)
    start = session.get(Attempt, after) if after else None
    if start is not None:
        same = (Attempt.started_at == start.started_at) & (Attempt.id < start.id)
        query = query.where((Attempt.started_at < start.started_at) | same)
    rows = query.with_only_columns(Attempt.id, Attempt.started_at, CallIndex.heard)
    ordered = rows.order_by(Attempt.started_at.desc(), Attempt.id.desc()).execution_options(yield_per=_CHUNK)
    with session.execute(ordered) as found:
        yield from map(tuple, found)


def _listed(session: Session, ids: Sequence[int]) -> Sequence[Attempt]:
    query = select(Attempt).where(Attempt.id.in_(ids)).options(*for_lists())
    return session.scalars(query.order_by(Attempt.started_at.desc(), Attempt.id.desc())).unique().all()


def _says(session: Session, attempt_id: int, wanted: str) -> bool:
    query = select(CallEvent).where(CallEvent.attempt_id == attempt_id, CallEvent.kind == "Heard")
    return any(wanted in spoken_form(text) for text in heard_in(session.scalars(query)))
