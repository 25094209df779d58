"""The pages of duties, draws and plans: from a draw to an approved plan that runs, in the browser's own forms."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select

from campaign.imports.importing import import_file
from campaign.imports.rows import ScriptLike
from console import import_page
from console.remembered import Remembered
from models import AuditEntry, BusinessEvent, Customer, Draw, ReviewPlan, ReviewTask
from models.audit import Act
from rules import Post
from tests.campaign.test_import_kinds import EVENTS, event
from tests.campaign.test_questionnaires import Later
from tests.conftest import NOON, publish
from tests.console.conftest import Place, SignIn

NO_SCRIPTS: list[ScriptLike] = []


@pytest.fixture
def year(place: Place) -> int:
    """The current year of a firm with 40 clients, all buyers of a product of last year."""
    now = place.desk.clock.now()
    clients = "客户号,姓名,手机号\n" + "".join(f"K{number},客户,138{number:08}\n" for number in range(40))
    rows = [
        event(
            事件号=f"B{number}",
            事件类型="产品购买",
            发生时间=f"{now.year - 1}-06-01",
            客户号=f"K{number}",
            产品代码="R3",
        )
        for number in range(40)
    ]
    with place.desk.database.write() as session:
        for content in (clients, "产品代码,产品名称,风险等级\nR3,安信三号,R3\n", EVENTS + "".join(rows)):
            import_file(session, content.encode(), now=now, scripts=NO_SCRIPTS)
    return now.year


@pytest.fixture
def pages(as_posts: SignIn) -> TestClient:
    """周岚 drafts, draws and manages; another manager is needed to approve."""
    for number, name in (("8002", "孙敏"), ("8003", "李静")):
        as_posts(Post.AGENT, number=number, name=name)
    return as_posts(Post.MANAGER, number="8101", name="周岚")


def drawn(pages: TestClient, year: int, **more: str) -> str:
    form = {"kind": "suitability", "year": str(year), "seed": "年度种子"} | more
    asked = pages.post("/duties/draw", data=form)
    assert asked.status_code == 200, asked.text
    answer = pages.post("/duties/draw", data=confirmed(asked.text))
    assert answer.status_code == 200, answer.text
    return str(answer.url.path)


def confirmed(page: str) -> dict[str, str]:
    """The form by which a draw that is shown is confirmed."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def figure(text: str, word: str) -> int:
    (count,) = re.findall(rf'data-figure="{word}">(\d+)<', text)
    return int(count)


def test_an_empty_year(pages: TestClient, place: Place) -> None:
    text = pages.get("/duties").text
    for words in ("适当性回访", "其他存量客户回访", "经纪业务回访合计", "本年度还没有抽取", "还没有方案", "均可完成"):
        assert words in text


def test_a_draw_and_its_proof(pages: TestClient, place: Place, year: int) -> None:
    text = pages.get(drawn(pages, year)).text
    expected = {"抽样总体": 40, "基数": 40, "应回访": 4, "合并计入": 0, "抽中": 4, "尚欠": 0}
    assert {word: figure(text, word) for word in expected} == expected
    assert "年度种子" in text
    assert "可抽取" in text
    assert "客户" in text
    assert "抽取证明" in pages.get("/duties").text


def test_a_draw_is_shown_first_and_only_what_was_shown_is_drawn(pages: TestClient, place: Place, year: int) -> None:
    def draws() -> int:
        with place.desk.database.read() as session:
            return session.scalar(select(func.count()).select_from(Draw)) or 0

    shown = pages.post("/duties/draw", data={"kind": "suitability", "year": str(year), "seed": "种子“甲”"})
    expected = {"抽样总体": 40, "基数": 40, "应回访": 4, "合并计入": 0, "抽中": 4, "尚欠": 0}
    assert {word: figure(shown.text, word) for word in expected} == expected
    assert "种子“甲”" in shown.text and "autofocus>确认抽取" in shown.text and draws() == 0
    form = confirmed(shown.text)
    with place.desk.database.write() as session:
        session.scalars(select(Customer).where(Customer.number == "K7")).one().account_state = "dormant"
    again = pages.post("/duties/draw", data=form)
    assert (again.status_code, figure(again.text, "基数"), draws()) == (409, 39, 0)
    assert "情况有了变化" in again.text
    assert pages.post("/duties/draw", data=form | {"seed": "另一个"}).status_code == 409
    made = pages.post("/duties/draw", data=confirmed(again.text))
    assert (figure(made.text, "抽中"), draws()) == (4, 1)
    twice = pages.post("/duties/draw", data=confirmed(again.text))
    assert (twice.status_code, twice.url.path, draws()) == (200, made.url.path, 1)
    pages.post(f"{made.url.path}/void", data={"why": "抽错了"})
    assert pages.post("/duties/draw", data=confirmed(again.text)).url.path != made.url.path and draws() == 2


