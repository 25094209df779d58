"""The tables: who is called and why, what happened, what was said, what follows from it.

Instants are UTC in the database and aware in Python. Positions (`*_ms`) count from the first sample of the
attempt's recording. Columns of type `Sealed` are encrypted at rest.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from models.base import Base
from models.posting_tables import Posting
from models.sealed import Sealed, SealedJson

if TYPE_CHECKING:
    from models.line_tables import LineQuality


class Customer(Base):
    """A client of the firm (客户)."""

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)  # 客户号
    name: Mapped[str] = mapped_column(Sealed)
    name_digest: Mapped[str] = mapped_column(String(64), index=True)
    gender: Mapped[str] = mapped_column(String(10), default="")  # 先生, 女士 or ""
    phone: Mapped[str] = mapped_column(Sealed)
    phone_digest: Mapped[str] = mapped_column(String(64), index=True)
    email: Mapped[str] = mapped_column(Sealed, default="")
    branch: Mapped[str] = mapped_column(String(80), default="")  # 营业部
    served_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    do_not_call: Mapped[bool] = mapped_column(default=False)
    do_not_call_at: Mapped[datetime | None]
    do_not_call_why: Mapped[str] = mapped_column(String(120), default="", server_default="")
    opened_on: Mapped[date | None]  # None: not known, before last year's end
    account_state: Mapped[str] = mapped_column(
        String(20), default="active", server_default="active"
    )  # active, dormant, suspended, closed
    investor: Mapped[str] = mapped_column(String(20), default="", server_default="")  # ordinary, professional or ""
    tolerance: Mapped[str] = mapped_column(String(2), default="", server_default="")  # 风险承受能力 C1 to C5, or ""
    served_by: Mapped[Staff | None] = relationship()

    __table_args__ = (
        Index(
            "ix_customer_silent",
            "do_not_call_at",
            "id",
            sqlite_where=text("do_not_call = 1"),
            postgresql_where=text("do_not_call"),
        ),
    )


class Staff(Base):
    """A person of the firm (工作人员): broker, reviewer, inspector, manager."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)  # 工号
    name: Mapped[str] = mapped_column(String(80))
    post: Mapped[str] = mapped_column(String(20))  # broker, agent, inspector, manager, operator, trainer
    # Of a "broker", which is whoever serves clients: rules.people.Serving
    serves_as: Mapped[str] = mapped_column(String(20), default="", server_default="")
    leaving: Mapped[bool] = mapped_column(default=False)


class Product(Base):
    """A product or service (产品或服务)."""

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    risk_level: Mapped[str] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(String(20), default="", server_default="")  # private_fund, fund, service …
    cooling_off_hours: Mapped[int | None]  # 投资冷静期; None: as the law has it


class Campaign(Base):
    """A batch of review tasks run together (批次/回访方案)."""

    __tablename__ = "campaign"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="running")  # running, paused, stopped
    # When its clients may be called (rules.CallingHours as JSON); None: in the firm's own hours.
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    lines: Mapped[int | None]  # calls at once, of all workers; None: as many as the lines carry
    calls_per_hour: Mapped[int | None]  # new ones; None: as the workers go


class ReviewTask(Base):
    """One client to be reviewed for one reason (回访任务)."""

    __tablename__ = "review_task"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)  # the firm's own id: re-import is idempotent
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    review_type: Mapped[str] = mapped_column(String(20))
    script: Mapped[str] = mapped_column(String(40))
    slots: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]
    valid_from: Mapped[datetime | None]  # the end of a cooling-off period: a review begun before it is void
    status: Mapped[str] = mapped_column(String(40), default="待回访")  # 登记状态, table F.1
    final: Mapped[bool] = mapped_column(default=False)
    closes_as: Mapped[str] = mapped_column(String(40), default="", server_default="")  # final once the client is told
    with_human: Mapped[bool] = mapped_column(default=False)  # a person goes on; the bot calls no more
    due_at: Mapped[datetime | None]  # None: nothing more to dial
    next_phone: Mapped[str | None] = mapped_column(Sealed)  # a number learnt in a call, dialled instead
    next_phone_digest: Mapped[str] = mapped_column(String(64), default="", server_default="", index=True)
    resume_at: Mapped[str] = mapped_column(String(80), default="")  # question at which to go on
    attempts_made: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(String(300), default="")  # why it cannot be dialled; cleared by a new due time
    dial_by: Mapped[datetime | None]  # in the queue, taken in this order; None: not yet due (models/claims.py)
    held_by: Mapped[str] = mapped_column(String(80), default="", server_default="")  # the worker that prepares its call
    held_until: Mapped[datetime | None]
    customer: Mapped[Customer] = relationship()
    product: Mapped[Product | None] = relationship()
    campaign: Mapped[Campaign] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(
        secondary="attempt_task", order_by="Attempt.started_at, Attempt.id", viewonly=True
    )
    notices: Mapped[list[Notice]] = relationship(order_by="Notice.id", back_populates="task")

    __table_args__ = (
        Index(
            "ix_review_task_due",
            "due_at",
            "deadline_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_review_task_campaign", "campaign_id", "id"),
        Index("ix_review_task_status", "campaign_id", "status", "id"),
        Index(
            "ix_review_task_people",  # with all that the list of people is narrowed by: it is counted from here alone
            "deadline_at",
            "id",
            "campaign_id",
            "closes_as",
            "valid_from",
            "review_type",
            sqlite_where=text("with_human = 1 AND final = 0"),
            postgresql_where=text("with_human AND NOT final"),
        ),
        Index(
            "ix_review_task_parked",
            "campaign_id",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL AND dial_by IS NULL"),
            postgresql_where=text("due_at IS NOT NULL AND dial_by IS NULL"),
        ),
        Index(
            "ix_review_task_queue",
            "dial_by",
            "due_at",
            "id",
            sqlite_where=text("dial_by IS NOT NULL"),
            postgresql_where=text("dial_by IS NOT NULL"),
        ),
    )


