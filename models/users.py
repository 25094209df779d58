"""The list of users, as it is searched and shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from models.access_tables import Credential, StaffPost
from models.calls import Page
from models.tables import Staff
from rules.posts import Post


@dataclass(frozen=True, slots=True)
class UserFilter:
    """What the list is narrowed to; `state`: open, disabled or "" for all."""

    text: str = ""  # a staff number or a part of a name
    post: Post | None = None
    state: str = ""


def users_page(session: Session, wanted: UserFilter, *, page: int, size: int) -> Page[Credential]:
    """Users by staff number."""
    query = select(Credential).join(Staff, Credential.staff_id == Staff.id).where(*_narrowed(wanted))
    total = session.scalar(query.with_only_columns(func.count(Credential.staff_id))) or 0
    shown = query.order_by(Staff.number).limit(size).offset((page - 1) * size)
    return Page(session.scalars(shown.options(joinedload(Credential.staff))).all(), total, page, size)


def posts_of_all(session: Session, staff_ids: Sequence[int]) -> Mapping[int, frozenset[Post]]:
    """The posts of several people."""
    held: dict[int, set[Post]] = defaultdict(set)
    for row in session.scalars(select(StaffPost).where(StaffPost.staff_id.in_(staff_ids))):
        if row.post in set(Post):
            held[row.staff_id].add(Post(row.post))
    return {staff_id: frozenset(some) for staff_id, some in held.items()}


def is_last_operator(session: Session, staff_id: int) -> bool:
    """Whether nobody else could keep the users: somebody always can."""
    keeps = select(Credential.staff_id).join(StaffPost, StaffPost.staff_id == Credential.staff_id)
    keeps = keeps.join(Staff, Staff.id == Credential.staff_id)
    operators = session.scalars(
        keeps.where(
            StaffPost.post == Post.OPERATOR.value, Credential.disabled_at.is_(None), Staff.leaving.is_(False)
        ).with_for_update(of=Credential)
    ).all()
    return list(operators) == [staff_id]


def _narrowed(wanted: UserFilter) -> list[ColumnElement[bool]]:
    narrowed: list[ColumnElement[bool]] = []
    if wanted.text:
        narrowed.append(or_(Staff.number == wanted.text, Staff.name.contains(wanted.text, autoescape=True)))
    if wanted.post is not None:
        held = StaffPost.staff_id == Credential.staff_id
        narrowed.append(exists().where(held, StaffPost.post == wanted.post.value))
    if wanted.state:
        is_open = Credential.disabled_at.is_(None)
        narrowed.append(is_open if wanted.state == "open" else ~is_open)
    return narrowed
