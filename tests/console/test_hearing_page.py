"""The replay of a call: its waveform, its words, comments at seconds, and what today's program would do otherwise."""

from __future__ import annotations

from fastapi.testclient import TestClient
from sqlalchemy import select, text, update

from bot.moves import Heard, Spoken
from bot.replay import move_to_json
from intents import Intent, Match
from models import Attempt, AuditEntry, CallComment, CallEvent
from rules import Post
from tests.console.conftest import CALL_SECONDS, WORDS, Place, SignIn


def say_in_words(place: Place, *words: Spoken, text: str = WORDS) -> None:
    """Have the client's only sentence placed word by word."""
    heard = Heard(text, Match(Intent.NO, frozenset(), 0.9, "最近的例句：我老婆在弄"), 9000, 10500, words=words)
    with place.desk.database.write() as session:
        session.execute(update(CallEvent).where(CallEvent.kind == "Heard").values(body=move_to_json(heard)))


def test_the_waveform_is_a_byte_for_every_40_ms_of_each_side_for_those_who_may_listen(
    pages: TestClient, as_posts: SignIn, place: Place
) -> None:
    answer = pages.get(f"/calls/{place.call_id}/waveform")
    client, bot = answer.content[: CALL_SECONDS * 25], answer.content[CALL_SECONDS * 25 :]
    assert len(bot) == CALL_SECONDS * 25
    assert set(client[: 9 * 25]) == set(client[263:]) == {0}  # a tone from 9 to 10.5 s
    assert set(client[9 * 25 : 262]) == {63}  # 8,000 of 32,768
    assert min(bot[: 8 * 25]) > 0 and not any(bot[8 * 25 :])
    assert pages.get("/calls/9-9/waveform").status_code == 404
    trainer, agent = as_posts(Post.TRAINER, number="4001"), as_posts(Post.AGENT, number="8002")
    assert trainer.get(f"/calls/{place.call_id}/waveform").status_code == 403
    assert "不收听录音" in trainer.get(f"/calls/{place.call_id}").text
    assert agent.get(f"/calls/{place.call_id}/waveform").status_code == 200
    assert agent.post(f"/calls/{place.call_id}/comments", data={"words": "好"}).status_code == 403
    pages.get(f"/calls/{place.call_id}/recording.wav")
    with place.desk.database.read() as session:
        assert place.call_id in [row.subject for row in session.scalars(select(AuditEntry)) if row.act == "listened"]
        assert session.scalars(select(Attempt)).one().call_id == place.call_id


def test_each_word_can_be_clicked_unless_it_would_tell_a_name(pages: TestClient, place: Place) -> None:
    say_in_words(place, Spoken("是", 9010, 9200), Spoken("我老婆", 9200, 9900), Spoken("在操作", 9900, 10480))
    text = pages.get(f"/calls/{place.call_id}").text
    assert '<span class="word" data-start="9200" data-end="9900">我老婆</span>' in text
    assert "最近的例句：我老婆在弄（90%）" in text
    say_in_words(place, Spoken("我老婆", 9200, 9900))
    assert 'class="word"' not in pages.get(f"/calls/{place.call_id}").text
    say_in_words(
        place, Spoken("我是", 9200, 9900), Spoken("单小", 9900, 10000), Spoken("明", 10000, 10100), text="我是单小明"
    )
    text = pages.get(f"/calls/{place.call_id}").text
    assert "我是单**" in text and "单小" not in text


def test_a_call_whose_log_is_damaged_is_listed_and_shown_with_what_is_left(
    pages: TestClient, place: Place, as_posts: SignIn
) -> None:
    with place.desk.database.write() as session:
        session.execute(text("UPDATE call_event SET body = x'67414141' WHERE seq = 1"))  # of 0 to 4
    listed = pages.get("/inspections")
    assert listed.status_code == 200 and f"/calls/{place.call_id}#scoring" in listed.text
    assert "记录无法读取" in listed.text.partition('id="queue"')[2]
    shown = pages.get(f"/calls/{place.call_id}")
    assert shown.status_code == 200
    told = shown.text.partition('id="unreadable"')[2].partition("</p>")[0]
    assert "日志共5条，其中1条（第2条）已损坏" in told and "录音" in told
    assert WORDS in shown.text
    again = pages.get(f"/calls/{place.call_id}/replayed")
    assert again.status_code == 200 and "第2条" in again.text and "无从重放" in again.text
    assert pages.post("/inspections/next").status_code == 200  # and can be scored
    health = as_posts(Post.OPERATOR, number="5001").get("/health").text
    assert f"1 通电话的记录无法读取：{place.call_id}" in health
    with place.desk.database.write() as session:
        session.execute(text("UPDATE call_event SET body = x'00'"))
        session.execute(text("UPDATE attempt SET facts = x'00'"))
    shown = pages.get(f"/calls/{place.call_id}")
    assert shown.status_code == 200 and "第1、2、3、4、5条），以及开始通话时的资料已损坏" in shown.text
    assert "对话无法读取" in shown.text


def test_a_comment_is_pinned_to_a_second_and_a_replay_says_why_it_cannot_be(pages: TestClient, place: Place) -> None:
    path = f"/calls/{place.call_id}"
    answer = pages.post(f"{path}/comments", data={"words": " 语气生硬 ", "at_ms": "9300"}, follow_redirects=False)
    assert answer.headers["location"] == f"{path}#t=9300"
    text = pages.get(path).text.partition('id="comments"')[2].partition("</ul>")[0]
    assert "语气生硬" in text and 'data-seek="9300"' in text and "0:09.3" in text
    for words in ("", "字" * 501):
        assert pages.post(f"{path}/comments", data={"words": words}).status_code == 409
    assert pages.post("/calls/9-9/comments", data={"words": "好"}).status_code == 404
    with place.desk.database.read() as session:
        assert [row.words for row in session.scalars(select(CallComment))] == ["语气生硬"]
    pages.post(f"/calls/{place.call_id}/comments", data={"words": "<script>alert(1)</script>", "at_ms": "0"})
    assert "<script>alert(1)" not in pages.get(f"/calls/{place.call_id}").text
    assert "无法重放" in pages.get(f"/calls/{place.call_id}/replayed").text
    assert pages.get("/calls/9-9/replayed").status_code == 404
