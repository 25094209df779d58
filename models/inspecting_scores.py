"""Scorecards and scores in the database: versions, scoring, second reviews, appeals, results, calibration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from models.errors import TakenByAnother
from models.inspecting import Round
from models.inspecting_tables import Appeal, Inspection, Score, Scorecard
from models.people_tables import HumanReview
from models.queue import rows_changed
from models.tables import Attempt, ReviewTask
from rules.inspecting import Reason
from rules.outcomes import Method
from rules.scorecards import BOT_CARD, PERSON_CARD, Card, Mark, item_of, result_of

SHIPPED: Mapping[str, Card] = {"智能语音质检表": BOT_CARD, "人工电话质检表": PERSON_CARD}
_REVIEW_DAYS = 5  # a second review is done within so many


@dataclass(frozen=True, slots=True)
class Given:
    """What an inspector gave a call: marks by item, what the log gave by itself, notes by item ("" for the whole)."""

    marks: Mapping[str, Mark]
    found: Mapping[str, Mark]
    notes: Mapping[str, str]


# Cards


def card_of(stored: Scorecard) -> Card:
    """The card of one version."""
    return Card(tuple(item_of(item) for item in stored.items), stored.pass_mark)


def cards_in_use(session: Session) -> Sequence[Scorecard]:
    """The latest version of every card that is not retired, in the order in which they came."""
    latest = select(func.max(Scorecard.id)).group_by(Scorecard.name)
    query = select(Scorecard).where(Scorecard.id.in_(latest), Scorecard.retired.is_(False))
    return session.scalars(query.order_by(Scorecard.id)).all()


def all_cards(session: Session) -> Sequence[Scorecard]:
    """Every version of every card, the latest first."""
    return session.scalars(
        select(Scorecard).options(joinedload(Scorecard.staff)).order_by(Scorecard.name, Scorecard.version.desc())
    ).all()


def add_card(session: Session, name: str, card: Card, staff_id: int | None, now: datetime) -> Scorecard:
    """A new card, or the next version of one."""
    last = session.scalar(select(func.max(Scorecard.version)).where(Scorecard.name == name)) or 0
    made = Scorecard(
        name=name,
        version=last + 1,
        pass_mark=card.pass_mark,
        items=[item.as_json() for item in card.items],
        staff_id=staff_id,
        made_at=now,
        retired=False,
    )
    session.add(made)
    session.flush()
    return made


def lay_out_cards(session: Session, now: datetime) -> None:
    """Put the shipped cards in where there is none yet."""
    if session.scalar(select(Scorecard.id).limit(1)) is None:
        for name, card in SHIPPED.items():
            add_card(session, name, card, None, now)


def usual_card(session: Session, attempt: Attempt) -> Scorecard | None:
    """The card to begin with: the shipped one for how the call was made, else the first in use."""
    cards = cards_in_use(session)
    by_bot = attempt.method == Method.VOICE_BOT
    automatic = [one for one in cards if any(item["check"] for item in one.items) is by_bot]
    return next(iter([*automatic, *cards]), None)


# Scores


def agent_of_call(session: Session, attempt_id: int) -> int | None:
    """Who of the staff made a call; None: the bot did."""
    return session.scalar(select(HumanReview.staff_id).where(HumanReview.attempt_id == attempt_id))


def give_score(
    session: Session, inspection_id: int, staff_id: int, scorecard: Scorecard, given: Given, now: datetime
) -> Score:
    """Score a call that somebody has in hand; raises TakenByAnother where it is not, BadPolicy for missing marks.

    A second review takes the place of what was scored before; a calibration changes nobody's result.
    """
    result = result_of(card_of(scorecard), given.marks)
    mine = update(Inspection).where(
        Inspection.id == inspection_id, Inspection.taken_by_id == staff_id, Inspection.done_at.is_(None)
    )
    if rows_changed(session, mine.values(done_at=now).execution_options(synchronize_session="fetch")) != 1:
        raise TakenByAnother(f"inspection {inspection_id} is not in this inspector's hands")
    inspection = session.get_one(Inspection, inspection_id)
    attempt = session.get_one(Attempt, inspection.attempt_id)
    if inspection.round == Round.SECOND:
        session.execute(update(Score).where(Score.attempt_id == attempt.id).values(counts=False))
    made = Score(
        inspection_id=inspection_id,
        attempt_id=attempt.id,
        scorecard_id=scorecard.id,
        staff_id=staff_id,
        agent_id=agent_of_call(session, attempt.id),
        script=attempt.script,
        marks=dict(given.marks),
        found=dict(given.found),
        notes=json.dumps(dict(given.notes), ensure_ascii=False),
        tenths=result.tenths,
        fatal=bool(result.fatal),
        passed=result.passed,
        counts=inspection.round != Round.CALIBRATION,
        scored_at=now,
    )
    session.add(made)
    session.flush()
    return made


def score(session: Session, id_: int) -> Score | None:
    """One score with its card, its call, who gave it, and the appeal against it."""
    query = select(Score).where(Score.id == id_)
    return session.scalars(
        query.options(
            joinedload(Score.scorecard),
            joinedload(Score.attempt).joinedload(Attempt.task).joinedload(ReviewTask.customer),
            joinedload(Score.staff),
            joinedload(Score.agent),
            joinedload(Score.inspection),
            joinedload(Score.appeal).joinedload(Appeal.staff),
            joinedload(Score.appeal).joinedload(Appeal.answered_by),
        )
    ).one_or_none()


def second_review(session: Session, given: Score, now: datetime) -> tuple[Inspection, bool]:
    """Have somebody else score the call again; the review that is under way, where one is, and whether one was."""
    there = session.scalar(
        select(Inspection).where(
            Inspection.attempt_id == given.attempt_id,
            Inspection.round == Round.SECOND.value,
            Inspection.done_at.is_(None),
        )
    )
    if there is not None:
        return there, True
    made = Inspection(
        attempt_id=given.attempt_id,
        round=Round.SECOND.value,
        reasons=[Reason.ASKED.value],
        lead=Reason.ASKED.value,
        made_at=now,
        due_at=now + timedelta(days=_REVIEW_DAYS),
        not_by_id=given.staff_id,
    )
    session.add(made)
    session.flush()
    return made, False


# Appeals


def may_appeal(given: Score, staff_id: int, *, keeps_bot: bool) -> bool:
    """Whether somebody may appeal (000 §8.3.3: 执行人员): who made the call, or for the bot's who keeps it.

    `keeps_bot`: whether the person is of the post that designs and tunes its conversations (§7.4.5 b).
    """
    return keeps_bot if given.agent_id is None else given.agent_id == staff_id


def appeal(session: Session, score_id: int, staff_id: int, words: str, now: datetime) -> Appeal:
    """Object to a score; raises TakenByAnother where that was done already."""
    if session.scalar(select(Appeal.id).where(Appeal.score_id == score_id)) is not None:
        raise TakenByAnother(f"score {score_id} was appealed against already")
    made = Appeal(score_id=score_id, staff_id=staff_id, words=words, made_at=now, answer="")
    session.add(made)
    session.flush()
    return made


def answer_appeal(session: Session, id_: int, staff_id: int, words: str, *, upheld: bool, now: datetime) -> None:
    """Answer an appeal: a second review where it is upheld; raises TakenByAnother for one that was answered."""
    row = session.scalars(select(Appeal).where(Appeal.id == id_).with_for_update()).one()
    if row.answered_at is not None:
        raise TakenByAnother(f"appeal {id_} was answered by somebody else")
    row.answered_by_id, row.answered_at, row.upheld, row.answer = staff_id, now, upheld, words
    if upheld:
        second_review(session, row.score, now)
    session.flush()


def open_appeals(session: Session) -> Sequence[Appeal]:
    """The appeals that nobody has answered, the oldest first."""
    given = joinedload(Appeal.score)
    query = select(Appeal).where(Appeal.answered_at.is_(None)).order_by(Appeal.id)
    return session.scalars(
        query.options(given.joinedload(Score.scorecard), given.joinedload(Score.attempt), joinedload(Appeal.staff))
    ).all()