class Attempt(Base):
    """One dialling (一次拨打), or a client who called back; the row is committed before the line is taken.

    A call may serve several tasks of its client (一事一扰); `task` is the one that leads, `served` are all of them.
    """

    __tablename__ = "attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(60), unique=True)  # task-attempt: names the recording too
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    no: Mapped[int]  # 1, 2, 3 …
    direction: Mapped[str] = mapped_column(String(10), default="outgoing", server_default="outgoing")  # or incoming
    method: Mapped[str] = mapped_column(String(20), default="voice_bot", server_default="voice_bot")  # rules Method
    dialled: Mapped[str] = mapped_column(Sealed)  # of an incoming one: the number that called
    worker: Mapped[str] = mapped_column(String(80))  # who carries it: an executor id, new at each start
    line: Mapped[str] = mapped_column(String(40), default="", server_default="")  # the trunk whose caps it counts to
    line_worker: Mapped[str] = mapped_column(String(80), default="", server_default="")  # of a person's call
    started_at: Mapped[datetime]
    line_down_at: Mapped[datetime | None]  # the line is free, while a person still writes down what came of the call
    ended_at: Mapped[datetime | None]  # None: on the line now, or to be written down
    outcome: Mapped[str | None] = mapped_column(String(30))
    sub_reason: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[str] = mapped_column(String(40), default="")  # 登记状态 after this attempt
    callback_at: Mapped[datetime | None]
    script: Mapped[str] = mapped_column(String(40))  # of the leading task
    script_hash: Mapped[str] = mapped_column(String(64))  # of what was spoken: merged, if it served several tasks
    facts: Mapped[str] = mapped_column(SealedJson)  # of what the dialogue was given: a replay starts from it
    ring_ms: Mapped[int] = mapped_column(default=0)
    talk_ms: Mapped[int] = mapped_column(default=0)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # announcement, tone, sip, q850, ending …
    taken_in: Mapped[bool] = mapped_column(default=False, server_default=false())  # models.inspecting.take_in
    counted: Mapped[bool] = mapped_column(default=False, server_default=false())  # models.counting
    task: Mapped[ReviewTask] = relationship()
    served: Mapped[list[AttemptTask]] = relationship(order_by="AttemptTask.place", back_populates="attempt")
    answers: Mapped[list[Answer]] = relationship(order_by="Answer.start_ms, Answer.id")
    flags: Mapped[list[RiskFlag]] = relationship(order_by="RiskFlag.start_ms, RiskFlag.id")
    deliveries: Mapped[list[Delivery]] = relationship(order_by="Delivery.at_ms")
    events: Mapped[list[CallEvent]] = relationship(order_by="CallEvent.seq")
    recording: Mapped[Recording | None] = relationship(uselist=False)
    quality: Mapped[LineQuality | None] = relationship(uselist=False)

    def answers_for(self, task_id: int) -> list[Answer]:
        """The answers that count for one of the tasks that it served."""
        return [answer for answer in self.answers if answer.task_id == task_id]

    def flags_for(self, task_id: int) -> list[RiskFlag]:
        """The flags that count for one of the tasks that it served."""
        return [flag for flag in self.flags if flag.task_id == task_id]

    @property
    def said(self) -> list[Answer]:
        """The answers, each once however many tasks it counts for."""
        return list({(answer.node, answer.start_ms): answer for answer in reversed(self.answers)}.values())[::-1]

    @property
    def raised(self) -> list[RiskFlag]:
        """The flags, each once however many tasks it counts for."""
        return list({(flag.risk, flag.start_ms): flag for flag in reversed(self.flags)}.values())[::-1]

    @property
    def told(self) -> list[Delivery]:
        """The must-hear texts, each once however many tasks it counts for."""
        return list({one.at_ms: one for one in reversed(self.deliveries)}.values())[::-1]

    def served_beside(self, task_id: int) -> list[AttemptTask]:
        """The other tasks that it served."""
        return [one for one in self.served if one.task_id != task_id]

    __table_args__ = (
        UniqueConstraint("task_id", "no"),
        Index(
            "ix_attempt_on_line",
            "line",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_attempt_figures", "started_at", "id", "outcome", "talk_ms", "direction"),
        Index("ix_attempt_customer", "customer_id", "started_at"),
        # What ended and was not looked at since: a few among millions.
        Index(
            "ix_attempt_not_taken_in", "id", sqlite_where=text("taken_in = 0"), postgresql_where=text("NOT taken_in")
        ),
        Index("ix_attempt_not_counted", "id", sqlite_where=text("counted = 0"), postgresql_where=text("NOT counted")),
        # One live call per client, whatever the number of workers.
        Index(
            "ix_attempt_live",
            "customer_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class AttemptTask(Base):
    """That an attempt served a task: what was asked for it, and what became of it."""

    __tablename__ = "attempt_task"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), primary_key=True)
    place: Mapped[int] = mapped_column(default=0)  # its order in the call: 0 leads
    no: Mapped[int]  # which attempt on this task
    script: Mapped[str] = mapped_column(String(40))
    script_hash: Mapped[str] = mapped_column(String(64))  # of the task's own script
    # Only where the call served several tasks: a replay merges their scripts again.
    slots: Mapped[str] = mapped_column(Sealed, default="{}")  # JSON: what the task's own script was given
    questions: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # node of the call: the task's own node
    status: Mapped[str] = mapped_column(String(40), default="")  # 登记状态 of the task after this attempt
    decision: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # reason, suspend_business, questionnaire
    # What the task was, for an incoming call that counts for nothing.
    status_before: Mapped[str] = mapped_column(String(40), default="", server_default="")
    due_before: Mapped[datetime | None]
    attempt: Mapped[Attempt] = relationship(back_populates="served")
    task: Mapped[ReviewTask] = relationship()

    __table_args__ = (UniqueConstraint("task_id", "no"),)


class CallEvent(Base):
    """One event or action of a call, written as it happens: the log that `replay` folds over."""

    __tablename__ = "call_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    seq: Mapped[int]
    at_ms: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))  # name of the move, e.g. Heard, Say, EarlyMedia
    body: Mapped[str] = mapped_column(SealedJson)  # of the move's fields
    __table_args__ = (UniqueConstraint("attempt_id", "seq"),)


