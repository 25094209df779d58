"""What an agent's page and the server say to each other, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter

from bot.form import MOST_WORDS, Given, Kind, Page
from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.calls.call_form import CallForm
from campaign.handover.duty import (
    Asked,
    AskedNoMore,
    Asking,
    BriefingChanged,
    FormChanged,
    News,
    Presence,
    PresenceChanged,
    QueueChanged,
    Replaced,
    RingEnded,
    Rings,
    Supervised,
    Supervising,
    TalkBegan,
    TalkEnded,
    VoiceLost,
    WrapUpEnded,
)
from campaign.handover.supervising import Mode
from campaign.handover.wrapping import WrapUp
from console.call_end_fields import instant, number
from rules import Outcome

_ID = Field(max_length=80)


class SignOn(BaseModel):
    """The first message of a page: its own name, the browser's offer, and what the agent was before a lost connection.

    `instead`: of a page elsewhere, which is over then. Who the agent is says the session.
    """

    kind: Literal["sign_on"]
    sdp: str
    token: str = Field(default="", max_length=64)
    presence: Presence | None = None
    instead: bool = False


class Resume(BaseModel):
    """The first message of a page whose audio still is connected."""

    kind: Literal["resume"]
    token: str = Field(max_length=64)


class Choose(BaseModel):
    """空闲, 忙碌 or 小休."""

    kind: Literal["presence"]
    presence: Presence


class Reply(BaseModel):
    """To a call that rings."""

    kind: Literal["accept", "decline"]
    ring: str = _ID


class Plain(BaseModel):
    """End the talk; ask who is there; come back from a consultation, or leave the client there; leave for good."""

    kind: Literal["hang_up", "colleagues", "consult_back", "consult_leave", "sign_off"]


class Switch(BaseModel):
    """Mute the microphone towards the client, or hold the call."""

    kind: Literal["mute", "hold"]
    on: bool


class Answer(BaseModel):
    """One answer of the client, ticked by the agent."""

    kind: Literal["answer"]
    node: str = _ID
    value: str = Field(default="", max_length=4 * MOST_WORDS)
    words: str = Field(default="", max_length=4 * MOST_WORDS)


class Write(BaseModel):
    """How the talk ended, as a browser's form sends it; without an outcome, the answers say it."""

    kind: Literal["wrap_up"]
    outcome: str = ""
    callback_at: str = Field(default="", max_length=40)
    new_number: str = Field(default="", max_length=40)
    note: str = Field(default="", max_length=4 * MOST_WORDS)

    def wrapped(self) -> WrapUp:
        """The wrap-up; raises EndRefused for what cannot be read."""
        note = self.note.strip()
        if len(note) > MOST_WORDS:
            raise EndRefused(f"备注过长：请写{MOST_WORDS}字以内")
        if not self.outcome:
            return WrapUp(None, note)
        if self.outcome not in set(Outcome):
            raise EndRefused("请选择通话结果")
        outcome = Outcome(self.outcome)
        at = instant(self.callback_at) if outcome is Outcome.CALLBACK_AGREED else None
        new_number = number(self.new_number) if outcome is Outcome.NOT_CLIENT else ""
        return WrapUp(CallEnd(outcome, at, new_number, note), note)


class PassOn(BaseModel):
    """Give the client to a colleague on duty."""

    kind: Literal["pass_on"]
    number: str = Field(max_length=40)


class Consult(BaseModel):
    """Ask a colleague on duty, or an extension, about the client, who waits."""

    kind: Literal["consult"]
    number: str = _ID


class Dial(BaseModel):
    """Call the client of a task that is for people; `consent`: to a call outside the calling hours."""

    kind: Literal["dial"]
    task: int
    consent: bool = False


class Supervise(BaseModel):
    """Listen to a call, whisper, barge in, take it over, or leave it."""

    kind: Literal["supervise"]
    call_id: str = _ID
    mode: Mode | Literal["stop"]


First: TypeAlias = Annotated[SignOn | Resume, Field(discriminator="kind")]
FIRST: TypeAdapter[SignOn | Resume] = TypeAdapter(First)
AnyAct: TypeAlias = Choose | Reply | Plain | Switch | Answer | Write | PassOn | Consult | Dial | Supervise
ACT: TypeAdapter[AnyAct] = TypeAdapter(Annotated[AnyAct, Field(discriminator="kind")])


def told(news: News) -> dict[str, Any]:
    """The message for a page."""
    match news:
        case Rings():
            return {"kind": "rings", "seconds": news.seconds} | _context(news)
        case BriefingChanged():
            return {"kind": "briefing", "ring": news.ring, "briefing": asdict(news.briefing)}
        case RingEnded():
            return {"kind": "ring_ended", "ring": news.ring, "why": news.why.value}
        case TalkBegan():
            return _began(news)
        case FormChanged():
            return {"kind": "form", "form": form_json(news.form)}
        case TalkEnded():
            return {"kind": "talk_ended"} | asdict(news)
        case VoiceLost():
            return {"kind": "lost"}
        case WrapUpEnded():
            return {"kind": "wrap_up_ended", "ring": news.ring}
        case _:
            return _told_of_duty(news)


def _told_of_duty(
    news: Asking | Asked | AskedNoMore | PresenceChanged | QueueChanged | Replaced | Supervising | Supervised,
) -> dict[str, Any]:
    match news:
        case Asking():
            return {"kind": "asking"} | asdict(news)
        case Asked():
            return {"kind": "asked"} | _context(news)
        case AskedNoMore():
            return {"kind": "asked_no_more"} | asdict(news)
        case PresenceChanged():
            return {"kind": "presence", "presence": news.presence.value}
        case QueueChanged():
            return {"kind": "queue", "waiting": news.waiting}
        case Replaced():
            return {"kind": "replaced"}
        case Supervising():
            return {"kind": "supervising"} | asdict(news)
        case Supervised():
            return {"kind": "supervised", "mode": news.mode}


def _context(news: Rings | Asked) -> dict[str, Any]:
    """What an agent has to know of a call, and of whom asks about it."""
    return {
        "ring": news.ring,
        "asked_by": news.asked_by,
        "briefing": asdict(news.briefing),
        "form": form_json(news.form) if news.form else None,
    }


def _began(news: TalkBegan) -> dict[str, Any]:
    return {
        "kind": "talk_began",
        "ring": news.ring,
        "call_id": news.call_id,
        "client": news.client,
        "phone": news.phone,
        "form": form_json(news.form) if news.form else None,
        "briefing": asdict(news.briefing) if news.briefing else None,
        "muted": news.muted,
        "held": news.held,
        "by_hand": news.by_hand,
        "answered": news.answered,
    }


def form_json(form: CallForm) -> dict[str, Any]:
    """The form for a page: every question with its options, the first nine of which have a key."""
    return {
        "answered": [_page(page) | _given(page, given) for page, given in form.answered],
        "now": _page(form.now) if form.now else None,
        "ahead": [_page(page) for page in form.ahead],
    }


def _page(page: Page) -> dict[str, Any]:
    labels = [(one.value, "已宣读" if page.kind is Kind.READ else one.label) for one in page.options]
    return {
        "node": page.node,
        "kind": page.kind.value,
        "text": page.text,
        "before": page.before,
        "explain": page.explain,
        "options": [{"value": value, "label": label} for value, label in labels],
    }


def _given(page: Page, given: Given) -> dict[str, Any]:
    label = next((option.label for option in page.options if option.value == given.value), given.words or "没有")
    return {"value": given.value, "label": "已宣读" if page.kind is Kind.READ else label, "words": given.words}
