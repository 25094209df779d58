"""What the pages show, hide and answer."""

from __future__ import annotations

import io
import re
import wave
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from console.words import zh_short_time
from models import Attempt, Database, LineQuality, ReviewTask
from models.queue import Served, begin_attempt
from models.settlements import SettledTask, Settlement, settle
from rules import Post
from tests.conftest import NOON
from tests.console.conftest import CALL_SECONDS, WORDS, Place, SignIn


def test_the_campaign_shows_its_task_and_its_figures(pages: TestClient) -> None:
    text = pages.get("/campaigns/1").text
    assert "年度适当性回访" in text
    assert "T001" in text
    assert "未完成：转人工" in text


def test_a_call_tells_who_was_lost_and_with_whom_the_client_was_left(pages: TestClient, place: Place) -> None:
    lost = {"agent": "8002", "lost_ms": 12_300, "until_ms": 20_000, "end": "back"}
    outside = {"agent": "sip:8001@pbx", "lost_ms": 65_000, "until_ms": 65_500, "end": "nobody"}
    told = {
        "agent": "8002",
        "transferred_to": "sip:8001@pbx",
        "talked_with": ["8002", "sip:8001@pbx"],
        "agent_lost": [lost, outside],
        "callback_promised": True,
    }
    with place.desk.database.write() as session:
        attempt = session.scalars(select(Attempt).where(Attempt.call_id == place.call_id)).one()
        attempt.evidence = attempt.evidence | told
    text = pages.get(f"/calls/{place.call_id}").text
    assert "8002于0:12.3断线，0:20.0接回；分机8001于1:05.0断线，1:05.5没有接回，已告知客户回电" in text
    assert "8002、分机8001" in text and "sip:8001" not in text
    assert "已告知客户会有专人回电" in pages.get("/escalations").text


def test_names_and_numbers_are_masked_everywhere(pages: TestClient, place: Place) -> None:
    for path in ("/", "/campaigns/1", "/calls", f"/calls/{place.call_id}", "/escalations", "/calls.csv"):
        text = pages.get(path).text
        assert "单小明" not in text, path
        assert "13800001111" not in text, path
    assert "单**" in pages.get("/campaigns/1").text
    assert "138****1111" in pages.get("/calls").text


def test_a_call_is_found_by_name_number_or_task(pages: TestClient, place: Place) -> None:
    for wanted in ("单小明", "13800001111", "C001", "T001"):
        assert f"/calls/{place.call_id}" in pages.get("/calls", params={"q": wanted}).text, wanted
    assert "没有符合条件的通话" in pages.get("/calls", params={"q": "别人"}).text


def test_filters_narrow_the_list(pages: TestClient, place: Place) -> None:
    here, gone = f"/calls/{place.call_id}", "没有符合条件的通话"
    assert here in pages.get("/calls", params={"risky": "1", "outcome": "needs_human"}).text
    assert gone in pages.get("/calls", params={"outcome": "busy"}).text
    assert gone in pages.get("/calls", params={"review_type": "anomaly"}).text
    assert here in pages.get("/calls", params={"since": "2026-11-20", "until": "2026-11-20"}).text
    assert gone in pages.get("/calls", params={"since": "2026-11-21"}).text


def test_a_call_shows_words_flags_answers_and_evidence(pages: TestClient, place: Place) -> None:
    text = pages.get(f"/calls/{place.call_id}").text
    for shown in (WORDS, "请问账户是您本人操作吗？", "非本人操作", "规则：否定", "对话", "93%"):
        assert shown in text, shown
    assert 'data-start="9000"' in text


def test_a_call_shows_what_answered_in_a_persons_place_and_what_contradicts_it(pages: TestClient, place: Place) -> None:
    conflict = "网络语音提示为「空号」，信令（SIP 200）为「已接通」"
    evidence = {
        "decided_by": "announcement",
        "tone": "ringback",
        "answered_by": "network",
        "answered_announcement": "您拨打的号码是空号",
        "answered_tone": None,
        "conflicts": [conflict],
    }
    with place.desk.database.write() as session:
        session.execute(update(Attempt).where(Attempt.call_id == place.call_id).values(evidence=evidence))
    text = pages.get(f"/calls/{place.call_id}").text
    for shown in ("网络语音提示", "回铃音", "网络提示音", "您拨打的号码是空号", conflict):
        assert shown in text, shown