class Answer(Base):
    """One stored answer to one asked thing."""

    __tablename__ = "answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    question: Mapped[str] = mapped_column(String(80))
    # Where it was said: in a call for several tasks perhaps the question of another one.
    node: Mapped[str] = mapped_column(String(80), server_default="")
    value: Mapped[str] = mapped_column(Sealed)
    words: Mapped[str] = mapped_column(Sealed)
    intent: Mapped[str | None] = mapped_column(String(20))
    confidence: Mapped[float]
    evidence: Mapped[str] = mapped_column(Sealed)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    script_hash: Mapped[str] = mapped_column(String(64))  # of the task's own script


class RiskFlag(Base):
    """A risky answer (domain.md §3)."""

    __tablename__ = "risk_flag"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    risk: Mapped[str] = mapped_column(String(30))
    severity: Mapped[str] = mapped_column(String(10))
    node: Mapped[str] = mapped_column(String(80))
    words: Mapped[str] = mapped_column(Sealed)
    start_ms: Mapped[int]
    end_ms: Mapped[int]


class Delivery(Base):
    """How much of a must-hear text (必读提示) the client was really played."""

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    node: Mapped[str] = mapped_column(String(80))
    played_ms: Mapped[int]
    complete: Mapped[bool]
    at_ms: Mapped[int]


class Escalation(Base):
    """Something that a human must take over (转人工): one per attempt that raised flags or asked for a person."""

    __tablename__ = "escalation"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), unique=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    severity: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(index=True)
    deadline_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20), default="open")  # open, taken, done
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(Sealed, default="")
    attempt: Mapped[Attempt] = relationship()

    __table_args__ = (
        Index(
            "ix_escalation_open",
            "state",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class Recording(Base):
    """The recording of one attempt: two channels, 8 kHz, 16 bit, encrypted; kept at least 20 years (§8.2.4)."""

    __tablename__ = "recording"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), unique=True)
    path: Mapped[str] = mapped_column(String(200))  # relative to the recordings folder
    duration_ms: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


class Notice(Posting, Base):
    """A notice to the client, in the outbox until a channel has sent it (table F.1, notices)."""

    __tablename__ = "notice"
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(
        ForeignKey("attempt.id"), index=True
    )  # all its closed tasks share it
    kind: Mapped[str] = mapped_column(String(30))  # review_sms, update_contact
    channel: Mapped[str] = mapped_column(String(20))  # sms, email, im; manual: a person tells the client
    text: Mapped[str] = mapped_column(Sealed)
    created_at: Mapped[datetime]
    task: Mapped[ReviewTask] = relationship(back_populates="notices")

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("task_id", "kind"), *super().__table_args__)
