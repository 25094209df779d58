"""Drawing samples to the yearly quotas: who is to be reviewed this year, with a proof that stands on its own.

The draw itself is pure (rules.sampling); here it meets the clients, is stored, and can be repeated from its seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.duty_tables import Draw, DrawnMember, Duty
from models.populations import (
    Candidate,
    candidates,
    clients_out_of_reach,
    clients_reviewed,
    clients_with_open_tasks,
    clients_with_tasks,
    drawn_and_open,
)
from models.tables import Customer
from rules import ReviewType, RiskLevel
from rules.annex_a import (
    ANNEX_A,
    AT_ONCE,
    BROKERAGE_SHARE,
    OTHER_SHARE,
    SUITABILITY_SHARE,
    Basis,
    YearlyShare,
)
from rules.errors import BadPolicy
from rules.hours import SHANGHAI
from rules.sampling import (
    ORDINARY_HIGH_RISK,
    R5_HOLDERS,
    STANDING_WORDS,
    Proof,
    Quota,
    Standing,
    Unit,
    draw,
    percent,
    standing_of,
    stratum_of,
)

CHUNK = 1000
_ACCOUNT_STANDINGS = {"dormant": Standing.DORMANT, "suspended": Standing.SUSPENDED}
# 可与适当性回访比例结合: whoever is called for one of these is asked about suitability in the same call.
_WITH_SUITABILITY = frozenset(line.review_type for line in ANNEX_A if line.basis is Basis.MERGED) - {
    ReviewType.SUITABILITY
}


class DutyKind(StrEnum):
    """A yearly share that is owed (table A.1, supplements 3 and 4)."""

    SUITABILITY = "suitability"  # 适当性: 10% of the buyers
    OTHER = "other"  # 其他存量客户: 5% of the clients
    BROKERAGE = "brokerage"  # 经纪业务合计: 10% of the clients


SHARES: Mapping[DutyKind, YearlyShare] = {
    DutyKind.SUITABILITY: SUITABILITY_SHARE,
    DutyKind.OTHER: OTHER_SHARE,
    DutyKind.BROKERAGE: BROKERAGE_SHARE,
}
# By what review a drawn client is reviewed.
REVIEW_OF: Mapping[DutyKind, ReviewType] = {
    DutyKind.SUITABILITY: ReviewType.SUITABILITY,
    DutyKind.OTHER: ReviewType.OTHER,
    DutyKind.BROKERAGE: ReviewType.OTHER,
}


class DrawRefused(Exception):
    """A draw that may not be made; the (Chinese) message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a firm wants drawn; shares in percent, never less than the standard's.

    `r5`, `ordinary`: raised shares for holders of R5 products, and for 普通投资者 with products from `high_from` on.
    """

    kind: DutyKind
    year: int
    seed: str
    share: str = ""
    r5: str = ""
    ordinary: str = ""
    high_from: RiskLevel = RiskLevel.R5

    @property
    def quota_share(self) -> Fraction:
        """The share of the whole basis."""
        least = SHARES[self.kind].share
        wanted = percent(self.share) if self.share else least
        if wanted < least:
            raise DrawRefused(
                f"{SHARES[self.kind].name}的比例不得低于{SHARES[self.kind].percent}%（{SHARES[self.kind].clause}）"
            )
        return wanted

    def raised(self) -> dict[str, Fraction]:
        """The raised shares by stratum."""
        if self.kind is not DutyKind.SUITABILITY:
            return {}
        shares = {R5_HOLDERS: self.r5, ORDINARY_HIGH_RISK: self.ordinary}
        return {stratum: max(percent(share), self.quota_share) for stratum, share in shares.items() if share}

    def parameters(self) -> dict[str, Any]:
        """What is stored beside the seed, so that the draw can be made again."""
        return {
            "share": str(self.quota_share),
            "raised": {stratum: str(share) for stratum, share in self.raised().items()},
            "high_from": self.high_from.value,
            "basis": SHARES[self.kind].basis.value,
            "year_end": date(self.year - 1, 12, 31).isoformat(),
        }


@dataclass(slots=True)
class _Population:
    """Who is who, by client id; the digest says whether two draws saw the same clients in the same standing."""

    wanted: Wanted
    raised: Mapping[str, Fraction]
    reviewed: set[int] = field(default_factory=set)
    drawn: set[int] = field(default_factory=set)
    merging: dict[int, int] = field(default_factory=dict)  # with the task that they are called for
    otherwise: set[int] = field(default_factory=set)
    out_of_reach: set[int] = field(default_factory=set)
    merged: dict[str, int] = field(default_factory=dict)  # credited because of an open task: number and that task
    digest: int = 0

    def units(self, clients: Iterator[Candidate]) -> Iterator[Unit]:
        for client in clients:
            unit = Unit(client.number, self._stratum(client), self._standing(client))
            if unit.standing is Standing.MERGED:
                self.merged[client.number] = self.merging[client.id]
            seen = f"{unit.number}\0{unit.stratum}\0{unit.standing}".encode()
            self.digest = (self.digest + int.from_bytes(blake2b(seen, digest_size=16).digest())) % (1 << 128)
            yield unit

    def _stratum(self, client: Candidate) -> str:
        """The stratum with the highest share of those that a client belongs to."""
        level = RiskLevel(client.risk_level) if client.risk_level else None
        ordinary = client.investor != "professional"
        strata = {
            stratum_of(level, ordinary=False),
            stratum_of(level, ordinary=ordinary, high_from=self.wanted.high_from),
        }
        return max(strata & self.raised.keys(), key=self.raised.__getitem__, default="")

    def _standing(self, client: Candidate) -> Standing:
        reasons = [
            reason
            for reason, holds in (
                (_ACCOUNT_STANDINGS.get(client.account_state), client.account_state in _ACCOUNT_STANDINGS),
                (Standing.REVIEWED, client.id in self.reviewed),
                (Standing.MERGED, client.id in self.merging),
                (Standing.DRAWN, client.id in self.drawn),
                (Standing.OTHERWISE, client.id in self.otherwise),
                (Standing.DO_NOT_CALL, client.do_not_call),
                (Standing.NO_CONTACT, client.id in self.out_of_reach),
            )
            if holds and reason is not None
        ]
        return standing_of(reasons)


def draw_sample(session: Session, wanted: Wanted, *, by: str, now: datetime) -> Draw:
    """Draw the clients who are to be reviewed for a yearly duty and store them with the proof.

    Whoever was reviewed this year, or is about to be for a reason that counts, is credited; a second draw tops up what
    the first could not bring. Raises DrawRefused.
    """
    if not by.strip():
        raise DrawRefused("没有写明是谁抽取；请写上工号或姓名")
    quota = _quota(session, wanted)
    duty = _duty(session, wanted, now)
    population = _population(session, wanted, duty)
    bought_before = _year_start(wanted.year) if wanted.kind is DutyKind.SUITABILITY else None
    clients = candidates(session, date(wanted.year - 1, 12, 31), bought_before)
    drawn = draw(population.units(clients), quota, wanted.seed)
    if not drawn.proof.basis:
        raise DrawRefused(_nobody(wanted))
    proof = proof_as_json(drawn.proof) | {"population_digest": f"{population.digest:032x}"}
    stored = Draw(duty_id=duty.id, seed=wanted.seed, drawn_at=now, by=by, parameters=wanted.parameters(), proof=proof)
    session.add(stored)
    session.flush()
    _enter_members(session, stored.id, drawn.numbers, population.merged)
    return stored


def _quota(session: Session, wanted: Wanted) -> Quota:
    if not wanted.seed.strip():
        raise DrawRefused("没有写种子；请填写任意文字，凭它可以重复这次抽取")
    try:
        return Quota(wanted.quota_share, wanted.raised(), _beside(session, wanted))
    except BadPolicy as error:
        raise DrawRefused("比例不能用；请填写不低于标准、不超过100的数字，例如10或12.5") from error


def _nobody(wanted: Wanted) -> str:
    if wanted.kind is DutyKind.SUITABILITY:
        return f"没有{wanted.year - 1}年末以前购买产品或接受服务的客户；请先导入产品购买、服务签约事件"
    return f"没有{wanted.year - 1}年末的客户；请先导入客户"


def _duty(session: Session, wanted: Wanted, now: datetime) -> Duty:
    found = session.scalar(select(Duty).where(Duty.kind == wanted.kind.value, Duty.year == wanted.year))
    per_mille = -(-wanted.quota_share.numerator * 1000 // wanted.quota_share.denominator)
    if found is None:
        found = Duty(kind=wanted.kind.value, year=wanted.year, per_mille=per_mille, created_at=now)
        session.add(found)
    found.per_mille = per_mille
    session.flush()
    return found


def _year_start(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=SHANGHAI)


def _credits(wanted: Wanted) -> list[str]:
    return [one.value for one in SHARES[wanted.kind].credits]


def _population(session: Session, wanted: Wanted, duty: Duty) -> _Population:
    since, until = _year_start(wanted.year), _year_start(wanted.year + 1)
    counts = _WITH_SUITABILITY if wanted.kind is DutyKind.SUITABILITY else SHARES[wanted.kind].credits
    population = _Population(
        wanted,
        wanted.raised(),
        reviewed=clients_reviewed(session, _credits(wanted), since, until),
        drawn=drawn_and_open(session, duty.id),
        merging=clients_with_open_tasks(session, [one.value for one in counts]),
        out_of_reach=clients_out_of_reach(session, since),
    )
    if wanted.kind is DutyKind.OTHER:
        population.otherwise = clients_with_tasks(session, [one.value for one in AT_ONCE], since)
    return population


def _beside(session: Session, wanted: Wanted) -> int:
    """Completed reviews of accounts opened this year count towards all brokerage reviews."""
    if wanted.kind is not DutyKind.BROKERAGE:
        return 0
    since, until = _year_start(wanted.year), _year_start(wanted.year + 1)
    year_end = date(wanted.year - 1, 12, 31)
    return len(clients_reviewed(session, _credits(wanted), since, until, opened_after=year_end))


def _enter_members(session: Session, draw_id: int, drawn: tuple[str, ...], merged: Mapping[str, int]) -> None:
    numbers = [*drawn, *merged]
    for start in range(0, len(numbers), CHUNK):
        chunk = numbers[start : start + CHUNK]
        found = session.execute(select(Customer.number, Customer.id).where(Customer.number.in_(chunk)))
        ids = {number: client_id for number, client_id in found}
        rows = [
            {"draw_id": draw_id, "customer_id": ids[one], "credited": one in merged, "task_id": merged.get(one)}
            for one in chunk
        ]
        session.execute(insert(DrawnMember), rows)


def proof_as_json(proof: Proof) -> dict[str, Any]:
    """A proof as it is stored: counts, and the reasons in Chinese."""
    return {
        "population": proof.population,
        "basis": proof.basis,
        "standings": {STANDING_WORDS[one]: count for one, count in proof.standings.items() if count},
        "strata": [
            {
                "name": one.name,
                "share": str(one.share),
                "size": one.size,
                "needed": one.needed,
                "credited": one.credited,
                "drawable": one.drawable,
                "drawn": one.drawn,
                "extra": one.extra,
                "short": one.short,
            }
            for one in proof.strata
        ],
        "needed": proof.needed,
        "credited": proof.credited,
        "beside": proof.beside,
        "drawn": proof.drawn,
        "owed": proof.owed,
    }