def test_a_call_shows_how_well_it_could_be_heard_in_both_directions(pages: TestClient, place: Place) -> None:
    text = pages.get(f"/calls/{place.call_id}").text
    for shown in ("通话质量", ">一般<", "R值91，丢包0.0%，抖动3毫秒", "R值65，丢包10.0%，抖动5毫秒", "12毫秒"):
        assert shown in text, shown


def test_a_call_over_a_line_that_measures_nothing_says_so(pages: TestClient, place: Place) -> None:
    with place.desk.database.write() as session:
        session.execute(delete(LineQuality))
    assert ">未测<" in pages.get(f"/calls/{place.call_id}").text


def test_an_escalation_leads_to_the_second_where_it_was_said(pages: TestClient, place: Place) -> None:
    text = pages.get("/escalations").text
    assert WORDS in text
    assert f"/calls/{place.call_id}#t=9000" in text
    assert "没有已处理的通话" in pages.get("/escalations", params={"state": "done"}).text


def test_the_recording_comes_as_stereo_with_both_sides_in_place(pages: TestClient, place: Place) -> None:
    answer = pages.get(f"/calls/{place.call_id}/recording.wav")
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert len(sound) == 8000 * CALL_SECONDS
    client, bot = np.abs(sound[:, 0]), np.abs(sound[:, 1])
    assert client[9 * 8000 : 10 * 8000].max() > 7000
    assert client[: 9 * 8000 - 1].max() == 0
    assert bot[8 * 8000 :].max() == 0


