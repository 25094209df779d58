"""What calls added up to, so that figures over months need not read every call's log again."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.sealed import Sealed


class ScriptTally(Base):
    """How often something happened at a node in a day's calls of one version of a script."""

    __tablename__ = "script_tally"
    script: Mapped[str] = mapped_column(String(40), primary_key=True)
    script_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # on which the calls began, in China
    node: Mapped[str] = mapped_column(String(80), primary_key=True)  # "": the calls as a whole
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)  # models.counting.Tallied
    detail: Mapped[str] = mapped_column(String(30), primary_key=True)  # of calls that ended there: the outcome
    times: Mapped[int]


class ScriptUnknown(Base):
    """Words that were not understood at a node in a day's calls, without names and numbers."""

    __tablename__ = "script_unknown"
    script: Mapped[str] = mapped_column(String(40), primary_key=True)
    script_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(String(80), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the words
    words: Mapped[str] = mapped_column(Sealed)
    times: Mapped[int]
