"""Whether a client may be sent the questionnaire of a task now (问卷, 000 §5.2.3, table F.1 note 2)."""

from __future__ import annotations

from datetime import datetime

from campaign.other_ways.questionnaires import INVITATION, Forms
from models import ReviewTask
from rules import Method, ReviewType, RiskLevel, questionnaire_until, refusal_of
from rules.appendix_f import APPENDIX_F, REVIEWED_STATUS
from rules.methods import OpeningMode

_REFUSED = APPENDIX_F[0].final_status
NO_ADDRESS = "没有设置问卷的公开地址（HUIFANG_PUBLIC_ADDRESS），不能发送问卷"


def why_no_form(task: ReviewTask, forms: Forms | None, now: datetime) -> str:
    """Why no questionnaire can be sent for a task, a Chinese sentence; "": it can."""
    if forms is None or not forms.address:
        return NO_ADDRESS
    if any(notice.kind == INVITATION for notice in task.notices):
        return "问卷已经发送过"
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
        why = why_no_form(task, forms, forms.clock.now())
        if not why:
            forms.send(session, task)
        return why
