"""Scripts (话术): every version and its life, from an uploaded change over a second person's approval into use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from bot.errors import ScriptError
from bot.script import load_sources, script_names, script_sources
from bot.writing.drafting import file_of, part_file, part_names
from campaign import script_life
from campaign.script_life import Actor
from console.access import posts, signed_in
from console.desk import desk_of
from console.remembered import remembered_of
from console.render import page
from console.spreadsheet import spreadsheet
from console.words import zh_time
from models import ScriptVersion
from models.errors import VersionChanged
from models.managing import names_of
from models.managing_scripts import every_version
from models.scripts import published_version, versions_of
from rules import Post
from rules.script_life import (
    ACT_WORDS,
    NEEDS_REASON,
    STATE_WORDS,
    TRANSITIONS,
    LifeRefused,
    ScriptAct,
    VersionState,
)

MOST_BYTES = 512 * 1024  # of one uploaded file
MOST_FILES = 12
_AGAIN = re.compile(r" ?\(\d+\)(?=\.yaml$)")  # what a browser adds to a file that was downloaded before
COUNTING = (VersionState.SUBMITTED, VersionState.APPROVED, VersionState.PUBLISHED)

router = APIRouter(prefix="/scripts")
SEES = posts(Post.MANAGER, Post.INSPECTOR, Post.TRAINER)
WRITES = posts(Post.MANAGER, Post.TRAINER)
DECIDES = posts(Post.MANAGER)
Reason = Annotated[str, Form(max_length=2000)]
# What a manager does with a version; a roll-back restores the version at which the button is.
ACTS = {
    ScriptAct.APPROVE: script_life.approve,
    ScriptAct.REJECT: script_life.reject,
    ScriptAct.WITHDRAW: script_life.withdraw,
    ScriptAct.PUBLISH: script_life.publish,
    ScriptAct.RESTORE: script_life.roll_back,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A script on the list; `draft`: what the files on the server say beside the version in use, "" for the same."""

    name: str
    title: str
    published: ScriptVersion | None
    waiting: tuple[ScriptVersion, ...]
    versions: int
    draft: str = ""


@router.get("", dependencies=[SEES])
def show_list(request: Request, q: str = "", state: str = "") -> Response:
    """Every script with the version in use and those that wait for somebody."""
    with desk_of(request).database.read() as session:
        found = _found(request, session, q, state)
        return page(request, "scripts.html", scripts=found, q=q, state=state, words=STATE_WORDS)


@router.get(".csv", dependencies=[SEES])
def export(request: Request, q: str = "", state: str = "") -> Response:
    """Every version of every script with who did what."""
    heads = ("话术", "名称", "版本", "校验值", "状态", "时间", "做了什么", "谁", "说明")
    with desk_of(request).database.read() as session:
        names = {one.name for one in _found(request, session, q, state)}
        rows = [
            [
                version.name,
                version.title,
                str(version.number),
                version.hash,
                STATE_WORDS[VersionState(version.state)],
                zh_time(acted.at),
                ACT_WORDS[ScriptAct(acted.act)],
                acted.by,
                acted.why,
            ]
            for version in every_version(session)
            if version.name in names
            for acted in version.acts
        ]
    return spreadsheet(request, "话术版本", heads, rows)


def _found(request: Request, session: Session, q: str, state: str) -> list[Listed]:
    by_name: dict[str, list[ScriptVersion]] = {name: [] for name in script_names()}
    for version in every_version(session):
        by_name.setdefault(version.name, []).append(version)
    listed = [_listed(request, name, versions) for name, versions in sorted(by_name.items())]
    if state == "waiting":
        listed = [one for one in listed if one.waiting or one.draft]
    return [one for one in listed if q.strip().casefold() in f"{one.name} {one.title}".casefold()]


def _listed(request: Request, name: str, versions: list[ScriptVersion]) -> Listed:
    published = next((one for one in versions if one.state == VersionState.PUBLISHED), None)
    waiting = tuple(one for one in versions if one.state in (VersionState.SUBMITTED, VersionState.APPROVED))
    title, draft = _draft(request, name, {one.hash for one in (*waiting, *([published] if published else []))})
    newest = published or (versions[-1] if versions else None)
    return Listed(name, newest.title if newest else title, published, waiting, len(versions), draft)


def _draft(request: Request, name: str, known: set[str]) -> tuple[str, str]:
    """The title of the files on the server, and how they stand beside the versions that count."""

    def ask() -> tuple[str, str]:
        if name not in script_names():
            return "", ""
        try:
            script = load_sources(name, script_sources(name))
        except ScriptError:
            return name, "有错误"
        return script.title, script.hash

    title, hashed = remembered_of(request).get(("draft", name), ask)
    return title, "" if not hashed or hashed in known else hashed if hashed == "有错误" else "有未提交的改动"


@router.get("/{name}", dependencies=[SEES])
def show(request: Request, name: str) -> Response:
    """The versions of a script, what was done with them, and what may be done."""
    return _shown(request, name)


