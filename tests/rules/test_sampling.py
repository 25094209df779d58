"""Draws: never fewer than the quota, the same for the same seed, and a proof that adds up."""

from __future__ import annotations

import random
import subprocess
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import BadPolicy, RiskLevel
from rules.annex_a import OTHER_SHARE, SUITABILITY_SHARE
from rules.sampling import (
    CREDITED,
    FUND_HOLDERS,
    OPTION_HOLDERS,
    ORDINARY_HIGH_RISK,
    OUTSIDE,
    R5_HOLDERS,
    STANDING_WORDS,
    BadPopulation,
    Quota,
    Standing,
    Unit,
    draw,
    key_of,
    percent,
    quota_of,
    standing_of,
    stratum_named,
    stratum_of,
)

TENTH = Fraction(1, 10)


def clients(count: int, stratum: str = "", standing: Standing = Standing.DRAWABLE, first: int = 0) -> list[Unit]:
    return [Unit(f"C{number:06}", stratum, standing) for number in range(first, first + count)]


class TestQuota:
    @pytest.mark.parametrize(
        ("size", "share", "number"),
        [(0, 10, 0), (1, 10, 1), (10, 10, 1), (11, 10, 2), (110, 10, 11), (1_000_000, 5, 50_000), (999_999, 5, 50_000)],
    )
    def test_is_rounded_up_exactly(self, size: int, share: int, number: int) -> None:
        """不得低于: 110 clients at 10% are 11, which binary fractions make 12."""
        assert quota_of(size, percent(share)) == number

    def test_percent(self) -> None:
        assert percent("12.5") == Fraction(1, 8)
        for wrong in ("ten", "", "1/0"):
            with pytest.raises(BadPolicy, match="no percentage"):
                percent(wrong)

    def test_refuses_shares_that_make_no_sense(self) -> None:
        for share in (Fraction(0), Fraction(-1, 10), Fraction(11, 10)):
            with pytest.raises(BadPolicy, match="share"):
                Quota(share)
        for raised in (Fraction(1, 20), Fraction(2)):
            with pytest.raises(BadPolicy, match="R5"):
                Quota(TENTH, {"R5": raised})
        with pytest.raises(BadPolicy, match="beside"):
            Quota(TENTH, beside=-1)
        with pytest.raises(BadPolicy, match="beside"):
            Quota(TENTH, {"R5": Fraction(1)}, beside=3)


