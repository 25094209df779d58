"""Drawing whom to review: quotas of last year-end's clients, and a draw that anybody can repeat. Pure.

Each client gets a key, the BLAKE2b hash of 64 bits of the seed, a line feed and the client number (in a shell:
`printf '%s\\n%s' SEED NUMBER | b2sum -l 64`); the smallest keys are drawn. So the draw does not depend on the order of
the input, the same seed draws the same clients again, and a raised share keeps everybody whom the lower one drew.
Numbers are rounded up: "不得低于" allows nothing else.

Dormant and suspended accounts do not belong to the basis (§5.1.4, §5.1.5). Who must not or cannot be called does, but
is not drawn. What a stratum cannot give is made up from the others; what nobody can give is owed.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from hashlib import blake2b
from itertools import islice, pairwise
from types import MappingProxyType

from rules.errors import BadPolicy, RulesError
from rules.outcomes import RiskLevel

_KEY_BYTES = 8
_NAMED = 5  # so many client numbers does an error name


class BadPopulation(RulesError):
    """Clients that cannot be drawn from: listed twice, without a number; mend the list."""


class Standing(StrEnum):
    """How a client stands towards a draw; in the order in which one reason goes before another."""

    DORMANT = "dormant"  # 休眠账户: not in the basis
    SUSPENDED = "suspended"  # 中止交易账户: not in the basis
    REVIEWED = "reviewed"  # 本年度已回访: credited
    MERGED = "merged"  # 与其他回访合并进行: credited
    DRAWN = "drawn"  # 本年度已抽取，尚在进行: credited
    OTHERWISE = "otherwise"  # 本年度已因新开户、新增权限或异常即时回访: no "other client" (§5.1.4)
    DO_NOT_CALL = "do_not_call"  # 客户要求不再联系
    CONFLICT = "conflict"  # 没有无利益冲突的回访人员 (§6.3)
    CAPPED = "capped"  # 已达回访频次上限
    NO_CONTACT = "no_contact"  # 没有可用的联系方式
    DRAWABLE = "drawable"  # 可抽取


OUTSIDE = frozenset({Standing.DORMANT, Standing.SUSPENDED})
CREDITED = frozenset({Standing.REVIEWED, Standing.MERGED, Standing.DRAWN})
STANDING_WORDS: Mapping[Standing, str] = MappingProxyType(
    {
        Standing.DORMANT: "休眠账户",
        Standing.SUSPENDED: "中止交易账户",
        Standing.REVIEWED: "本年度已回访",
        Standing.MERGED: "与其他回访合并进行",
        Standing.DRAWN: "本年度已抽取",
        Standing.OTHERWISE: "本年度已即时回访",
        Standing.DO_NOT_CALL: "客户要求不再联系",
        Standing.CONFLICT: "回访人员均有利益冲突",
        Standing.CAPPED: "已达回访频次上限",
        Standing.NO_CONTACT: "没有可用的联系方式",
        Standing.DRAWABLE: "可抽取",
    }
)


def standing_of(reasons: Iterable[Standing]) -> Standing:
    """The one reason that counts of several, DRAWABLE if there is none."""
    found = frozenset(reasons)
    return next((standing for standing in Standing if standing in found), Standing.DRAWABLE)


@dataclass(frozen=True, slots=True)
class Unit:
    """One client who may be drawn: the client number, the stratum (层), how the client stands."""

    number: str
    stratum: str = ""
    standing: Standing = Standing.DRAWABLE


@dataclass(frozen=True, slots=True)
class Quota:
    """A share of the basis, raised for some strata (§5.1.6 d: R5, 普通投资者 with high-risk products).

    `beside`: completed reviews that count although their clients are outside the basis (accounts opened this year
    count towards all brokerage reviews); for a quota without raised strata only.
    """

    share: Fraction
    raised: Mapping[str, Fraction] = field(default_factory=dict)
    beside: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadPolicy(f"a share of {self.share}: give more than 0 and at most 1")
        for stratum, share in self.raised.items():
            if not self.share <= share <= 1:
                raise BadPolicy(f"stratum {stratum!r} with a share of {share}: give {self.share} to 1")
        if self.beside < 0 or (self.beside and self.raised):
            raise BadPolicy(f"{self.beside} reviews beside the basis: give 0 or more, and no raised strata with them")

    def share_of(self, stratum: str) -> Fraction:
        """The share of one stratum."""
        return self.raised.get(stratum, self.share)


R5_HOLDERS = "R5产品客户"
ORDINARY_HIGH_RISK = "普通投资者高风险产品客户"
OPTION_HOLDERS = "场外期权客户"
FUND_HOLDERS = "代销金融产品客户"
SPECIAL = (OPTION_HOLDERS, FUND_HOLDERS)  # 专门提示的服务或产品 (table A.1 line 4)


def stratum_of(level: RiskLevel | None, *, ordinary: bool, high_from: RiskLevel = RiskLevel.R5) -> str:
    """The stratum of a buyer by the riskiest product or service held; "" for those of no raised share.

    `ordinary`: 普通投资者, who are reviewed more often from the level `high_from` on (§5.1.5, §5.1.6 d).
    """
    if level is not None and ordinary and level >= high_from:
        return ORDINARY_HIGH_RISK
    return R5_HOLDERS if level is RiskLevel.R5 else ""


def stratum_named(raised: str, special: str) -> str:
    """The stratum of those who have a raised share (or "") and bought something special (or ""): each has its quota.

    So a draw holds the share of every special business (table A.1 line 4: 确保在适当性回访比例中包括专门业务的回访).
    """
    return "·".join(filter(None, (raised, special)))


def percent(value: int | str) -> Fraction:
    """A share given in percent, exactly: `10`, `"12.5"`."""
    try:
        return Fraction(value) / 100
    except (ValueError, ZeroDivisionError) as error:
        raise BadPolicy(f"{value!r} is no percentage: give a number such as 10 or 12.5") from error


def quota_of(size: int, share: Fraction) -> int:
    """How many of `size` clients a share asks for, rounded up."""
    return -(-size * share.numerator // share.denominator)


@dataclass(frozen=True, slots=True)
class Stratum:
    """What a draw did in one stratum.

    `size`: clients in the basis; `needed`: what the share asks for; `drawable`: who could be drawn; `drawn` includes
    the `extra` ones drawn in place of another stratum's; `short`: what the stratum itself could not give.
    """

    name: str
    share: Fraction
    size: int
    needed: int
    credited: int
    drawable: int
    drawn: int
    extra: int = 0
    short: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """How a draw came about, in numbers that add up.

    `population` = the clients in `standings`; `basis` = population without dormant and suspended; `needed` is covered
    by `credited` (clients), `beside` (reviews outside the basis) and `drawn`; `owed` is what nobody could give.
    `needed` is never more than the four of them together; it is less where more were credited than a stratum needs.
    """

    seed: str
    population: int
    basis: int
    standings: Mapping[Standing, int]
    strata: tuple[Stratum, ...]
    needed: int
    credited: int
    beside: int
    drawn: int
    owed: int


@dataclass(frozen=True, slots=True)
class Draw:
    """The client numbers drawn, in the order of their keys per stratum, and the proof."""

    numbers: tuple[str, ...]
    proof: Proof


def draw(population: Iterable[Unit], quota: Quota, seed: str) -> Draw:
    """Draw from a population in one pass; about 100 bytes per client are kept meanwhile.

    Raises BadPopulation for a client listed twice or without a number, BadPolicy for a seed of nothing.
    """
    if not seed.strip():
        raise BadPolicy("a draw needs a seed: any words, by which it can be repeated")
    counted = _count(population, blake2b(f"{seed}\n".encode(), digest_size=_KEY_BYTES))
    strata = _strata(counted, quota)
    shortage = sum(stratum.short for stratum in strata)
    extras = Counter(name for _, name in islice(_rest(counted, strata), shortage))
    strata = [
        replace(one, drawn=one.drawn + extras[one.name], extra=extras[one.name]) if extras[one.name] else one
        for one in strata
    ]
    numbers = tuple(_number(key) for one in strata for key in counted.keys[one.name][: one.drawn])
    return Draw(numbers, _proof(seed, counted, strata, quota, shortage - extras.total()))


@dataclass(frozen=True, slots=True)
class _Counted:
    """A population by stratum; `keys` are those of the drawable, sorted."""

    keys: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    sizes: Counter[str] = field(default_factory=Counter)
    credited: Counter[str] = field(default_factory=Counter)
    standings: Counter[Standing] = field(default_factory=Counter)


def _count(population: Iterable[Unit], seeded: blake2b) -> _Counted:
    counted = _Counted()
    others: list[bytes] = []
    for unit in population:
        key = _key(unit.number, seeded)
        counted.standings[unit.standing] += 1
        counted.sizes[unit.stratum] += unit.standing not in OUTSIDE
        counted.credited[unit.stratum] += unit.standing in CREDITED
        (counted.keys[unit.stratum] if unit.standing is Standing.DRAWABLE else others).append(key)
    for keys in counted.keys.values():
        keys.sort()
    _check(heapq.merge(sorted(others), *counted.keys.values()))
    return counted


def key_of(seed: str, number: str) -> bytes:
    """The key by which a client is drawn: the smaller, the sooner."""
    return _key(number, blake2b(f"{seed}\n".encode(), digest_size=_KEY_BYTES))[:_KEY_BYTES]


def _key(number: str, seeded: blake2b) -> bytes:
    """A hash that orders the clients, followed by the number itself."""
    name = number.encode()
    if not name.strip():
        raise BadPopulation("a client without a number: give every client its 客户号")
    hashed = seeded.copy()
    hashed.update(name)
    return hashed.digest() + name


def _number(key: bytes) -> str:
    return key[_KEY_BYTES:].decode()


def _check(keys: Iterable[bytes]) -> None:
    twice = [_number(key) for key in islice((one for one, other in pairwise(keys) if one == other), _NAMED)]
    if twice:
        raise BadPopulation(f"clients listed more than once: {', '.join(dict.fromkeys(twice))}; list each one once")


def _strata(counted: _Counted, quota: Quota) -> list[Stratum]:
    strata: list[Stratum] = []
    beside = quota.beside
    for name in sorted(counted.sizes):
        size, credited, drawable = counted.sizes[name], counted.credited[name], len(counted.keys[name])
        share = quota.share_of(name)
        needed = quota_of(size, share)
        wanting = max(0, needed - credited)
        covered = min(beside, wanting)
        beside -= covered
        drawn = min(wanting - covered, drawable)
        short = wanting - covered - drawn
        strata.append(Stratum(name, share, size, needed, credited, drawable, drawn, short=short))
    return strata


def _rest(counted: _Counted, strata: Iterable[Stratum]) -> Iterator[tuple[bytes, str]]:
    """The drawable who are not drawn, over all strata, in the order of their keys."""
    return heapq.merge(*(_named(counted.keys[one.name], one) for one in strata))


def _named(keys: list[bytes], stratum: Stratum) -> Iterator[tuple[bytes, str]]:
    return ((key, stratum.name) for key in islice(keys, stratum.drawn, None))


def _proof(seed: str, counted: _Counted, strata: list[Stratum], quota: Quota, owed: int) -> Proof:
    return Proof(
        seed=seed,
        population=counted.standings.total(),
        basis=counted.sizes.total(),
        standings={standing: counted.standings[standing] for standing in Standing},
        strata=tuple(strata),
        needed=sum(one.needed for one in strata),
        credited=sum(one.credited for one in strata),
        beside=quota.beside,
        drawn=sum(one.drawn for one in strata),
        owed=owed,
    )