@router.post("/{name}/submit", dependencies=[WRITES])
async def submit(request: Request, name: str, why: Reason = "") -> Response:
    """Submit the files on the server, or with uploaded ones (`files`) in the place of their namesakes."""
    desk, me = desk_of(request), signed_in(request)
    form = await request.form()
    # A browser sends an empty field where no file was chosen.
    files = [file for file in form.getlist("files") if isinstance(file, UploadFile) and file.filename]
    try:
        uploaded = await _uploaded(files)
        if not why.strip():
            raise LifeRefused("提交要写明改了什么")
        with desk.database.write() as session:
            before = published_version(session, name)
            sources = (before.sources if before else {}) | _sources_on_disk(name)
            actor = Actor(me.number, desk.clock.now(), why.strip()[:500])
            script_life.submit(session, name, sources | _placed(name, sources, uploaded), actor)
    except (ScriptError, LifeRefused, VersionChanged) as refused:
        return _shown(request, name, fault=str(refused), why=why)
    return _back(request, name)


@router.post("/{name}/versions/{number}/{doing}", dependencies=[DECIDES])
def act(request: Request, name: str, number: int, doing: ScriptAct, why: Reason = "") -> Response:
    """Approve, reject, withdraw, publish a version, or put an earlier one back into use."""
    desk = desk_of(request)
    if doing not in ACTS:
        raise HTTPException(404)
    actor = Actor(signed_in(request).number, desk.clock.now(), why.strip()[:500])
    if doing in NEEDS_REASON and not actor.why:
        return _shown(request, name, fault=f"{ACT_WORDS[doing]}要写明原因。")
    try:
        with desk.database.write() as session:
            ACTS[doing](session, name, actor, number)
    except (ScriptError, LifeRefused, VersionChanged) as refused:
        return _shown(request, name, fault=str(refused))
    return _back(request, name)


def _sources_on_disk(name: str) -> dict[str, str]:
    return script_sources(name) if name in script_names() else {}


def _placed(name: str, sources: Mapping[str, str], uploaded: Mapping[str, str]) -> dict[str, str]:
    """Uploaded texts at their places in the script, by the last part of their names, which is all that browsers send.

    The places are those of the script's own file, of its parts, and of parts that the uploaded own file names. Raises
    LifeRefused for what has none, with what would have.
    """
    own = uploaded.get(file_of(name), sources.get(file_of(name), ""))
    places = {PurePosixPath(file).name: file for file in (file_of(name), *map(part_file, part_names(own)), *sources)}
    if strangers := [file for file in uploaded if file not in places]:
        names, known = "、".join(strangers), "、".join(places)
        raise LifeRefused(f"{names}：不是本话术的文件；可以上传的有 {known}，请改成这些文件名")
    return {places[file]: text for file, text in uploaded.items()}


async def _uploaded(files: Sequence[UploadFile]) -> dict[str, str]:
    """The texts of uploaded script files by the last part of their names; raises LifeRefused with every fault."""
    texts: dict[str, str] = {}
    faults = [] if len(files) <= MOST_FILES else [f"一次最多上传{MOST_FILES}个文件"]
    for file in files[:MOST_FILES]:
        name = _AGAIN.sub("", PurePosixPath(file.filename or "").name)
        data = await file.read(MOST_BYTES + 1)
        if not name.endswith(".yaml") or "\\" in name:
            faults.append(f"{name[:60]}：不是 .yaml 文件")
        elif len(data) > MOST_BYTES:
            faults.append(f"{name[:60]}：超过 512 KB")
        elif name in texts:
            faults.append(f"{name[:60]}：选了两次")
        else:
            try:
                texts[name] = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                faults.append(f"{name[:60]}：不是 UTF-8 文本")
    if faults:
        raise LifeRefused("；".join(faults))
    return texts


def _back(request: Request, name: str) -> Response:
    remembered_of(request).forget()
    return RedirectResponse(f"/scripts/{name}", status_code=303)


def _shown(request: Request, name: str, *, fault: str = "", why: str = "") -> Response:
    with desk_of(request).database.read() as session:
        versions = versions_of(session, name)
        if not versions and name not in script_names():
            raise HTTPException(404)
        in_use = next((one for one in versions if one.state == VersionState.PUBLISHED), None)
        title, draft = _draft(request, name, {one.hash for one in versions if one.state in COUNTING})
        people = [who for one in versions for who in (one.author, one.submitted_by, *(acted.by for acted in one.acts))]
        return page(
            request,
            "script.html",
            status_code=422 if fault else 200,
            name=name,
            title=versions[-1].title if versions else title,
            versions=list(reversed(versions)),
            in_use=in_use,
            draft=draft,
            on_disk=name in script_names(),
            acts={one.id: _acts(request, one) for one in versions},
            act_words={act.value: word for act, word in ACT_WORDS.items()},
            words={state.value: word for state, word in STATE_WORDS.items()},
            names=names_of(session, people),
            fault=fault,
            why=why,
        )


def _acts(request: Request, version: ScriptVersion) -> list[tuple[str, str, bool, str]]:
    """Buttons of a version: act, word, whether it asks for a reason, why this person may not ("": may)."""
    me, state = signed_in(request), VersionState(version.state)
    if not me.holds(Post.MANAGER):
        return []
    own = "本人撰写或提交，请另一人审核" if me.number in (version.author, version.submitted_by) else ""
    words = {**ACT_WORDS, ScriptAct.RESTORE: "恢复使用（回退到这一版）"}
    return [
        (act.value, words[act], act in NEEDS_REASON, own if act is ScriptAct.APPROVE else "")
        for act in ACTS
        if (state, act) in TRANSITIONS
    ]
