"""The pages of scripts: from an uploaded change over a second person's approval into use, and back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath

import pytest
from sqlalchemy import select

from bot.moves import Heard, Listen
from bot.replay import Move, move_to_json
from bot.script import script_sources
from console import script_figures_page
from intents import Intent, Match
from models import Attempt, AttemptTask, CallEvent, ScriptVersion
from models.scripts import published_version
from rules import Post
from tests.console.conftest import Place, SignIn

HERE = "/scripts/suitability"
OLD, NEW = "是您本人操作", "是由您本人操作"


@pytest.fixture
def changed() -> dict[str, bytes]:
    """The files of the script in which a wording was changed."""
    texts = {file: text.replace(OLD, NEW) for file, text in script_sources("suitability").items() if OLD in text}
    assert texts
    return {file: text.encode() for file, text in texts.items()}


def test_a_change_goes_by_a_second_person_into_use_and_back(
    as_posts: SignIn, place: Place, changed: dict[str, bytes]
) -> None:
    author = as_posts(Post.MANAGER, Post.TRAINER, number="8301", name="郑训")
    second = as_posts(Post.MANAGER, number="8101", name="周岚")
    upload = [("files", (PurePosixPath(file).name, text, "application/yaml")) for file, text in changed.items()]
    assert "提交要写明改了什么" in author.post(f"{HERE}/submit", data={"why": " "}, files=upload).text
    text = author.post(f"{HERE}/submit", data={"why": "改得更自然"}, files=upload).text
    assert "待审核" in text
    assert "请另一人审核" in text
    diff = author.get(f"{HERE}/diff", params={"one": "1", "other": "2"}).text
    assert f"{OLD}" in diff
    assert 'class="diff-added"' in diff
    refused = author.post(f"{HERE}/versions/2/approve")
    assert (refused.status_code, "不能自己审核" in refused.text) == (422, True)
    second.post(f"{HERE}/versions/2/approve")
    second.post(f"{HERE}/versions/2/publish")
    with place.desk.database.read() as session:
        in_use = published_version(session, "suitability")
        assert in_use is not None
        assert in_use.number == 2
    assert "要写明原因" in second.post(f"{HERE}/versions/1/restore").text
    back = second.post(f"{HERE}/versions/1/restore", data={"why": "客户听不懂"}).text
    assert "客户听不懂" in back
    with place.desk.database.read() as session:
        states = session.execute(select(ScriptVersion.number, ScriptVersion.state)).all()
        assert sorted((number, state) for number, state in states) == [(1, "published"), (2, "rolled_back")]
    assert "郑训" in second.get(HERE).text


def test_a_faulty_file_is_refused_with_all_that_is_wrong(as_posts: SignIn, place: Place) -> None:
    trainer = as_posts(Post.TRAINER)
    broken = ("suitability.yaml", "title: 适当性\nnodes:\n  a: [\n".encode(), "application/yaml")
    other = ("a.exe", b"x", "application/octet-stream")
    answer = trainer.post(f"{HERE}/submit", data={"why": "x"}, files=[("files", broken)])
    assert (answer.status_code, "suitability.yaml" in answer.text) == (422, True)
    assert "不是 .yaml 文件" in trainer.post(f"{HERE}/submit", data={"why": "x"}, files=[("files", other)]).text
    assert trainer.post(f"{HERE}/versions/1/restore", data={"why": "x"}).status_code == 403
    with place.desk.database.read() as session:
        assert len(session.scalars(select(ScriptVersion)).all()) == 1


def test_a_changed_part_takes_its_place_though_browsers_send_no_folder(as_posts: SignIn, place: Place) -> None:
    changed = script_sources("suitability")["parts/opening.yaml"].replace("您好！", "您好呀！")
    upload = [("files", ("opening (1).yaml", changed.encode(), "application/yaml"))]
    text = as_posts(Post.TRAINER).post(f"{HERE}/submit", data={"why": "更亲切"}, files=upload).text
    assert "待审核" in text
    with place.desk.database.read() as session:
        newest = session.scalars(select(ScriptVersion).order_by(ScriptVersion.number.desc())).first()
        assert newest is not None
        assert "您好呀！" in newest.sources["parts/opening.yaml"]
        assert set(newest.sources) == set(script_sources("suitability"))


def test_a_file_of_no_place_in_the_script_is_refused_and_the_reason_kept(as_posts: SignIn, place: Place) -> None:
    text = script_sources("suitability")["suitability.yaml"].encode()
    answer = as_posts(Post.TRAINER).post(
        f"{HERE}/submit", data={"why": "改得更自然"}, files=[("files", ("na_ok.yaml", text, "application/yaml"))]
    )
    assert answer.status_code == 422
    assert "na_ok.yaml：不是本话术的文件" in answer.text
    assert "suitability.yaml" in answer.text
    assert 'value="改得更自然"' in answer.text
    with place.desk.database.read() as session:
        assert len(session.scalars(select(ScriptVersion)).all()) == 1


def test_without_a_file_those_on_the_server_are_submitted(as_posts: SignIn) -> None:
    # As a browser sends the field when nothing was chosen.
    empty = [("files", ("", b"", "application/octet-stream"))]
    answer = as_posts(Post.TRAINER).post(f"{HERE}/submit", data={"why": "改得更自然"}, files=empty)
    assert "内容和第1版（使用中）相同，不用再提交" in answer.text


def test_a_version_is_read_as_a_conversation_and_as_a_graph(as_posts: SignIn, place: Place) -> None:
    inspector = as_posts(Post.INSPECTOR)
    text = inspector.get(f"{HERE}/versions/1").text
    for shown in ("主线：客户每次都给出安全的回答", "suitability.self_operated", "必须听完", "每个问题都这样应对"):
        assert shown in text, shown
    picture = inspector.get(f"{HERE}/versions/1/graph.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "suitability.self_operated" in picture.text
    listed = inspector.get("/scripts", params={"q": "适当性"}).text
    assert "第 1 版" in listed
    assert "没有使用中的版本" not in listed
    assert "没有使用中的版本" in inspector.get("/scripts").text  # the others were never published here
    assert "提交" in inspector.get("/scripts.csv", params={"q": "suitability"}).text


def test_where_clients_leave_and_what_was_not_understood(as_posts: SignIn, place: Place) -> None:
    moves: list[Move] = [Listen("suitability.self_operated"), Heard("单小明说13800001111", Match(Intent.UNCLEAR), 0, 1)]
    with place.desk.database.write() as session:
        in_use = published_version(session, "suitability")
        assert in_use is not None
        session.scalars(select(AttemptTask)).one().script_hash = in_use.hash
        attempt = session.scalars(select(Attempt)).one()
        attempt.outcome, attempt.started_at = "hung_up", place.desk.clock.now() - timedelta(hours=1)
        session.add_all(
            CallEvent(attempt_id=attempt.id, seq=90 + n, at_ms=0, kind=type(move).__name__, body=move_to_json(move))
            for n, move in enumerate(moves)
        )
    inspector = as_posts(Post.INSPECTOR)
    with script_figures_page._counting:  # by another reader
        assert "单**说138****1111" not in inspector.get(f"{HERE}/figures").text
    text = inspector.get(f"{HERE}/figures").text
    assert "单**说138****1111" in text
    assert "单小明" not in text
    assert "100%" in text
    assert "客户挂断 1" in text
    assert "这段时间没有用这个版本通话" in inspector.get(f"{HERE}/figures", params={"until": "2020-01-01"}).text
    assert "未能理解的话" in inspector.get(f"{HERE}/figures.csv").text