def test_a_draw_that_can_no_longer_be_made_once_it_is_confirmed_is_refused(
    pages: TestClient, place: Place, year: int
) -> None:
    shown = pages.post("/duties/draw", data={"kind": "suitability", "year": str(year), "seed": "s"})
    with place.desk.database.write() as session:
        session.execute(delete(BusinessEvent))
    refused = pages.post("/duties/draw", data=confirmed(shown.text))
    assert refused.status_code == 422
    assert f"没有{year - 1}年末以前购买产品或接受服务的客户" in refused.text


def test_a_page_that_answers_a_form_says_where_it_is_to_be_had(pages: TestClient, year: int) -> None:
    raised = pages.post("/duties/raise")
    refused = pages.post("/duties/draw", data={"kind": "suitability", "year": str(year - 1), "seed": ""})
    for answer, of in ((raised, year), (refused, year - 1)):
        (address,) = re.findall(r'id="counted" data-page="([^"]+)"', answer.text)
        assert f"{of} 年回访义务" in pages.get(address).text


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"seed": ""}, "没有写种子"),
        ({"share": "5"}, "不得低于10%"),
        ({"share": "很多"}, "比例不能用"),
        ({"share": "1000"}, "比例不能用"),
        ({"year": "2001"}, "没有2000年末以前购买产品或接受服务的客户"),
    ],
)
def test_draws_that_are_refused(pages: TestClient, place: Place, year: int, form: dict[str, str], fault: str) -> None:
    whole = {"kind": "suitability", "year": str(year), "seed": "s"} | form
    answer = pages.post("/duties/draw", data=whole)
    assert answer.status_code == 422
    assert fault in answer.text
    assert f'value="{form.get("share", "")}"' in answer.text and f'value="{whole["seed"]}"' in answer.text
    with place.desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Draw)) == 0


def test_from_the_draw_to_the_running_plan(pages: TestClient, as_posts: SignIn, place: Place, year: int) -> None:
    approver = as_posts(Post.MANAGER, number="8201", name="吴峰")
    proof = drawn(pages, year)
    form = pages.get(f"/plans/new?draw={proof.rpartition('/')[2]}").text
    assert f"{year}年适当性回访方案" in form
    assert "抽取4名客户" in form
    plan = {
        "name": "年度适当性方案", "draw": proof.rpartition("/")[2], "department": "合规部",
        "executing_department": "客服中心", "purpose": "年度回访", "steps": "拨打", "reviewed_from": f"{year}-01-01",
        "reviewed_until": f"{year}-12-31", "reviewers": "8002、8003", "review_types": "suitability",
        "methods": ["voice_bot", "human_call"], "scope": "抽中的客户", "act": "submit",
    }  # fmt: skip
    answer = pages.post("/plans", data=plan | {"purpose": " "})
    assert answer.status_code == 422
    assert "回访目的未填写" in answer.text
    assert "年度适当性方案" in answer.text
    shown = pages.post("/plans", data=plan)
    assert shown.status_code == 200
    path = shown.url.path
    for words in ("待审批", "合规部", "适当性", "智能语音、人工电话", "8002、8003", f"{year}年12月31日"):
        assert words in shown.text
    refused = pages.post(f"{path}/act", data={"doing": "approve"})
    assert (refused.status_code, "不能自己审批" in refused.text) == (422, True)
    assert "已审批待执行" in approver.post(f"{path}/act", data={"doing": "approve"}).text
    running = approver.post(f"{path}/act", data={"doing": "start"})
    assert "执行中" in running.text
    assert "还有 4 个回访任务" in running.text
    assert 'href="/campaigns/' in running.text and "/?campaign=" not in running.text
    with place.desk.database.read() as session:
        stored = session.scalars(select(ReviewPlan)).one()
        tasks = session.scalars(select(ReviewTask).where(ReviewTask.campaign_id == stored.campaign_id)).all()
        assert len(tasks) == 4
        assert {task.deadline_at.date() for task in tasks if task.deadline_at} == {date(year, 12, 31)}
    assert "进行中" in pages.get(proof).text


