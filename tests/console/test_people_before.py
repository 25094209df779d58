"""Who calls a client back sees why a person was asked for, and what came of the calls before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from intents import load_matcher
from models import Answer, Attempt, ReviewTask, RiskFlag
from rules import Post
from tests.campaign.test_questionnaires import Later
from tests.conftest import NOON
from tests.console.conftest import WORDS, Place, SignIn


def test_who_calls_back_sees_the_risk_the_words_and_the_answers(place: Place, task_id: int, as_posts: SignIn) -> None:
    clock = Later()
    clock.at = NOON + timedelta(hours=2)
    database = place.desk.database
    house = House("华夏安信证券", "客户服务中心", "8001", "95500")
    forms = Forms(database, Shelf(database), house, clock, load_matcher(), "https://hf.example.com", "w")
    place.app.state.desk = replace(place.desk, forms=forms, clock=clock)
    said = f"我是单小明，{WORDS}，打13800001111"
    with database.write() as session:
        session.execute(update(RiskFlag).values(words=said))
        session.execute(update(Answer).values(words=said))
        evidence = {"reason": "客户需要人工处理，由坐席继续", "callback_promised": True}
        session.execute(update(Attempt).values(evidence=evidence))
        task = session.get_one(ReviewTask, task_id)
        task.with_human, task.due_at, task.final = True, None, False
    agent = as_posts(Post.AGENT, number="8002", name="孙敏")
    assert f'href="/calls/{place.call_id}" target="_blank" rel="noopener">上次通话' in agent.get("/agent/tasks").text
    taken = agent.post(f"/people/take/{task_id}")
    for page in (taken, agent.post(f"{taken.url.path}/begin")):
        before = page.text.partition('id="before"')[2].partition('class="col-lg-8"')[0]
        assert f"“我是单**，{WORDS}，打138****1111”" in before
        assert f'href="/calls/{place.call_id}#t=9000">从这里听 0:09.0' in before
        assert "请问账户是您本人操作吗？" in before and '<td class="text-nowrap">否</td>' in before
        assert "第1次" in before and "转人工" in before and "待回电" in before
        assert "单小明" not in before and "13800001111" not in page.text
        assert "客户需要人工处理，由坐席继续（非本人操作）" in page.text
