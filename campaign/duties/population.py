"""Of whom a sample is drawn: last year-end's clients, each with a stratum and how they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from hashlib import blake2b

from sqlalchemy.orm import Session

from campaign.duties.shares import SHARES, DutyKind, merged_types, own_types, siblings
from models.duty_tables import Duty
from models.populations import (
    Candidate,
    candidates,
    clients_drawn_elsewhere,
    clients_out_of_reach,
    clients_reviewed,
    clients_with_open_tasks,
    clients_with_tasks,
    drawn_and_open,
)
from models.wanting import year_of
from rules import RiskLevel
from rules.annex_a import AT_ONCE, Basis
from rules.sampling import FUND_HOLDERS, OPTION_HOLDERS, Standing, Unit, standing_of, stratum_named, stratum_of

_ACCOUNT_STANDINGS = {"dormant": Standing.DORMANT, "suspended": Standing.SUSPENDED}


@dataclass(slots=True)
class Population:
    """Who is who, by client id; the digest says whether two draws saw the same clients in the same standing.

    `raised`: the raised shares; `merging`: who is called anyhow, with the task (None: it is still to be made);
    `merged`: once the units were read, the numbers of those credited for it, each with that task.
    """

    raised: Mapping[str, Fraction]
    high_from: RiskLevel
    reviewed: set[int] = field(default_factory=set)
    drawn: set[int] = field(default_factory=set)
    merging: Mapping[int, int | None] = field(default_factory=dict)
    otherwise: set[int] = field(default_factory=set)
    out_of_reach: set[int] = field(default_factory=set)
    merged: dict[str, int | None] = field(default_factory=dict)
    digest: int = 0

    def units(self, clients: Iterator[Candidate]) -> Iterator[Unit]:
        """The clients as they are drawn from."""
        for client in clients:
            unit = Unit(client.number, self._stratum(client), self._standing(client))
            if unit.standing is Standing.MERGED:
                self.merged[client.number] = self.merging[client.id]
            seen = f"{unit.number}\0{unit.stratum}\0{unit.standing}".encode()
            self.digest = (self.digest + int.from_bytes(blake2b(seen, digest_size=16).digest())) % (1 << 128)
            yield unit

    def _stratum(self, client: Candidate) -> str:
        """The stratum with the highest share of those that a client belongs to, and what special thing they bought."""
        level = RiskLevel(client.risk_level) if client.risk_level else None
        ordinary = client.investor != "professional"
        strata = {
            stratum_of(level, ordinary=False),
            stratum_of(level, ordinary=ordinary, high_from=self.high_from),
        }
        raised = max(strata & self.raised.keys(), key=self.raised.__getitem__, default="")
        return stratum_named(raised, OPTION_HOLDERS if client.option else FUND_HOLDERS if client.fund else "")

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


def year_start(year: int) -> datetime:
    """The first instant of a year in Shanghai."""
    return year_of(year)[0]


def clients_of(session: Session, kind: DutyKind, year: int) -> Iterator[Candidate]:
    """Everybody of whom a share of a year is a share, the dormant and suspended too."""
    basis, year_end = SHARES[kind].basis, date(year - 1, 12, 31)
    bought_before = year_start(year) if basis is Basis.BUYERS else None
    return candidates(session, year_end, bought_before, served=basis is Basis.SERVED)


def population_of(
    session: Session, kind: DutyKind, duty: Duty, raised: Mapping[str, Fraction], high_from: RiskLevel
) -> Population:
    """How the clients stand towards a draw for a duty, as of now."""
    since, until = year_start(duty.year), year_start(duty.year + 1)
    drawn = drawn_and_open(session, duty.id)
    merging: dict[int, int | None] = dict.fromkeys(clients_drawn_elsewhere(session, duty.year, siblings(kind)))
    merging |= clients_with_open_tasks(session, own_types(kind), merged_types(kind))
    return Population(
        raised,
        high_from,
        reviewed=clients_reviewed(session, own_types(kind), since, until),
        drawn=drawn,
        merging={client: task for client, task in merging.items() if client not in drawn},
        otherwise=clients_with_tasks(session, [one.value for one in AT_ONCE], since)
        if kind is DutyKind.OTHER
        else set(),
        out_of_reach=clients_out_of_reach(session, since),
    )


def reviewed_beside(session: Session, kind: DutyKind, year: int) -> int:
    """Completed reviews of accounts opened this year, which count towards all brokerage reviews only."""
    if kind is not DutyKind.BROKERAGE:
        return 0
    since, until = year_start(year), year_start(year + 1)
    return len(clients_reviewed(session, own_types(kind), since, until, opened_after=date(year - 1, 12, 31)))