def of_draw(pages: TestClient, year: int, **more: str) -> dict[str, Any]:
    """The form of a good plan for a draw of four."""
    return {
        "name": "年度适当性方案", "draw": drawn(pages, year).rpartition("/")[2], "department": "合规部",
        "executing_department": "客服中心", "purpose": "年度回访", "steps": "拨打", "reviewed_from": f"{year}-01-01",
        "reviewed_until": f"{year}-12-31", "reviewers": "8002", "review_types": "suitability",
        "methods": ["voice_bot", "human_call"], "scope": "抽中的客户", "act": "submit",
    } | more  # fmt: skip


def test_what_cannot_be_a_plan_is_said_with_the_remedy(pages: TestClient, place: Place, year: int) -> None:
    good = of_draw(pages, year)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"reviewed_until": f"{year - 1}-12-31"}, f"回访时间止于{year - 1}-12-31，早于开始的{year}-01-01；请更正"),
        ({"reviewed_until": f"{year + 1}-03-01"}, f"晚于适当性回访的期限{year}-12-31（表A.1第4项）"),
        ({"reviewed_from": "2026-13-45"}, "回访时间的开始“2026-13-45”不是日期；请按2026-06-08这样填写"),
        ({"reviewed_until": ""}, "回访时间的结束未填写"),
        ({"review_types": "bogus"}, "回访类型“bogus”不认识；请从列出的选项里选择"),
        ({"review_types": "new_account"}, "回访类型请只选适当性"),
        ({"methods": ["fax"]}, "回访方式“fax”不认识"),
        ({"purpose": "长" * 2001}, "回访目的最多2000字"),
        ({"reviewers": "8002、不存在的人"}, "回访人员“不存在的人”不在人员名单里；请填写工号或姓名"),
        ({"name": "名" * 121}, "方案名称最多120字"),
        ({"draw": "999"}, "没有这次抽取"),
    ]
    for changes, fault in bad:
        answer = pages.post("/plans", data=good | changes)
        assert (answer.status_code, fault in answer.text) == (422, True), fault
        assert "抽中的客户" in answer.text  # what was typed is still there
        for day in ("reviewed_from", "reviewed_until"):
            assert f'name="{day}" value="{(good | changes)[day]}"' in answer.text
    with place.desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ReviewPlan)) == 0


def test_a_plan_is_taken_back_rejected_listed_and_taken_as_a_model(
    pages: TestClient, as_posts: SignIn, place: Place, year: int
) -> None:
    approver = as_posts(Post.MANAGER, number="8201", name="吴峰")
    form = of_draw(pages, year)
    shown = pages.post("/plans", data=form)
    path = shown.url.path
    assert "由另一名管理岗审批" in shown.text and 'value="approve"' not in shown.text
    assert "草稿" in pages.post(f"{path}/act", data={"doing": "recall"}).text
    assert "待审批" in pages.post(f"{path}/edit", data=form | {"scope": "改过的范围"}).text
    assert 'value="approve"' in approver.get(path).text and 'value="recall"' not in approver.get(path).text
    assert approver.post(f"{path}/act", data={"doing": "recall"}).status_code == 422
    assert "草稿" in approver.post(f"{path}/act", data={"doing": "reject", "why": "范围不清"}).text
    pages.post(f"{path}/act", data={"doing": "submit"})
    approved = approver.post(f"{path}/act", data={"doing": "approve"}).text
    assert "抽中的 4 名客户生成回访任务" in approved
    listed = pages.get("/plans", params={"text": "适当性", "state": "approved"}).text
    assert "年度适当性方案" in listed
    assert "没有符合条件的方案" in pages.get("/plans", params={"text": "%"}).text
    assert "改过的范围" in pages.get("/plans.csv", params={"state": "approved"}).text
    copied = pages.get("/plans/new", params={"base": path.rpartition("/")[2]}).text
    assert "改过的范围" in copied and 'name="name" required maxlength="120" value=""' in copied


