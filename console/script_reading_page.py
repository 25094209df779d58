"""Scripts (话术) to be read: a version as a conversation and as a graph, and what differs between versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy.orm import Session

from bot.errors import ScriptError
from bot.script import load_sources, script_sources
from bot.writing.graph import graph
from bot.writing.graph_svg import svg
from bot.writing.outline import outline
from bot.writing.passages import HABITS, Outline, leads_to, shown_by
from campaign import script_life
from console.access import posts
from console.desk import desk_of
from console.remembered import remembered_of
from console.render import page
from console.script_terminal import FIELDS, KINDS, SECTIONS, TEXTS
from models import ScriptVersion
from models.managing_scripts import version_numbered
from models.scripts import versions_of
from rules import Post
from rules.script_life import STATE_WORDS, LifeRefused, VersionState

DRAFT = "draft"

router = APIRouter(prefix="/scripts")
SEES = posts(Post.MANAGER, Post.INSPECTOR, Post.TRAINER)


@router.get("/{name}/versions/{number}", dependencies=[SEES])
def read(request: Request, name: str, number: int) -> Response:
    """A version as a conversation, to be read from top to bottom, with its graph."""
    with desk_of(request).database.read() as session:
        version = version_or_404(session, name, number)
        try:
            told = outline_of(request, version)
        except ScriptError as error:
            return page(request, "script_read.html", version=version, outline=None, fault=str(error))
        return page(
            request,
            "script_read.html",
            version=version,
            outline=told,
            fault="",
            sections=[(section, word, told.section(section)) for section, word in SECTIONS.items()],
            kinds=KINDS,
            fields=FIELDS,
            texts=TEXTS,
            habits=HABITS,
            leads_to=leads_to,
            shown_by=shown_by,
            words=STATE_WORDS,
        )


@router.get("/{name}/versions/{number}/graph.svg", dependencies=[SEES])
def draw(request: Request, name: str, number: int) -> Response:
    """A version as a picture."""
    with desk_of(request).database.read() as session:
        version = version_or_404(session, name, number)
        try:
            picture = svg(graph(outline_of(request, version)))
        except ScriptError as error:
            raise HTTPException(404) from error
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}  # the picture brings its own
    return Response(picture, media_type="image/svg+xml", headers=headers)


@router.get("/{name}/diff", dependencies=[SEES])
def compare(request: Request, name: str, one: str = "", other: str = DRAFT) -> Response:
    """What differs between two versions, or between one and the files on the server."""
    with desk_of(request).database.read() as session:
        versions = versions_of(session, name)
        in_use = next((each for each in versions if each.state == VersionState.PUBLISHED), None)
        one = one or (str(in_use.number) if in_use else DRAFT)
        try:
            texts = [_sources_named(session, name, each) for each in (one, other)]
            found = script_life.difference(texts[0], texts[1], (_named(one), _named(other)))
        except (ScriptError, LifeRefused, ValueError) as error:
            raise HTTPException(404) from error
        lines = [(_mark(line), line) for line in found.splitlines()]
        return page(
            request, "script_diff.html", name=name, versions=versions, one=one, other=other, lines=lines, draft=DRAFT,
            title=versions[-1].title if versions else name,
        )  # fmt: skip


def version_or_404(session: Session, name: str, number: int) -> ScriptVersion:
    """One version, or the page that says there is none."""
    found = version_numbered(session, name, number)
    if found is None:
        raise HTTPException(404)
    return found


def outline_of(request: Request, version: ScriptVersion) -> Outline:
    """A version for reading; raises ScriptInvalid."""
    name, hashed, sources = version.name, version.hash, version.sources

    def ask() -> Outline:
        return outline(replace(load_sources(name, sources), hash=hashed))

    return remembered_of(request).get(("outline", version.id), ask)


def _sources_named(session: Session, name: str, which: str) -> Mapping[str, str]:
    return script_sources(name) if which == DRAFT else script_life.sources_of(session, name, int(which))


def _named(which: str) -> str:
    return "草稿" if which == DRAFT else f"第{which}版"


def _mark(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "file"
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same")
