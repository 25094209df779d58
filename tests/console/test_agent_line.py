"""What the server answers an agent's page, good and bad; aiortc is the browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from bot.moves import Note
from campaign.calls.feed import LiveCall, Stage
from campaign.handover.duty import Failure
from campaign.handover.presences import PresenceLog
from campaign.handover.talks import Talk
from campaign.handover.waiting_room import Terms
from models import AuditEntry, PresenceSpan, ReviewTask
from rules import Post
from telephony.bridge import Parting
from tests.console.agent_floor import Floor, floor
from tests.console.conftest import Place
from tests.signing_in import cookie_header, cookies_of
from tests.telephony.browserend import Browser
from tests.telephony.farend import WAIT


class Page:
    """An agent's page without a screen."""

    def __init__(self, socket: ClientConnection, browser: Browser) -> None:
        self.socket, self.browser = socket, browser

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; others are passed over."""
        async with asyncio.timeout(WAIT):
            async for text in self.socket:
                message: dict[str, Any] = json.loads(text)
                if message["kind"] == kind:
                    return message
        raise AssertionError(f"the page was closed before {kind}")


@asynccontextmanager
async def opened(on: Floor, number: str = "8002", hertz: float = 0) -> AsyncIterator[Page]:
    address = on.base.replace("http", "ws") + "/agent/line"
    browser = Browser(hertz)
    headers = cookie_header(on.cookies[number])
    async with connect(address, origin=on.base, additional_headers=headers) as socket:  # type: ignore[arg-type]
        try:
            yield Page(socket, browser)
        finally:
            await browser.close()


@asynccontextmanager
async def on_duty(on: Floor, number: str = "8002", hertz: float = 0) -> AsyncIterator[Page]:
    async with opened(on, number, hertz) as page:
        await page.say(kind="sign_on", sdp=await page.browser.offer(), token="page-1" if number == "8002" else "page-2")
        await page.browser.accept((await page.hear("answer"))["sdp"])
        assert (await page.hear("presence"))["presence"] == "空闲"
        yield page


@pytest.fixture
async def on(place: Place, tmp_path: Path) -> AsyncIterator[Floor]:
    async with floor(place, tmp_path / "agents") as running:
        yield running


async def test_a_ring_brings_the_briefing_and_accepting_it_the_clients_voice(on: Floor) -> None:
    async with on_duty(on, hertz=900) as page:
        fetching = asyncio.create_task(on.fetch())
        rings = await page.hear("rings")
        assert rings["briefing"]["client"] == "单**先生"
        assert rings["briefing"]["flags"][0]["words"] == "是我老婆在操作"
        await page.say(kind="accept", ring=rings["ring"])
        talk = await fetching
        assert isinstance(talk, Talk)
        await asyncio.gather(page.browser.hear(0.2), on.phone.hear(0.2))
        await page.say(kind="mute", on=True)
        await page.say(kind="hold", on=True)
        await on.phone.say("hangup", sip=200, q850=16)
        ended = await page.hear("talk_ended")
        assert (ended["why"], ended["wrap_seconds"]) == ("client_hung_up", 60)
        assert (await talk.end).parting is Parting.CLIENT_HUNG_UP
        assert (await page.hear("presence"))["presence"] == "话后处理"
        await page.say(kind="wrap_up", outcome="reviewed")
        assert "还有问题没有回答" in (await page.hear("error"))["why"]
        await page.say(kind="wrap_up", outcome="refused", note="明天请勿再打")
        assert (await page.hear("presence"))["presence"] == "空闲"
        assert talk.after.wrapped is not None
        wrap = await talk.after.wrapped
        assert wrap is not None and wrap.note == "明天请勿再打"


async def test_the_client_is_heard_once_the_context_was_on_screen_for_as_long_as_it_must_be(
    place: Place, tmp_path: Path
) -> None:
    async with floor(place, tmp_path / "agents", Terms(look_seconds=0.4)) as on, on_duty(on) as page:
        fetching = asyncio.create_task(on.fetch())
        rings = await page.hear("rings")
        await page.say(kind="accept", ring=rings["ring"])
        assert (await page.hear("ring_ended"))["why"] == "taken"  # nobody else gets it meanwhile
        assert isinstance(await fetching, Talk)
        await page.hear("talk_began")
        (seat,) = on.roster.on_duty()
        assert asyncio.get_running_loop().time() >= seat.shown_at + 0.4


async def test_a_colleague_is_asked_and_a_page_that_comes_back_finds_the_consultation(on: Floor) -> None:
    async with on_duty(on, hertz=900) as page:
        fetching = asyncio.create_task(on.fetch())
        await page.say(kind="accept", ring=(await page.hear("rings"))["ring"])
        assert isinstance(await fetching, Talk)
        async with on_duty(on, "8003") as other:
            await page.say(kind="consult_leave")
            assert "还没有接通" in (await page.hear("error"))["why"]
            await page.say(kind="consult", number="8009")
            assert "不在班" in (await page.hear("error"))["why"]
            await page.say(kind="consult", number="8003")
            rings = await other.hear("rings")
            assert (rings["asked_by"], rings["briefing"]["client"]) == ("孙敏（8002）", "单**先生")
            assert rings["form"]["answered"][0]["node"] == "suitability.self_operated"
            await other.say(kind="accept", ring=rings["ring"])
            assert (await other.hear("asked"))["briefing"] == rings["briefing"]
            await other.say(kind="answer", node=rings["form"]["now"]["node"], value="no")
            assert "没有可以登记" in (await other.hear("error"))["why"]
            await page.socket.close()
            async with opened(on) as again:
                await again.say(kind="resume", token="page-1")
                assert (await again.hear("asking"))["talking"] is True
                await other.say(kind="hang_up")
                assert (await again.hear("asking"))["end"] == "hung_up"
                assert (await other.hear("asked_no_more"))["end"] == "hung_up"
                assert (await other.hear("presence"))["presence"] == "空闲"
                await again.say(kind="hang_up")
                assert (await again.hear("talk_ended"))["why"] == "agent_hung_up"


async def test_the_review_goes_on_as_a_form_that_a_page_finds_again_after_its_line_broke(on: Floor) -> None:
    async with on_duty(on, hertz=900) as page:
        fetching = asyncio.create_task(on.fetch())
        await page.say(kind="accept", ring=(await page.hear("rings"))["ring"])
        form = (await page.hear("talk_began"))["form"]
        assert [(one["node"], one["label"]) for one in form["answered"]] == [("suitability.self_operated", "是")]
        await page.say(kind="answer", node=form["now"]["node"], value=form["now"]["options"][1]["value"])
        after = (await page.hear("form"))["form"]
        assert after["answered"][-1]["label"] == "否" and after["now"]["node"] == form["ahead"][0]["node"]
        await page.say(kind="answer", node="suitability.reminder", value="read")
        assert "现在的问题" in (await page.hear("error"))["why"]
        await page.socket.close()
        async with opened(on) as again:
            await again.say(kind="resume", token="page-1")
            began = await again.hear("talk_began")
            assert began["form"] == after and began["call_id"] == "7-1"
            await again.say(kind="hang_up")
            assert (await again.hear("talk_ended"))["why"] == "agent_hung_up"
        assert isinstance(await fetching, Talk)
    assert [(one.question, one.evidence) for one in on.kept if isinstance(one, Note)] == [
        (form["now"]["node"], "坐席登记")
    ]


async def test_of_two_agents_who_want_one_call_one_gets_it_and_the_other_is_told(place: Place, tmp_path: Path) -> None:
    """Who has let it go, and wants it after all, is too late."""
    patient = Terms(offer_seconds=60, look_seconds=0)
    async with floor(place, tmp_path / "agents", patient) as on, on_duty(on) as first:
        async with on_duty(on, "8003", hertz=900) as second:
            fetching = asyncio.create_task(on.fetch())
            ring = (await first.hear("rings"))["ring"]
            await first.say(kind="decline", ring=ring)
            assert (await second.hear("rings"))["ring"] == ring
            await asyncio.gather(*(page.say(kind="accept", ring=ring) for page in (first, second)))
            assert (await second.hear("talk_began"))["call_id"] == "7-1"
            assert "其他坐席接听" in (await first.hear("error"))["why"]
            talk = await fetching
            assert isinstance(talk, Talk) and talk.taker == "8003"


async def test_every_page_is_told_how_many_wait(on: Floor) -> None:
    async with on_duty(on) as first:
        assert (await first.hear("queue"))["waiting"] == 0
        fetching = asyncio.create_task(on.fetch())
        rings = await first.hear("rings")
        assert 0 < rings["seconds"] <= 12
        assert (await first.hear("queue"))["waiting"] == 1
        async with on_duty(on, "8003") as second:
            assert (await second.hear("queue"))["waiting"] == 1
            await first.say(kind="decline", ring=rings["ring"])
            await second.say(kind="decline", ring=(await second.hear("rings"))["ring"])
            assert (await second.hear("queue"))["waiting"] == 0
            assert await fetching is Failure.DECLINED


async def test_a_page_that_closes_while_it_rings_leaves_the_call_to_the_next_agent(on: Floor) -> None:
    async with on_duty(on) as first, on_duty(on, "8003") as second:
        fetching = asyncio.create_task(on.fetch())
        await first.hear("rings")
        await first.socket.close()
        rings = await second.hear("rings")
        await second.say(kind="decline", ring=rings["ring"])
        assert await fetching is Failure.DECLINED


async def test_a_talk_outlives_the_page_for_as_long_as_the_voice_does(on: Floor) -> None:
    async with on_duty(on, hertz=900) as page:
        fetching = asyncio.create_task(on.fetch())
        await page.say(kind="accept", ring=(await page.hear("rings"))["ring"])
        talk = await fetching
        assert isinstance(talk, Talk)
        await page.socket.close()
        await page.browser.hear(0.5)
        assert not talk.end.done()
        await page.browser.close()
        assert (await talk.end).parting is Parting.AGENT_LINE_LOST
        await on.phone.hear(0.2)  # the client is still there, for the next agent


async def test_an_agent_is_told_when_the_voice_is_lost(on: Floor) -> None:
    async with on_duty(on) as page:
        await page.browser.close()
        await page.hear("lost")
        assert on.roster.on_duty() == ()


@pytest.mark.parametrize("posts", [(), (Post.INSPECTOR, Post.TRAINER)])
async def test_who_is_no_agent_is_refused(on: Floor, place: Place, posts: tuple[Post, ...]) -> None:
    headers = cookie_header(cookies_of(place.desk.database, *posts) if posts else {})
    with pytest.raises(InvalidStatus):
        await connect(on.base.replace("http", "ws") + "/agent/line", origin=on.base, additional_headers=headers)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", ["", "{}", "[]", '{"kind": "sign_on"}', '{"kind": "accept", "ring": "x"}', "\x00"])
async def test_a_page_that_does_not_sign_on_is_refused(on: Floor, first: str) -> None:
    async with opened(on) as page:
        await page.socket.send(first)
        assert "登录信息" in (await page.hear("refused"))["why"]


async def test_an_offer_that_is_none_is_refused(on: Floor) -> None:
    async with opened(on) as page:
        await page.say(kind="sign_on", sdp="v=0")
        assert "麦克风" in (await page.hear("refused"))["why"]


async def test_one_number_is_on_duty_once(on: Floor) -> None:
    async with on_duty(on), opened(on) as second:
        await second.say(kind="sign_on", sdp=await second.browser.offer())
        await second.browser.accept((await second.hear("answer"))["sdp"])
        assert "另一个页面" in (await second.hear("refused"))["why"]


async def test_a_second_page_may_take_the_place_of_the_first(on: Floor) -> None:
    async with on_duty(on) as page, opened(on) as second:
        await page.say(kind="presence", presence="小休")
        await page.hear("presence")
        await second.say(kind="sign_on", sdp=await second.browser.offer(), token="page-2", instead=True)
        await second.browser.accept((await second.hear("answer"))["sdp"])
        assert (await second.hear("presence"))["presence"] == "空闲"
        await page.hear("replaced")
        assert [seat.agent.number for seat in on.roster.on_duty()] == ["8002"]
        await second.say(kind="presence", presence="忙碌")
        assert (await second.hear("presence"))["presence"] == "忙碌"


async def test_a_page_whose_voice_is_unknown_makes_a_new_one(on: Floor) -> None:
    async with opened(on) as page:
        await page.say(kind="resume", token="never-seen")
        await page.hear("renew")
        await page.say(kind="sign_on", sdp=await page.browser.offer(), token="page-1", presence="小休")
        await page.browser.accept((await page.hear("answer"))["sdp"])
        assert (await page.hear("presence"))["presence"] == "小休"


async def test_nonsense_in_mid_duty_is_answered_and_harms_nothing(on: Floor) -> None:
    async with on_duty(on) as page:
        for nonsense in ("", "{}", '{"kind": "presence", "presence": "睡觉"}', '{"kind": "mute", "on": [1]}'):
            await page.socket.send(nonsense)
            assert "刷新" in (await page.hear("error"))["why"]
        for ring in ("", "7-1-a99", "<script>"):
            await page.say(kind="accept", ring=ring)
        await page.say(kind="hang_up")
        await page.say(kind="presence", presence="小休")
        assert (await page.hear("presence"))["presence"] == "小休"


async def test_a_page_of_another_site_cannot_answer_calls(on: Floor) -> None:
    address = on.base.replace("http", "ws") + "/agent/line"
    headers = cookie_header(on.cookies["8002"])
    for origin in ("http://elsewhere.example", None):
        with pytest.raises(InvalidStatus):
            await connect(address, origin=origin, additional_headers=headers)  # type: ignore[arg-type]


async def test_an_agent_dials_a_review_and_registers_its_end(on: Floor, place: Place, task_id: int) -> None:
    with place.desk.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.with_human, task.due_at = True, None
    async with on_duty(on) as page, httpx.AsyncClient(base_url=on.base, cookies=on.cookies["8002"]) as web:
        assert f'data-dial="{task_id}"' in (await web.get("/agent/tasks")).text
        await page.say(kind="dial", task=999)
        assert "没有这项任务" in (await page.hear("error"))["why"]
        await page.say(kind="dial", task=task_id)
        client = await on.far.take()
        began = await page.hear("talk_began")
        assert (began["client"], began["by_hand"], began["answered"]) == ("单小明先生", True, False)
        await page.say(kind="hang_up")
        ended = await page.hear("talk_ended")
        assert (ended["why"], ended["suggested"]) == ("agent_hung_up", "no_answer")
        await client.closed.wait()
        await page.say(kind="wrap_up")
        assert "请选择通话结果" in (await page.hear("error"))["why"]
        await page.socket.close()
        async with opened(on) as again:
            await again.say(kind="resume", token="page-1")
            assert (await again.hear("talk_began"))["by_hand"] is True
            ended = await again.hear("talk_ended")
            assert ended["suggested"] == "no_answer" and 0 < ended["wrap_seconds"] <= 600
            await again.say(kind="wrap_up", outcome="no_answer", note="响了很久")
            await again.hear("wrap_up_ended")
        assert f'data-dial="{task_id}"' not in (await web.get("/agent/tasks?state=mine")).text
    with place.desk.database.read() as session:
        assert session.get_one(ReviewTask, task_id).status == "未完成：无人应答"


async def test_a_manager_sees_who_was_on_duty_and_listening_is_logged(on: Floor, place: Place) -> None:
    desk = place.desk
    async with PresenceLog(desk.database, "w1") as presences:
        on.roster.noted = presences.note
        cookies = cookies_of(desk.database, Post.MANAGER, number="9001", name="方圆")
        on.cookies["9001"] = cookies  # type: ignore[index]
        async with opened(on, "9001") as page:
            await page.say(kind="sign_on", sdp=await page.browser.offer(), token="page-9")
            await page.browser.accept((await page.hear("answer"))["sdp"])
            assert (await page.hear("presence"))["presence"] == "督导"
            assert (await page.hear("live"))["calls"] == []
            await page.say(kind="presence", presence="空闲")
            assert "不能选择" in (await page.hear("error"))["why"]
            await page.say(kind="supervise", call_id="7-9", mode="listen")
            assert "已经结束" in (await page.hear("error"))["why"]
            there = LiveCall("8-1", 8, "T8", "王**", "适当性回访", Stage.TALKING, process="calls-02（bb）")
            for console, what in (
                ("", "没有公布控制台地址"),
                ("https://hf2", "https://hf2 监听或接管"),
            ):
                desk.feed.show_elsewhere([replace(there, console=console)])
                await page.say(kind="supervise", call_id="8-1", mode="listen")
                why = (await page.hear("error"))["why"]
                assert "calls-02（bb）" in why and what in why
            async with httpx.AsyncClient(base_url=on.base, cookies=cookies) as web:
                shown = (await web.get("/agents")).text
                assert "方圆（9001）" in shown and "督导" in shown
                assert (await web.get("/agent")).status_code == 200
    with desk.database.read() as session:
        assert [(one.act, one.subject) for one in session.scalars(select(AuditEntry))] == [("supervised_listen", "7-9")]
        assert all(span.ended_at is not None for span in session.scalars(select(PresenceSpan)))