class TestDraw:
    def test_suitability_of_last_year_ends_buyers(self) -> None:
        """§5.1.5: 10% of the buyers without dormant (休眠) and suspended (中止交易) accounts."""
        population = [
            *clients(1000),
            *clients(70, standing=Standing.DORMANT, first=1000),
            *clients(30, standing=Standing.SUSPENDED, first=1070),
            *clients(1, standing=Standing.DO_NOT_CALL, first=1100),
        ]
        drawn = draw(population, Quota(SUITABILITY_SHARE.share), "2026 适当性")
        proof = drawn.proof
        assert (proof.population, proof.basis, proof.needed) == (1101, 1001, 101)  # the one who asked not to be called
        assert (proof.drawn, proof.credited, proof.owed) == (101, 0, 0)
        assert proof.standings[Standing.DORMANT] == 70
        assert proof.standings[Standing.SUSPENDED] == 30
        assert proof.standings[Standing.DO_NOT_CALL] == 1
        assert len(set(drawn.numbers)) == 101
        assert set(drawn.numbers) <= {unit.number for unit in population[:1000]}

    def test_reviewed_merged_and_drawn_before_are_credited(self) -> None:
        population = [
            *clients(80),
            *clients(2, standing=Standing.REVIEWED, first=80),
            *clients(1, standing=Standing.MERGED, first=82),
            *clients(1, standing=Standing.DRAWN, first=83),
            *clients(16, standing=Standing.OTHERWISE, first=84),
        ]
        proof = draw(population, Quota(OTHER_SHARE.share), "s").proof
        assert (proof.basis, proof.needed, proof.credited, proof.drawn, proof.owed) == (100, 5, 4, 1, 0)

    def test_more_credited_than_needed_draws_nobody(self) -> None:
        drawn = draw([*clients(50), *clients(50, standing=Standing.REVIEWED, first=50)], Quota(TENTH), "s")
        assert (drawn.numbers, drawn.proof.owed) == ((), 0)

    def test_an_exhausted_population_owes_the_rest(self) -> None:
        proof = draw([*clients(3), *clients(97, standing=Standing.NO_CONTACT, first=3)], Quota(TENTH), "s").proof
        assert (proof.needed, proof.drawn, proof.owed) == (10, 3, 7)

    def test_nobody(self) -> None:
        proof = draw([], Quota(TENTH), "s").proof
        assert (proof.population, proof.needed, proof.drawn, proof.owed, proof.strata) == (0, 0, 0, 0, ())

    def test_reviews_beside_the_basis(self) -> None:
        """30 reviews of accounts opened this year count towards 10% of last year-end's 1,000 clients."""
        population = [*clients(500, "甲"), *clients(500, "乙", first=500)]
        proof = draw(population, Quota(TENTH, beside=30), "s").proof
        assert (proof.needed, proof.beside, proof.drawn, proof.owed) == (100, 30, 70, 0)
        assert draw(population, Quota(TENTH, beside=300), "s").numbers == ()

    def test_raised_strata(self) -> None:
        population = [*clients(1000), *clients(40, R5_HOLDERS, first=1000), *clients(7, "其他", first=1040)]
        drawn = draw(population, Quota(TENTH, {R5_HOLDERS: Fraction(1, 2)}), "s")
        by_name = {one.name: one for one in drawn.proof.strata}
        assert {name: (one.size, one.needed, one.drawn) for name, one in by_name.items()} == {
            "": (1000, 100, 100),
            R5_HOLDERS: (40, 20, 20),
            "其他": (7, 1, 1),
        }
        assert sum("C001000" <= number < "C001040" for number in drawn.numbers) == 20

    def test_what_a_stratum_cannot_give_is_made_up_from_the_others(self) -> None:
        population = [*clients(200), *clients(20, R5_HOLDERS, Standing.DO_NOT_CALL, first=200)]
        population += clients(4, R5_HOLDERS, first=220)
        proof = draw(population, Quota(TENTH, {R5_HOLDERS: Fraction(1, 2)}), "s").proof
        ordinary, r5 = proof.strata
        assert (r5.needed, r5.drawn, r5.short, r5.extra) == (12, 4, 8, 0)
        assert (ordinary.needed, ordinary.drawn, ordinary.short, ordinary.extra) == (20, 28, 0, 8)
        assert (proof.needed, proof.drawn, proof.owed) == (32, 32, 0)

    def test_the_seed_reproduces(self) -> None:
        population = clients(500)
        first = draw(population, Quota(TENTH), "2026年第一批")
        assert draw(population, Quota(TENTH), "2026年第一批") == first
        assert set(draw(population, Quota(TENTH), "2026年第二批").numbers) != set(first.numbers)
        assert first.proof.seed == "2026年第一批"

    def test_every_client_is_about_as_likely(self) -> None:
        """Over 400 seeds each of 50 clients is drawn 10% of the time: 40 ± 5 standard deviations of 6."""
        population = clients(50)
        times = dict.fromkeys((unit.number for unit in population), 0)
        for seed in range(400):
            for number in draw(population, Quota(TENTH), str(seed)).numbers:
                times[number] += 1
        assert sum(times.values()) == 400 * 5
        assert all(10 <= count <= 70 for count in times.values())

    def test_an_auditor_repeats_it_with_b2sum(self) -> None:
        """Ten of a hundred, by the program of the GNU coreutils."""
        keys = {
            unit.number: subprocess.run(
                ["b2sum", "-l", "64"], input=f"2026年第一批\n{unit.number}".encode(), capture_output=True, check=True
            ).stdout.split()[0]
            for unit in clients(100)
        }
        expected = sorted(keys, key=lambda number: keys[number])[:10]
        assert draw(clients(100), Quota(TENTH), "2026年第一批").numbers == tuple(expected)

    def test_a_long_seed_is_not_cut(self) -> None:
        population = clients(500)
        one, other = (draw(population, Quota(TENTH), "长" * 300 + end).numbers for end in "甲乙")
        assert one != other


class TestBadPopulation:
    def test_a_client_listed_twice_whatever_the_standing(self) -> None:
        population = [*clients(5), Unit("C000003", "R5"), Unit("C000001", "", Standing.DORMANT), Unit("C000003")]
        with pytest.raises(BadPopulation) as caught:
            draw(population, Quota(TENTH), "s")
        assert "C000001" in str(caught.value)
        assert str(caught.value).count("C000003") == 1

    def test_many_are_named_shortly(self) -> None:
        with pytest.raises(BadPopulation) as caught:
            draw(clients(100) * 2, Quota(TENTH), "s")
        assert str(caught.value).count("C0") == 5

    @pytest.mark.parametrize("number", ["", "  "])
    def test_a_client_without_a_number(self, number: str) -> None:
        with pytest.raises(BadPopulation, match="客户号"):
            draw([Unit(number)], Quota(TENTH), "s")

    def test_a_seed_of_nothing(self) -> None:
        with pytest.raises(BadPolicy, match="seed"):
            draw(clients(5), Quota(TENTH), " ")


class TestStanding:
    def test_what_takes_a_client_out_of_the_basis_goes_first(self) -> None:
        assert standing_of([Standing.DO_NOT_CALL, Standing.REVIEWED, Standing.DORMANT]) is Standing.DORMANT
        assert standing_of([Standing.CAPPED, Standing.REVIEWED]) is Standing.REVIEWED
        assert standing_of([]) is Standing.DRAWABLE

    def test_words(self) -> None:
        assert set(STANDING_WORDS) == set(Standing)
        assert len(set(STANDING_WORDS.values())) == len(Standing)


