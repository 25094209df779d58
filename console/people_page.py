"""Reviews by people (人工回访): the list, and the call with the script as a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from bot.form import MOST_WORDS, FormError, Kind
from campaign.calls.call_ends import OUTCOMES, CallEnd, EndRefused
from campaign.masking import mask_name
from campaign.other_ways.people import MOST_TAKEN, PeopleError, PhoneReviews
from console.access import posts, signed_in, staff_signed_in
from console.call_end_fields import instant, number
from console.calls_page import MAY_LISTEN
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import masked_words, review_word, sheet_time
from models import HumanReview, Staff
from models.corrections import corrections_of_answers
from models.people import Listed, PeopleFilter, Waits, human_review, note_of, people_list
from rules import Outcome, Post, ReviewType, Risk, label_of

WAITS: Mapping[Waits, str] = MappingProxyType(
    {Waits.NOW: "待领取", Waits.MINE: "我领取的", Waits.TAKEN: "已领取", Waits.LATER: "未到时间", Waits.ALL: "全部"}
)

HEAD = ("期限", "客户号", "客户", "类型", "风险等级", "任务", "登记状态", "已拨打次数", "不早于", "领取人")

router = APIRouter()
CALLS = posts(Post.AGENT)
SEES = posts(Post.AGENT, Post.MANAGER)
Text = Annotated[str, Form(max_length=4 * MOST_WORDS)]


class ListQuery(BaseModel):
    """The filters in the address of the list; a value that means nothing narrows nothing."""

    state: str = Waits.NOW.value
    q: str = ""
    review_type: str = ""
    page_no: int = 1
    recorded: int = 0  # the taking whose result was written down just now

    def narrowed(self, staff_id: int) -> PeopleFilter:
        """The filter for the database."""
        return PeopleFilter(
            waits=Waits(self.state) if self.state in set(Waits) else Waits.NOW,
            text=self.q.strip(),
            review_type=self.review_type if self.review_type in set(ReviewType) else "",
            staff_id=staff_id,
        )


@router.get("/people", dependencies=[SEES])
def show_list(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """What people are to do, the nearest deadline first."""
    return _list(request, query)


@router.get("/people.csv", dependencies=[posts(Post.MANAGER)])
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same (at most 10,000, the nearest deadline first) as a spreadsheet, masked."""
    desk, me = desk_of(request), signed_in(request)
    with desk.database.read() as session:
        found = people_list(session, query.narrowed(me.staff_id), desk.clock.now(), page=1, size=MOST_ROWS)
        rows = [_line(one) for one in found.items]
    return spreadsheet(request, "人工回访", HEAD, rows)


def _line(one: Listed) -> tuple[str, ...]:
    task, taken = one.task, one.taken
    return (
        sheet_time(task.deadline_at),
        task.customer.number,
        mask_name(task.customer.name),
        review_word(task.review_type),
        task.product.risk_level if task.product else "",
        task.number,
        task.status,
        str(task.attempts_made),
        sheet_time(one.next_at),
        f"{taken.staff.name}（{taken.staff.number}）" if taken else "",
    )


@router.post("/people/take/{task_id}", dependencies=[CALLS])
def take(request: Request, task_id: int) -> Response:
    """Take a task and open it."""
    try:
        return _opened(_reviews(request).take(task_id, signed_in(request).staff_id))
    except PeopleError as error:
        return _list(request, ListQuery(), fault=str(error))


@router.get("/people/{id_}", dependencies=[SEES])
def show(request: Request, id_: int, one: str = "", at: str = "") -> Response:
    """A task in hand: who the client is, the questions, the end of the call."""
    return _shown(request, id_, one=bool(one), at=at)


@router.post("/people/{id_}/begin", dependencies=[CALLS])
def begin(request: Request, id_: int, consent: Annotated[str, Form()] = "") -> Response:
    """The agent dials."""
    return _done(request, id_, lambda: _reviews(request).begin(id_, signed_in(request).staff_id, consent=bool(consent)))


@router.post("/people/{id_}/back", dependencies=[CALLS])
def back(request: Request, id_: int) -> Response:
    """Give the task back."""
    return _done(request, id_, lambda: _reviews(request).give_back(id_, signed_in(request).staff_id), "/people")


@router.post("/people/{id_}/answer", dependencies=[CALLS])
def answer(
    request: Request, id_: int, node: Text, value: Text = "", words: Text = "", one: Annotated[str, Form()] = ""
) -> Response:
    """One answer; it is kept at once."""
    where = f"/people/{id_}?one=1" if one else f"/people/{id_}#{node}"
    return _done(
        request,
        id_,
        lambda: _reviews(request).give(id_, signed_in(request).staff_id, node, value, words),
        where,
        one=bool(one),
    )


