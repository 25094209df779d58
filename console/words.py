"""How values are written on a page: Chinese dates, lengths, masks and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context

from campaign.handover.consulting import extension_of
from campaign.handover.duty import Failure
from campaign.imports.forms import EVENT_WORDS, EventKind
from campaign.masking import mask_name, mask_numbers, mask_phone
from campaign.other_ways.by_hand_lost import Return
from rules import Method, Outcome, ReviewType, Risk, Severity, label_of
from rules.evidence import SOURCE_NAMES, Source
from rules.plan import STATE_WORDS, PlanState
from rules.witnesses import MACHINE_NAMES, TONE_NAMES, AnsweringMachine, Tone
from telephony.bridge import Parting

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"
SEVERITIES = {Severity.HIGH: "高", Severity.MEDIUM: "中", Severity.CARE: "关怀"}
ESCALATION_STATES = {"open": "待处理", "taken": "处理中", "done": "已处理"}
CAMPAIGN_STATES = {"running": "执行中", "paused": "已暂停", "stopped": "已停止"}
CHANNELS = {"sms": "短信", "email": "邮件", "manual": "人工告知"}
FAILURES = {
    Failure.NONE_FREE: "没有空闲的坐席",
    Failure.DECLINED: "坐席未接受",
    Failure.TIMED_OUT: "坐席未及时接听",
    Failure.QUEUE_FULL: "等待坐席的客户太多",
    Failure.TRUNK_REFUSED: "线路不能转接",
    Failure.CLIENT_HUNG_UP: "客户已挂断",
}
RETURNS = {
    Return.BACK: "接回",
    Return.TAKEN_OVER: "由督导接管",
    Return.CLIENT_HUNG_UP: "客户挂断",
    Return.NOBODY: "没有接回，已告知客户回电",
}
PARTINGS = {
    Parting.CLIENT_HUNG_UP: "客户挂断",
    Parting.AGENT_HUNG_UP: "坐席挂断",
    Parting.CLIENT_LINE_LOST: "客户线路中断",
    Parting.AGENT_LINE_LOST: "坐席线路中断",
}
VALUES = {"yes": "是", "no": "否", "unsure": "不确定", "words": "有内容", "none": "没有"}
INTENTS = {
    "yes": "肯定",
    "no": "否定",
    "unsure": "不确定",
    "repeat": "没听清",
    "question": "反问",
    "busy": "不方便",
    "refuse": "拒绝",
    "human": "要求人工",
    "doubt": "质疑",
    "not_client": "非本人",
    "wrong_number": "错号",
    "complaint": "投诉",
    "hold": "稍等",
    "unclear": "未能理解",
}


def sheet_time(at: datetime | None) -> str:
    """2026-11-21 14:05:09 in Shanghai, which spreadsheets sort; nothing for nothing."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at is not None else ""


def zh_time(at: datetime | None) -> str:
    """2026年11月21日（周六）14:05 in Shanghai; a dash for nothing."""
    if at is None:
        return "—"
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}"


def zh_clock(at: datetime) -> str:
    """14:05:09 in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%H:%M:%S}"


def zh_short_time(at: datetime | None, now: datetime | None = None) -> str:
    """11月21日 14:05, and 2025年11月21日 14:05 where it is not this year; without `now`: never the year."""
    if at is None:
        return "—"
    local = at.astimezone(SHANGHAI)
    year = f"{local.year}年" if now is not None and local.year != now.astimezone(SHANGHAI).year else ""
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


@pass_context
def _short_time(page: Context, at: datetime | None) -> str:
    return zh_short_time(at, page.get("now"))


def clock_ms(ms: int) -> str:
    """Position in a recording: 1:05.3."""
    seconds, rest = divmod(max(0, ms), 1000)
    return f"{seconds // 60}:{seconds % 60:02d}.{rest // 100}"


def zh_length(ms: int) -> str:
    """1分05秒, 42秒."""
    seconds = round(ms / 1000)
    return f"{seconds // 60}分{seconds % 60:02d}秒" if seconds >= 60 else f"{seconds}秒"


def masked_words(name: str) -> Callable[[str], str]:
    """What was said with the client's name and every number masked."""
    short = mask_name(name)
    return lambda text: mask_numbers(text.replace(name, short))