@pytest.mark.parametrize(
    ("level", "ordinary", "stratum"),
    [
        (None, True, ""),
        (RiskLevel.R4, True, ""),
        (RiskLevel.R5, True, ORDINARY_HIGH_RISK),
        (RiskLevel.R5, False, R5_HOLDERS),
        (RiskLevel.R4, False, ""),
    ],
)
def test_strata(level: RiskLevel | None, ordinary: bool, stratum: str) -> None:
    assert stratum_of(level, ordinary=ordinary) == stratum


def test_a_firm_may_count_r4_as_high() -> None:
    assert stratum_of(RiskLevel.R4, ordinary=True, high_from=RiskLevel.R4) == ORDINARY_HIGH_RISK
    assert stratum_of(RiskLevel.R4, ordinary=False, high_from=RiskLevel.R4) == ""


def test_special_businesses_have_a_stratum_of_their_own() -> None:
    """Table A.1 line 4: 确保在适当性回访比例中包括专门业务的回访（代销金融产品、场外期权）."""
    assert stratum_named("", OPTION_HOLDERS) == "场外期权客户"
    assert stratum_named(R5_HOLDERS, FUND_HOLDERS) == "R5产品客户·代销金融产品客户"
    assert (stratum_named(R5_HOLDERS, ""), stratum_named("", "")) == (R5_HOLDERS, "")


def test_the_key_of_a_client_is_that_of_b2sum() -> None:
    told = subprocess.run(["b2sum", "-l", "64"], input=b"s\nC1", capture_output=True, check=True).stdout.split()[0]
    assert key_of("s", "C1").hex() == told.decode()


strata = st.sampled_from(["", "R5", "普通"])
populations = st.lists(st.tuples(strata, st.sampled_from(list(Standing))), max_size=80).map(
    lambda drawn: [Unit(f"C{place:04}", *one) for place, one in enumerate(drawn)]
)
shares = st.fractions(Fraction(1, 50), 1, max_denominator=60)


@st.composite
def quotas(drawn: st.DrawFn) -> tuple[Quota, Quota]:
    """A quota and one that is nowhere lower."""
    low, high = sorted([drawn(shares), drawn(shares)])
    if drawn(st.booleans()):
        beside = drawn(st.integers(0, 20))
        return Quota(low, beside=beside), Quota(high, beside=beside)
    low_r5, high_r5 = sorted([max(low, drawn(shares)), max(high, drawn(shares))])
    return Quota(low, {"R5": low_r5}), Quota(high, {"R5": max(high, high_r5)})


@given(populations, quotas())
def test_never_fewer_than_the_quota_unless_exhausted(population: list[Unit], pair: tuple[Quota, Quota]) -> None:
    quota = pair[0]
    drawn = draw(population, quota, "s")
    basis = [unit for unit in population if unit.standing not in OUTSIDE]
    drawable = {unit.number for unit in basis if unit.standing is Standing.DRAWABLE}
    credited = sum(unit.standing in CREDITED for unit in basis)
    assert set(drawn.numbers) <= drawable
    assert len(set(drawn.numbers)) == len(drawn.numbers) == drawn.proof.drawn
    reached = len(drawn.numbers) + credited + quota.beside
    assert reached >= -(-len(basis) * quota.share.numerator // quota.share.denominator) or (
        set(drawn.numbers) == drawable
    )
    assert (drawn.proof.owed > 0) <= (set(drawn.numbers) == drawable)
    assert drawn.proof.needed <= reached + drawn.proof.owed
    assert drawn.proof.basis == len(basis)
    assert drawn.proof.population == len(population) == sum(drawn.proof.standings.values())


@given(populations, quotas())
def test_the_quota_of_every_stratum(population: list[Unit], pair: tuple[Quota, Quota]) -> None:
    drawn = draw(population, pair[0], "s")
    for one in drawn.proof.strata:
        assert one.drawn <= one.drawable
        assert one.size >= one.credited + one.drawable
        assert one.drawn + one.credited + one.short + pair[0].beside >= one.needed
        assert not one.short or one.drawn == one.drawable


@given(populations, quotas(), st.randoms())
def test_the_order_of_the_input_does_not_matter(
    population: list[Unit], pair: tuple[Quota, Quota], chance: random.Random
) -> None:
    shuffled = population[:]
    chance.shuffle(shuffled)
    assert draw(shuffled, pair[0], "s") == draw(population, pair[0], "s")


@given(populations, quotas(), st.text(min_size=1).filter(str.strip))
def test_a_raised_share_keeps_those_drawn(population: list[Unit], pair: tuple[Quota, Quota], seed: str) -> None:
    low, high = (draw(population, quota, seed) for quota in pair)
    assert set(low.numbers) <= set(high.numbers)
    assert low.proof.needed <= high.proof.needed
