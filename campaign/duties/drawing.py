"""Drawing samples to the yearly quotas: who is to be reviewed this year, with a proof that stands on its own.

The draw itself is pure (rules.sampling); here it meets the clients, is stored, and can be repeated from its seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from campaign.duties.population import clients_of, population_of, reviewed_beside
from campaign.duties.shares import SHARES, DutyKind
from models.duty_tables import Draw, DrawnMember, Duty
from models.plans import plans_of_draw
from models.populations import clients_served_as, unnamed_brokers
from models.tables import Customer
from models.voiding import resting_on, tasks_begun
from rules import RiskLevel
from rules.errors import BadPolicy
from rules.hours import SHANGHAI
from rules.people import SERVING_WORDS, Serving
from rules.plan import PlanState
from rules.sampling import (
    ORDINARY_HIGH_RISK,
    R5_HOLDERS,
    SPECIAL,
    STANDING_WORDS,
    Proof,
    Quota,
    draw,
    percent,
    stratum_named,
)

CHUNK = 1000
_MOST_NAMED = 5  # brokers in a refusal


class DrawRefused(Exception):
    """A draw that may not be made; the (Chinese) message says why and what to do."""


class DrawChanged(DrawRefused):
    """Other clients would be drawn than those that were shown before."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a draw would bring now; `merged` are the numbers of those credited, each with the task that counts."""

    numbers: tuple[str, ...]
    merged: Mapping[str, int | None]
    proof: dict[str, Any]  # as it is stored
    mark: str  # the same for the same draw from the same population


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
        """The raised shares by stratum; raises DrawRefused for one that is lower than the share of the others."""
        if self.kind is not DutyKind.SUITABILITY:
            return {}
        written = {R5_HOLDERS: self.r5, ORDINARY_HIGH_RISK: self.ordinary}
        shares = {stratum: percent(share) for stratum, share in written.items() if share}
        if low := [stratum for stratum, share in shares.items() if share < self.quota_share]:
            raise DrawRefused(f"{'、'.join(low)}的比例不得低于其他客户的比例（§5.1.5、§5.1.6 d要求增加）；请提高或留空")
        return shares

    def parameters(self) -> dict[str, Any]:
        """What is stored beside the seed, so that the draw can be made again."""
        return {
            "share": str(self.quota_share),
            "raised": {stratum: str(share) for stratum, share in self.raised().items()},
            "high_from": self.high_from.value,
            "basis": SHARES[self.kind].basis.value,
            "year_end": date(self.year - 1, 12, 31).isoformat(),
        }


def draw_sample(session: Session, wanted: Wanted, *, by: str, now: datetime, mark: str = "") -> Draw:
    """Draw the clients who are to be reviewed for a yearly duty and store them with the proof.

    Whoever was reviewed this year, or is about to be for a reason that counts, is credited; a second draw tops up what
    the first could not bring. Raises DrawRefused; DrawChanged where it is not the draw of that mark.
    """
    if not by.strip():
        raise DrawRefused("没有写明是谁抽取；请写上工号或姓名")
    found = prospect(session, wanted, now)
    if mark and mark != found.mark:
        raise DrawChanged("预览之后客户或回访的情况有了变化，抽取的结果不同了；请重新核对后再确认")
    duty, proof = _duty(session, wanted, now), found.proof | {"mark": found.mark}
    stored = Draw(duty_id=duty.id, seed=wanted.seed, drawn_at=now, by=by, parameters=wanted.parameters(), proof=proof)
    session.add(stored)
    session.flush()
    _enter_members(session, stored.id, found.numbers, found.merged)
    return stored


def draw_marked(session: Session, wanted: Wanted, mark: str) -> Draw | None:
    """The draw that stands and was made with a mark: its confirmation came twice."""
    duty = _known_duty(session, wanted)
    return next((one for one in duty.standing if one.proof.get("mark") == mark), None) if duty else None


def prospect(session: Session, wanted: Wanted, now: datetime) -> Prospect:
    """Who would be drawn now; nothing is stored. Raises DrawRefused."""
    quota = _quota(session, wanted)
    if now.astimezone(SHANGHAI).year < wanted.year:
        raise DrawRefused(
            f"{wanted.year - 1}年末还没有到，{wanted.year}年的基数还不存在；请在{wanted.year}年1月1日以后抽取"
        )
    if wanted.kind is DutyKind.CONDUCT:
        _check_names(session)
    duty = _known_duty(session, wanted) or Duty(kind=wanted.kind.value, year=wanted.year)
    population = population_of(session, wanted.kind, duty, wanted.raised(), wanted.high_from)
    drawn = draw(population.units(clients_of(session, wanted.kind, wanted.year)), quota, wanted.seed)
    if not drawn.proof.basis:
        raise DrawRefused(_nobody(wanted))
    proof = proof_as_json(drawn.proof) | {"population_digest": f"{population.digest:032x}"}
    if wanted.kind is DutyKind.CONDUCT:
        proof["served"] = _served(session, wanted.year)
    return Prospect(drawn.numbers, population.merged, proof, _mark(wanted, drawn.numbers, population.merged, proof))


