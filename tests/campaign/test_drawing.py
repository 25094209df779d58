"""Samples to quota: shares of last year-end's clients, who is credited or left out, and draws that can be repeated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.duties.drawing import DrawRefused, Wanted, draw_sample, void_draw
from campaign.duties.shares import DutyKind
from models import Attempt, AttemptTask, Campaign, Customer, Draw, DrawnMember, Duty, ReviewPlan, ReviewTask
from models.populations import members_of
from rules import ReviewType, RiskLevel
from tests.campaign.importers import NOW, take
from tests.campaign.test_import_kinds import EVENTS, event

HEADER = "客户号,姓名,手机号,开户日期,账户状态,投资者类型\n"
SUITABILITY = Wanted(DutyKind.SUITABILITY, 2026, "2026适当性")
OTHER = Wanted(DutyKind.OTHER, 2026, "2026其他")


@pytest.fixture
def firm(session: Session) -> Session:
    """100 clients: C90 to C94 dormant, C95 suspended, C96 closed, C97 to C99 opened this year."""
    states = {number: "休眠" for number in range(90, 95)} | {95: "中止交易", 96: "已销户"}
    rows = "".join(
        f"C{number},客户,139{number:08},{'2026-03-01' if number > 96 else '2020-03-01'},"
        f"{states.get(number, '')},{'专业' if number % 10 == 0 else '普通'}\n"
        for number in range(100)
    )
    take(session, HEADER + rows)
    return session


def client(session: Session, number: int) -> Customer:
    return session.scalars(select(Customer).where(Customer.number == f"C{number}")).one()


def drawn_numbers(session: Session, draw: Draw) -> set[str]:
    query = (
        select(Customer.number)
        .join(DrawnMember, DrawnMember.customer_id == Customer.id)
        .where(DrawnMember.draw_id == draw.id, DrawnMember.credited.is_(False))
    )
    return set(session.scalars(query))


def buy(session: Session, numbers: range, product: str = "R1", kind: str = "产品购买", day: str = "2025-06-01") -> None:
    take(session, f"产品代码,产品名称,风险等级\n{product},产品,{product[:2]}\n")
    rows = [
        event(事件号=f"B{product}{number}{day}", 事件类型=kind, 发生时间=day, 客户号=f"C{number}", 产品代码=product)
        for number in numbers
    ]
    take(session, EVENTS + "".join(rows))


def task_for(session: Session, customer: Customer, review_type: ReviewType, status: str = "待回访") -> ReviewTask:
    campaign = session.scalars(select(Campaign)).first() or Campaign(name="旧", created_at=NOW)
    task = ReviewTask(
        number=f"T{customer.number}-{review_type}", campaign=campaign, customer=customer,
        review_type=review_type.value, script="suitability", created_at=NOW, status=status,
        final=status.startswith("已完成"),
    )  # fmt: skip
    session.add(task)
    session.flush()
    return task


def review(session: Session, customer: Customer, review_type: ReviewType, at: datetime) -> None:
    """A completed review."""
    task = task_for(session, customer, review_type, "已完成：已回访")
    served = AttemptTask(task_id=task.id, no=1, script="s", script_hash="f", status=task.status)
    session.add(
        Attempt(
            call_id=f"{task.id}-1", task_id=task.id, customer_id=customer.id, no=1, dialled="1", worker="w",
            started_at=at, ended_at=at + timedelta(minutes=2), outcome="reviewed", script="s", script_hash="f",
            facts="{}", served=[served],
        )
    )  # fmt: skip
    session.flush()


class TestPopulation:
    def test_five_percent_of_last_year_ends_clients(self, firm: Session) -> None:
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        proof = drawn.proof
        # C0 to C95 were clients; 90 of them neither dormant nor suspended; 5% of 90 is 4.5.
        assert (proof["population"], proof["basis"]) == (96, 90)
        assert (proof["needed"], proof["drawn"], proof["credited"], proof["owed"]) == (5, 5, 0, 0)
        assert proof["standings"] == {"可抽取": 90, "休眠账户": 5, "中止交易账户": 1}
        assert len(drawn_numbers(firm, drawn)) == 5
        duty = firm.scalars(select(Duty)).one()
        assert (duty.kind, duty.year, duty.per_mille) == ("other", 2026, 50)

    def test_ten_percent_of_the_buyers(self, firm: Session) -> None:
        buy(firm, range(0, 41))
        buy(firm, range(30, 51), "R4", "服务签约")
        buy(firm, range(60, 70), day="2026-02-01")  # bought this year: next year's basis
        drawn = draw_sample(firm, SUITABILITY, by="8201", now=NOW)
        assert (drawn.proof["basis"], drawn.proof["needed"], drawn.proof["drawn"]) == (51, 6, 6)
        assert drawn_numbers(firm, drawn) <= {f"C{number}" for number in range(51)}

    def test_raised_shares_for_r5_and_ordinary_investors(self, firm: Session) -> None:
        buy(firm, range(0, 60))
        buy(firm, range(0, 20), "R5")  # C0 and C10 are professional
        buy(firm, range(20, 30), "R4")  # C20 is professional
        wanted = Wanted(DutyKind.SUITABILITY, 2026, "s", r5="50", ordinary="25", high_from=RiskLevel.R4)
        proof = draw_sample(firm, wanted, by="8201", now=NOW).proof
        strata = {one["name"]: (one["size"], one["needed"]) for one in proof["strata"]}
        # Who belongs to two strata is drawn at the higher share.
        assert strata == {"": (31, 4), "R5产品客户": (20, 10), "普通投资者高风险产品客户": (9, 3)}
        assert proof["drawn"] == 17

    def test_only_r5_raised(self, firm: Session) -> None:
        buy(firm, range(0, 60))
        buy(firm, range(0, 20), "R5")
        proof = draw_sample(firm, Wanted(DutyKind.SUITABILITY, 2026, "s", r5="50"), by="8201", now=NOW).proof
        strata = {one["name"]: (one["size"], one["needed"]) for one in proof["strata"]}
        assert strata == {"": (40, 4), "R5产品客户": (20, 10)}

    def test_every_special_business_is_among_them(self, firm: Session) -> None:
        """Table A.1 line 4: 确保在适当性回访比例中包括专门业务的回访."""
        for code, kind, numbers in (("O", "场外期权", range(0, 5)), ("F", "代销金融产品", range(3, 15))):
            take(firm, f"产品代码,产品名称,风险等级,产品类型\n{code},产品,R3,{kind}\n")
            rows = [
                event(
                    事件号=f"{code}{one}", 事件类型="产品购买", 发生时间="2025-06-01", 客户号=f"C{one}", 产品代码=code
                )
                for one in numbers
            ]
            take(firm, EVENTS + "".join(rows))
        buy(firm, range(0, 60))
        drawn = draw_sample(firm, SUITABILITY, by="8201", now=NOW)
        strata = {one["name"]: (one["size"], one["needed"], one["drawn"]) for one in drawn.proof["strata"]}
        assert strata == {"": (45, 5, 5), "场外期权客户": (5, 1, 1), "代销金融产品客户": (10, 1, 1)}
        raised = draw_sample(firm, replace(SUITABILITY, ordinary="50", high_from=RiskLevel.R3), by="8201", now=NOW)
        assert {one["name"]: one["share"] for one in raised.proof["strata"]} == {
            "": "1/10",
            "普通投资者高风险产品客户·场外期权客户": "1/2",
            "普通投资者高风险产品客户·代销金融产品客户": "1/2",
            "场外期权客户": "1/10",
            "代销金融产品客户": "1/10",
        }

    def test_nobody_to_draw_from(self, firm: Session) -> None:
        with pytest.raises(DrawRefused, match="没有2025年末以前购买产品或接受服务的客户"):
            draw_sample(firm, SUITABILITY, by="8201", now=NOW)


class TestCredits:
    def test_who_was_reviewed_this_year_counts(self, firm: Session) -> None:
        review(firm, client(firm, 1), ReviewType.CONDUCT, datetime(2026, 3, 1, tzinfo=UTC))
        review(firm, client(firm, 2), ReviewType.CONDUCT, datetime(2025, 12, 1, tzinfo=UTC))
        proof = draw_sample(firm, OTHER, by="8201", now=NOW).proof
        assert (proof["credited"], proof["drawn"]) == (1, 4)
        assert proof["standings"]["本年度已回访"] == 1

    def test_who_is_about_to_be_called_for_another_reason_counts(self, firm: Session) -> None:
        task = task_for(firm, client(firm, 1), ReviewType.LEAVING)
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        assert (drawn.proof["credited"], drawn.proof["drawn"]) == (1, 4)
        member = firm.scalars(select(DrawnMember).where(DrawnMember.credited)).one()
        assert (member.customer_id, member.task_id) == (task.customer_id, task.id)

    def test_instant_reviews_are_no_reviews_of_other_clients(self, firm: Session) -> None:
        task_for(firm, client(firm, 1), ReviewType.NEW_PERMISSION)
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        assert drawn.proof["standings"]["本年度已即时回访"] == 1
        assert (drawn.proof["credited"], drawn.proof["drawn"]) == (0, 5)
        assert "C1" not in drawn_numbers(firm, drawn)

    def test_who_must_not_or_cannot_be_called_is_not_drawn(self, firm: Session) -> None:
        for number in range(4, 90):
            client(firm, number).do_not_call = True
        task_for(firm, client(firm, 0), ReviewType.OTHER, "已完成：空号")
        firm.flush()
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        assert drawn_numbers(firm, drawn) == {"C1", "C2", "C3"}
        assert (drawn.proof["drawn"], drawn.proof["owed"]) == (3, 2)
        assert drawn.proof["standings"]["客户要求不再联系"] == 86
        assert drawn.proof["standings"]["没有可用的联系方式"] == 1

    def test_all_brokerage_counts_accounts_of_this_year_beside_the_basis(self, firm: Session) -> None:
        for number in (97, 98):
            review(firm, client(firm, number), ReviewType.NEW_ACCOUNT, datetime(2026, 3, 2, tzinfo=UTC))
        review(firm, client(firm, 1), ReviewType.SUITABILITY, datetime(2026, 3, 2, tzinfo=UTC))
        review(firm, client(firm, 2), ReviewType.PRIVATE_FUND, datetime(2026, 3, 2, tzinfo=UTC))
        proof = draw_sample(firm, Wanted(DutyKind.BROKERAGE, 2026, "s"), by="8201", now=NOW).proof
        assert (proof["needed"], proof["credited"], proof["beside"], proof["drawn"]) == (9, 1, 2, 6)


class TestRepeating:
    def test_the_same_seed_draws_the_same_clients(self, firm: Session) -> None:
        first = draw_sample(firm, OTHER, by="8201", now=NOW)
        numbers, digest = drawn_numbers(firm, first), first.proof["population_digest"]
        firm.rollback()
        take(firm, HEADER + "".join(f"C{n},客户,139{n:08},2020-03-01,,普通\n" for n in range(99, -1, -1)))
        for number in range(90, 100):
            firm.delete(client(firm, number))
        firm.flush()
        again = draw_sample(firm, OTHER, by="8201", now=NOW)
        assert again.seed == "2026其他"
        assert drawn_numbers(firm, again) == numbers
        assert again.proof["population_digest"] != digest  # the dormant ones are gone

    def test_a_second_draw_of_the_year_tops_up(self, firm: Session) -> None:
        first = draw_sample(firm, OTHER, by="8201", now=NOW)
        second = draw_sample(firm, OTHER, by="8201", now=NOW)
        assert (second.proof["credited"], second.proof["drawn"]) == (5, 0)
        third = draw_sample(firm, Wanted(DutyKind.OTHER, 2026, "2026其他", share="10"), by="8201", now=NOW)
        assert (third.proof["needed"], third.proof["credited"], third.proof["drawn"]) == (9, 5, 4)
        assert not drawn_numbers(firm, first) & drawn_numbers(firm, third)

    def test_another_seed_draws_others(self, firm: Session) -> None:
        first = drawn_numbers(firm, draw_sample(firm, OTHER, by="8201", now=NOW))
        firm.query(DrawnMember).delete()
        second = draw_sample(firm, Wanted(DutyKind.OTHER, 2026, "另一个种子"), by="8201", now=NOW)
        assert drawn_numbers(firm, second) != first

    def test_the_parameters_are_stored(self, firm: Session) -> None:
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        assert drawn.parameters == {
            "share": "1/20", "raised": {}, "high_from": "R5", "basis": "clients", "year_end": "2025-12-31",
        }  # fmt: skip
        assert members_of(firm, drawn.id).without_task == 5


class TestVoiding:
    @pytest.mark.parametrize("status", ["待回访", "已完成：已回访", "已完成：空号"])
    def test_not_once_somebody_was_reviewed(self, firm: Session, status: str) -> None:
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        task = task_for(firm, client(firm, 1), ReviewType.OTHER, status)
        firm.add(
            ReviewPlan(
                name="已撤销的方案", content={}, draw_id=drawn.id, starts_on=NOW.date(), ends_on=NOW.date(),
                drafted_by="8101", state="withdrawn", created_at=NOW, campaign_id=task.campaign_id,
            )
        )  # fmt: skip
        firm.flush()
        with pytest.raises(DrawRefused, match="已有1个回访任务正在进行或已经办结"):
            void_draw(firm, drawn, by="8201", why="种子写错", now=NOW)
        task.campaign.state = "stopped"
        firm.flush()
        if task.final:
            with pytest.raises(DrawRefused, match="已有1个回访任务"):
                void_draw(firm, drawn, by="8201", why="种子写错", now=NOW)
        else:
            void_draw(firm, drawn, by="8201", why="种子写错", now=NOW)
            assert drawn.void_at == NOW

    def test_not_while_others_rest_on_it(self, firm: Session) -> None:
        drawn = draw_sample(firm, OTHER, by="8201", now=NOW)
        brokerage = draw_sample(firm, Wanted(DutyKind.BROKERAGE, 2026, "合计"), by="8201", now=NOW)
        again = draw_sample(firm, replace(OTHER, share="10"), by="8201", now=NOW)
        with pytest.raises(DrawRefused) as refused:
            void_draw(firm, drawn, by="8201", why="种子写错", now=NOW)
        assert "经纪业务回访合计（种子“合计”）、其他存量客户回访（种子“2026其他”）" in str(refused.value)
        for one in (again, brokerage, drawn):
            void_draw(firm, one, by="8201", why="种子写错", now=NOW)
        assert drawn.void_at == NOW


@pytest.mark.parametrize(
    ("wanted", "by", "fault"),
    [
        (Wanted(DutyKind.OTHER, 2027, "s"), "8201", "2026年末还没有到，2027年的基数还不存在"),
        (Wanted(DutyKind.OTHER, 2026, "s", share="4"), "8201", "比例不得低于5%"),
        (Wanted(DutyKind.OTHER, 2026, "s"), " ", "没有写明是谁抽取"),
        (replace(SUITABILITY, r5="9"), "8201", "R5产品客户的比例不得低于其他客户的比例"),
        (replace(SUITABILITY, share="30", ordinary="20"), "8201", "普通投资者高风险产品客户的比例不得低于"),
        (replace(SUITABILITY, r5="200"), "8201", "不超过100的数字"),
        (replace(SUITABILITY, r5="多"), "8201", "比例不能用"),
    ],
)
def test_draws_that_may_not_be_made(firm: Session, wanted: Wanted, by: str, fault: str) -> None:
    with pytest.raises(DrawRefused, match=fault):
        draw_sample(firm, wanted, by=by, now=NOW)