def test_everybody_who_was_drawn_can_be_exported(pages: TestClient, place: Place, year: int) -> None:
    proof = drawn(pages, year, r5="10", ordinary="10")
    assert "比例没有提高" in pages.get(proof).text
    assert "还没有回访任务：请从抽取证明制定方案" in pages.get("/duties").text
    rows = pages.get(f"{proof}.csv").text.splitlines()
    assert rows[0].endswith("客户号,抽取结果,键,任务号,回访类型,登记状态")
    assert len(rows) == 5
    number, how, key, *_ = rows[1].split(",")
    told = subprocess.run(["b2sum", "-l", "64"], input=f"年度种子\n{number}".encode(), capture_output=True, check=True)
    assert (how, key) == ("抽中", told.stdout.split()[0].decode())
    raised = pages.get(drawn(pages, year, seed="二", share="25")).text  # twice that where nothing else is said
    assert "比例没有提高" not in raised and "R5产品客户 50%" in raised
    assert "比例没有提高" not in pages.get(drawn(pages, year, seed="三", share="100")).text
    with place.desk.database.read() as session:
        in_order = select(AuditEntry.act).order_by(AuditEntry.id)
        assert session.scalars(in_order).all() == ["draw", Act.EXPORTED, "draw", "draw"]


def test_a_draw_made_by_mistake_is_taken_back(pages: TestClient, place: Place, year: int) -> None:
    form = of_draw(pages, year)
    proof = f"/duties/draws/{form['draw']}"
    assert "作废要写明原因" in pages.post(f"{proof}/void", data={"why": " "}).text
    plan = pages.post("/plans", data=form).url.path
    assert "已有回访方案，不能作废；请先撤销方案" in pages.post(f"{proof}/void", data={"why": "种子写错"}).text
    pages.post(f"{plan}/act", data={"doing": "withdraw", "why": "种子写错"})
    text = pages.post(f"{proof}/void", data={"why": "种子写错"}).text
    assert "由 8101 作废：种子写错" in text and "制定方案" not in text
    assert pages.post(f"{proof}/void", data={"why": "再来"}).status_code == 422
    assert "本年度还没有抽取" in pages.get("/duties").text.partition('data-quota="conduct"')[0]
    assert "抽取已作废" in pages.post("/plans", data=form | {"name": "另一个"}).text
    again = pages.get(drawn(pages, year)).text
    assert (figure(again, "合并计入"), figure(again, "抽中")) == (0, 4)


def test_conduct_reviews_are_drawn_from_the_clients_of_brokers(pages: TestClient, place: Place, year: int) -> None:
    files = (
        "工号,姓名,岗位\n6001,赵立新,经纪人\n",
        "客户号,姓名,手机号,客户经理工号\n" + "".join(f"K{one},客户,138{one:08},6001\n" for one in range(25)),
    )
    with place.desk.database.write() as session:
        for content in files:
            import_file(session, content.encode(), now=place.desk.clock.now(), scripts=NO_SCRIPTS)
    made = drawn(pages, year, kind="conduct")
    text = pages.get(made).text
    assert re.search(r'id="served">\s*<p class="mb-0">按服务人员的岗位：经纪人名下 25 名；岗位未登记名下 1 名。', text)
    assert "其名下客户一并计入" in text
    with place.desk.database.write() as session:
        draw = session.scalars(select(Draw)).one()
        draw.proof = {name: value for name, value in draw.proof.items() if name != "served"}
    assert "客户经理名下的客户一并计入（只多不少）" in pages.get(made).text  # of an older draw
    # 25, and a client with a broker whose suitability review is under way: it is asked in the same call.
    expected = {"抽样总体": 26, "应回访": 3, "合并计入": 1, "抽中": 2, "尚欠": 0}
    assert {word: figure(text, word) for word in expected} == expected
    assert "上年末经纪人、证券投资顾问名下的客户" in text and "表A.1第5项" in text
    assert "执业情况回访 10%" in pages.get("/").text


def test_a_draft_is_changed_and_a_name_is_taken_once(pages: TestClient, place: Place) -> None:
    plan = {"name": "方案", "act": "draft", "scope": "一"}
    path = pages.post("/plans", data=plan).url.path
    assert "草稿" in pages.get(path).text
    assert pages.get(f"{path}/edit").status_code == 200
    assert "全部客户" in pages.post(f"{path}/edit", data=plan | {"scope": "全部客户"}).text
    taken = pages.post("/plans", data=plan)
    assert (taken.status_code, "请换一个名称" in taken.text) == (422, True)


