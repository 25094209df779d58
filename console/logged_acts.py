"""Which acts the system log (系统日志, §7.5.1) tells of: every route that may change something, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from console.logged import LED_ON, MADE, Logged, Table, Unlogged
from models.managing import ACT_WORDS as CAMPAIGN_WORDS
from rules.cases import ACT_WORDS as CASE_WORDS
from rules.plan import ACT_WORDS as PLAN_WORDS
from rules.script_life import ACT_WORDS as SCRIPT_WORDS
from rules.silence import ACT_WORDS as SILENCE_WORDS

A = TypeVar("A", bound=StrEnum)


class Group(StrEnum):
    """Under what acts are found in the log."""

    ACCOUNTS = "登录与账户"
    USERS = "用户与岗位"
    SEEN = "查看与导出"
    IMPORT = "导入"
    DUTIES = "回访义务"
    PLANS = "回访方案"
    SCRIPTS = "话术"
    PEOPLE = "坐席与人工回访"
    RESULTS = "通话与回访结果"
    SILENCE = "免打扰"
    CASES = "异议与违规"
    INSPECTING = "质检"
    OUTBOX = "告知"
    SYSTEM = "系统"


def _each(of: str, words: Mapping[A, str]) -> dict[str, str]:
    """The words of a closed set of acts, with of what they are."""
    return {act.value: f"{of}：{word}" for act, word in words.items()}


OWN = Unlogged("the route writes an entry of its own")
BY_CLIENT = Unlogged("done by a client, whom the questionnaire's own record tells of")
ITS_REVIEW = Unlogged("a step on the way to a result, which is logged; the steps stand with the review")
IN_HAND = Unlogged("who has an inspection in hand stands there; its score is logged")
_PREVIEWS = dict.fromkeys(("true", "1", "on", "yes", "t", "y"), "")
_API = frozenset({202})
# What a route says was made that found its work done already, as by a button that was pressed twice
NOTHING = "nothing"
_ONCE = {NOTHING: ""}

LOGGED: Table = MappingProxyType(
    {
        "POST /login": OWN,
        "POST /login/demo": OWN,
        "POST /logout": OWN,
        "POST /account/password": OWN,
        "POST /account/totp": Unlogged("a secret is shown; it counts when it is confirmed, which is logged"),
        "POST /account/totp/confirm": OWN,
        "POST /account/totp/off": OWN,
        "POST /account/elsewhere": OWN,
        "POST /users": OWN,
        "POST /users/{number:path}/posts": OWN,
        "POST /users/{number:path}/password": OWN,
        "POST /users/{number:path}/{doing}": OWN,
        "POST /reveal": OWN,
        "POST /health/archive/retry": OWN,
        # What the firm knows of clients comes in; a preview writes nothing
        "POST /import": Logged(
            Group.IMPORT, "import", "导入文件", "导入 {made}", by="act", words={"preview": ""}, done=LED_ON | {200}
        ),
        "POST /import/jobs/{job_id}/confirm": Logged(
            Group.IMPORT, "import_confirmed", "确认导入", "导入 {job_id}", by=MADE, words=_ONCE
        ),
        "POST /import/jobs/{job_id}/drop": Unlogged("a preview is given up, of which nothing was written"),
        "POST /api/imports/{kind}": Logged(
            Group.IMPORT, "api_import", "接口导入", "导入 {made}", by="?preview", words=_PREVIEWS, done=_API
        ),
        "POST /api/imports/{job_id}/confirm": Logged(
            Group.IMPORT, "api_import_confirmed", "接口确认导入", "导入 {job_id}", done=_API
        ),
        "POST /duties/draw": Logged(
            Group.DUTIES, "draw", "抽取回访客户", "抽取 {made}", by=MADE, words=_ONCE
        ),
        "POST /duties/draws/{draw_id}/void": Logged(
            Group.DUTIES, "draw_voided", "作废抽取", "抽取 {draw_id}", reason="why"
        ),
        "POST /duties/raise": Logged(
            Group.DUTIES, "events_tasked", "为业务事件生成任务", done=frozenset({200})
        ),
        "POST /plans": Logged(
            Group.PLANS, "plan_made", "方案：制定草稿", "方案 {made}", by="act", words={"submit": "方案：制定并提交"}
        ),
        "POST /plans/{plan_id}/edit": Logged(
            Group.PLANS, "plan_changed", "方案：修改草稿", "方案 {plan_id}", by="act",
            words={"submit": "方案：修改并提交"},
        ),
        "POST /plans/{plan_id}/act": Logged(
            Group.PLANS, "plan", "", "方案 {plan_id}", by="doing", words=_each("方案", PLAN_WORDS), reason="why"
        ),
        "POST /campaigns/{campaign_id}/act": Logged(
            Group.PLANS, "campaign", "", "执行 {campaign_id}", by="doing", words=_each("执行", CAMPAIGN_WORDS),
            reason="why",
        ),
        "POST /campaigns/{campaign_id}/hours": Logged(
            Group.PLANS, "campaign_hours", "执行：修改拨打时间", "执行 {campaign_id}", reason="why"
        ),
        "POST /campaigns/{campaign_id}/pace": Logged(
            Group.PLANS, "campaign_pace", "执行：修改线路和速度", "执行 {campaign_id}", reason="why"
        ),
        "POST /scripts/{name}/submit": Logged(
            Group.SCRIPTS, "script_submit", "话术：提交", "话术 {name}", reason="why"
        ),
        "POST /scripts/{name}/versions/{number}/{doing}": Logged(
            Group.SCRIPTS, "script", "", "话术 {name} 第{number}版", by="doing", words=_each("话术", SCRIPT_WORDS),
            reason="why",
        ),
        "POST /calls/{call_id}/comments": Logged(Group.RESULTS, "call_comment", "批注通话", "通话 {call_id}"),
        "POST /calls/{call_id}/answers/{answer_id}/correct": Logged(
            Group.RESULTS, "answer_corrected", "更正答案", "通话 {call_id} 答案 {answer_id}"
        ),
        "POST /calls/{call_id}/tasks/{task_id}/correct": Logged(
            Group.RESULTS, "status_corrected", "更正登记状态", "通话 {call_id} 任务 {task_id}"
        ),
        "POST /tasks/{task_id}/questionnaire": Logged(
            Group.OUTBOX, "questionnaire_sent", "发送回访问卷", "任务 {task_id}"
        ),
        "POST /outbox/{what}/{id_}/{act}": Logged(
            Group.OUTBOX, "outbox", "", "{what} {id_}", by="act", terms={"notice": "告知", "event": "事件"},
            words={"told": "告知：登记已人工处理", "again": "告知：重新发送"},
        ),
        "POST /dnc/{customer_id}/{doing}": Logged(
            Group.SILENCE, "silence", "", "客户 {q}", by="doing", words=_each("免打扰", SILENCE_WORDS)
        ),
        "POST /cases": Logged(Group.CASES, "case_opened", "事项：提出", "事项 {made}"),
        "POST /cases/{case_id}/{doing}": Logged(
            Group.CASES, "case", "", "事项 {case_id}", by="doing", words=_each("事项", CASE_WORDS)
        ),
        "POST /inspections/take-in": Unlogged("the queue catches up with calls that ended; no decision of anybody's"),
        "POST /inspections/next": IN_HAND,
        "POST /inspections/{id_}/take": IN_HAND,
        "POST /inspections/{id_}/give-back": IN_HAND,
        "POST /inspections/rules/{reason}": OWN,
        "POST /scorecards": OWN,
        "POST /scorecards/{id_}/retire": OWN,
        "POST /calls/{call_id}/inspect": Logged(
            Group.INSPECTING, "inspection_asked", "提出质检", "通话 {call_id}", by=MADE, words=_ONCE
        ),
        "POST /inspections/{id_}/score": Logged(Group.INSPECTING, "scored", "评分", "评分 {made} 质检 {id_}"),
        "POST /scores/{id_}/second-review": Logged(
            Group.INSPECTING, "second_review", "安排复评", "评分 {id_}", by=MADE, words=_ONCE
        ),
        "POST /scores/{id_}/appeal": Logged(Group.INSPECTING, "appealed", "申诉评分", "评分 {id_}"),
        "POST /scores/{id_}/answer": Logged(
            Group.INSPECTING, "appeal", "", "评分 {id_}", by="upheld", words={"yes": "申诉成立", "no": "申诉不成立"}
        ),
        "POST /calibrations": Logged(Group.INSPECTING, "calibration", "发起校准", "通话 {call_ids}"),
        "POST /people/take/{task_id}": ITS_REVIEW,
        "POST /people/{id_}/begin": ITS_REVIEW,
        "POST /people/{id_}/back": ITS_REVIEW,
        "POST /people/{id_}/answer": ITS_REVIEW,
        "POST /people/{id_}/record": Logged(Group.PEOPLE, "review_recorded", "登记人工回访结果", "人工回访 {id_}"),
        "POST /q/{token}/name": BY_CLIENT,
        "POST /q/{token}/answer": BY_CLIENT,
        "POST /q/{token}/send": BY_CLIENT,
        "POST /q/{token}/refuse": BY_CLIENT,
    }
)  # fmt: skip