def test_a_part_of_the_recording_is_the_same_bytes(pages: TestClient, place: Place) -> None:
    path = f"/calls/{place.call_id}/recording.wav"
    whole = pages.get(path).content
    part = pages.get(path, headers={"Range": "bytes=1000-4999"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 1000-4999/{len(whole)}"
    assert part.content == whole[1000:5000]
    assert pages.get(path, headers={"Range": "bytes=-500"}).content == whole[-500:]
    assert pages.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert pages.get(path, headers={"Range": "bytes=x-y"}).status_code == 416


def test_who_listens_is_written_down_whatever_part_was_asked_for(as_posts: SignIn, place: Place) -> None:
    inspector = as_posts(Post.INSPECTOR, number="8101", name="周岚")
    for part in ("bytes=1000-4999", "bytes=5000-", ""):
        inspector.get(f"/calls/{place.call_id}/recording.wav", headers={"Range": part} if part else {})
    log = as_posts(Post.OPERATOR, number="8301").get("/log?act=listened").text
    (row,) = re.findall(r"<tr><td.*</tr>", log)
    assert "周岚（8101）" in row and place.call_id in row and "收听录音" in row


def test_a_year_is_written_where_it_is_not_this_one() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert zh_short_time(datetime(2025, 11, 21, 6, 5, tzinfo=UTC), now) == "2025年11月21日 14:05"
    assert zh_short_time(datetime(2025, 12, 31, 16, 30, tzinfo=UTC), now) == "1月1日 00:30"  # this year in Shanghai


@pytest.mark.parametrize("path", ["/nothing", "/calls/9-9", "/calls/9-9/recording.wav", "/campaigns/99"])
def test_what_does_not_exist_is_said_in_chinese(pages: TestClient, path: str) -> None:
    answer = pages.get(path)
    assert answer.status_code == 404
    assert "没有这个页面或记录" in answer.text


def test_every_fault_is_said_in_a_sentence_with_its_remedy(pages: TestClient, place: Place) -> None:
    misunderstood = pages.get("/campaigns/x")
    assert (misunderstood.status_code, "不能理解的内容（campaign_id）。请返回" in misunderstood.text) == (422, True)

    def fail() -> None:
        raise RuntimeError("a fault of ours")

    place.app.add_api_route("/fails", fail)
    failed = pages.get("/fails")
    assert (failed.status_code, "请稍后再试" in failed.text) == (500, True)
    assert "a fault of ours" not in failed.text
    assert "default-src 'self'" in failed.headers["content-security-policy"]


def test_faults_are_said_while_the_database_is_down_and_programs_get_json(pages: TestClient, place: Place) -> None:
    missing = pages.get("/api/nothing")
    assert (missing.status_code, "没有这个页面" in missing.json()["error"]) == (404, True)
    desk = place.app.state.desk
    down = Database("sqlite:////nowhere/at/all.db")
    place.app.state.desk = replace(desk, database=down)
    try:
        answer = pages.get("/nothing")
        assert (answer.status_code, "没有这个页面或记录" in answer.text) == (404, True)
        failed = pages.get("/calls")
        assert (failed.status_code, "请稍后再试" in failed.text) == (500, True)
        assert "default-src 'self'" in failed.headers["content-security-policy"]
    finally:
        place.app.state.desk = desk
        down.close()


def test_an_unreadable_recording_is_named_and_the_page_stays(pages: TestClient, place: Place, tmp_path: object) -> None:
    folder = place.desk.recordings
    sealed = folder.find(place.call_id)
    assert sealed is not None
    (folder.folder / sealed.path).write_bytes(b"not a recording")
    answer = pages.get(f"/calls/{place.call_id}")
    assert answer.status_code == 200
    assert "录音无法读取" in answer.text
    assert WORDS in answer.text


def test_hostile_words_are_text(pages: TestClient) -> None:
    answer = pages.get("/calls", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert(1)" not in answer.text


def test_no_page_asks_a_third_party_for_anything(pages: TestClient, place: Place) -> None:
    for path in ("/", "/campaigns/1", "/calls", f"/calls/{place.call_id}", "/escalations", "/import"):
        text = pages.get(path).text
        assert "http://" not in text, path
        assert "https://" not in text, path


@pytest.fixture
def merged(place: Place) -> str:
    """Another call to the same client that served two tasks: one answer, one flag and one reminder for both."""
    where = {"words": "是我自己", "start_ms": 4000, "end_ms": 4900}
    question = {"node": "anomaly.self_operated", "value": "yes", "intent": "yes", "confidence": 0.9, "evidence": "规则"}
    reminder = {"node": "anomaly.reminder", "played_ms": 9000, "complete": True, "at_ms": 14000}
    with place.desk.database.write() as session:
        first = session.scalars(select(ReviewTask)).one()
        task = ReviewTask(
            number="T900",
            campaign_id=first.campaign_id,
            customer_id=first.customer_id,
            review_type="anomaly",
            script="anomaly",
            created_at=NOON,
            due_at=NOON,
        )
        session.add(task)
        first.due_at = NOON
        session.flush()
        scripts = ((task, "anomaly", 1), (first, "suitability", 2))
        attempt = begin_attempt(
            session,
            [Served(one.id, no, script, "a" * 64) for one, script, no in scripts],
            dialled="13800001111",
            worker="w",
            now=NOON,
            script_hash="b" * 64,
            facts="{}",
        )
        tasks = tuple(
            SettledTask(
                one.id,
                status="已完成：已回访",
                final=True,
                answers=({"question": f"{script}.self_operated"} | question | where,),
                flags=({"risk": "unread", "severity": "medium", "node": f"{script}.self_operated"} | where,),
                deliveries=(reminder,),
            )
            for one, script, _ in scripts
        )
        settle(session, Settlement(attempt.id, "w", NOON, "reviewed", tasks))
        return attempt.call_id


def test_a_call_for_two_tasks_shows_both_and_every_finding_once(pages: TestClient, merged: str) -> None:
    text = pages.get(f"/calls/{merged}").text
    served = text.partition('id="served"')[2].partition("</table>")[0]
    for shown in ("T900 · 第1次", "T001 · 第2次", "异常情形", "适当性"):
        assert shown in served, shown
    assert text.count("是我自己") == 2  # once among the flags, once among the answers
    told = text.partition('id="told"')[2].partition("</div></div>")[0]
    assert told.count("data-seek") == 1
    assert "已播完" in told
    assert 'data-seek="5000"' in told


def test_a_call_for_two_tasks_is_found_by_either(pages: TestClient, merged: str) -> None:
    for query in ({"q": "T900"}, {"q": "T001"}, {"review_type": "anomaly"}, {"review_type": "suitability"}):
        assert pages.get("/calls", params=query).text.count(f"/calls/{merged}") == 1, query


def test_a_reminder_that_was_cut_is_told_with_what_was_played(pages: TestClient, place: Place) -> None:
    told = pages.get(f"/calls/{place.call_id}").text.partition('id="told"')[2].partition("</div></div>")[0]
    assert "未播完" in told
    assert "0:04.2" in told
