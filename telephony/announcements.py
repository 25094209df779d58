"""What spoken announcements decide: from the texts of a recogniser to one verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from intents import Announced, AnnouncementMatch, classify_announcement, normalise
from intents.pinyin import sound_key

ENDINGS = frozenset(Announced) - {Announced.RINGBACK_MUSIC, Announced.HUMAN}
"""Announcements after which waiting brings nothing more."""

_SHORTEST = 3  # characters that can mean anything
_TOGETHER = 3  # utterances that may be one announcement: 您好 … 您拨打的用户 … 已关机
# The words in which an announcement comes to its point. What stands before them (您好，您拨打的用户…) begins nearly
# every announcement and decides nothing; 无法接听 is left out because 请留言 may follow.
_POINTS = (
    "关机 没有开机 未开机 停机 停止服务 暂停服务 停用 余额不足 空号 不存在 未启用 改号 已更改 销户 位数不 "
    "没有这个 有误 不正确 错误 过期 注销 通话中 正忙 线路忙 繁忙 占线 使用中 无人接听 没有人接听 无人应答 "
    "没有应答 未接听 不方便接听 无法接通 不能接通 未能接通 不在服务区 无法连接 连接失败 转移失败 转接失败 "
    "故障 呼入 限制 拦截 骚扰 来电过滤 拒接 拒绝 禁止 权限 留言 信箱 助理 助手 秘书 请按 分机"
).split()
_ENGLISH_POINT = re.compile(
    "power(ed)?off|busy|not(be)?(answer|reach|connect)|notexist|outofservice|suspended|barred|voicemail|leaveamessage"
)


@lru_cache(maxsize=1)
def _point_sounds() -> tuple[str, ...]:
    return tuple(f" {sound_key(point)} " for point in _POINTS)


@dataclass(frozen=True, slots=True)
class Quote:
    """An utterance as it was understood, with its place in the recording; `sure` as far as the recogniser is."""

    text: str
    start_ms: int
    end_ms: int
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The words that decide, what they mean (outcome None: nothing), and whether that is beyond doubt.

    `sure` needs good hearing and a text that has come to its point.
    """

    text: str
    match: AnnouncementMatch
    sure: bool


def has_point(text: str) -> bool:
    """Whether an announcement, spoken so far, has come to its point; by sound, for recognisers confuse homophones."""
    plain = normalise(text)
    sound = f" {sound_key(plain)} "
    return any(point in sound for point in _point_sounds()) or _ENGLISH_POINT.search(plain) is not None


def verdict_of(quotes: Sequence[Quote]) -> Verdict:
    """The meaning of everything understood: the latest words that end a call, else all words together."""
    best: Verdict | None = None
    for last in range(len(quotes), 0, -1):
        for first in range(last - 1, max(-1, last - 1 - _TOGETHER), -1):
            verdict = _verdict(quotes[first:last])
            if verdict.match.outcome in ENDINGS and (best is None or verdict.sure > best.sure):
                best = verdict
    return best or _verdict(quotes[-_TOGETHER:])


def _verdict(quotes: Sequence[Quote]) -> Verdict:
    text = "".join(quote.text for quote in quotes)
    match = classify_announcement(text) if len(text) >= _SHORTEST else AnnouncementMatch(None)
    return Verdict(text, match, has_point(text) and all(quote.sure for quote in quotes))
