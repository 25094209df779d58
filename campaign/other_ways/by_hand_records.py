"""What the database is told of a call by hand: its beginning, the form, the line that is free, who took part.

Everything here blocks.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from campaign.calls.call_form import CallForm
from campaign.calls.facts import barred_from
from campaign.calls.feed import LiveCall, Stage
from campaign.calls.placing import Place
from campaign.masking import mask_name
from campaign.other_ways.by_hand_call import HandCall, Placed
from campaign.other_ways.people import PeopleError, PhoneReviews
from models import Attempt, audit
from models.lines import line_is_down
from models.people import human_review, in_hand, promise_callback


def begin(
    reviews: PhoneReviews, task_id: int, staff_id: int, *, consent: bool, claim: Callable[[Session], Place] | None
) -> Placed:
    """Begin the call for a task that somebody has in hand, or takes now; raises PeopleError."""
    with reviews.database.read() as session:
        id_ = in_hand(session, task_id, staff_id)
    try:
        id_ = id_ or reviews.take(task_id, staff_id)
    except NoResultFound as error:
        raise PeopleError("没有这项任务") from error
    place = reviews.begin(id_, staff_id, consent=consent, claim=claim)
    with reviews.database.read() as session:
        review = human_review(session, id_)
        if review is None or review.attempt is None:
            raise PeopleError("这项任务不在您手上")
        task, client, attempt = review.task, review.task.customer, review.attempt
        script, slots = reviews.spoken(session, review)
        title = f"人工回访：{script.title}"
        return Placed(
            review_id=id_,
            attempt_id=attempt.id,
            call_id=attempt.call_id,
            number=attempt.dialled,
            client=client.name + client.gender,
            form=reviews.form(session, review),
            live=LiveCall(attempt.call_id, attempt.id, task.number, mask_name(client.name), title, Stage.DIALLING),
            barred=barred_from(session, client),
            place=place,
            script=script,
            slots=slots,
        )


def form_of(reviews: PhoneReviews, review_id: int) -> CallForm:
    """What the caller reads, as it stands."""
    with reviews.database.read() as session:
        review = human_review(session, review_id)
        return reviews.form(session, review) if review is not None else CallForm()


def line_is_free(reviews: PhoneReviews, call: HandCall) -> None:
    """The trunk has room for another call, however long the writing down takes; who took part is kept."""
    with reviews.database.write() as session:
        if call.placed.place is not None:
            line_is_down(session, call.placed.attempt_id, reviews.clock.now())
        if company := call.company():
            attempt = session.get_one(Attempt, call.placed.attempt_id)
            attempt.evidence = attempt.evidence | company


def call_back(reviews: PhoneReviews, call: HandCall) -> None:
    """The client was told that we call back: somebody has to."""
    with reviews.database.write() as session:
        promise_callback(session, call.placed.attempt_id, reviews.clock.now())


def left_with(reviews: PhoneReviews, call: HandCall, extension: str) -> None:
    """Who has the client in hand has left them with an extension; the audit log knows."""
    with reviews.database.write() as session:
        audit.note(session, call.holder, audit.Act.CLIENT_LEFT, call.placed.call_id, f"转给分机{extension}")
