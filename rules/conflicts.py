"""Who must not review a client (T/SAC 002-2024 §6.3 防止利益冲突, §5.1.7 a). Pure.

The machine that calls serves nobody and earns from nobody; the rule binds the people who review: those to whom a task
or a live call is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from rules.people import person_key


class ConflictKind(StrEnum):
    """Why a person must not review a client."""

    SOLICITS = "solicits"  # 从事客户招揽和客户服务活动: reviews nobody
    SERVES = "serves"  # 与本人有营销服务关系
    EARNS = "earns"  # 与本人有直接利益关系
    COMPLAINED = "complained"  # 被该客户投诉
    CONCERNED = "concerned"  # 回访事项涉及本人


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who could review; `solicits`: brokers and whoever else solicits or serves clients."""

    number: str
    name: str = ""
    solicits: bool = False


@dataclass(frozen=True, slots=True)
class Relations:
    """Who stands how to a client, by staff numbers or names as they are on record.

    `concerned`: whom one of the client's reviews is about (leaving, witness); `complained`: whom the client has
    complained about, a reviewer too.
    """

    serves: frozenset[str] = frozenset()
    earns: frozenset[str] = frozenset()
    complained: frozenset[str] = frozenset()
    concerned: frozenset[str] = frozenset()

    @property
    def barred(self) -> frozenset[str]:
        """Everybody who must not review this client."""
        return self.serves | self.earns | self.complained | self.concerned


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why somebody must not review a client; `reason` is a Chinese sentence with the clause."""

    kind: ConflictKind
    reason: str


REASONS: Mapping[ConflictKind, str] = MappingProxyType(
    {
        ConflictKind.SOLICITS: "从事客户招揽和客户服务活动的人员不得负责客户回访（§6.3）",
        ConflictKind.SERVES: "回访人员不得对与本人有营销服务关系的客户进行回访（§6.3）",
        ConflictKind.EARNS: "回访人员不得对与本人有直接利益相关的客户进行回访（§6.3）",
        ConflictKind.COMPLAINED: "回访人员被该客户投诉，应由管理人员重新指定回访人员（§6.3）",
        ConflictKind.CONCERNED: "回访事项涉及本人，应由无直接利益关系的人员回访（§6.3）",
    }
)


def conflict(reviewer: Reviewer, relations: Relations) -> Conflict | None:
    """Why this person must not review the client; None: nothing speaks against it.

    Numbers and names are compared without width, case and blanks; a namesake is taken for the person.
    """
    me = {person_key(reviewer.number), person_key(reviewer.name)} - {""}
    found = (
        (ConflictKind.SOLICITS, reviewer.solicits),
        (ConflictKind.SERVES, _among(me, relations.serves)),
        (ConflictKind.EARNS, _among(me, relations.earns)),
        (ConflictKind.COMPLAINED, _among(me, relations.complained)),
        (ConflictKind.CONCERNED, _among(me, relations.concerned)),
    )
    return next((Conflict(kind, REASONS[kind]) for kind, is_so in found if is_so), None)


def eligible(reviewers: Iterable[Reviewer], relations: Relations) -> tuple[Reviewer, ...]:
    """Those who may review the client, in their order: from them another one is chosen (重新指定)."""
    return tuple(reviewer for reviewer in reviewers if conflict(reviewer, relations) is None)


def _among(me: set[str], people: frozenset[str]) -> bool:
    return not me.isdisjoint(map(person_key, people))
