"""Carrying a script through its life: who did what with which version, in the database.

The rules are in rules.script_life; here they meet the stored versions, inside the caller's transaction. `by` is
whoever acts (工号 or name). Raises LifeRefused, ScriptInvalid and VersionChanged, each with what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.script import Script, load_sources
from bot.writing.ledger import Approval
from models import ScriptVersion
from models.scripts import (
    add_version,
    move_version,
    published_version,
    record_act,
    release_tasks,
    versions_of,
)
from rules.script_life import STATE_WORDS, LifeRefused, ScriptAct, Standing, VersionState, after

_WAITING = (VersionState.SUBMITTED, VersionState.APPROVED, VersionState.PUBLISHED)
RELEASED_BY = "出厂"  # who publishes the shipped scripts


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something with a script, why, and when."""

    by: str
    at: datetime
    why: str = ""


def submit(session: Session, name: str, sources: Mapping[str, str], actor: Actor, *, author: str = "") -> ScriptVersion:
    """Enter the sources as a new version that waits for its approval; `author`: who wrote it, if somebody else."""
    script = load_sources(name, sources)
    state = after(Standing(), ScriptAct.SUBMIT, by=actor.by, why=actor.why)
    for version in versions_of(session, name):
        if version.hash == script.hash and version.state in _WAITING:
            state_word = STATE_WORDS[VersionState(version.state)]
            raise LifeRefused(f"内容和第{version.number}版（{state_word}）相同，不用再提交")
    return _entered(session, script, sources, actor, state, author=author or actor.by)


def approve(session: Session, name: str, actor: Actor, number: int | None = None) -> ScriptVersion:
    """Approve the version that waits for it; never by its author or submitter."""
    return _act(session, _chosen(session, name, number, VersionState.SUBMITTED, "待审核"), ScriptAct.APPROVE, actor)


def reject(session: Session, name: str, actor: Actor, number: int | None = None) -> ScriptVersion:
    """Send a submitted version back, with the reason."""
    return _act(session, _chosen(session, name, number, VersionState.SUBMITTED, "待审核"), ScriptAct.REJECT, actor)


def withdraw(session: Session, name: str, actor: Actor, number: int | None = None) -> ScriptVersion:
    """Take back a version that is not in use yet."""
    chosen = _chosen(session, name, number, VersionState.SUBMITTED, "待审核")
    return _act(session, chosen, ScriptAct.WITHDRAW, actor)


def publish(session: Session, name: str, actor: Actor, number: int | None = None) -> ScriptVersion:
    """Put an approved version into use; the one in use so far is superseded, tasks that waited are released."""
    chosen = _chosen(session, name, number, VersionState.APPROVED, "审核通过待发布")
    after(_standing(chosen), ScriptAct.PUBLISH, by=actor.by)
    before = published_version(session, name)
    if before is not None:
        _act(session, before, ScriptAct.SUPERSEDE, actor)
    return _in_use(session, chosen, ScriptAct.PUBLISH, actor)


def roll_back(session: Session, name: str, actor: Actor, to: int | None = None) -> ScriptVersion:
    """Put an earlier version back into use, with the reason; without `to`, the one before the one in use."""
    before = published_version(session, name)
    if before is None:
        raise LifeRefused(f"话术“{name}”没有使用中的版本，谈不上退回；请用 publish 发布")
    chosen = _version(session, name, to) if to is not None else _used_before(session, name)
    if chosen.id == before.id:
        raise LifeRefused(f"第{chosen.number}版就是使用中的版本；请用 --to 写上别的版本")
    after(_standing(chosen), ScriptAct.RESTORE, by=actor.by, why=actor.why)
    _act(session, before, ScriptAct.ROLL_BACK, actor)
    return _in_use(session, chosen, ScriptAct.RESTORE, actor)