class EndForm(BaseModel):
    """What is written down at the end of a call, as a browser sends it."""

    outcome: str = ""
    callback_at: str = ""
    new_number: str = ""
    note: str = ""
    risks: list[str] = []

    def ended(self) -> CallEnd:
        """The end of the call; raises EndRefused for what cannot be read."""
        if self.outcome not in set(Outcome):
            raise EndRefused("请选择通话结果")
        if len(self.note) > MOST_WORDS:
            raise EndRefused(f"备注过长：请写{MOST_WORDS}字以内")
        outcome = Outcome(self.outcome)
        at = instant(self.callback_at) if outcome is Outcome.CALLBACK_AGREED else None
        new_number = number(self.new_number) if outcome is Outcome.NOT_CLIENT else ""
        return CallEnd(outcome, at, new_number, self.note.strip())


@router.post("/people/{id_}/record", dependencies=[CALLS])
def record(request: Request, id_: int, sent: Annotated[EndForm, Form()]) -> Response:
    """Write down how the call ended."""

    def settle() -> None:
        risks = [risk for risk in Risk if risk.value in sent.risks]
        _reviews(request).record(id_, signed_in(request).staff_id, sent.ended(), risks)

    return _done(request, id_, settle, f"/people?state=mine&recorded={id_}", sent=sent)


def _reviews(request: Request) -> PhoneReviews:
    forms = desk_of(request).forms
    if forms is None:
        raise HTTPException(404)
    desk = desk_of(request)
    return PhoneReviews(
        forms.database,
        forms.scripts,
        forms.house,
        forms.clock,
        forms.matcher,
        desk.hours,
        desk.recordings,
        desk.caps,
    )


def _agent(request: Request, session: Session) -> Staff | None:
    return staff_signed_in(request, session) if signed_in(request).holds(Post.AGENT) else None


def _opened(id_: int) -> Response:
    return RedirectResponse(f"/people/{id_}", status_code=303)


def _done(
    request: Request,
    id_: int,
    act: Callable[[], object],
    where: str = "",
    *,
    one: bool = False,
    sent: EndForm | None = None,
) -> Response:
    """Do something and show where it leads, or what is wrong with it."""
    try:
        act()
    except (PeopleError, FormError, EndRefused) as error:
        return _shown(request, id_, one=one, fault=str(error), sent=sent)
    return RedirectResponse(where or f"/people/{id_}", status_code=303)


def _list(request: Request, query: ListQuery, *, fault: str = "") -> Response:
    desk, reviews = desk_of(request), _reviews(request)
    with desk.database.read() as session:
        agent = _agent(request, session)
        wanted = query.narrowed(agent.id if agent else 0)
        found = people_list(session, wanted, desk.clock.now(), page=max(1, query.page_no), size=PAGE_SIZE)
        against = reviews.obstacles(session, [one.task for one in found.items], agent) if agent else {}
        return page(
            request,
            "people.html",
            status_code=409 if fault else 200,
            found=found,
            agent=agent,
            against=against,
            query=query,
            waits=WAITS,
            wanted=wanted,
            review_types=list(ReviewType),
            fault=fault,
            most=MOST_TAKEN,
        )


def _shown(
    request: Request, id_: int, *, one: bool = False, at: str = "", fault: str = "", sent: EndForm | None = None
) -> Response:
    desk, reviews = desk_of(request), _reviews(request)
    with desk.database.read() as session:
        agent, review = _agent(request, session), human_review(session, id_)
        if review is None:
            raise HTTPException(404)
        mine = agent is not None and review.staff_id == agent.id
        values: dict[str, Any] = {"review": review, "agent": agent, "fault": fault, "sent": sent or EndForm()}
        if not mine or review.ended_at is not None:
            return page(request, "people_over.html", mine=mine, status_code=409 if fault else 200, **values)
        form = reviews.form(session, review)
        answered = {each.node: (each, given) for each, given in form.answered}
        current = answered[at][0] if at in answered else form.now
        return page(
            request,
            "people_call.html",
            status_code=422 if fault else 200,
            form=form,
            answered=answered,
            current=current,
            one=one,
            house=reviews.house,
            outcomes=OUTCOMES,
            risks=list(Risk),
            most=MOST_WORDS,
            Kind=Kind,
            asked_for=_asked_for(review.task),
            **_before(request, session, review),
            **values,
        )


def _before(request: Request, session: Session, review: HumanReview) -> dict[str, Any]:
    """What came of the task before this call, the latest first: words masked, to be heard by whoever may."""
    ended = [(no, one) for no, one in enumerate(review.task.attempts, 1) if one.ended_at is not None]
    answers = [answer.id for _, one in ended for answer in one.said]
    return {
        "before": [(no, one, note_of(session, one.id)) for no, one in reversed(ended)],
        "corrected": corrections_of_answers(session, answers),
        "private": masked_words(review.task.customer.name),
        "listens": signed_in(request).holds(*MAY_LISTEN),
    }


def _asked_for(task: Any) -> str:
    """Why a person is to call."""
    decided = [attempt.evidence.get("reason") for attempt in task.attempts if attempt.ended_at]
    said = next((str(reason) for reason in reversed(decided) if reason), "")
    risks = dict.fromkeys(label_of(Risk(flag.risk)) for attempt in task.attempts for flag in attempt.flags)
    why = task.trouble or said or "按规定或安排由人工回访"
    return f"{why}（{'、'.join(risks)}）" if risks else why
