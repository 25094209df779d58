"""Campaigns, do-not-call and cases as managers change them, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Campaign, CampaignStopped, Customer, Database, ReviewTask
from models.managing import (
    CampaignAct,
    CampaignFilter,
    campaign_list,
    change_campaign,
    changes_of,
    open_tasks_of,
)
from models.managing_cases import CaseFilter, act_on_case, case_list, case_with, open_case, unfinished_cases
from models.managing_silence import act_on_silence, all_silent, silent, silent_clients
from models.managing_tables import ReviewCase
from models.people import PeopleFilter, Waits, people_list
from rules.cases import CaseAct, CaseActor
from rules.silence import SilenceAct, SilenceRefused, SilenceState
from tests.conftest import NOON, due

MANAGER = CaseActor("8101", manages=True)


def test_a_stopped_campaign_gives_its_open_tasks_to_people(database: Database, task_id: int) -> None:
    with database.write() as session:
        campaign_id = session.get_one(ReviewTask, task_id).campaign_id
        change_campaign(session, campaign_id, CampaignAct.PAUSE, by="8101", why="线路检修", at=NOON)
        assert due(session, NOON) == []
        change_campaign(session, campaign_id, CampaignAct.RESUME, by="8101", why="", at=NOON)
        assert due(session, NOON) == [task_id]
        assert open_tasks_of(session, campaign_id).to_dial == 1
        change_campaign(session, campaign_id, CampaignAct.STOP, by="8101", why="方案作废", at=NOON, to_people=True)
    with database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        assert (task.due_at, task.with_human, task.final) == (None, True, False)
        assert (task.campaign.name, task.campaign.state) == ("年度适当性回访（转人工）", "running")
        (listed,) = people_list(session, PeopleFilter(), NOON, page=1, size=10).items
        assert listed.task.id == task_id
        trail = [(one.act, one.by, one.why, one.details.get("to_people")) for one in changes_of(session, campaign_id)]
        assert trail == [
            ("stop", "8101", "方案作废", 1),
            ("resume", "8101", "", None),
            ("pause", "8101", "线路检修", None),
        ]
        with pytest.raises(CampaignStopped):
            change_campaign(session, campaign_id, CampaignAct.RESUME, by="8101", why="x", at=NOON)
        assert len(changes_of(session, campaign_id)) == 3


def test_the_list_of_people_goes_on_after_the_last_deadline(database: Database, task_id: int) -> None:
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        session.execute(update(ReviewTask).values(with_human=True, due_at=None))
        for number, days in enumerate((3, None, 1, None)):
            session.add(
                ReviewTask(
                    number=f"P{number}",
                    campaign_id=first.campaign_id,
                    customer_id=first.customer_id,
                    review_type="suitability",
                    script="suitability",
                    created_at=NOON,
                    with_human=True,
                    deadline_at=NOON + timedelta(days=days) if days else None,
                )  # fmt: skip
            )
    with database.read() as session:
        pages = [people_list(session, PeopleFilter(waits=Waits.ALL), NOON, page=page, size=2) for page in (1, 2, 3, 4)]
        assert [[one.task.number for one in page.items] for page in pages] == [["P2", "P0"], ["T001", "P1"], ["P3"], []]
        assert {page.total for page in pages} == {5}


def test_the_list_of_campaigns(database: Database, task_id: int) -> None:
    with database.write() as session:
        session.add(Campaign(name="100%_专项", created_at=NOON, state="paused"))
    with database.read() as session:
        every = campaign_list(session, CampaignFilter(), page=1, size=10)
        assert [one.name for one in every.items] == ["100%_专项", "年度适当性回访"]
        assert campaign_list(session, CampaignFilter(text="0%_专"), page=1, size=10).total == 1
        assert campaign_list(session, CampaignFilter(text="%"), page=1, size=10).total == 1
        assert campaign_list(session, CampaignFilter(state="running"), page=1, size=10).total == 1


def test_do_not_call_holds_at_once_and_is_lifted_by_a_second_person(database: Database, task_id: int) -> None:
    with database.write() as session:
        client = session.scalars(select(Customer)).one().id
        assert act_on_silence(session, client, SilenceAct.ADD, by="8001", why="客户来电要求", at=NOON) == "silent"
        assert due(session, NOON) == []
        assert session.get_one(ReviewTask, task_id).with_human
    with database.write() as session:
        found = silent_clients(session, "13800001111", asked=False, page=1, size=10)
        (one,) = found.items
        assert one.added is not None
        assert (one.added.by, one.added.why, one.state) == ("8001", "客户来电要求", SilenceState.SILENT)
        act_on_silence(session, client, SilenceAct.ASK, by="8001", why="客户改变主意", at=NOON)
        assert silent_clients(session, "", asked=True, page=1, size=10).total == 1
        with pytest.raises(SilenceRefused, match="不能自己复核"):
            act_on_silence(session, client, SilenceAct.LIFT, by="8001", why="", at=NOON)
        act_on_silence(session, client, SilenceAct.KEEP, by="8101", why="未核实", at=NOON)
        assert silent_clients(session, "", asked=True, page=1, size=10).total == 0
        act_on_silence(session, client, SilenceAct.ASK, by="8001", why="客户书面申请", at=NOON)
        assert act_on_silence(session, client, SilenceAct.LIFT, by="8101", why="", at=NOON) is SilenceState.FREE
        assert list(all_silent(session, "", asked=False)) == []
        assert [one.act for one in silent(session, client).acts] == ["add", "ask", "keep", "ask", "lift"]


def test_a_case_from_its_opening_to_its_end(database: Database, task_id: int) -> None:
    with database.write() as session:
        client = session.scalars(select(Customer)).one().id
        made = ReviewCase(
            kind="violation", customer_id=client, concerns="B01", what="客户称赵立代为操作", raised_by="8001",
            created_at=NOON,
        )  # fmt: skip
        case_id = open_case(session, made).id
        deadline = NOON + timedelta(days=2)
        act_on_case(session, case_id, CaseAct.ASSIGN, MANAGER, why="", at=NOON, owner="8201", deadline_at=deadline)
        late = NOON + timedelta(days=3)
        assert unfinished_cases(session, NOON) == (1, 0)
        assert unfinished_cases(session, late) == (1, 1)
        for text in ("单小明", "13800001111", "C001", "B01", "8201", str(case_id)):
            assert case_list(session, CaseFilter(text=text), NOON, page=1, size=10).total == 1, text
        for narrow in (CaseFilter(overdue=True), CaseFilter(kind="objection"), CaseFilter(text="8109")):
            assert case_list(session, narrow, NOON, page=1, size=10).total == 0
        assert case_list(session, CaseFilter(overdue=True, state="unfinished"), late, page=1, size=10).total == 1
        act_on_case(session, case_id, CaseAct.FIND, CaseActor("8201"), why="录音属实", at=NOON)
        act_on_case(session, case_id, CaseAct.CONFIRM, MANAGER, why="", at=NOON)
        act_on_case(session, case_id, CaseAct.DISMISS, MANAGER, why="客户澄清", at=late)
    with database.read() as session:
        done = case_with(session, case_id)
        assert done is not None
        assert (done.state, done.closed_at, done.found_by) == ("closed", late, "8201")
        assert [(one.act, one.by) for one in done.acts] == [
            ("open", "8001"), ("assign", "8101"), ("find", "8201"), ("confirm", "8101"), ("dismiss", "8101"),
        ]  # fmt: skip