def take_in(
    session: Session, script: Script, sources: Mapping[str, str], approval: Approval, at: datetime
) -> ScriptVersion | None:
    """Enter a shipped script under its factory approval and put it into use; None where the firm has its own.

    The firm's choice stays: what a person of the firm has published or restored is not replaced by a release.
    """
    before = published_version(session, script.name)
    if before is not None and _put_into_use_by(before) != RELEASED_BY:
        return None
    submitter, approver = Actor(approval.submitted_by, at), Actor(approval.approved_by, at)
    state = after(Standing(), ScriptAct.SUBMIT, by=submitter.by)
    version = _entered(session, script, sources, submitter, state, author=submitter.by)
    _act(session, version, ScriptAct.APPROVE, approver)
    day = approval.date
    releaser = Actor(RELEASED_BY, at, f"随软件提供，{day.year}年{day.month}月{day.day}日审核")
    if before is not None:
        _act(session, before, ScriptAct.SUPERSEDE, releaser)
    return _in_use(session, version, ScriptAct.PUBLISH, releaser)


def difference(one: Mapping[str, str], other: Mapping[str, str], names: tuple[str, str]) -> str:
    """A unified diff of two versions' sources, file by file; "" where they are the same."""
    lines: list[str] = []
    for file in sorted({*one, *other}):
        texts = [sources.get(file, "").splitlines(keepends=True) for sources in (one, other)]
        lines += difflib.unified_diff(texts[0], texts[1], f"{names[0]}/{file}", f"{names[1]}/{file}")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def sources_of(session: Session, name: str, number: int) -> Mapping[str, str]:
    """The sources of one version."""
    return _version(session, name, number).sources


def _entered(
    session: Session, script: Script, sources: Mapping[str, str], actor: Actor, state: VersionState, *, author: str
) -> ScriptVersion:
    version = add_version(
        session,
        name=script.name,
        hashed=script.hash,
        title=script.title,
        sources=sources,
        author=author,
        submitted_by=actor.by,
        state=state,
        at=actor.at,
    )
    record_act(session, version, ScriptAct.SUBMIT, by=actor.by, why=actor.why, at=actor.at)
    return version


def _act(session: Session, version: ScriptVersion, act: ScriptAct, actor: Actor) -> ScriptVersion:
    state = after(_standing(version), act, by=actor.by, why=actor.why)
    move_version(session, version, state)
    record_act(session, version, act, by=actor.by, why=actor.why, at=actor.at)
    return version


def _in_use(session: Session, version: ScriptVersion, act: ScriptAct, actor: Actor) -> ScriptVersion:
    release_tasks(session, version.name, actor.at)
    return _act(session, version, act, actor)


def _standing(version: ScriptVersion) -> Standing:
    return Standing(VersionState(version.state), version.author, version.submitted_by)


def _put_into_use_by(version: ScriptVersion) -> str:
    into_use = (ScriptAct.PUBLISH, ScriptAct.RESTORE)
    return next((acted.by for acted in reversed(version.acts) if acted.act in into_use), "")


def _version(session: Session, name: str, number: int) -> ScriptVersion:
    versions = _all(session, name)
    for version in versions:
        if version.number == number:
            return version
    raise LifeRefused(f"话术“{name}”没有第{number}版；现有第1版到第{len(versions)}版")


def _all(session: Session, name: str) -> Sequence[ScriptVersion]:
    versions = versions_of(session, name)
    if not versions:
        raise LifeRefused(f"话术“{name}”还没有提交过任何版本；请先用 submit 提交")
    return versions


def _chosen(session: Session, name: str, number: int | None, state: VersionState, word: str) -> ScriptVersion:
    """The version of that number, else the only one in that state."""
    if number is not None:
        return _version(session, name, number)
    found = [version for version in _all(session, name) if version.state == state]
    if len(found) == 1:
        return found[0]
    if not found:
        raise LifeRefused(f"话术“{name}”没有{word}的版本；请先用 history 查看")
    numbers = "、".join(f"第{version.number}版" for version in found)
    raise LifeRefused(f"话术“{name}”有{len(found)}个{word}的版本（{numbers}）；请用 --number 写明是哪一个")


def _used_before(session: Session, name: str) -> ScriptVersion:
    """The version that was in use before the one in use."""
    ended = [
        (acted.id, version)
        for version in _all(session, name)
        if version.state in (VersionState.SUPERSEDED, VersionState.ROLLED_BACK)
        for acted in version.acts
        if acted.act == ScriptAct.SUPERSEDE
    ]
    if not ended:
        raise LifeRefused(f"话术“{name}”没有更早使用过的版本可以退回；请改正后重新提交")
    return max(ended, key=lambda pair: pair[0])[1]