def outcome_word(outcome: str | None) -> str:
    """The Chinese word of an outcome; a call without one is on the line."""
    return label_of(Outcome(outcome)) if outcome else "通话中"


def review_word(review_type: str) -> str:
    """The Chinese word of a review type."""
    return label_of(ReviewType(review_type))


def risk_word(risk: str) -> str:
    """The Chinese word of a risk."""
    return label_of(Risk(risk))


def severity_word(severity: str) -> str:
    """高 or 中."""
    return SEVERITIES[Severity(severity)]


def intent_word(intent: str | None) -> str:
    """What an utterance was understood as."""
    return INTENTS.get(intent or "", "—")


def value_word(value: str) -> str:
    """A stored answer."""
    return VALUES.get(value, value)


def escalation_word(state: str) -> str:
    """The state of an escalation."""
    return ESCALATION_STATES.get(state, state)


def failure_word(failure: str) -> str:
    """Why no agent took a call."""
    return FAILURES[Failure(failure)] if failure else ""


def losses_word(losses: Sequence[Mapping[str, Any]]) -> str:
    """When in the recording agents' voices were lost in a call by hand, and what came of it."""
    return "；".join(
        f"{extension_word(one['agent'])}于{clock_ms(one['lost_ms'])}断线，{clock_ms(one['until_ms'])}{RETURNS[Return(one['end'])]}"
        for one in losses
    )


def extension_word(who: str) -> str:
    """Who talked with a client: a staff number, or an extension for its sip: address."""
    return f"分机{extension_of(who)}" if who.startswith("sip:") else who


def parting_word(parting: str) -> str:
    """How a talk with a person ended."""
    return PARTINGS[Parting(parting)] if parting else ""


def method_word(method: str) -> str:
    """By what a client was reviewed."""
    return label_of(Method(method))


def campaign_word(state: str) -> str:
    """How a campaign stands; other words as they are."""
    return CAMPAIGN_STATES.get(state, state)


def channel_word(channel: str) -> str:
    """How a notice is sent."""
    return CHANNELS.get(channel, channel)


def plan_word(state: str) -> str:
    """Where a review plan stands."""
    return STATE_WORDS[PlanState(state)]


def event_word(kind: str) -> str:
    """The Chinese word of a business event."""
    return EVENT_WORDS[EventKind(kind)]


def source_word(source: str) -> str:
    """Which witness decided the outcome of a call; a person who did is named as stored."""
    return SOURCE_NAMES[Source(source)] if source in tuple(Source) else source


def tone_word(tone: str) -> str:
    """A tone of the network."""
    return TONE_NAMES[Tone(tone)] if tone else ""


def machine_word(machine: str) -> str:
    """What answered in a person's place."""
    return MACHINE_NAMES[AnsweringMachine(machine)] if machine else ""


FILTERS = {
    "source_word": source_word,
    "tone_word": tone_word,
    "machine_word": machine_word,
    "plan_word": plan_word,
    "event_word": event_word,
    "failure_word": failure_word,
    "parting_word": parting_word,
    "losses_word": losses_word,
    "extension_word": extension_word,
    "campaign_word": campaign_word,
    "channel_word": channel_word,
    "method_word": method_word,
    "zh_time": zh_time,
    "zh_clock": zh_clock,
    "zh_short_time": _short_time,
    "clock_ms": clock_ms,
    "zh_length": zh_length,
    "mask_name": mask_name,
    "mask_phone": mask_phone,
    "mask_numbers": mask_numbers,
    "outcome_word": outcome_word,
    "review_word": review_word,
    "risk_word": risk_word,
    "severity_word": severity_word,
    "intent_word": intent_word,
    "value_word": value_word,
    "escalation_word": escalation_word,
}
