"""Whether a client may be sent the questionnaire of a task now, and how one stands (问卷, 000 §5.2.3, F.1 note 2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaign.other_ways.questionnaires import INVITATION, MOST_WRONG_NAMES, Forms
from models import Notice, ReviewTask
from models.questionnaire_tables import Questionnaire
from models.questionnaires import latest_questionnaire
from rules import Method, Outcome, ReviewType, RiskLevel, questionnaire_until, refusal_of
from rules.appendix_f import APPENDIX_F, REVIEWED_STATUS
from rules.hours import written_minute
from rules.methods import OpeningMode

ALREADY_SENT = "问卷已经发送过"
_WAYS = {"sms": "短信", "email": "邮件", "manual": "人工告知"}
_ON_ITS_WAY = {"unsure": "是否送达待确认", "failed": "发送失败，请在“告知”里处理", "by_hand": "待人工告知"}
_REFUSED = APPENDIX_F[0].final_status
NO_ADDRESS = "没有设置问卷的公开地址（HUIFANG_PUBLIC_ADDRESS），不能发送问卷"


def why_no_form(task: ReviewTask, forms: Forms | None, now: datetime) -> str:
    """Why no questionnaire can be sent for a task, a Chinese sentence; "": it can."""
    if forms is None or not forms.address:
        return NO_ADDRESS
    if any(notice.kind == INVITATION for notice in task.notices):
        return ALREADY_SENT
    if not task.attempts_made:
        return "还没有拨打过电话，先按电话回访办理"  # what the invitation says would not be true
    if task.status == REVIEWED_STATUS:
        return "已完成回访，不需要问卷"
    if _REFUSED in (task.status, task.closes_as):
        return "客户已拒绝回访，不再发送问卷"
    if task.customer.do_not_call:
        return "客户要求不再联系，不发送问卷"
    if task.valid_from is not None and task.valid_from > now:
        return "投资冷静期内的回访无效，期满后才能发送问卷"
    if task.final and now > questionnaire_until(task.attempts[-1].started_at if task.attempts else task.created_at):
        return "问卷须在年度内发送（表F.1注2）"
    return _refused_by_rule(task)


def form_standing(session: Session, task: ReviewTask, now: datetime) -> str:
    """When and how the client was sent the link, until when it holds, what came of it; "": none was sent."""
    invitation = next((notice for notice in task.notices if notice.kind == INVITATION), None)
    form = latest_questionnaire(session, task.id) if invitation is not None else None
    if invitation is None or form is None:
        return ""
    sent, until = written_minute(form.created_at), written_minute(form.expires_at)
    return f"{sent}发出（{_way_of(invitation)}），有效期至{until}，{_state_of(form, now)}"


def _way_of(invitation: Notice) -> str:
    on_its_way = _ON_ITS_WAY.get(invitation.state, "等待发送" if invitation.state in ("waiting", "sending") else "")
    return "，".join(filter(None, (_WAYS.get(invitation.channel, invitation.channel), on_its_way)))


def _state_of(form: Questionnaire, now: datetime) -> str:
    if form.ended_at is not None:
        refused = form.attempt is None or form.attempt.outcome == Outcome.REFUSED
        return "客户不参加" if refused else "已提交"
    if form.task.status == REVIEWED_STATUS:
        return "已通过其他方式完成回访"
    if form.expires_at <= now:
        return "已过期"
    if form.wrong_names >= MOST_WRONG_NAMES:
        return "已停用：姓名多次不符"
    return "填写中" if form.opened_at is not None else "未打开"


def _refused_by_rule(task: ReviewTask) -> str:
    opening = str(task.slots.get("开户方式", ""))
    refusal = refusal_of(
        ReviewType(task.review_type),
        Method.QUESTIONNAIRE,
        opening=OpeningMode(opening) if opening in set(OpeningMode) else None,
        risk_level=RiskLevel(task.product.risk_level) if task.product else None,
    )
    return refusal.reason if refusal else ""


def send_form(forms: Forms, task_id: int) -> str:
    """Have the questionnaire sent; why it cannot be, "" where it is on its way. Raises ScriptError."""
    with forms.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        now = forms.clock.now()
        if standing := form_standing(session, task, now):
            return f"{ALREADY_SENT}：{standing}"
        why = why_no_form(task, forms, now)
        if not why:
            forms.send(session, task)
        return why