def test_every_type_of_review_is_shown_as_it_stands(pages: TestClient, place: Place) -> None:
    with place.desk.database.write() as session:
        campaign = session.scalars(select(ReviewTask.campaign_id)).one()
        client = session.scalars(select(ReviewTask.customer_id)).one()
        now = place.desk.clock.now()
        for number, days, status in (
            (1, -1, "待回访"),
            (2, 1, "待回访"),
            (3, 1, "已完成：已回访"),
            (4, -1, "已完成：关机"),
        ):
            session.add(
                ReviewTask(
                    number=f"Q{number}", campaign_id=campaign, customer_id=client, review_type="anomaly",
                    script="anomaly", created_at=now, deadline_at=now + timedelta(days=days), status=status,
                    final=status != "待回访", with_human=number == 2,
                )
            )  # fmt: skip
    (row,) = re.findall(r'<tr data-type="anomaly">(.*?)</tr>', pages.get("/duties").text, re.DOTALL)
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
    assert cells[2:] == ["100%", "两个交易日内", "2", "1", "1", "1"]


def test_events_that_are_stuck_are_shown_and_tried_again(pages: TestClient, place: Place) -> None:
    place.app.state.desk = replace(place.desk, clock=Later())  # a day whose trading calendar is known
    now = NOON
    row = event(事件号="E7", 事件类型="异常情形", 发生时间=f"{now:%Y-%m-%d}", 客户号="C001", 异常类型="资金划转")
    with place.desk.database.write() as session:
        import_file(session, (EVENTS + row).encode(), now=now)
    text = pages.post("/duties/raise").text
    assert "没有使用中的话术“anomaly”" in text
    assert "还不能生成任务 1" in text
    publish(place.desk.database, "anomaly")
    assert "已生成回访任务：异常情形1个" in pages.post("/duties/raise").text
    with place.desk.database.read() as session:
        assert session.scalars(select(BusinessEvent.state)).one() == "tasked"


def test_a_client_who_came_up_twice_counts_once(pages: TestClient, place: Place, year: int) -> None:
    """Four are drawn, and twice as many by a draw that tops up: the first four are not credited as well."""
    drawn(pages, year)
    again = pages.get(drawn(pages, year, seed="二", share="20")).text
    assert (figure(again, "合并计入"), figure(again, "抽中")) == (4, 4)
    text = pages.get("/duties").text.partition('data-quota="conduct"')[0]
    figures = dict(re.findall(r"<dt[^>]*>([^<（]+)[^<]*</dt><dd[^>]*>(\d+)</dd>", text))
    assert (figures["已计入"], figures["抽中"], figures["应回访"]) == ("0", "8", "8")


def test_plans_and_imports_change_the_figures_that_are_kept(
    pages: TestClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_page, "PATIENCE_SECONDS", 60.0)
    seconds = count(step=10.0)  # whatever is asked takes ten of them, and is kept
    place.app.state.remembered = kept = Remembered(lambda: next(seconds))
    answers = count()

    def kept_since(write: Callable[[], Any]) -> bool:
        before = kept.get("figures", lambda: next(answers))
        assert write().status_code == 200
        return kept.get("figures", lambda: next(answers)) == before

    assert kept_since(lambda: pages.get("/plans"))
    assert not kept_since(lambda: pages.post("/plans", data={"name": "方案", "act": "draft"}))
    assert not kept_since(lambda: pages.post("/plans/1/edit", data={"name": "方案", "act": "draft"}))
    assert not kept_since(lambda: pages.post("/plans/1/act", data={"doing": "withdraw", "why": "不需要"}))
    clients = "客户号,姓名,手机号\nZ1,客户,13900000001\n".encode()
    assert not kept_since(lambda: pages.post("/import", files={"file": ("clients.csv", clients)}))
    kept.close()


def test_only_years_whose_basis_exists_are_offered(pages: TestClient, place: Place, year: int) -> None:
    assert f'<option value="{year + 1}"' not in pages.get("/duties").text
    assert 'action="/duties/draw"' not in pages.get("/duties", params={"year": year + 1}).text
    answer = pages.post("/duties/draw", data={"kind": "other", "year": str(year + 1), "seed": "s"})
    assert (answer.status_code, f"{year}年末还没有到，{year + 1}年的基数还不存在" in answer.text) == (422, True)


@pytest.mark.parametrize(
    "path", ["/duties?year=10000", "/duties/draws/999", "/plans/999", "/plans/new?draw=999", "/plans/999/edit"]
)
def test_what_is_not_there(pages: TestClient, place: Place, path: str) -> None:
    assert pages.get(path).status_code == 404