def _mark(wanted: Wanted, numbers: tuple[str, ...], merged: Mapping[str, int | None], proof: dict[str, Any]) -> str:
    whole = [wanted.kind.value, wanted.year, wanted.seed, wanted.parameters(), numbers, sorted(merged), proof]
    return blake2b(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode(), digest_size=16).hexdigest()


def void_draw(session: Session, draw: Draw, *, by: str, why: str, now: datetime) -> None:
    """Take back a draw of whose clients nobody was or is reviewed for it; it stays on record. Raises DrawRefused."""
    if draw.void_at is not None:
        raise DrawRefused("这次抽取已经作废")
    if not why.strip():
        raise DrawRefused("作废要写明原因")
    if any(plan.state != PlanState.WITHDRAWN for plan in plans_of_draw(session, draw.id)):
        raise DrawRefused("这次抽取已有回访方案，不能作废；请先撤销方案")
    if count := tasks_begun(session, draw.id):
        raise DrawRefused(f"抽中的客户已有{count}个回访任务正在进行或已经办结，不能作废；可以补充抽取")
    if others := resting_on(session, draw):
        named = "、".join(f"{SHARES[DutyKind(one.duty.kind)].name}（种子“{one.seed}”）" for one in others)
        raise DrawRefused(f"后来的抽取计入了这次抽中的客户，不能先作废：{named}；请先作废后来的抽取")
    draw.void_at, draw.void_by, draw.void_why = now, by, why.strip()[:300]
    session.flush()


def _quota(session: Session, wanted: Wanted) -> Quota:
    if not wanted.seed.strip():
        raise DrawRefused("没有写种子；请填写任意文字，凭它可以重复这次抽取")
    try:
        raised = {stratum_named(one, of): share for one, share in wanted.raised().items() for of in ("", *SPECIAL)}
        return Quota(wanted.quota_share, raised, reviewed_beside(session, wanted.kind, wanted.year))
    except BadPolicy as error:
        raise DrawRefused("比例不能用；请填写不低于标准、不超过100的数字，例如10或12.5") from error


def _check_names(session: Session) -> None:
    """A client is asked about a person by name (E.2.4); raises DrawRefused where nobody has entered it."""
    if unnamed := unnamed_brokers(session):
        more = "等" if len(unnamed) > _MOST_NAMED else ""
        named = f"工号{'、'.join(unnamed[:_MOST_NAMED])}{more}共{len(unnamed)}名服务客户的人员没有登记姓名"
        raise DrawRefused(f"{named}，回访时无法说出是谁；请先导入工作人员文件")


def _served(session: Session, year: int) -> dict[str, int]:
    """By whom the clients of last year's end are served, in Chinese; those of account managers are not drawn from."""
    counts = clients_served_as(session, date(year - 1, 12, 31))
    return {SERVING_WORDS[one]: counts[one] for one in Serving if one in counts}


def _nobody(wanted: Wanted) -> str:
    before = f"没有{wanted.year - 1}年末"
    match wanted.kind:
        case DutyKind.SUITABILITY:
            return f"{before}以前购买产品或接受服务的客户；请先导入产品购买、服务签约事件"
        case DutyKind.CONDUCT:
            return f"{before}经纪人、投资顾问名下的客户；请在客户文件里填写客户经理工号，再导入工作人员文件"
        case _:
            return f"{before}的客户；请先导入客户"


def _known_duty(session: Session, wanted: Wanted) -> Duty | None:
    return session.scalar(select(Duty).where(Duty.kind == wanted.kind.value, Duty.year == wanted.year))


def _duty(session: Session, wanted: Wanted, now: datetime) -> Duty:
    found = _known_duty(session, wanted)
    per_mille = -(-wanted.quota_share.numerator * 1000 // wanted.quota_share.denominator)
    if found is None:
        found = Duty(kind=wanted.kind.value, year=wanted.year, per_mille=per_mille, created_at=now)
        session.add(found)
    found.per_mille = per_mille
    session.flush()
    return found


def _enter_members(session: Session, draw_id: int, drawn: tuple[str, ...], merged: Mapping[str, int | None]) -> None:
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
